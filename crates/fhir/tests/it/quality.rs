//! Every leaf that has to be dropped is noted: where it stood, what was wrong, never what stood there.

use fhir::{
    Fault, QualityNote,
    bundle::{Page, rows_of},
    kinds, read_time,
};
use serde_json::{Value, json};

use crate::examples::{bundle, examples};

/// Stands in every leaf that is spoiled; no path of FHIR holds it.
const CANARY: &str = "zzcanary";

/// A step from a value to one of its parts.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// Where every leaf stands.
fn leaves(value: &Value, at: &mut Vec<Step>, all: &mut Vec<Vec<Step>>) {
    let mut into = |step: Step, part: &Value, at: &mut Vec<Step>| {
        at.push(step);
        leaves(part, at, all);
        at.pop();
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| into(Step::Index(n), item, at)),
        Value::Object(parts) => parts.iter().for_each(|(key, part)| into(Step::Key(key.clone()), part, at)),
        _ => all.push(at.clone()),
    }
}

fn leaf<'v>(value: &'v mut Value, at: &[Step]) -> &'v mut Value {
    at.iter().fold(value, |value, step| match step {
        Step::Key(key) => &mut value[key],
        Step::Index(index) => &mut value[index],
    })
}

/// `Observation.component.valueQuantity.value`
fn path(kind: &str, at: &[Step]) -> String {
    let keys = at.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    [kind].into_iter().chain(keys).collect::<Vec<_>>().join(".")
}

/// What was read, as text, and the notes.
type Read = fn(&str) -> (String, Vec<QualityNote>);

macro_rules! reader {
    ($kind:ident) => {
        |body| {
            let mut rows = String::new();
            let Page { notes, .. } = rows_of::<kinds::$kind>(body, |row| rows.push_str(&format!("{row:?}")));
            (rows, notes)
        }
    };
}

/// Spoils every leaf of every example in turn. Returns how many were dropped, by kind of fault.
fn spoil(kind: &str, read: Read, with: impl Fn(&Value) -> Option<Value>) -> Vec<Fault> {
    let mut met = Vec::new();
    for (name, text) in examples(kind) {
        let example: Value = serde_json::from_str(&text).unwrap();
        let (whole, none) = read(&bundle([example.to_string()]));
        assert!(none.is_empty(), "{name}: {none:?}");
        let mut all = Vec::new();
        leaves(&example, &mut Vec::new(), &mut all);
        for at in all {
            let path = path(kind, &at);
            let mut spoiled = example.clone();
            let place = leaf(&mut spoiled, &at);
            let Some(new) = with(place) else { continue };
            *place = new;
            // Without a type it is no resource: the entry is broken, and counted as such.
            if path.ends_with("resourceType") {
                continue;
            }
            let (rows, notes) = read(&bundle([spoiled.to_string()]));
            assert!(notes.iter().all(|note| note.path == path), "{name}: {path}: {notes:?}");
            assert!(!format!("{notes:?}").contains(CANARY), "{name}: {notes:?}");
            let dropped = rows != whole && !rows.contains(CANARY);
            assert!(!dropped || !notes.is_empty(), "{name}: {path} was dropped and nobody says so");
            met.extend(notes.into_iter().map(|note| note.fault));
        }
    }
    met
}

fn everywhere(with: impl Fn(&Value) -> Option<Value> + Copy) -> Vec<Fault> {
    [
        ("Observation", reader!(Observation) as Read),
        ("Patient", reader!(Patient)),
        ("DiagnosticReport", reader!(DiagnosticReport)),
    ]
    .into_iter()
    .flat_map(|(kind, read)| spoil(kind, read, with))
    .collect()
}

#[test]
fn a_leaf_of_another_type_is_noted_where_it_stood() {
    let check = |new: Value, fault: Fault, least: usize| {
        let met = everywhere(|old| (std::mem::discriminant(old) != std::mem::discriminant(&new)).then(|| new.clone()));
        let of_it = met.iter().filter(|met| **met == fault).count();
        assert!(of_it > least, "{fault:?}: {of_it} of {}", met.len());
    };
    check(json!({ CANARY: CANARY }), Fault::Object, 500);
    check(json!([{ CANARY: 1 }]), Fault::Array, 500);
    check(json!(null), Fault::Null, 500);
    check(json!(5), Fault::Number, 500);
    check(json!(true), Fault::Boolean, 500);
    check(json!(CANARY), Fault::String, 40);
}

#[test]
fn a_date_that_is_none_is_noted_where_it_stood() {
    let is_time = |old: &Value| old.as_str().is_some_and(|text| text.len() > 6 && read_time(text).is_some());
    let met = everywhere(|old| is_time(old).then(|| json!(format!("{CANARY}-01"))));
    assert!(met.len() > 30 && met.iter().all(|fault| *fault == Fault::Time), "{} {met:?}", met.len());
}

#[test]
fn a_resource_without_a_name_is_noted() {
    let check = |id: Value, expect: &[Fault]| {
        let resource = json!({ "resourceType": "Observation", "id": id, "status": "final" });
        let (_, notes) = (reader!(Observation) as Read)(&bundle([resource.to_string()]));
        let told: Vec<(&str, Fault)> = notes.iter().map(|note| (note.path.as_str(), note.fault)).collect();
        let expect: Vec<(&str, Fault)> = expect.iter().map(|fault| ("Observation.id", *fault)).collect();
        assert_eq!(told, expect, "{id}");
    };
    check(json!("a"), &[]);
    check(json!(""), &[Fault::NoId]);
    check(json!("a".repeat(257)), &[Fault::TooLong]);
    check(json!(5), &[Fault::Number, Fault::NoId]);
}

#[test]
fn every_kind_of_fault_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = Fault::ALL.into_iter().map(Fault::as_str).collect();
    assert_eq!(names.len(), Fault::ALL.len());
}
