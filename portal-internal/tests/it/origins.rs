//! A value explains itself, and what could not be read is told to administrators, through the portal's public face.

use anyhow::Result;
use serde_json::{Value, json};
use testbed::{Database, Hospital, Region, TestPortal};

/// Of an area that is not assigned: nobody can hold it.
const RESIDENT_ID: &str = "999009196403180328";
const SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
/// Stands where a date and where a number are meant.
const CANARY: &str = "zzcanary";

fn resources() -> Vec<Value> {
    let result = |id: &str, subject: &str| {
        json!({
            "resourceType": "Observation", "id": id, "status": "final", "meta": { "versionId": "7" },
            "category": [{ "coding": [{ "code": "laboratory" }] }], "issued": format!("{CANARY}-1"),
            "code": { "coding": [{ "system": "http://loinc.org", "code": "2823-3" }], "text": "钾" },
            "subject": { "reference": format!("Patient/{subject}") }, "effectiveDateTime": "2026-11-20T08:10:00+08:00",
            "valueQuantity": { "value": 5.4, "unit": "mmol/L" }, "note": CANARY,
            "method": { "text": format!("<script>alert(1)</script> {RESIDENT_ID}") },
        })
    };
    vec![
        json!({
            "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1964-03-18",
            "name": [{ "use": "official", "text": "陈玉兰" }],
            "identifier": [{ "system": SYSTEM, "value": RESIDENT_ID }],
        }),
        result("k1", "p1"),
        result("k2", "p2"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_leads_to_its_source_and_what_was_dropped_is_told_to_administrators_alone() -> Result<()> {
    let shared = testbed::region().await;
    let harbour = Hospital {
        id: "harbour".to_owned(),
        base_url: testbed::canned_fhir::serve(resources()).await?,
        platform: "plain".to_owned(),
        name: ("港湾医院".to_owned(), "Harbour".to_owned()),
    };
    let region = Region::of(vec![harbour], shared.directory.clone(), shared.staff.clone());
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, RESIDENT_ID).await?;

    let list = clinician.get(&format!("/patients/{person}/lab-results?show=potassium.mmol-L")).await?;
    let href = "lab-results/origins/harbour/Observation/k1";
    assert!(list.body.contains(&format!("href=\"{href}\"")), "{}", list.body);
    let page = clinician.get(&format!("/patients/{person}/{href}")).await?;
    for said in
        ["Observation/k1", "Observation?patient=…&amp;category=laboratory", "5.4 mmol/L", "临床医生", "检验结果"]
    {
        assert!(page.status == 200 && page.body.contains(said), "{said}: {} {}", page.status, page.body);
    }
    assert!(!page.body.contains("alert(1)"), "the hospital's JSON was not asked for");
    let page = clinician.get(&format!("/patients/{person}/{href}/json")).await?;
    assert!(page.status == 200 && page.body.contains("&lt;script&gt;alert(1)"), "{} {}", page.status, page.body);
    assert!(!page.body.contains("<script>alert(1)") && !page.body.contains(RESIDENT_ID), "{}", page.body);
    for foreign in [
        "lab-results/origins/harbour/Observation/k2",
        "orders/origins/harbour/Observation/k1",
        "nothing/origins/harbour/Observation/k1",
    ] {
        for tail in ["", "/json"] {
            let answer = clinician.get(&format!("/patients/{person}/{foreign}{tail}")).await?;
            assert_eq!(answer.status, 404, "{foreign}{tail}");
        }
    }
    let api = |tail: &str, id: &str| {
        format!("/api/v1/patients/{person}/record/lab-results/origins{tail}?source=harbour&resource=Observation/{id}")
    };
    let told: Value = serde_json::from_str(&clinician.get(&api("", "k1")).await?.body)?;
    assert_eq!(
        (&told["origin"]["version"], &told["item"]["value"], &told["json"]),
        (&json!("7"), &json!("5.4 mmol/L"), &Value::Null)
    );
    assert_eq!(told["because"]["rules"][0]["path"], json!(["section:record", "record:lab-results"]));
    let told: Value = serde_json::from_str(&clinician.get(&api("/json", "k1")).await?.body)?;
    assert!(told["json"]["text"].as_str().is_some_and(|text| text.contains("\"value\": 5.4")), "{told}");
    assert_eq!(clinician.get(&api("", "k2")).await?.status, 404);

    for path in ["/admin/data-quality", "/api/v1/data-quality"] {
        assert_eq!(clinician.get(path).await?.status, 404, "{path}");
    }
    let mut administrator = portal.clinician("admin").await?;
    let page = administrator.get("/admin/data-quality").await?;
    assert!(page.status == 200 && page.body.contains("Observation.issued"), "{} {}", page.status, page.body);
    let body = administrator.get("/api/v1/data-quality").await?.body;
    let told: Value = serde_json::from_str(&body)?;
    let items = told["sources"][0]["items"].as_array().cloned().unwrap_or_default();
    let faults: Vec<_> = items.iter().map(|item| (item["path"].clone(), item["fault"].clone())).collect();
    assert_eq!(faults, [(json!("Observation.issued"), json!("time")), (json!("Observation.note"), json!("string"))]);
    assert!(
        ![&page.body, &body].iter().any(|text| text.contains(CANARY) || text.contains(&person) || text.contains("k1"))
    );
    Ok(())
}
