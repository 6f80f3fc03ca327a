//! Looking for words in one person's record.

use anyhow::Result;
use serde_json::json;
use testbed::{Answer, Database, Region, TestPortal, Visitor};

async fn search(visitor: &mut Visitor, person: &str, words: &str) -> Result<Answer> {
    let path = format!("/patients/{person}/search");
    visitor.get(&path).await?;
    let kept = visitor.post_form(&path, &[("q", words)]).await?;
    if kept.status != 303 {
        return Ok(kept);
    }
    assert!(!kept.location().contains(words) && kept.location().is_ascii(), "{}", kept.location());
    visitor.get(kept.location()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_every_section_and_stand_in_no_address_and_no_log() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let mut clinician = portal.clinician("li.wei").await?;
        let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
        let page = search(&mut clinician, &person, "钾").await?;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("<mark>钾</mark>") && page.body.contains("id=\"g-lab-results\""), "{}", page.body);
        assert!(page.body.contains(&format!("/patients/{person}/lab-results?show=")), "{}", page.body);
        assert!(!portal.log().contains('钾'), "in the log");
        let nothing = search(&mut clinician, &person, "zqnowhere").await?;
        assert!(nothing.body.contains("zqnowhere”") && !nothing.body.contains("<mark>"), "{}", nothing.body);
        let script = search(&mut clinician, &person, "<script>alert(1)</script>").await?;
        assert!(script.status == 200 && !script.body.contains("<script>alert"), "{}", script.body);
        for (words, said) in
            [("", "请至少输入"), (" K ", "请至少输入"), (&"长".repeat(101), "最多 100"), (RESIDENT_ID, "证件号码")]
        {
            let answer = search(&mut clinician, &person, words).await?;
            assert!(answer.status == 422 && answer.body.contains(said), "{words}: {} {}", answer.status, answer.body);
        }

        let path = format!("/api/v1/patients/{person}/record-search");
        let found = clinician.json("POST".parse()?, &path, Some(&json!({ "q": "钾" }))).await?;
        assert_eq!(found.status, 200, "{}", found.body);
        let found = found.json();
        let items = found["items"].as_array().cloned().unwrap_or_default();
        assert!(items.iter().any(|item| item["section"] == "lab-results" && item["fields"]["value"].is_object()));
        assert_eq!(found["sources"].as_array().map(Vec::len), Some(region.hospitals.len()));
        let bad = clinician.json("POST".parse()?, &path, Some(&json!({ "q": "K" }))).await?;
        assert_eq!(bad.status, 422, "{}", bad.body);
    }
    Ok(())
}

const RESIDENT_ID: &str = "999009196403180328";

#[tokio::test(flavor = "multi_thread")]
async fn kept_words_are_their_readers_and_persons_alone() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let other = super::find(&mut clinician, &region.patients[1].resident_id).await?;
    let path = format!("/patients/{person}/search");
    clinician.get(&path).await?;
    let kept = clinician.post_form(&path, &[("q", "钾")]).await?;
    let mut colleague = portal.clinician("wang.fang").await?;
    assert!(colleague.get(kept.location()).await?.body.contains("已过期"));
    let of_another = kept.location().replace(&person, &other);
    assert!(clinician.get(&of_another).await?.body.contains("已过期"));
    assert!(clinician.get(kept.location()).await?.body.contains("<mark>钾</mark>"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_hospital_is_named_and_nothing_found_is_no_none() -> Result<()> {
    let region = Region::start().await?;
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    assert!(region.set_mode("university", sandbox::Mode::Down));
    let page = search(&mut clinician, &person, "zqnowhere").await?;
    assert!(page.body.contains("不能说病历中没有") && page.body.contains("未应答"), "{}", page.body);
    let path = format!("/api/v1/patients/{person}/record-search");
    let found = clinician.json("POST".parse()?, &path, Some(&json!({ "q": "zqnowhere" }))).await?.json();
    assert_eq!((&found["complete"], &found["found"]), (&json!(false), &json!(0)));
    let silent = found["not_searched"].as_array().cloned().unwrap_or_default();
    let of = |section: &str| {
        silent
            .iter()
            .any(|one| one["source"] == "university" && one["section"] == section && one["state"] == "unreachable")
    };
    assert!(of("lab-results") && of("outpatient") && of("charges"), "{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_relation_the_glass_is_in_the_way() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal_with(&Database::sqlite().await?, region, |table| {
        table["record"]["treatment_relation"] = "required".into();
    })
    .await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let path = format!("/patients/{person}/search");
    assert_eq!(clinician.get(&path).await?.status, 403);
    for words in ["钾", ""] {
        assert_eq!(clinician.post_form(&path, &[("q", words)]).await?.status, 403, "{words:?}");
    }
    let api = format!("/api/v1/patients/{person}/record-search");
    let answer = clinician.json("POST".parse()?, &api, Some(&json!({ "q": "钾" }))).await?;
    assert_eq!((answer.status, &answer.json()["type"]), (403, &json!("/problems/break-glass-required")));
    Ok(())
}
