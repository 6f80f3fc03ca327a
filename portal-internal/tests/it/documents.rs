//! One document of a hospital through the portal's public face: what a browser is told about it.

use anyhow::{Context as _, Result};
use sea_orm::{
    ConnectionTrait as _, ExprTrait as _,
    sea_query::{Alias, Expr, Query},
};
use serde_json::{Value, json};
use testbed::{Database, Hospital, Region, TestPortal};

/// Of an area that is not assigned: nobody can hold it.
const RESIDENT_ID: &str = "999009196403180328";
const SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
/// `%PDF-1.4\n%%EOF\n`
const PDF: &str = "JVBERi0xLjQKJSVFT0YK";
/// `<script>alert(1)</script>`
const SCRIPT: &str = "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==";

fn resources() -> Vec<Value> {
    let note = |id: &str, content_type: &str, data: &str, subject: &str| {
        json!({
            "resourceType": "DocumentReference", "id": id, "status": "current", "docStatus": "final",
            "type": { "text": "报告\"\r\nx: y" }, "subject": { "reference": format!("Patient/{subject}") },
            "date": "2026-11-01T09:00:00+08:00",
            "content": [{ "attachment": { "contentType": content_type, "data": data } }],
        })
    };
    vec![
        json!({
            "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1964-03-18",
            "name": [{ "use": "official", "text": "陈玉兰" }],
            "identifier": [{ "system": SYSTEM, "value": RESIDENT_ID }],
        }),
        note("pdf", "text/html", PDF, "p1"),
        note("script", "application/pdf", SCRIPT, "p1"),
        note("html", "text/html", SCRIPT, "p1"),
        note("foreign", "application/pdf", PDF, "p2"),
    ]
}

/// Reads of records so far: begun, ended.
async fn reads(database: &Database) -> Result<[usize; 2]> {
    let db = database.connect().await?;
    let mut counts = [0; 2];
    for (count, action) in counts.iter_mut().zip(["record.read.intent", "record.read.outcome"]) {
        let rows = Query::select()
            .column(Alias::new("action"))
            .from(Alias::new("audit_event"))
            .and_where(Expr::col(Alias::new("action")).eq(action))
            .to_owned();
        *count = db.query_all(&rows).await?.len();
    }
    Ok(counts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_can_do_nothing_in_a_browser() -> Result<()> {
    let shared = testbed::region().await;
    let harbour = Hospital {
        id: "harbour".to_owned(),
        base_url: testbed::canned_fhir::serve(resources()).await?,
        platform: "plain".to_owned(),
        name: ("港湾医院".to_owned(), "Harbour".to_owned()),
    };
    let region = Region::of(vec![harbour], shared.directory.clone(), shared.staff.clone());
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, RESIDENT_ID).await?;
    let path = |id: &str, number: &str| format!("/patients/{person}/documents/harbour/DocumentReference/{id}/{number}");

    let before = reads(&database).await?;
    let file = clinician.get(&path("pdf", "0")).await?;
    assert_eq!(reads(&database).await?, [before[0] + 1, before[1] + 1], "a file is one read, begun and ended");
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"), "{}", file.body);
    assert_eq!(file.body, "%PDF-1.4\n%%EOF\n");
    let policy = file.header("content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("allow-"), "{policy}");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.header("cache-control"), "private, no-store");
    assert_eq!(file.header("cross-origin-resource-policy"), "same-origin");
    let disposition = file.header("content-disposition");
    assert!(disposition.starts_with("inline; filename=\"document.pdf\"; filename*=UTF-8''%E6%8A%A5"), "{disposition}");
    assert_eq!(file.header("x"), "", "a title is no header");

    for id in ["script", "html"] {
        let page = clinician.get(&path(id, "0")).await?;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(!page.body.contains("alert(1)"), "{}", page.body);
        assert!(id == "html" || page.body.contains("这种文件不能在这里打开"), "{}", page.body);
    }
    for (id, number) in [("foreign", "0"), ("nothing", "0"), ("pdf", "1"), ("pdf", "-1"), ("pdf", "x"), ("%2e%2e", "0")]
    {
        assert_eq!(clinician.get(&path(id, number)).await?.status, 404, "{id}/{number}");
    }
    let list = clinician.get(&format!("/patients/{person}/outpatient")).await?;
    assert!(list.body.contains("href=\"documents/harbour/DocumentReference/pdf/0\""), "{}", list.body);
    let nobody = portal.visitor()?.get(&path("pdf", "0")).await.context("signed out")?;
    assert!(matches!(nobody.status, 303 | 401) && !nobody.body.contains("%PDF"), "{} {}", nobody.status, nobody.body);
    Ok(())
}
