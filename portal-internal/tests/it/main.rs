//! The intranet portal through its public face: the real program on real databases, the region on the wire.

mod articles;
mod audit;
mod breaker;
mod configuration;
mod database;
mod desk;
mod documents;
mod everywhere;
mod flows;
mod hostile_directory;
mod hostile_hospital;
mod index;
mod jobs;
mod launch;
mod launch_defined;
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

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testbed::{Answer, Visitor};

/// A request of the API that may name the state it is meant for.
async fn send(visitor: &mut Visitor, method: &str, path: &str, tag: Option<&str>, body: &Value) -> Result<Answer> {
    let token = visitor.get("/api/v1/session").await?.json()["csrf_token"].as_str().context("a token")?.to_owned();
    let origin = visitor.base().to_owned();
    let mut headers = vec![
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("origin", origin.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("x-csrf-token", token.as_str()),
    ];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    visitor.knock(method, path, &headers, Some(body.to_string())).await
}

/// How long until it is so; fails after a minute.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<Duration> {
    let begun = Instant::now();
    while !holds().await? {
        ensure!(begun.elapsed() < Duration::from_secs(60), "{what}: not after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(begun.elapsed())
}

/// Looks for a patient through the API and returns their regional id.
async fn find(visitor: &mut Visitor, query: &str) -> Result<String> {
    let body = serde_json::json!({ "q": query });
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    let found = answer.json();
    let id = found["items"][0]["id"].as_str().with_context(|| format!("nobody found: {found}"))?;
    Ok(id.to_owned())
}
