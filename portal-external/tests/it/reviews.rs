//! What a clinician says of a result inside, as the patient reads it outside.

use anyhow::{Context as _, Result};
use testbed::{TestPortal, Visitor};

use super::{own, two_known_everywhere};

const NOTE: &str = "血钾正常，继续服药，<b>三个月</b>后复查";

async fn find(visitor: &mut Visitor, query: &str) -> Result<String> {
    let body = serde_json::json!({ "q": query });
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?;
    Ok(answer.json()["items"][0]["id"].as_str().context("nobody found")?.to_owned())
}

/// The value of the first hidden field of that name.
fn field(page: &str, name: &str) -> Option<String> {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(after.split('"').next()?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_read_beside_the_result_until_it_is_withdrawn() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (shown, other) = two_known_everywhere(region);
        let outside = TestPortal::external(&database, region, &[shown]).await?;
        let inside = TestPortal::internal(&database, region).await?;
        let mut patient = outside.patient(shown).await?;
        let mut clinician = inside.clinician("li.wei").await?;
        let own = own(&mut patient).await?;
        let id = find(&mut clinician, &shown.resident_id).await?;
        let record = format!("/api/v1/people/{own}/record/lab-results");
        let theirs = patient.get(&record).await?.json();
        let item = theirs["items"][0]["id"].as_str().context("no result")?.to_owned();
        assert!(theirs["items"][0]["review"].is_null(), "{theirs}");

        let path = format!("/patients/{id}/reviews/lab-results/{item}");
        let page = clinician.get(&path).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        let seen = field(&page.body, "seen").context("what was seen")?;
        let stale = clinician.post_form(&path, &[("seen", "0"), ("note", NOTE)]).await?;
        assert_eq!(stale.status, 409, "{}", stale.body);
        assert!(stale.body.contains("继续服药"), "what was typed is lost: {}", stale.body);
        let long = "长".repeat(501);
        assert_eq!(clinician.post_form(&path, &[("seen", &seen), ("note", &long)]).await?.status, 422);
        // Neither another patient's result nor one of this patient under another's name.
        let another = find(&mut clinician, &other.resident_id).await?;
        let foreign = format!("/patients/{another}/reviews/lab-results/{item}");
        assert_eq!(clinician.post_form(&foreign, &[("seen", &seen)]).await?.status, 404);
        assert!(patient.get(&record).await?.json()["items"][0]["review"].is_null(), "something was kept");

        for _ in 0..2 {
            let marked = clinician.post_form(&path, &[("seen", &seen), ("note", NOTE)]).await?;
            assert_eq!(marked.status, 303, "{}", marked.body);
        }
        let marked = patient.get(&record).await?.json();
        let marks = marked["items"][0]["review"]["marks"].as_array().context("no mark")?;
        assert_eq!((marks.len(), marks[0]["note"].as_str()), (1, Some(NOTE)), "{marked}");
        let plain = patient.get(&format!("/people/{own}/record/lab-results")).await?;
        assert!(plain.body.contains("血钾正常，继续服药，&lt;b&gt;三个月&lt;"), "{}", plain.body);
        assert!(plain.body.contains("看过这项结果"), "{}", plain.body);
        let listed = clinician.get(&format!("/api/v1/patients/{id}/reviews")).await?.json();
        let items = listed["items"].as_array().context("no list")?;
        assert!(items.iter().any(|one| one["item"] == item.as_str() && one["marks"][0]["note"] == NOTE), "{listed}");

        // By the API, with the token of the page's session.
        let mark = marks[0]["id"].as_str().context("no id")?;
        let withdraw = format!("/api/v1/patients/{id}/reviews/{mark}/withdraw");
        let mut colleague = inside.clinician("wang.fang").await?;
        assert_eq!(colleague.json("POST".parse()?, &withdraw, None).await?.status, 404, "another's word");
        let done = clinician.json("POST".parse()?, &withdraw, None).await?;
        assert_eq!(done.status, 204, "{}", done.body);
        let plain = patient.get(&format!("/people/{own}/record/lab-results")).await?;
        assert!(!plain.body.contains("继续服药") && plain.body.contains("已撤回"), "{}", plain.body);
    }
    Ok(())
}
