//! A patient's own summary and visits when hospitals are silent.

use anyhow::Result;
use testbed::{Database, Region, TestPortal};

use super::own;

/// The state of allergies that a page shows.
fn allergies(body: &str) -> &str {
    body.split("data-allergies=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_names_who_is_silent_and_never_says_none() -> Result<()> {
    let region = Region::start().await?;
    let shown = region.shown_patient();
    let portal = TestPortal::external(&Database::sqlite().await?, &region, &[shown]).await?;
    let mut patient = portal.patient(shown).await?;
    let id = own(&mut patient).await?;
    let (summary, visits) = (format!("/people/{id}/record/summary"), format!("/people/{id}/record/outpatient"));
    let page = patient.get(&summary).await?;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(allergies(&page.body), "known", "{}", page.body);
    assert!(page.body.contains("青霉素") && page.body.contains("看病、买药时请先告诉医生和药师"));
    assert!(!page.body.contains(&shown.resident_id), "a resident ID in full");
    let page = patient.get(&visits).await?;
    assert!(page.status == 200 && page.body.contains("<ol class=\"stack gap\">"), "{}", page.body);
    for hospital in &region.hospitals {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Down));
    }
    let page = patient.get(&summary).await?;
    assert_eq!((page.status, allergies(&page.body)), (200, "unavailable"), "{}", page.body);
    assert!(page.body.contains("现在查不到过敏记录，查不到不等于没有"), "{}", page.body);
    assert!(!page.body.contains("没有这样的记录"), "taken for none: {}", page.body);
    let page = patient.get(&visits).await?;
    assert!(page.status == 200 && page.body.contains("不知道有没有门急诊记录"), "{}", page.body);
    Ok(())
}
