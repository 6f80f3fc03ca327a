//! The description of the API is what the API does.

use anyhow::{Context as _, Result};
use testbed::openapi::{Document, FIELDS};
use testbed::{Database, TestPortal};

#[tokio::test(flavor = "multi_thread")]
async fn every_section_of_ones_own_record_is_as_described() -> Result<()> {
    let region = testbed::region().await;
    let (shown, other) = super::two_known_everywhere(region);
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[shown, other]).await?;
    for person in [shown, other] {
        let mut patient = portal.patient(person).await?;
        let document = Document::of(&mut patient).await?;
        document.describes_records()?;
        let records = document.answers("record_section")?;
        let id = super::own(&mut patient).await?;
        for (section, _) in FIELDS {
            let answer = patient.get(&format!("/api/v1/people/{id}/record/{section}")).await?;
            assert_eq!(answer.status, 200, "{section}: {}", answer.body);
            records.check(&answer.json()).with_context(|| format!("{section} of {}", person.name))?;
        }
    }
    Ok(())
}
