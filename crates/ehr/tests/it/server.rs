//! A tiny FHIR server on loopback that says whatever a test wants.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

/// Stops when dropped.
pub struct Server {
    pub base_url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a server says.
pub enum Reply {
    Json(Value),
    /// A status with an empty OperationOutcome.
    Status(u16),
    /// 200, and no JSON.
    Garbage,
    /// The connection ends without an answer.
    Nothing,
    /// The other one, after a while.
    Late(Duration, Box<Reply>),
}

/// `answer` gets path and query below the base (`Observation?patient=p1`), and the base URL; `None` is a 404.
pub async fn serve(answer: impl Fn(&str, &str) -> Option<Value> + Send + Sync + 'static) -> Server {
    serve_replies(move |path, base| answer(path, base).map_or(Reply::Status(404), Reply::Json)).await
}

/// As [`serve`], with every kind of answer.
pub async fn serve_replies(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let base_url = format!("http://{}/fhir", listener.local_addr().expect("address"));
    let (answer, base) = (Arc::new(answer), base_url.clone());
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, base) = (answer.clone(), base.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut chunk = [0; 2048];
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    match stream.read(&mut chunk).await {
                        Ok(read @ 1..) => head.extend_from_slice(&chunk[..read]),
                        _ => return,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split_whitespace().nth(1).unwrap_or_default().trim_start_matches("/fhir/").to_owned();
                let mut reply = answer(&path, &base);
                while let Reply::Late(after, other) = reply {
                    tokio::time::sleep(after).await;
                    reply = *other;
                }
                let (status, body) = match reply {
                    Reply::Json(body) => ("200 OK".to_owned(), body.to_string()),
                    Reply::Status(status) => {
                        (format!("{status} X"), json!({ "resourceType": "OperationOutcome", "issue": [] }).to_string())
                    }
                    Reply::Garbage => ("200 OK".to_owned(), "<html>".to_owned()),
                    Reply::Nothing | Reply::Late(..) => return,
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/fhir+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                // A client that went away needs no answer.
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body.as_bytes()).await;
            });
        }
    });
    Server { base_url, task }
}

pub fn bundle(resources: impl IntoIterator<Item = Value>) -> Value {
    let entries: Vec<Value> = resources.into_iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries })
}

/// 陈玉兰, who nobody can be.
pub fn yulan(id: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": id, "gender": "female", "birthDate": "1964-03-18",
        "name": [{ "use": "official", "text": "陈玉兰" }],
        "telecom": [{ "system": "phone", "value": "13812345678" }],
        "identifier": [
            { "system": super::region::RESIDENT_ID, "value": "999009196403180328" },
            { "system": "urn:mr", "value": format!("MR-{id}"), "type": { "coding": [{ "code": "MR" }] } },
        ],
    })
}

pub fn potassium(id: &str, subject: Value, value: f64) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "subject": subject,
        "category": [{ "coding": [{ "code": "laboratory" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2823-3" }], "text": "钾" },
        "effectiveDateTime": "2026-11-20T08:10:00+08:00", "valueQuantity": { "value": value, "unit": "mmol/L" },
    })
}
