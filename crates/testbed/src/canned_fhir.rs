//! A FHIR server that has what a test gives it: every search of a type finds all of that type, whoever is asked for.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Serves these resources until the test ends. The base address, for `sources.toml`.
///
/// # Errors
/// No port is free.
pub async fn serve(resources: Vec<Value>) -> Result<String> {
    serve_changing(&Arc::new(Mutex::new(resources))).await
}

/// The same of resources that the test changes meanwhile.
///
/// # Errors
/// No port is free.
pub async fn serve_changing(resources: &Arc<Mutex<Vec<Value>>>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base_url = format!("http://{}/fhir", listener.local_addr()?);
    let resources = resources.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, resources.clone()));
        }
    });
    Ok(base_url)
}

async fn answer(mut stream: TcpStream, resources: Arc<Mutex<Vec<Value>>>) -> Option<()> {
    let (mut head, mut chunk) = (Vec::new(), [0; 2048]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&chunk[..read]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let now = resources.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (status, body) = match found(head.split_whitespace().nth(1)?.trim_start_matches("/fhir/"), &now) {
        Some(body) => ("200 OK", body.to_string()),
        None => ("404 Not Found", String::new()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/fhir+json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    // A client that went away needs no answer.
    stream.write_all(answer.as_bytes()).await.ok()
}

fn found(path: &str, all: &[Value]) -> Option<Value> {
    let path = path.split('?').next().unwrap_or_default();
    if let Some((kind, id)) = path.split_once('/') {
        return all.iter().find(|one| one["resourceType"] == kind && one["id"] == id).cloned();
    }
    let found = all.iter().filter(|one| one["resourceType"] == path);
    let entry: Vec<Value> = found.map(|one| json!({ "resource": one })).collect();
    Some(json!({ "resourceType": "Bundle", "type": "searchset", "entry": entry }))
}
