//! The record when hospitals misbehave.

use anyhow::Result;
use testbed::{Answer, Database, Region, TestPortal};

/// The row of a hospital in the ledger of a page: 各机构应答情况.
fn ledger<'p>(page: &'p Answer, hospital: &str) -> &'p str {
    let ledger = page.body.split("<details class=\"card gap ledger\">").nth(1).unwrap_or_default();
    let ledger = ledger.split("</details>").next().unwrap_or_default();
    ledger.split("<tr>").find(|row| row.contains(&format!(">{hospital}</span></th>"))).unwrap_or_default()
}

/// The notice on top of a page; empty when there is none.
fn notice(page: &Answer) -> &str {
    let notice = page.body.split("<div class=\"note\" role=\"status\">").nth(1).unwrap_or_default();
    notice.split("</div>").next().unwrap_or_default()
}

/// How a state is drawn and said: tone, word in the ledger, words in the notice.
fn drawn(state: &str) -> [&'static str; 3] {
    match state {
        "answered" => ["state--ok", "<span>已应答</span>", ""],
        "partial" => ["state--warn", "<span>只返回一部分</span>", "大学附属医院只返回了一部分"],
        "refused" => ["state--bad", "<span>拒绝</span>", "大学附属医院拒绝了查询"],
        _ => ["state--bad", "<span>未应答</span>", "大学附属医院没有应答"],
    }
}

/// Whether a row of the ledger says `state`, and no other.
fn says(row: &str, state: &str) -> bool {
    let others = ["answered", "partial", "refused", "unreachable"].map(drawn);
    let [tone, word, _] = drawn(state);
    let alone = others.iter().all(|[_, other, _]| *other == word || !row.contains(other));
    row.contains(tone) && row.contains(word) && alone
}

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
    let all = clinician.get(&format!("/patients/{id}/lab-results")).await?;
    for hospital in ["大学附属医院", "市第一人民医院"] {
        assert!(says(ledger(&all, hospital), "answered"), "{hospital}: {}", ledger(&all, hospital));
    }
    assert_eq!(notice(&all), "", "all answer, and yet");
    for word in ["state--bad", "state--warn", "src--off", "未应答", "可能不全"] {
        assert!(!all.body.contains(word), "{word} while all answer");
    }
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
        let row = ledger(&page, "大学附属医院");
        let shown = state.split(' ').find(|one| says(row, one));
        let shown = shown.unwrap_or_else(|| panic!("{mode:?}: the ledger says of the silent hospital: {row}"));
        assert!(notice(&page).contains(drawn(shown)[2]), "{mode:?}: {}", notice(&page));
        assert!(!notice(&page).contains("市第一人民医院"), "{mode:?}: {}", notice(&page));
        assert!(says(ledger(&page, "市第一人民医院"), "answered"), "{mode:?}: {}", ledger(&page, "市第一人民医院"));
        assert!(page.body.contains("<span class=\"src src--off\">可能不全：大学附属医院</span>"), "{mode:?}");
    }
    for hospital in &region.hospitals {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Down));
    }
    let nothing = clinician.get(&path).await?.json();
    assert_eq!((nothing["complete"].as_bool(), count(&nothing)), (Some(false), 0));
    let page = clinician.get(&format!("/patients/{id}/lab-results")).await?;
    assert_eq!(page.status, 200);
    for hospital in ["大学附属医院", "市第一人民医院"] {
        assert!(says(ledger(&page, hospital), "unreachable"), "{hospital}: {}", ledger(&page, hospital));
    }
    assert!(page.body.contains("不知道有没有检验结果") && !page.body.contains("没有检验结果。"), "taken for none");
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

/// The banner's line of allergies: its state, and all of it.
fn banner(page: &Answer) -> (&str, &str) {
    let line = page.body.split("pt__row2\" data-allergies=\"").nth(1).unwrap_or_default();
    let line = line.split("</section>").next().unwrap_or_default();
    (line.split('"').next().unwrap_or_default(), line)
}

#[tokio::test(flavor = "multi_thread")]
async fn allergies_are_on_every_page_and_never_none_while_a_hospital_is_silent() -> Result<()> {
    let region = Region::start().await?;
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let door = clinician.get(&format!("/patients/{id}")).await?;
    assert_eq!(door.status, 303, "a chart opens with the summary");
    let sections = ["summary", "outpatient", "lab-results", "demographics"];
    for section in sections {
        let page = clinician.get(&format!("/patients/{id}/{section}")).await?;
        assert_eq!(page.status, 200, "{section}: {}", page.body);
        let (state, line) = banner(&page);
        assert_eq!(state, "known", "{section}: {line}");
        assert!(line.contains("青霉素"), "{section}: {line}");
        for other in sections {
            assert!(page.body.contains(&format!("href=\"/patients/{id}/{other}\"")), "{section} leads to {other}");
        }
    }
    // One at which the patient is not known says nothing about them, up or down.
    let known = region.shown_patient().hospitals.clone();
    for hospital in region.hospitals.iter().filter(|hospital| known.iter().any(|(id, _)| *id == hospital.id)) {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Down));
        for section in sections {
            let page = clinician.get(&format!("/patients/{id}/{section}")).await?;
            assert_eq!(page.status, 200, "{section}");
            let (state, line) = banner(&page);
            assert!(matches!(state, "known-incomplete" | "unavailable"), "{} down, {section}: {line}", hospital.id);
            assert!(!page.body.contains("无已知过敏</") && !line.contains("alg--none"), "{section}: {line}");
        }
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Ok));
    }
    for hospital in &region.hospitals {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Down));
    }
    let page = clinician.get(&format!("/patients/{id}/summary")).await?;
    let (state, line) = banner(&page);
    assert_eq!(state, "unavailable", "{line}");
    let none = page.body.split("<section").find(|card| card.contains("都已应答，没有记录"));
    assert!(none.is_none(), "taken for none: {}", none.unwrap_or_default());
    let page = clinician.get(&format!("/patients/{id}/outpatient")).await?;
    assert!(page.body.contains("不知道有没有门急诊记录") && !page.body.contains(">没有门急诊记录"), "taken for none");
    Ok(())
}
