//! The official examples of HL7 go through: each is in the sections it belongs to, and what it says is still there. The
//! oracle reads them as plain JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use ehr::{Reader, RecordQuery, Section};
use serde_json::{Value, json};

use super::region::{now, staff};
use super::world::{Hospital, World};

/// Examples by type, from <https://hl7.org/fhir/R4/>.
fn examples() -> BTreeMap<String, Vec<Value>> {
    let packed: &[u8] = include_bytes!("../data/hl7-r4-core.tar.xz");
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut archive = tar::Archive::new(xz2::read::XzDecoder::new(packed));
    for file in archive.entries().expect("archive") {
        let mut text = String::new();
        let mut file = file.expect("file");
        if file.read_to_string(&mut text).is_err() || text.is_empty() {
            continue;
        }
        let Ok(one) = serde_json::from_str::<Value>(&text) else { continue };
        if let Some(kind) = one["resourceType"].as_str() {
            all.entry(kind.to_owned()).or_default().push(one);
        }
    }
    all
}

/// Where each type of the record stands, and its texts that are shown, as JSON pointers (`*` is every member of a list).
const SHOWN: [(&str, &[Section], &[&str]); 16] = [
    ("AllergyIntolerance", &[Section::Summary], &["/code/text", "/code/coding/0/display"]),
    ("Condition", &[Section::Summary, Section::Outpatient, Section::Inpatient], &["/code/text"]),
    ("Immunization", &[Section::Summary, Section::PersonalRecord], &["/vaccineCode/text", "/lotNumber"]),
    ("Device", &[Section::Summary], &["/type/text", "/manufacturer"]),
    ("Procedure", &[Section::Surgery], &["/code/text", "/performer/*/actor/display", "/outcome/text"]),
    ("MedicationRequest", &[Section::Prescriptions], &["/requester/display", "/medicationReference/display"]),
    (
        "MedicationDispense",
        &[Section::Medications],
        &["/medicationReference/display", "/medicationCodeableConcept/text"],
    ),
    ("MedicationAdministration", &[Section::Medications], &["/medicationReference/display", "/dosage/text"]),
    ("MedicationStatement", &[Section::Medications], &["/medicationReference/display", "/dosage/0/text"]),
    ("ServiceRequest", &[Section::Orders], &["/code/text", "/requester/display"]),
    ("DiagnosticReport", &[Section::ExamReports, Section::LabResults], &["/conclusion"]),
    ("CarePlan", &[Section::Nursing], &["/title", "/description"]),
    ("FamilyMemberHistory", &[Section::PersonalRecord], &["/relationship/coding/0/display", "/condition/*/code/text"]),
    ("ExplanationOfBenefit", &[Section::Charges], &["/insurer/display"]),
    ("Claim", &[Section::Charges], &[]),
    ("Coverage", &[Section::Charges], &[]),
];

/// The texts that a pointer with `*` leads to.
fn at<'v>(value: &'v Value, pointer: &str) -> Vec<&'v str> {
    let mut found = vec![value];
    for step in pointer.split('/').skip(1) {
        found = match step {
            "*" => found.into_iter().filter_map(Value::as_array).flatten().collect(),
            name => found
                .into_iter()
                .filter_map(|value| match name.parse::<usize>() {
                    Ok(nth) => value.get(nth),
                    Err(_) => value.get(name),
                })
                .collect(),
        };
    }
    found.into_iter().filter_map(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).collect()
}

/// The example as the record of the one patient of the test.
fn own(mut one: Value) -> Value {
    for name in ["subject", "patient", "beneficiary"] {
        if one.get(name).is_some() {
            one[name] = json!({ "reference": "Patient/p1" });
        }
    }
    one
}

/// What an item says, with everything inside it.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(members) => members.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_official_examples_are_all_there() {
    let examples = examples();
    assert!(examples.values().map(Vec::len).sum::<usize>() > 400, "the archive is not the one it was");
    let hospital =
        Hospital::with(examples.values().flatten().filter(|one| one["resourceType"] != "Patient").cloned().map(own));
    let world = World::new(&[hospital]).await;
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    let mut read: BTreeMap<&str, Value> = BTreeMap::new();
    for section in Section::ALL {
        let of = world.charts.record_json(reader, world.person, section, &RecordQuery::default(), now()).await;
        read.insert(section.slug(), serde_json::from_str(&of.expect("section")).expect("JSON"));
    }
    let mut missing = Vec::new();
    for (kind, sections, pointers) in SHOWN {
        for one in examples.get(kind).into_iter().flatten() {
            let verification = one.pointer("/verificationStatus/coding/0/code").and_then(Value::as_str);
            if one["status"] == "entered-in-error" || verification == Some("entered-in-error") {
                continue;
            }
            let name = format!("{kind}/{}", one["id"].as_str().unwrap_or_default());
            let here = || sections.iter().filter_map(|section| read.get(section.slug()));
            let mut said = BTreeSet::new();
            for of in here() {
                let items = of["items"].as_array().into_iter().flatten();
                let own = items.filter(|item| item.to_string().contains(&format!("\"{name}\"")));
                own.for_each(|item| texts(item, &mut said));
            }
            if here().next().is_some() && said.is_empty() {
                missing.push(format!("{name} is nowhere"));
                continue;
            }
            for pointer in pointers {
                for text in at(one, pointer) {
                    // A concept with words shows them rather than a coding's.
                    let better = pointer.contains("/coding/") && one.pointer("/code/text").is_some();
                    if !better && !said.iter().any(|said| said.contains(text)) {
                        missing.push(format!("{name}{pointer}: {text}"));
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "{} lost:\n{}", missing.len(), missing.join("\n"));
}
