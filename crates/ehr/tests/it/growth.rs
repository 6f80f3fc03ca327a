//! Twelve times as many results cost about twelve times as much, whatever a hospital makes of them: none of the lists that a
//! reader or a merge keeps is looked through for every row (SECURITY: threat 15).

use ehr::labs::{LabResult, LabRows, RowSource, merge};
use ehr::{Reader, RecordQuery, Section};
use fhir::{bundle::rows_of, kinds};
use serde_json::{Value, json};
use sources::LocalCodes;
use testbed::process::thread_cpu_ns;

use super::region::{now, staff};
use super::world::{Hospital, World, send};

const FEW: usize = 1_000;
/// A query hands out 10,000 entries at most; two hospitals give more.
const MANY: usize = 12_000;
/// Of processor time, from [`FEW`] to [`MANY`]: 12 for what is linear, 144 for what is quadratic. Between them there is room
/// for what memory and other programs add.
const MOST: f64 = 40.0;

/// A potassium result of one and the same moment.
fn result(nth: usize) -> Value {
    json!({
        "resourceType": "Observation", "id": format!("o{nth}"), "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2823-3" }], "text": "血清钾" },
        "effectiveDateTime": "2026-11-20T08:10:00+08:00", "valueQuantity": { "value": 4.1, "unit": "mmol/L" },
    })
}

fn page(count: usize, of: impl Fn(usize) -> Value) -> String {
    let entries: Vec<Value> = (0..count).map(|nth| json!({ "resource": of(nth) })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }).to_string()
}

fn rows(page: &str) -> LabRows {
    let retrieved_at = "2026-11-21T12:00:00Z".parse().expect("instant");
    let source = RowSource { id: "h0".to_owned(), order: 0, retrieved_at };
    let mut rows = LabRows::new(source, LocalCodes::default());
    rows_of::<kinds::Observation>(page, |row| rows.add(&row));
    assert_eq!(rows.left_out(), 0);
    rows
}

/// Processor time of one run, of as many as make the same number of rows, since it is counted in ticks; and what came.
fn cost(count: usize, of: impl Fn(usize) -> Value) -> (f64, Vec<LabResult>) {
    let runs = 4 * MANY / count;
    let page = page(count, of);
    let (before, mut results) = (thread_cpu_ns(), Vec::new());
    for _ in 0..runs {
        results = merge(vec![rows(&page)]).results();
    }
    ((thread_cpu_ns() - before) as f64 / runs as f64, results)
}

/// `facts`: how many results [`MANY`] rows are.
fn check(name: &str, facts: usize, of: impl Fn(usize) -> Value) -> Vec<LabResult> {
    let ((few, _), (many, results)) = (cost(FEW, &of), cost(MANY, &of));
    let ratio = many / few;
    eprintln!("| {name} | {:.0} ms | {:.0} ms | × {ratio:.1} |", few / 1e6, many / 1e6);
    assert!(ratio < MOST, "{name}: {ratio:.1} times as much for twelve times as many");
    assert_eq!(results.len(), facts, "{name}");
    results
}

#[test]
fn one_result_sent_ten_thousand_times_keeps_all_its_originals() {
    let results = check("identical", 1, result);
    assert_eq!(results[0].origins.len(), MANY);
    // Originals that come again are repetitions, also where there are thousands of others.
    let twice = check("each twice", 1, |nth| result(nth / 2));
    assert_eq!(twice[0].origins.len(), MANY / 2);
}

#[test]
fn what_originals_add_is_kept_once_each() {
    let coded = check("a code each", 1, |nth| {
        let mut result = result(nth);
        let own = json!({ "system": "urn:his", "code": format!("K{nth}") });
        result["code"]["coding"].as_array_mut().expect("codings").push(own);
        result
    });
    assert_eq!(coded[0].code.codings.len(), MANY + 1);
    let noted = check("a remark each", 1, |nth| {
        let mut result = result(nth);
        result["note"] = json!([{ "text": "溶血" }, { "text": format!("第{nth}次") }]);
        result
    });
    assert_eq!(noted[0].notes.len(), MANY + 1);
}

