//! The release program in front of made-up hospitals, and somebody who is signed in. Development only.

use anyhow::{Context as _, Result};
use testbed::{Database, Hospital, Region, TestPortal, Visitor};

use super::hospitals::NUMBER;

/// A portal, its visitor and the one patient's regional id.
pub struct Bench {
    pub portal: TestPortal,
    pub visitor: Visitor,
    pub person: String,
}

/// Starts it; the staff directory is the sandbox's.
pub async fn start(hospitals: Vec<Hospital>) -> Result<Bench> {
    let sandbox = testbed::region().await;
    let region = Region::of(hospitals, sandbox.directory.clone(), sandbox.staff.clone());
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, &region).await?;
    let mut visitor = portal.clinician("li.wei").await?;
    let body = serde_json::json!({ "q": NUMBER });
    let found = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?.json();
    let person = found["items"][0]["id"].as_str().with_context(|| format!("nobody found: {found}"))?.to_owned();
    Ok(Bench { portal, visitor, person })
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
