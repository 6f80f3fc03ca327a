//! What is new to a clinician since they looked last.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use serde_json::{Value, json};
use testbed::{Answer, Hospital, Region, TestPortal, Visitor};

/// Of an area that is not assigned: nobody can hold it.
const RESIDENT_ID: &str = "999009196403180328";

fn result(id: &str, version: &str, value: f64, day: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "meta": { "versionId": version },
        "category": [{ "coding": [{ "code": "laboratory" }] }], "subject": { "reference": "Patient/p1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2823-3" }], "text": "钾" },
        "effectiveDateTime": format!("{day}T08:10:00+08:00"), "valueQuantity": { "value": value, "unit": "mmol/L" },
    })
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1964-03-18",
        "name": [{ "use": "official", "text": "陈玉兰" }],
        "identifier": [{ "system": "urn:oid:2.16.156.10011.1.3", "value": RESIDENT_ID }],
    })
}

/// A hospital, what it has, and a region of it alone.
async fn harbour() -> Result<(Arc<Mutex<Vec<Value>>>, Region)> {
    let has = Arc::new(Mutex::new(vec![patient(), result("k1", "1", 4.4, "2026-11-18")]));
    let harbour = Hospital {
        id: "harbour".to_owned(),
        base_url: testbed::canned_fhir::serve_changing(&has).await?,
        platform: "plain".to_owned(),
        name: ("港湾医院".to_owned(), "Harbour".to_owned()),
    };
    let shared = testbed::region().await;
    Ok((has, Region::of(vec![harbour], shared.directory.clone(), shared.staff.clone())))
}

/// How many rows are called new, and how many changed.
fn marks(page: &Answer) -> (usize, usize) {
    assert_eq!(page.status, 200, "{}", page.body);
    let count = |word: &str| page.body.matches(&format!("<span class=\"tag tag--brand\">{word}</span>")).count();
    (count("新"), count("有更新"))
}

async fn look(clinician: &mut Visitor, person: &str) -> Result<Answer> {
    clinician.get(&format!("/patients/{person}/lab-results")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_or_changes_is_marked_until_it_was_looked_at_and_for_each_reader_alone() -> Result<()> {
    let (has, region) = harbour().await?;
    let set = |resources: Vec<Value>| *has.lock().expect("no test has panicked here") = resources;
    for database in testbed::databases().await {
        set(vec![patient(), result("k1", "1", 4.4, "2026-11-18")]);
        let portals =
            [TestPortal::internal(&database, &region).await?, TestPortal::internal(&database, &region).await?];
        let mut here = portals[0].clinician("li.wei").await?;
        let mut colleague = portals[0].clinician("wang.fang").await?;
        let person = super::find(&mut here, RESIDENT_ID).await?;
        let mut there = portals[1].visitor()?;
        there.cookies().extend(here.cookies().clone());

        // What asks in advance, or for the JSON, has not looked.
        here.head(&format!("/patients/{person}/lab-results")).await?;
        here.get(&format!("/api/v1/patients/{person}/record/lab-results")).await?;
        let first = look(&mut here, &person).await?;
        assert!(marks(&first) == (0, 0) && first.body.contains("第一次查看"), "{:?}: {}", database.kind, first.body);
        let again = look(&mut there, &person).await?;
        assert!(
            marks(&again) == (0, 0) && again.body.contains("以来没有新内容"),
            "{:?}: {}",
            database.kind,
            again.body
        );
        assert_eq!(marks(&look(&mut colleague, &person).await?), (0, 0));

        // A hospital adds a result and corrects another. Both windows show it, and whichever has shown it has.
        set(vec![patient(), result("k1", "2", 4.9, "2026-11-18"), result("k2", "1", 5.4, "2026-11-20")]);
        here.head(&format!("/patients/{person}/lab-results")).await?;
        here.get(&format!("/api/v1/patients/{person}/record/lab-results")).await?;
        let (one, other) = tokio::join!(look(&mut here, &person), look(&mut there, &person));
        let (one, other) = (marks(&one?), marks(&other?));
        assert!(one == (1, 1) || other == (1, 1), "{:?}: {one:?} {other:?}", database.kind);
        assert_eq!(marks(&look(&mut there, &person).await?), (0, 0), "{:?}: looked at", database.kind);
        assert_eq!(marks(&look(&mut colleague, &person).await?), (1, 1), "{:?}: another's look", database.kind);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_is_never_said_while_a_hospital_is_silent() -> Result<()> {
    let region = Region::start().await?;
    let portal = TestPortal::internal(&testbed::Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    look(&mut clinician, &person).await?;
    assert!(region.set_mode("university", sandbox::Mode::Down));
    let page = look(&mut clinician, &person).await?;
    assert!(page.body.contains("未应答的机构可能有"), "{}", page.body);
    // What the silent hospital has is no news when it answers again.
    assert!(region.set_mode("university", sandbox::Mode::Ok));
    let page = look(&mut clinician, &person).await?;
    assert!(marks(&page) == (0, 0) && page.body.contains("以来没有新内容。"), "{}", page.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_on_the_page_keeps_its_mark() -> Result<()> {
    let (has, region) = harbour().await?;
    let order = |nth: usize| {
        json!({
            "resourceType": "ServiceRequest", "id": format!("o{nth}"), "status": "active", "intent": "order",
            "subject": { "reference": "Patient/p1" }, "code": { "text": format!("医嘱{nth}") },
            "authoredOn": format!("20{:02}-01-01", nth % 100),
        })
    };
    let portal = TestPortal::internal(&testbed::Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, RESIDENT_ID).await?;
    let path = format!("/patients/{person}/orders");
    let with = |from: usize| [patient()].into_iter().chain((from..61).map(order)).collect::<Vec<_>>();
    *has.lock().expect("no test has panicked here") = with(1);
    clinician.get(&path).await?;
    // The oldest of all comes last, and stands on the second page.
    *has.lock().expect("no test has panicked here") = with(0);
    assert_eq!(marks(&clinician.get(&path).await?), (0, 0));
    let elsewhere = clinician.get(&format!("/patients/{person}/lab-results")).await?;
    assert!(elsewhere.body.contains("<b>1 新</b>"), "{}", elsewhere.body);
    assert_eq!(marks(&clinician.get(&format!("{path}?skip=50")).await?), (1, 0));
    assert_eq!(marks(&clinician.get(&format!("{path}?skip=50")).await?), (0, 0));
    Ok(())
}
