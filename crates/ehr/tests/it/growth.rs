//! Twelve times as many results cost about twelve times as much, whatever a hospital makes of them: none of the lists that a
//! reader or a merge keeps is looked through for every row (SECURITY: threat 15).

use ehr::labs::{LabResult, LabRows, RowSource, merge};
use fhir::{bundle::rows_of, kinds};
use serde_json::{Value, json};
use sources::LocalCodes;
use testbed::process::thread_cpu_ns;

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
