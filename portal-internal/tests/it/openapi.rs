//! The description of the API is what the API does.

use anyhow::{Context as _, Result};
use testbed::openapi::{Document, FIELDS};
use testbed::{Database, TestPortal};

#[tokio::test(flavor = "multi_thread")]
async fn every_section_is_as_described() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let document = Document::of(&mut clinician).await?;
    document.describes_records()?;
    let (records, links) = (document.answers("record_section")?, document.answers("patient_links")?);
    let body = serde_json::json!({ "q": region.shown_patient().name });
    let found = clinician.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?.json();
    document.answers("patient_search")?.check(&found)?;
    let words = serde_json::json!({ "q": "医院" });
    for (nth, patient) in region.patients.iter().take(4).enumerate() {
        let id = super::find(&mut clinician, &patient.resident_id).await?;
        let answer = clinician.get(&format!("/api/v1/patients/{id}/links")).await?.json();
        links.check(&answer).with_context(|| answer.to_string())?;
        let path = format!("/api/v1/patients/{id}/record-search");
        let found = clinician.json("POST".parse()?, &path, Some(&words)).await?.json();
        document.answers("record_search")?.check(&found).with_context(|| found.to_string())?;
        for (section, _) in FIELDS {
            let answer = clinician.get(&format!("/api/v1/patients/{id}/record/{section}")).await?;
            assert_eq!(answer.status, 200, "{section}: {}", answer.body);
            let record = answer.json();
            let told = || format!("{section} of {}", patient.name);
            records.check(&record).with_context(told)?;
            // The first is the patient of the demo, with something in every section.
            let empty = record["items"].as_array().is_none_or(Vec::is_empty);
            assert!(nth > 0 || !empty, "{}: nothing to compare", told());
        }
    }
    // Swagger UI shows the same document.
    let page = portal.clinician("admin").await?.page("/api/docs").await?;
    assert!(page.status != 200 || page.body.contains("Record-lab-results"), "{}", page.status);
    Ok(())
}
