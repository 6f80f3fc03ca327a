//! Merging without loss, whatever the order.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ehr::labs::{LabResult, LabRows, RowSource, merge};
use fhir::{bundle::rows_of, kinds};
use proptest::prelude::*;
use serde_json::{Value, json};
use sources::LocalCodes;

/// A result as one hospital sends it.
#[derive(Clone, Debug)]
struct Sent {
    source: usize,
    code: usize,
    time: usize,
    value: usize,
    status: usize,
}

/// LOINC, local code, name; the first two are one analyte.
const CODES: [(Option<&str>, Option<&str>, &str); 4] = [
    (Some("2823-3"), None, "Potassium"),
    (None, Some("K_S"), "血清钾"),
    (Some("2951-2"), None, "钠"),
    (None, Some("TMP07"), "临时项目7"),
];
/// As written, and what they mean: the first two are the same instant.
const TIMES: [(Option<&str>, &str); 6] = [
    (Some("2026-11-20T08:10:00+08:00"), "i1"),
    (Some("2026-11-20T00:10:00Z"), "i1"),
    (Some("2026-11-20T08:11:00+08:00"), "i2"),
    (Some("2026-11-20"), "d1"),
    (Some("2026-11"), "m1"),
    (None, "undated"),
];
/// JSON of the value, and what it means.
const VALUES: [(&str, &str); 7] = [
    (r#"{"value": 5.40, "unit": "mmol/L", "code": "mmol/L"}"#, "5.4 mmol/L"),
    (r#"{"value": 5.4, "unit": "毫摩尔/升"}"#, "5.4 mmol/L"),
    (r#"{"value": 5.4, "unit": "mmol/l"}"#, "5.4 mmol/L"),
    (r#"{"value": 5.4, "comparator": "<", "unit": "mmol/L"}"#, "<5.4 mmol/L"),
    (r#"{"value": 5.5, "unit": "mmol/L"}"#, "5.5 mmol/L"),
    (r#"{"value": 5.4, "unit": "奇怪"}"#, "5.4 奇怪"),
    (r#"{"value": 5.4}"#, "5.4"),
];
const STATUSES: [(&str, &str); 5] = [
    ("final", "settled"),
    ("corrected", "settled"),
    ("preliminary", "open"),
    ("registered", "open"),
    ("entered-in-error", ""),
];

impl Sent {
    fn json(&self, id: usize) -> Value {
        let (loinc, local, name) = CODES[self.code];
        let coding = |system: &str, code: Option<&str>| code.map(|code| json!({ "system": system, "code": code }));
        let codings: Vec<Value> =
            [coding("http://loinc.org", loinc), coding("urn:his2", local)].into_iter().flatten().collect();
        let value: Value = serde_json::from_str(VALUES[self.value].0).expect("value");
        let mut resource = json!({
            "resourceType": "Observation", "id": format!("o{id}"), "status": STATUSES[self.status].0,
            "code": { "coding": codings, "text": name }, "valueQuantity": value,
        });
        if let Some(time) = TIMES[self.time].0 {
            resource["effectiveDateTime"] = json!(time);
        }
        resource
    }

    /// By the slowest and plainest way: what must become one row. `None`: never counts.
    fn fact(&self, id: usize) -> Option<String> {
        let class = STATUSES[self.status].1;
        let code = if self.code == 1 { 0 } else { self.code };
        let apart = if TIMES[self.time].1 == "undated" { format!("{}/o{id}", self.source) } else { String::new() };
        (!class.is_empty()).then(|| format!("{code} {} {} {class} {apart}", TIMES[self.time].1, VALUES[self.value].1))
    }
}

fn page(entries: &[Value]) -> String {
    let entries: Vec<Value> = entries.iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }).to_string()
}

fn rows(source: usize, entries: &[Value]) -> LabRows {
    let mut codes = LocalCodes::default();
    codes.insert("urn:his2", "K_S", "potassium");
    let retrieved_at = "2026-11-21T12:00:00Z".parse().expect("instant");
    let mut rows = LabRows::new(RowSource { id: format!("h{source}"), order: source, retrieved_at }, codes);
    rows_of::<kinds::Observation>(&page(entries), |row| rows.add(&row));
    rows
}

/// `order` shuffles entries within and sources among each other; `again` sends some a second time.
fn merged(sent: &[Sent], order: u64, again: usize) -> Vec<LabResult> {
    let mut dice = order | 1;
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % sides.max(1)
    };
    let mut by_source: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for (id, one) in sent.iter().enumerate() {
        let entries = by_source.entry(one.source).or_default();
        entries.push(one.json(id));
        if again > 0 && id % again == 0 {
            entries.push(one.json(id));
        }
    }
    let mut parts: Vec<LabRows> = Vec::new();
    for (source, mut entries) in by_source {
        for at in (1..entries.len()).rev() {
            entries.swap(at, roll(at + 1));
        }
        let at = roll(parts.len() + 1);
        parts.insert(at, rows(source, &entries));
    }
    merge(parts).results()
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let one = (0..3usize, 0..CODES.len(), 0..TIMES.len(), 0..VALUES.len(), 0..STATUSES.len())
        .prop_map(|(source, code, time, value, status)| Sent { source, code, time, value, status });
    prop::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn the_order_of_answers_never_shows(sent in sent(), order in any::<u64>(), again in 0..4usize) {
        prop_assert_eq!(merged(&sent, 0, 0), merged(&sent, order, again));
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_mixed(sent in sent()) {
        let results = merged(&sent, 0, 2);
        let mut origins = BTreeSet::new();
        let mut facts = HashSet::new();
        for result in &results {
            let own: HashSet<String> = result.origins.iter().filter_map(|origin| {
                let id: usize = origin.resource.strip_prefix("Observation/o")?.parse().ok()?;
                sent[id].fact(id)
            }).collect();
            prop_assert_eq!(own.len(), 1, "one row, one fact: {:?}", result);
            prop_assert!(own.into_iter().all(|fact| facts.insert(fact)), "one fact, one row: {:?}", result);
            for origin in &result.origins {
                let new = origins.insert((origin.source.clone(), origin.resource.clone()));
                prop_assert!(new, "an original stands behind two rows: {:?}", origin);
            }
        }
        let all: BTreeSet<_> = sent.iter().enumerate().filter(|(id, one)| one.fact(*id).is_some())
            .map(|(id, one)| (format!("h{}", one.source), format!("Observation/o{id}"))).collect();
        prop_assert_eq!(origins, all);
    }

    #[test]
    fn contradictions_are_mutual(sent in sent()) {
        let results = merged(&sent, 0, 0);
        for one in &results {
            for other in &one.conflict {
                let other = results.iter().find(|result| result.id == *other);
                prop_assert!(other.is_some_and(|other| other.conflict.contains(&one.id) && other.id != one.id));
            }
        }
    }
}

/// Resources of one hospital each; the results.
fn of(sources: &[&[Value]]) -> Vec<LabResult> {
    merge(sources.iter().enumerate().map(|(nth, entries)| rows(nth, entries)).collect()).results()
}

fn potassium(id: &str, value: Value, more: Value) -> Value {
    let mut resource = json!({
        "resourceType": "Observation", "id": id, "status": "final", "meta": { "versionId": "3" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2823-3" }], "text": "钾" },
        "effectiveDateTime": "2026-11-20T08:10:00+08:00", "valueQuantity": value,
    });
    for (key, value) in more.as_object().expect("object") {
        resource[key] = value.clone();
    }
    resource
}

#[test]
fn two_hospitals_one_fact_with_two_origins() {
    let one = potassium("a", json!({ "value": 5.4, "unit": "mmol/L" }), json!({}));
    let other = potassium(
        "b",
        json!({ "value": 5.40, "unit": "mmol/l" }),
        json!({ "referenceRange": [{ "text": "3.5-5.3" }], "specimen": { "display": "血清" } }),
    );
    let results = of(&[&[one], &[other]]);
    assert_eq!(results.len(), 1);
    let result = &results[0];
    assert_eq!(result.origins.iter().map(|origin| origin.source.as_str()).collect::<Vec<_>>(), ["h0", "h1"]);
    assert_eq!(
        (result.origins[0].resource.as_str(), result.origins[0].version.as_deref()),
        ("Observation/a", Some("3"))
    );
    assert_eq!((result.analyte, result.specimen.as_deref()), (Some("potassium"), Some("血清")));
    assert_eq!(result.flag.map(ehr::labs::Flag::code), Some("H"));
    assert_eq!(result.range.as_ref().map(|range| (range.low, range.high)), Some((Some(3.5), Some(5.3))));
}

#[test]
fn another_value_at_the_same_instant_is_a_contradiction() {
    let of_values = |one: Value, other: Value| {
        let results = of(&[&[potassium("a", one, json!({}))], &[potassium("b", other, json!({}))]]);
        results.iter().map(|result| result.conflict.len()).collect::<Vec<_>>()
    };
    let value = |number: f64, unit: &str| json!({ "value": number, "unit": unit });
    assert_eq!(of_values(value(5.4, "mmol/L"), value(5.6, "mmol/L")), [1, 1]);
    // An ion of one charge: a milliequivalent is a millimole.
    assert_eq!(of_values(value(5.4, "mmol/L"), value(5.6, "mEq/L")), [1, 1]);
    assert!(of_values(value(5.4, "mmol/L"), value(5.4, "mEq/L")).iter().all(|conflicts| *conflicts == 0));
}

#[test]
fn texts_are_as_the_laboratory_wrote_them() {
    let body = r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","id":"a","status":"final",
        "code":{"coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}],"text":"钾(急诊)"},
        "effectiveDateTime":"2026-11-20","valueQuantity":{"value":5.40,"comparator":"<","unit":"mmol/L"},
        "interpretation":[{"coding":[{"code":"HH"}]}],"note":[{"text":"溶血"}]}}]}"#;
    let mut rows = rows(0, &[]);
    rows_of::<kinds::Observation>(body, |row| rows.add(&row));
    let results = merge(vec![rows]).results();
    let value = results[0].value.as_ref().expect("value");
    assert_eq!((value.text.as_str(), value.number, value.comparator.as_deref()), ("5.40", Some(5.4), Some("<")));
    assert_eq!(results[0].code.text, "钾(急诊)");
    assert_eq!(results[0].time.as_ref().map(ehr::ClinicalTime::as_str), Some("2026-11-20"));
    assert_eq!((results[0].alarming, results[0].notes.as_slice()), (true, &["溶血".to_owned()][..]));
}

#[test]
fn components_members_and_missing_values_are_kept() {
    let part =
        |text: &str, value: f64| json!({ "code": { "text": text }, "valueQuantity": { "value": value, "unit": "%" } });
    let whole = json!({
        "resourceType": "Observation", "id": "whole", "status": "final", "code": { "text": "分类" },
        "effectiveDateTime": "2026-11-20T08:10:00Z", "component": [part("甲", 1.0), part("乙", 2.0)],
    });
    let panel = json!({
        "resourceType": "Observation", "id": "panel", "status": "final", "code": { "text": "电解质" },
        "effectiveDateTime": "2026-11-20T08:10:00Z", "hasMember": [{ "reference": "Observation/k" }],
    });
    let missing = potassium("k", Value::Null, json!({ "dataAbsentReason": { "text": "标本溶血" } }));
    let results = of(&[&[whole, panel, missing]]);
    let by = |id: &str| results.iter().find(|result| result.id == format!("h0.{id}")).expect(id);
    assert_eq!(by("whole").components.iter().map(|part| part.code.text.as_str()).collect::<Vec<_>>(), ["甲", "乙"]);
    assert_eq!(by("panel").members, ["h0.k"]);
    assert_eq!((by("k").absent.as_deref(), by("k").report.as_deref()), (Some("标本溶血"), Some("电解质")));
}

#[test]
fn the_matrix_and_its_charts() {
    let at = |id: &str, day: u32, value: f64, unit: &str, loinc: &str| {
        json!({
            "resourceType": "Observation", "id": id, "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": loinc }] },
            "effectiveDateTime": format!("2026-11-{day:02}T08:00:00+08:00"), "valueQuantity": { "value": value, "unit": unit },
            "referenceRange": [{ "low": { "value": 3.9, "unit": "mmol/L" }, "high": { "value": 6.1, "unit": "mmol/L" } }],
        })
    };
    let ours = [
        at("1", 1, 5.5, "mmol/L", "14771-0"),
        at("2", 3, 7.0, "mmol/L", "14771-0"),
        at("3", 3, 4.0, "mmol/L", "2823-3"),
    ];
    let theirs = [at("4", 2, 99.1, "mg/dL", "1558-6"), at("5", 2, 5.0, "怪", "14771-0")];
    let results = of(&[&ours, &theirs]);
    let all = ehr::labs::matrix(&results, &ehr::labs::MatrixWindow::default());
    assert_eq!(all.panels.iter().map(|panel| panel.id.as_str()).collect::<Vec<_>>(), ["electrolytes", "glucose"]);
    assert_eq!(all.columns.iter().map(|column| column.source.as_str()).collect::<Vec<_>>(), ["h0", "h1", "h0"]);
    let glucose = all.panels[1].rows.iter().find(|row| row.unit.as_deref() == Some("mmol/L")).expect("row");
    let trend = ehr::labs::trend(glucose).expect("trend");
    let points: Vec<_> =
        trend.points.iter().map(|point| (point.text.as_str(), (point.value * 10.0).round(), point.converted)).collect();
    assert_eq!(points, [("5.5", 55.0, false), ("99.1 mg/dL", 55.0, true), ("7.0", 70.0, false)]);
    assert_eq!((trend.unit.as_str(), trend.not_plotted, trend.band), ("mmol/L", 1, Some((Some(3.9), Some(6.1)))));

    let window = ehr::labs::MatrixWindow { columns: 1, only_abnormal: true, ..Default::default() };
    let newest = ehr::labs::matrix(&results, &window);
    assert_eq!((newest.columns.len(), newest.columns_left_out > 0), (1, true));
    let names: Vec<_> = newest.panels.iter().flat_map(|panel| &panel.rows).map(|row| row.name.zh.as_str()).collect();
    assert_eq!(names, ["空腹血糖"]);
    let text = ehr::labs::MatrixWindow { text: Some("potas".into()), ..Default::default() };
    assert_eq!(ehr::labs::matrix(&results, &text).panels.len(), 1);
}
