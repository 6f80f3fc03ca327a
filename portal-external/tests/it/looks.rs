//! What a patient finds in their own record, and what is new to them: never what is held back from them.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use serde_json::{Value, json};
use testbed::{Answer, Database, Hospital, Region, TestPortal, Visitor};

use super::own;

/// The county's hospital with these results of the region's shown patient.
fn resources(region: &Region, results: &[(&str, &str, &str)]) -> Vec<Value> {
    let patient = region.shown_patient();
    let number = &patient.resident_id;
    let born = format!("{}-{}-{}", &number[6..10], &number[10..12], &number[12..14]);
    let mut all = vec![json!({
        "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": born,
        "name": [{ "use": "official", "text": patient.name }],
        "identifier": [{ "system": "urn:oid:2.16.156.10011.1.3", "value": number }],
    })];
    all.extend(results.iter().map(|(id, status, name)| {
        json!({
            "resourceType": "Observation", "id": id, "status": status, "subject": { "reference": "Patient/p1" },
            "category": [{ "coding": [{ "code": "laboratory" }] }], "code": { "text": name },
            "effectiveDateTime": "2026-03-10T08:10:00+08:00", "valueQuantity": { "value": 4.4, "unit": "mmol/L" },
        })
    }));
    all
}

async fn stage(has: &Arc<Mutex<Vec<Value>>>) -> Result<(Region, String)> {
    let mut region = Region::start().await?;
    let base_url = testbed::canned_fhir::serve_changing(has).await?;
    let name = ("县医院".to_owned(), "County Hospital".to_owned());
    region.hospitals = vec![Hospital { id: "county".to_owned(), base_url, platform: "plain".to_owned(), name }];
    let number = region.shown_patient().resident_id.clone();
    Ok((region, number))
}

async fn search(visitor: &mut Visitor, person: &str, words: &str) -> Result<Answer> {
    let path = format!("/people/{person}/record/search");
    visitor.get(&path).await?;
    let kept = visitor.post_form(&path, &[("q", words)]).await?;
    assert!(kept.status == 303 && kept.location().is_ascii(), "{} {}", kept.status, kept.body);
    visitor.get(kept.location()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_is_not_found_not_counted_and_not_called_new() -> Result<()> {
    let has = Arc::new(Mutex::new(Vec::new()));
    let (region, _) = stage(&has).await?;
    let set = |results: &[(&str, &str, &str)]| {
        *has.lock().expect("no test has panicked here") = resources(&region, results);
    };
    set(&[("r1", "final", "甲项目"), ("r2", "preliminary", "未定项目")]);
    let patient = region.shown_patient().clone();
    for database in testbed::databases().await {
        set(&[("r1", "final", "甲项目"), ("r2", "preliminary", "未定项目")]);
        let portal = TestPortal::external(&database, &region, &[&patient]).await?;
        let mut visitor = portal.patient(&patient).await?;
        let id = own(&mut visitor).await?;
        let page = search(&mut visitor, &id, "甲项目").await?;
        assert!(page.status == 200 && page.body.contains("<mark>甲项目</mark>"), "{}", page.body);
        assert!(!portal.log().contains("甲项目"), "in the log");
        // A word of what is held is as good as one that is nowhere.
        let api = format!("/api/v1/people/{id}/record-search");
        let mut answers = Vec::new();
        for words in ["未定项目", "乌有之物"] {
            let page = search(&mut visitor, &id, words).await?;
            assert!(!page.body.contains("<mark>") && page.body.contains("不能说病历中没有"), "{}", page.body);
            let mut found = visitor.json("POST".parse()?, &api, Some(&json!({ "q": words }))).await?.json();
            found["sources"].as_array_mut().into_iter().flatten().for_each(|one| one["retrieved_at"] = Value::Null);
            answers.push(found);
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0]["found"], 0);
        assert!(answers[0]["not_searched"].as_array().is_some_and(|all| all.contains(&json!({ "what": "held" }))));

        let list = format!("/people/{id}/record/lab-results");
        let new = |page: &Answer| page.body.matches("<span class=\"tag tag--brand\">新</span>").count();
        assert!(visitor.get(&list).await?.body.contains("第一次查看"));
        // Another result comes that is held: nothing is new. Then both are shown.
        set(&[("r1", "final", "甲项目"), ("r2", "preliminary", "未定项目"), ("r3", "preliminary", "又一项目")]);
        let page = visitor.get(&list).await?;
        assert!(new(&page) == 0 && page.body.contains("没有新内容"), "{}", page.body);
        set(&[("r1", "final", "甲项目"), ("r2", "final", "未定项目"), ("r3", "final", "又一项目")]);
        let page = visitor.get(&list).await?;
        assert_eq!(new(&page), 2, "{:?}: {}", database.kind, page.body);
        assert_eq!(new(&visitor.get(&list).await?), 0, "{:?}", database.kind);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_record_is_not_searched() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = super::two_known_everywhere(region);
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[one, other]).await?;
    let mut first = portal.patient(one).await?;
    let mut second = portal.patient(other).await?;
    let theirs = own(&mut second).await?;
    let mine = own(&mut first).await?;
    first.get(&format!("/people/{mine}/record/search")).await?;
    for person in [theirs.as_str(), "00000000-0000-7000-8000-000000000000"] {
        let path = format!("/people/{person}/record/search");
        assert_eq!(first.get(&path).await?.status, 404);
        for words in ["钾", ""] {
            assert_eq!(first.post_form(&path, &[("q", words)]).await?.status, 404, "{words:?}");
        }
        let api = format!("/api/v1/people/{person}/record-search");
        assert_eq!(first.json("POST".parse()?, &api, Some(&json!({ "q": "钾" }))).await?.status, 404);
    }
    Ok(())
}
