//! Hospitals of the canary people: they answer what they are asked, and one of them more than that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A FHIR R4 server. Stops when dropped.
pub struct Hospital {
    /// For `sources.toml`.
    pub base_url: String,
    records: Arc<Records>,
    task: JoinHandle<()>,
}

struct Records {
    base_url: String,
    resources: Mutex<Vec<Value>>,
    /// `(asked for, sent too)`: whose resources come along whenever the first one's are searched.
    leaks: Option<(String, String)>,
}

impl Drop for Hospital {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hospital {
    /// With these resources; searches for the patient `leaks.0` also bring what belongs to `leaks.1`.
    pub async fn start(resources: Vec<Value>, leaks: Option<(String, String)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/fhir", listener.local_addr()?);
        let records = Arc::new(Records { base_url: base_url.clone(), resources: Mutex::new(resources), leaks });
        let serving = records.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, serving.clone()));
            }
        });
        Ok(Self { base_url, records, task })
    }

    /// From now on it holds these: records are corrected, numbers given to somebody else.
    pub fn now_holds(&self, resources: Vec<Value>) {
        *self.records.all() = resources;
    }
}

impl Records {
    fn all(&self) -> MutexGuard<'_, Vec<Value>> {
        self.resources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, path: &str) -> Option<Value> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let all = self.all();
        if let Some((kind, id)) = path.split_once('/') {
            return all.iter().find(|one| one["resourceType"] == kind && one["id"] == id).cloned();
        }
        let asked: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let found = all
            .iter()
            .filter(|one| one["resourceType"] == path && asked.iter().all(|(name, value)| self.fits(one, name, value)));
        let entry = found.map(|one| {
            let url = format!("{}/{path}/{}", self.base_url, one["id"].as_str().unwrap_or_default());
            json!({ "fullUrl": url, "resource": one, "search": { "mode": "match" } })
        });
        let entry: Vec<Value> = entry.collect();
        Some(json!({ "resourceType": "Bundle", "type": "searchset", "total": entry.len(), "entry": entry }))
    }

    fn fits(&self, resource: &Value, parameter: &str, asked: &str) -> bool {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        match parameter {
            "name" => list(&resource["name"]).iter().any(|name| name["text"] == asked),
            "identifier" => list(&resource["identifier"]).iter().any(|identifier| match asked.split_once('|') {
                Some((system, value)) => identifier["system"] == system && identifier["value"] == value,
                None => identifier["value"] == asked,
            }),
            "patient" | "subject" => {
                let id = asked.strip_prefix("Patient/").unwrap_or(asked);
                let whose =
                    [&resource["subject"], &resource["patient"], &resource["beneficiary"], &resource["subject"][0]];
                let of = |id: &str| whose.iter().any(|one| one["reference"] == format!("Patient/{id}"));
                let leaked = self.leaks.as_ref().is_some_and(|(of_whom, whose)| of_whom == id && of(whose));
                of(id) || leaked
            }
            _ => true,
        }
    }
}

async fn answer(mut stream: TcpStream, records: Arc<Records>) -> Option<()> {
    let (mut head, mut chunk) = (Vec::new(), [0; 2048]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&chunk[..read]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split_whitespace().nth(1)?.strip_prefix("/fhir/").unwrap_or("?");
    let (status, body) = match records.answer(path) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error" }] })),
    };
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/fhir+json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()
}
