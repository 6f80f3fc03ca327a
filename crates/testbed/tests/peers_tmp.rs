#[path = "../../../portal-internal/tests/it/hostile_directory.rs"]
mod hostile_directory;
#[path = "../../../portal-internal/tests/it/hostile_hospital.rs"]
mod hostile_hospital;
use anyhow::{Context as _, Result};
use testbed::Visitor;
async fn find(visitor: &mut Visitor, query: &str) -> Result<String> {
    let body = serde_json::json!({ "q": query });
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?;
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    let found = answer.json();
    let id = found["items"][0]["id"].as_str().with_context(|| format!("nobody found: {found}"))?;
    Ok(id.to_owned())
}
