//! The intranet portal through its public face: the real program on real databases, the region on the wire.

mod articles;
mod audit;
mod breaker;
mod configuration;
mod database;
mod desk;
mod documents;
mod everywhere;
mod hostile_directory;
mod hostile_hospital;
mod index;
mod jobs;
mod layouts;
mod load;
mod looks;
mod mail;
mod mine;
mod openapi;
mod origins;
mod others;
mod peers;
#[path = "../../../crates/outbound/tests/it/proxy.rs"]
#[allow(dead_code, reason = "a test program: nobody imports it, and a panic is a failed test")]
mod proxy;
mod record;
mod record_search;
mod relations;
mod replicas;
mod roles;
mod search;
mod server;
mod sessions;
mod sign_in;
mod source_brands;
mod source_sign_in;
mod sources;
mod story;
mod telemetry;
mod vault;

use anyhow::{Context as _, Result};
use testbed::Visitor;

/// Looks for a patient through the API and returns their regional id.
async fn find(visitor: &mut Visitor, query: &str) -> Result<String> {
    let body = serde_json::json!({ "q": query });
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?;
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    let found = answer.json();
    let id = found["items"][0]["id"].as_str().with_context(|| format!("nobody found: {found}"))?;
    Ok(id.to_owned())
}
