//! A clinician's morning, on both databases.

use anyhow::Result;
use testbed::TestPortal;

use super::find;

#[tokio::test(flavor = "multi_thread")]
async fn a_clinician_opens_results_of_all_hospitals_in_one_matrix() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let mut clinician = portal.clinician("li.wei").await?;
        let shown = region.shown_patient();

        let home = clinician.get("/").await?;
        assert_eq!(home.status, 200, "{}", home.body);
        let searched = clinician.post_form("/patients", &[("q", &shown.name)]).await?;
        assert_eq!(searched.status, 303, "{}", searched.body);
        let results = clinician.get(searched.location()).await?;
        assert!(results.body.contains(&shown.name), "{}", results.body);
        assert!(!results.body.contains(&shown.resident_id), "a resident ID in full");

        let id = find(&mut clinician, &shown.resident_id).await?;
        let page = clinician.get(&format!("/patients/{id}/lab-results")).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        for hospital in &region.hospitals {
            assert!(page.body.contains(&hospital.name.0), "{} is not named", hospital.id);
        }

        let record = clinician.get(&format!("/api/v1/patients/{id}/record/lab-results")).await?.json();
        assert_eq!(record["complete"], true, "{record}");
        let sources: std::collections::BTreeSet<&str> = record["items"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|item| item["origins"].as_array().into_iter().flatten())
            .filter_map(|origin| origin["source"].as_str())
            .collect();
        assert_eq!(sources.len(), 3, "results of all hospitals that have some: {sources:?}");
        let links = clinician.get(&format!("/api/v1/patients/{id}/links")).await?.json();
        assert_eq!(links["links"].as_array().map(Vec::len), Some(shown.hospitals.len()), "{links}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_there_in_both_languages() -> Result<()> {
    let region = testbed::region().await;
    let database = testbed::Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    for (language, word) in [("zh-CN", "检验结果"), ("en", "Laboratory results")] {
        let mut clinician = portal.clinician("li.wei").await?.speaking(language);
        let id = find(&mut clinician, &region.shown_patient().resident_id).await?;
        for path in [
            "/".to_owned(),
            "/patients".into(),
            format!("/patients/{id}/demographics"),
            format!("/patients/{id}/lab-results"),
        ] {
            let page = clinician.get(&path).await?;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            assert!(page.body.contains(&format!("<html lang=\"{language}\"")), "{path} in {language}");
        }
        let labs = clinician.get(&format!("/patients/{id}/lab-results")).await?;
        assert!(labs.body.to_lowercase().contains(&word.to_lowercase()), "{language}");
    }
    Ok(())
}