#[test]
fn contradictions_and_panels_of_thousands() {
    let differing = check("all contradict", MANY, |nth| {
        let mut result = result(nth);
        result["valueQuantity"]["value"] = json!(nth);
        result
    });
    assert!(differing.iter().filter(|result| !result.conflict.is_empty()).count() >= 64);
    let listed = check("a panel of all", MANY, |nth| {
        if nth == 0 {
            let members: Vec<Value> =
                (1..MANY).map(|nth| json!({ "reference": format!("Observation/o{nth}") })).collect();
            let code = json!({ "text": "全套" });
            return json!({
                "resourceType": "Observation", "id": "panel", "status": "final", "code": code, "hasMember": members,
            });
        }
        let mut result = result(nth);
        result["effectiveDateTime"] = json!(format!("2026-11-20T08:{:02}:{:02}+08:00", nth / 60 % 60, nth % 60));
        result["valueQuantity"]["value"] = json!(nth);
        result
    });
    let panel = listed.iter().find(|result| result.id == "h0.panel").expect("the panel");
    assert_eq!(panel.members.len(), MANY - 1);
}

/// Processor time of a section over a hospital, in which everything runs on this thread but the database.
async fn cost_of(section: Section, resources: Vec<Value>) -> f64 {
    let world = World::new(&[Hospital::with(resources)]).await;
    let clinician = staff("li.wei", "clinician");
    let (reader, query) = (Reader::Staff(&clinician), RecordQuery::default());
    let before = thread_cpu_ns();
    let of = world.charts.record_json(reader, world.person, section, &query, now());
    assert!(of.await.expect("section").contains("\"answered\""), "{}", section.slug());
    (thread_cpu_ns() - before) as f64
}

/// As [`check`], of what hangs on few resources: one may name thousands of people, or thousands of others.
async fn check_section(name: &str, section: Section, of: impl Fn(usize) -> Vec<Value>) {
    let (few, many) = (cost_of(section, of(FEW)).await, cost_of(section, of(20 * FEW)).await);
    let ratio = many / few;
    eprintln!("| {name} | {:.0} ms | {:.0} ms | x {ratio:.1} |", few / 1e6, many / 1e6);
    assert!(ratio < 60.0, "{name}: {ratio:.1} times as much for twenty times as many");
}

#[tokio::test]
async fn people_and_references_without_number_on_one_resource() {
    let people = |count: usize| -> Vec<Value> {
        (0..count).map(|nth| json!({ "display": format!("医生{nth:06}") })).collect()
    };
    let named = |kind: &str, count: usize| -> Vec<Value> {
        (0..count).map(|nth| json!({ "reference": format!("{kind}/{kind}{nth:06}") })).collect()
    };
    check_section("authors of a note", Section::Outpatient, |count| {
        let mut note = send::note("n1", None, json!({ "contentType": "text/plain", "data": "5Yid6K+K" }));
        note["author"] = json!(people(count));
        vec![note]
    })
    .await;
    check_section("performers of a habit", Section::PersonalRecord, |count| {
        vec![json!({
            "resourceType": "Observation", "id": "h1", "status": "final", "code": { "text": "吸烟" }, "valueString": "否",
            "category": [{ "coding": [{ "code": "social-history" }] }], "performer": people(count),
        })]
    })
    .await;
    check_section("diagnoses of a stay", Section::FrontPage, |count| {
        let mut stay = send::visit("e1", "IMP", Some("2026-11-01"));
        stay["diagnosis"] = named("Condition", count).into_iter().map(|of| json!({ "condition": of })).collect();
        let condition = |nth: usize| send::problem(&format!("x{nth:06}"), "I10", "高血压", "active", None);
        (0..count / 20).map(condition).chain([stay]).collect()
    })
    .await;
    check_section("coverages of a claim", Section::Charges, |count| {
        let insurance: Vec<Value> = named("Coverage", count).into_iter().map(|of| json!({ "coverage": of })).collect();
        let coverage = |nth: usize| {
            json!({ "resourceType": "Coverage", "id": format!("x{nth:06}"), "status": "active",
                "beneficiary": { "reference": "Patient/p1" }, "payor": [{ "display": "医保" }] })
        };
        let claim = json!({ "resourceType": "Claim", "id": "c1", "status": "active", "insurance": insurance,
            "patient": { "reference": "Patient/p1" }, "total": { "value": 1, "currency": "CNY" } });
        (0..count / 20).map(coverage).chain([claim]).collect()
    })
    .await;
}
