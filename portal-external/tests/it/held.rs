//! What a patient does not see yet: the same in every section that could show it.

use std::net::Ipv4Addr;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::{Database, Hospital, Region, TestPortal};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::own;

/// A hospital that says to every search for a type what it has of it.
async fn hospital(resources: Vec<Value>) -> Result<(String, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}/fhir", listener.local_addr()?);
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            let mut chunk = [0; 4096];
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut chunk).await {
                    Ok(read @ 1..) => head.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            let body = answer(&resources, &String::from_utf8_lossy(&head)).to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            // A client that went away needs no answer.
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    Ok((base, serving))
}

fn answer(resources: &[Value], head: &str) -> Value {
    let target = head.split_whitespace().nth(1).unwrap_or_default().trim_start_matches("/fhir/");
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    let of = |one: &&Value| one["resourceType"].as_str() == path.split('/').next();
    if let Some((_, id)) = path.split_once('/') {
        return resources.iter().filter(of).find(|one| one["id"] == id).cloned().unwrap_or_default();
    }
    let entries: Vec<Value> = resources.iter().filter(of).map(|one| json!({ "resource": one })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries })
}

/// A stay of this status with a note of nursing and one of an operation, another note that names no stay, and a diagnosis
/// that is suspected.
fn stay(status: &str, resident_id: &str, name: &str) -> Vec<Value> {
    let who = json!({ "reference": "Patient/p1" });
    let note = |id: &str, title: &str, visit: Value| {
        json!({
            "resourceType": "DocumentReference", "id": id, "status": "current", "docStatus": "final", "subject": who,
            "type": { "text": title }, "date": "2026-03-10T09:00:00+08:00", "context": { "encounter": visit },
            // 未定之言
            "content": [{ "attachment": { "contentType": "text/plain", "data": "5pyq5a6a5LmL6KiA" } }],
        })
    };
    let here = json!([{ "reference": "Encounter/e1" }]);
    let born = format!("{}-{}-{}", &resident_id[6..10], &resident_id[10..12], &resident_id[12..14]);
    vec![
        json!({
            "resourceType": "Patient", "id": "p1", "name": [{ "use": "official", "text": name }],
            "gender": "female", "birthDate": born,
            "identifier": [{ "system": "urn:oid:2.16.156.10011.1.3", "value": resident_id }],
        }),
        json!({
            "resourceType": "Encounter", "id": "e1", "status": status, "subject": who, "class": { "code": "IMP" },
            "period": { "start": "2026-03-09T08:00:00+08:00" }, "serviceProvider": { "display": "县医院" },
        }),
        json!({
            "resourceType": "Condition", "id": "k1", "subject": who, "code": { "text": "疑似之病" },
            "verificationStatus": { "coding": [{ "code": "provisional" }] }, "encounter": { "reference": "Encounter/e1" },
        }),
        note("n1", "一般护理记录", here.clone()),
        note("n2", "手术记录", here.clone()),
        note("n3", "住院病案首页", here),
        note("n4", "护理记录无主文书", json!([])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nursing_surgery_and_front_page_hold_what_visits_hold() -> Result<()> {
    for (status, shown) in [("in-progress", false), ("finished", true)] {
        let mut region = Region::start().await?;
        let patient = region.shown_patient().clone();
        let (base_url, serving) = hospital(stay(status, &patient.resident_id, &patient.name)).await?;
        let name = ("县医院".to_owned(), "County Hospital".to_owned());
        region.hospitals = vec![Hospital { id: "county".to_owned(), base_url, platform: "plain".to_owned(), name }];
        let portal = TestPortal::external(&Database::sqlite().await?, &region, &[&patient]).await?;
        let mut visitor = portal.patient(&patient).await?;
        let id = own(&mut visitor).await?;
        for (section, title) in [
            ("inpatient", "一般护理记录"),
            ("nursing", "一般护理记录"),
            ("surgery", "手术记录"),
            ("front-page", "疑似之病"),
        ] {
            let page = visitor.get(&format!("/people/{id}/record/{section}")).await?;
            let json = visitor.get(&format!("/api/v1/people/{id}/record/{section}")).await?;
            assert_eq!((page.status, json.status), (200, 200), "{section} {status}: {}", page.body);
            for body in [&page.body, &json.body] {
                // The name of a section's note stands nowhere else on a page; a suspected diagnosis is never there.
                let said = body.contains(title) && section != "front-page" || body.contains("未定之言");
                assert_eq!(said, shown, "{section} {status}: {body}");
                assert!(!body.contains("疑似之病") && !body.contains("无主文书"), "{section} {status}: {body}");
            }
            let held = json.json()["held"].as_array().map_or(0, Vec::len);
            assert!(held > 0 || shown && section == "surgery", "{section} {status}: {}", json.body);
        }
        serving.abort();
    }
    Ok(())
}
