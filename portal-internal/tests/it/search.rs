//! Looking for patients.

use anyhow::Result;
use testbed::{Database, TestPortal};

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_id_never_becomes_part_of_an_address_a_log_or_the_database() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let number = region.shown_patient().resident_id.clone();
    clinician.get("/patients").await?;
    let searched = clinician.post_form("/patients", &[("q", &number)]).await?;
    assert_eq!(searched.status, 303, "{}", searched.body);
    assert!(!searched.location().contains(&number[6..14]), "{}", searched.location());
    let page = clinician.get(searched.location()).await?;
    assert!(page.body.contains(&region.shown_patient().name), "{}", page.body);
    assert!(!page.body.contains(&number), "a resident ID in full");
    assert!(!portal.log().contains(&number), "a resident ID in the log");
    let file = database.file().expect("a file");
    for path in [file.clone(), file.with_extension("db-wal")] {
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(18).any(|window| window == number.as_bytes()), "a resident ID in {}", path.display());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_search_is_its_owners_alone() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    clinician.get("/patients").await?;
    let name = region.shown_patient().name.clone();
    let searched = clinician.post_form("/patients", &[("q", &name)]).await?;
    let mut colleague = portal.clinician("wang.fang").await?;
    let page = colleague.get(searched.location()).await?;
    let rows = page.body.matches("/patients/").count();
    assert_eq!(rows, 0, "a colleague sees it: {}", page.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_with_a_word() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    clinician.get("/patients").await?;
    for query in ["", " ", "a", &"x".repeat(5000), "110101199003078888"] {
        let answer = clinician.post_form("/patients", &[("q", query)]).await?;
        assert_eq!(answer.status, 422, "{query}: {}", answer.body);
    }
    let nobody = clinician.post_form("/patients", &[("q", "无此人甲乙丙")]).await?;
    assert_eq!(nobody.status, 303);
    assert_eq!(clinician.get(nobody.location()).await?.status, 200);
    let script = clinician.post_form("/patients", &[("q", "<script>alert(1)</script>")]).await?;
    let page = clinician.get(script.location()).await?;
    assert!(!page.body.contains("<script>"), "{}", page.body);
    Ok(())
}
