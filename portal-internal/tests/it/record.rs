//! The record when hospitals misbehave.

use anyhow::Result;
use testbed::{Database, Region, TestPortal};

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_hospital_is_named_and_never_taken_for_none() -> Result<()> {
    let region = Region::start().await?;
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let path = format!("/api/v1/patients/{id}/record/lab-results");
    let whole = clinician.get(&path).await?.json();
    let count = |record: &serde_json::Value| record["items"].as_array().map_or(0, Vec::len);
    assert_eq!(whole["complete"], true, "{whole}");
    for (mode, state) in [
        (sandbox::Mode::Down, "unreachable"),
        (sandbox::Mode::Garbage, "unreachable"),
        (sandbox::Mode::Refusing, "refused"),
        (sandbox::Mode::Dropping, "unreachable partial"),
    ] {
        assert!(region.set_mode("university", mode));
        let answer = clinician.get(&path).await?;
        assert_eq!(answer.status, 200, "{mode:?}: {}", answer.body);
        let record = answer.json();
        assert_eq!(record["complete"], false, "{mode:?}");
        let sources = record["sources"].as_array().cloned().unwrap_or_default();
        let of = |id: &str| sources.iter().find(|one| one["id"] == id).map(|one| one["state"].clone());
        assert_eq!(of("city-first"), Some("answered".into()), "{mode:?}");
        let said = of("university").and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default();
        assert!(state.split(' ').any(|one| one == said), "{mode:?}: {said}");
        assert!(count(&record) > 0 && count(&record) < count(&whole), "{mode:?}");
        let page = clinician.get(&format!("/patients/{id}/lab-results")).await?;
        assert_eq!(page.status, 200, "{mode:?}");
        assert!(page.body.contains("大学附属医院"), "{mode:?}: the silent hospital is not named");
    }
    for hospital in ["university", "city-first"] {
        assert!(region.set_mode(hospital, sandbox::Mode::Down));
    }
    let nothing = clinician.get(&path).await?.json();
    assert_eq!((nothing["complete"].as_bool(), count(&nothing)), (Some(false), 0));
    assert_eq!(clinician.get(&format!("/patients/{id}/lab-results")).await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_relation_the_glass_is_in_the_way_where_it_is_required() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal_with(&database, region, |table| {
        table["record"]["treatment_relation"] = "required".into();
    })
    .await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    for section in ["lab-results", "demographics"] {
        let answer = clinician.get(&format!("/api/v1/patients/{id}/record/{section}")).await?;
        assert_eq!(answer.status, 403, "{section}: {}", answer.body);
        assert_eq!(answer.json()["type"], "/problems/break-glass-required");
        assert_eq!(clinician.get(&format!("/patients/{id}/{section}")).await?.status, 403);
    }
    assert_eq!(clinician.get(&format!("/api/v1/patients/{id}/links")).await?.status, 403);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_people_and_sections_are_not_there() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    for path in [
        "/patients/00000000-0000-7000-8000-000000000000/lab-results".to_owned(),
        "/patients/x/lab-results".into(),
        format!("/patients/{id}/nothing"),
        format!("/patients/{id}/summary"),
        "/api/v1/patients/x/record/lab-results".into(),
        format!("/api/v1/patients/{id}/record/nothing"),
        "/api/v1/nothing".into(),
        "/nowhere".into(),
    ] {
        let answer = clinician.get(&path).await?;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_results_of_one_patient_are_all_there() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let heavy = &region.patients[region.heavy_patient];
    let id = super::find(&mut clinician, &heavy.resident_id).await?;
    let record = clinician.get(&format!("/api/v1/patients/{id}/record/lab-results")).await?.json();
    assert_eq!(record["complete"], true, "{}", record["sources"]);
    assert!(record["items"].as_array().map_or(0, Vec::len) >= 10_000);
    assert_eq!(clinician.get(&format!("/patients/{id}/lab-results")).await?.status, 200);
    Ok(())
}
