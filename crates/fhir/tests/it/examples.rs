//! The specification's own examples, and leaves of every wrong shape.

use fhir::{
    Cause, Fault,
    bundle::{Page, rows_of},
    find_raw, kinds, rows,
};
use serde_json::{Value, json};

/// Official R4 examples of one type: file name and text.
pub fn examples(kind: &str) -> Vec<(String, String)> {
    let folder = format!("{}/tests/data", env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap())
        .filter(|file| file.file_name().to_string_lossy().starts_with(&format!("{kind}-")))
        .map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(file.path()).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 3);
    found
}

/// A searchset of resources, as text.
pub fn bundle<T: AsRef<str>>(resources: impl IntoIterator<Item = T>) -> String {
    let entries: Vec<String> =
        resources.into_iter().map(|resource| format!(r#"{{"resource":{}}}"#, resource.as_ref())).collect();
    format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{}]}}"#, entries.join(","))
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

#[test]
fn observations_of_the_specification_are_read_whole() {
    for (name, json) in examples("Observation") {
        let oracle: Value = serde_json::from_str(&json).unwrap();
        let page = rows_of::<kinds::Observation>(&bundle([&json]), |row| {
            assert_eq!(row.id, text(&oracle["id"]), "{name}");
            assert_eq!(row.status, text(&oracle["status"]), "{name}");
            assert_eq!(row.subject.and_then(|s| s.reference), text(&oracle["subject"]["reference"]), "{name}");
            let code = row.code.unwrap();
            assert_eq!(code.text, text(&oracle["code"]["text"]), "{name}");
            let codings = oracle["code"]["coding"].as_array().map_or(0, Vec::len);
            assert_eq!(code.coding.len(), codings, "{name}");
            for (coding, expect) in code.coding.iter().zip(oracle["code"]["coding"].as_array().into_iter().flatten()) {
                assert_eq!((coding.system, coding.code), (text(&expect["system"]), text(&expect["code"])), "{name}");
            }
            assert_eq!(row.component.len(), oracle["component"].as_array().map_or(0, Vec::len), "{name}");
            assert_eq!(row.has_member.len(), oracle["hasMember"].as_array().map_or(0, Vec::len), "{name}");
            assert_eq!(row.reference_range.len(), oracle["referenceRange"].as_array().map_or(0, Vec::len), "{name}");
            let has_value = oracle.as_object().unwrap().keys().any(|key| key.starts_with("value"));
            assert_eq!(row.value.is_some(), has_value, "{name}");
            if let Some(rows::Value::Quantity(quantity)) = row.value {
                let number = quantity.value.unwrap();
                assert_eq!(number.value(), oracle["valueQuantity"]["value"].as_f64(), "{name}");
                assert!(
                    json.contains(&format!(r#""value": {}"#, number.text())) || json.contains(number.text()),
                    "{name}"
                );
                assert_eq!(quantity.unit, text(&oracle["valueQuantity"]["unit"]), "{name}");
            }
        });
        assert_eq!((page.entries, page.broken, page.fault, page.notes), (1, 0, None, Vec::new()), "{name}");
    }
}

#[test]
fn patients_and_reports_of_the_specification_are_read_whole() {
    for (name, json) in examples("Patient") {
        let oracle: Value = serde_json::from_str(&json).unwrap();
        let count = |key: &str| oracle[key].as_array().map_or(0, Vec::len);
        let page = rows_of::<kinds::Patient>(&bundle([&json]), |row| {
            assert_eq!((row.id, row.gender), (text(&oracle["id"]), text(&oracle["gender"])), "{name}");
            assert_eq!(
                (row.birth_date, row.active),
                (text(&oracle["birthDate"]), oracle["active"].as_bool()),
                "{name}"
            );
            assert_eq!((row.name.len(), row.identifier.len()), (count("name"), count("identifier")), "{name}");
            assert_eq!((row.telecom.len(), row.address.len()), (count("telecom"), count("address")), "{name}");
            assert_eq!((row.link.len(), row.contact.len()), (count("link"), count("contact")), "{name}");
            assert_eq!(row.name.first().and_then(|name| name.family), text(&oracle["name"][0]["family"]), "{name}");
        });
        assert_eq!((page.entries, page.fault, page.notes), (1, None, Vec::new()), "{name}");
    }
    for (name, json) in examples("DiagnosticReport") {
        let oracle: Value = serde_json::from_str(&json).unwrap();
        let page = rows_of::<kinds::DiagnosticReport>(&bundle([&json]), |row| {
            assert_eq!((row.id, row.conclusion), (text(&oracle["id"]), text(&oracle["conclusion"])), "{name}");
            assert_eq!(row.result.len(), oracle["result"].as_array().map_or(0, Vec::len), "{name}");
            let forms = oracle["presentedForm"].as_array().map_or(0, Vec::len);
            assert_eq!(row.presented_form.len(), forms, "{name}");
        });
        assert_eq!((page.entries, page.fault, page.notes), (1, None, Vec::new()), "{name}");
    }
}

fn note(page: &Page) -> Vec<(String, Fault, u32)> {
    page.notes.iter().map(|note| (note.path.clone(), note.fault, note.count)).collect()
}

#[test]
fn a_messy_leaf_is_dropped_and_noted_and_the_rest_stays() {
    let check = |leaf: &str, path: &str, fault: Fault| {
        let json = format!(r#"{{"resourceType":"Observation","id":"a","status":"final",{leaf},"issued":"2021"}}"#);
        let mut rows = 0;
        let page = rows_of::<kinds::Observation>(&bundle([json]), |row| {
            rows += 1;
            assert_eq!((row.id, row.issued), (Some("a"), Some("2021")), "{leaf}");
        });
        assert_eq!((rows, page.broken, page.fault), (1, 0, None), "{leaf}");
        assert_eq!(note(&page), [(format!("Observation.{path}"), fault, 1)], "{leaf}");
    };
    check(r#""code":null"#, "code", Fault::Null);
    check(r#""code":"K""#, "code", Fault::String);
    check(r#""code":[{"text":"K"}]"#, "code", Fault::Array);
    check(r#""code":{"coding":{"code":"K"}}"#, "code.coding", Fault::Object);
    check(r#""code":{"coding":[null,{"code":"K"}]}"#, "code.coding", Fault::Null);
    check(r#""code":{"text":5}"#, "code.text", Fault::Number);
    check(r#""valueQuantity":{"value":"5.40"}"#, "valueQuantity.value", Fault::String);
    check(r#""valueQuantity":{"value":NaN}"#, "valueQuantity.value", Fault::Unreadable);
    check(r#""valueQuantity":{"value":05}"#, "valueQuantity.value", Fault::Unreadable);
    check(r#""valueQuantity":{"value":.5}"#, "valueQuantity.value", Fault::Unreadable);
    check(r#""valueQuantity":5.4"#, "valueQuantity", Fault::Number);
    check(r#""valueString":{"a":1}"#, "valueString", Fault::Object);
    check(r#""valueBoolean":"true""#, "valueBoolean", Fault::String);
    check(r#""valueInteger":true"#, "valueInteger", Fault::Boolean);
    check(r#""valueString":"a","valueInteger":1"#, "valueInteger", Fault::Duplicate);
    check(r#""status":"amended""#, "status", Fault::Duplicate);
    check(r#""referenceRange":[[1],{"text":"x"}]"#, "referenceRange", Fault::Array);
    check(r#""component":[{"valueQuantity":{"value":{}}}]"#, "component.valueQuantity.value", Fault::Object);
    check(r#""effectiveDateTime":{"start":"2021"}"#, "effectiveDateTime", Fault::Object);
    check(r#""note":"free""#, "note", Fault::String);
}

#[test]
fn duplicates_keep_the_first_but_name_nobody_and_a_lone_member_is_kept() {
    let json = r#"{"resourceType":"Observation","id":"a","status":"final","status":"entered-in-error",
        "subject":{"reference":"Patient/1"},"subject":{"reference":"Patient/2"},
        "category":{"coding":{"code":"laboratory"}},"valueQuantity":{"value":5.40,"comparator":"<"}}"#;
    let page = rows_of::<kinds::Observation>(&bundle([json]), |row| {
        assert_eq!(row.status, Some("final"));
        // Two people are named: which one is meant is not ours to guess.
        assert_eq!(row.subject.and_then(|subject| subject.reference), None);
        assert_eq!(row.category[0].coding[0].code, Some("laboratory"));
        let Some(rows::Value::Quantity(quantity)) = row.value else { panic!("a quantity") };
        assert_eq!((quantity.value.unwrap().text(), quantity.comparator), ("5.40", Some("<")));
    });
    assert_eq!(page.notes.len(), 4);
}

#[test]
fn strings_with_escapes_surrogates_and_control_characters_are_kept() {
    let json =
        "{\"resource\\u0054ype\":\"Observation\",\"id\":\"a\",\"valueString\":\"\\u94be \\\"5\\\" \\ud83d! a\tb\"}";
    let page = rows_of::<kinds::Observation>(&bundle([json]), |row| {
        assert_eq!(row.value, Some(rows::Value::String("钾 \"5\" \u{fffd}! a b")));
    });
    assert_eq!(note(&page), [("Bundle".to_owned(), Fault::ControlCharacter, 1)]);
    assert_eq!((page.entries, page.fault), (1, None));
}

#[test]
fn a_broken_entry_never_takes_others_along() {
    let good = r#"{"resourceType":"Observation","id":"good"}"#;
    for broken in ["null", "[]", "5", "\"x\"", "{}", r#"{"id":"x"}"#, r#"{"resourceType":5}"#, "NaN"] {
        let mut ids = Vec::new();
        let page =
            rows_of::<kinds::Observation>(&bundle([good, broken, good]), |row| ids.push(row.id.map(str::to_owned)));
        assert_eq!(ids, [Some("good".to_owned()), Some("good".to_owned())], "{broken}");
        assert_eq!((page.broken, page.fault), (1, Some(Cause::BrokenEntry)), "{broken}");
    }
    let body = format!(r#"{{"resourceType":"Bundle","entry":[5,null,{{"resource":{good}}},{{"fullUrl":"x"}}]}}"#);
    let page = rows_of::<kinds::Observation>(&body, |_| {});
    assert_eq!((page.entries, page.broken), (1, 3));
}

#[test]
fn every_cut_keeps_the_entries_before_it() {
    let resources: Vec<String> =
        (0..4).map(|n| json!({"resourceType":"Observation","id":n.to_string()}).to_string()).collect();
    let body = bundle(&resources);
    for cut in 0..body.len() {
        let mut count = 0;
        let page = rows_of::<kinds::Observation>(&body[..cut], |row| {
            assert_eq!(row.id, Some(count.to_string().as_str()));
            count += 1;
        });
        let whole = resources.iter().enumerate().filter(|(n, _)| {
            let end = body.find(&resources[*n]).unwrap() + resources[*n].len() + 1;
            end <= cut
        });
        assert_eq!(page.entries as usize, whole.count(), "cut at {cut}");
        assert!(matches!(page.fault, Some(Cause::Truncated | Cause::Garbage)), "cut at {cut}: {:?}", page.fault);
    }
}

#[test]
fn hostile_shapes_stay_within_bounds() {
    let deep = format!(r#"{{"resourceType":"Observation","extension":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let good = r#"{"resourceType":"Observation","id":"good"}"#;
    let page = rows_of::<kinds::Observation>(&bundle([good, &deep]), |_| {});
    assert_eq!((page.entries, page.fault), (1, Some(Cause::Garbage)));
    let members = vec!["{}"; 100_000].join(",");
    let wide = format!(r#"{{"resourceType":"Observation","component":[{members}]}}"#);
    let page = rows_of::<kinds::Observation>(&bundle([wide]), |row| assert!(row.component.len() <= 20_000));
    assert!(page.notes.iter().any(|note| note.fault == Fault::TooMany), "{:?}", page.notes);
    let names: String = (0..1_000).map(|n| format!(r#"{{"resource":{{"resourceType":{n}}}}},"#)).collect();
    let page = rows_of::<kinds::Observation>(&format!(r#"{{"resourceType":"Bundle","entry":[{names}5]}}"#), |_| {});
    assert!(page.notes.len() <= 64);
    let nulls = vec!["null"; 200_000].join(",");
    let page = rows_of::<kinds::Observation>(&format!(r#"{{"resourceType":"Bundle","entry":[{nulls}]}}"#), |_| {});
    assert_eq!((page.broken, page.notes.len()), (200_000, 1));
}

#[test]
fn raw_json_of_an_entry_can_be_found_again() {
    let example = examples("Observation").remove(0).1;
    let id = serde_json::from_str::<Value>(&example).unwrap()["id"].as_str().unwrap().to_owned();
    let body = bundle(["null", r#"{"resourceType":"Patient","id":"x"}"#, &example]);
    assert_eq!(find_raw(&body, "Observation", &id), Some(example.trim()));
    assert_eq!(find_raw(&example, "Observation", &id), Some(example.trim()));
    assert_eq!(find_raw(&body, "Patient", &id), None);
    assert_eq!(find_raw("<html>", "Patient", "x"), None);
    assert_eq!(find_raw("", "Patient", "x"), None);
    let mut raw = None;
    rows_of::<kinds::Raw<kinds::Observation>>(&bundle([&example]), |row| raw = Some(row.json.to_owned()));
    assert_eq!(raw.as_deref(), Some(example.trim()));
}
