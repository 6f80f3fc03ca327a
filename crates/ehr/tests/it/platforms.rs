//! Every shipped platform file, against hospitals that classify some of their resources and not others.

use std::path::Path;

use ehr::{Reader, RecordQuery, Section};
use fhir::{FilterTrust, Platform};
use serde_json::{Value, json};

use super::region::{now, staff};
use super::world::{Hospital, World};

/// Sections and types that may be asked for by a filter.
const FILTERABLE: [&str; 12] = [
    "Observation",
    "DiagnosticReport",
    "Condition",
    "DocumentReference",
    "CarePlan",
    "Procedure",
    "MedicationRequest",
    "ServiceRequest",
    "Immunization",
    "Composition",
    "Claim",
    "ExplanationOfBenefit",
];

fn shipped() -> Vec<Platform> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/platforms");
    let files = std::fs::read_dir(folder).expect("platforms").map(|file| file.expect("file").path());
    let toml = files.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    toml.map(|path| Platform::from_toml(&std::fs::read_to_string(path).expect("file")).expect("platform")).collect()
}

/// Something that belongs to the section by what it says itself.
fn resource(section: Section, kind: &str, id: &str) -> Value {
    let loinc =
        |code: &str, text: &str| json!({ "coding": [{ "system": "http://loinc.org", "code": code }], "text": text });
    let code = match (kind, section) {
        ("Observation", Section::LabResults) => loinc("2823-3", "血清钾"),
        ("Observation", Section::PersonalRecord) => loinc("72166-2", "吸烟状况"),
        ("Observation", _) => loinc("8867-4", "脉搏"),
        ("DocumentReference" | "Composition", Section::Discharge) => loinc("18842-5", "出院小结"),
        _ => json!({ "text": kind }),
    };
    // Two measurements of one minute would be one fact.
    let at = format!("2026-11-18T0{}:00:00+08:00", 1 + id.len() % 9);
    json!({
        "resourceType": kind, "id": id, "status": "final", "code": code, "type": code, "title": id, "effectiveDateTime": at,
        "date": at, "onsetDateTime": at, "valueQuantity": { "value": 4.1, "unit": "mmol/L" },
        "clinicalStatus": { "coding": [{ "code": "active" }] },
        "content": [{ "attachment": { "contentType": "text/plain", "data": "5Yid6K+K" } }],
    })
}

/// The first value that the filters want of their element.
fn classified(mut one: Value, filters: &[(String, String)]) -> Value {
    for (name, value) in filters {
        let code = value.split(',').next().unwrap_or_default().rsplit('|').next().unwrap_or_default();
        one[name] = match name.as_str() {
            "category" => json!([{ "coding": [{ "code": code }] }]),
            _ => json!({ "coding": [{ "system": "http://loinc.org", "code": code }] }),
        };
    }
    one
}

#[tokio::test]
async fn what_a_hospital_does_not_classify_is_there_beside_what_it_does() {
    let mut tried = Vec::new();
    for platform in shipped() {
        for (section, kind) in Section::ALL.iter().flat_map(|section| FILTERABLE.map(|kind| (*section, kind))) {
            let query = platform.query(section.slug(), kind, "p1");
            let Some(bare) = query.by_patient_only else { continue };
            if query.trust == FilterTrust::Trusted {
                // The vendor says that it fills it itself, or refuses to be asked otherwise.
                continue;
            }
            let filters: Vec<_> = query.params.into_iter().filter(|pair| !bare.contains(pair)).collect();
            let with = classified(resource(section, kind, "with"), &filters);
            let without = resource(section, kind, "without");
            let world = World::on(&platform.id, &[Hospital::with([with, without])]).await;
            let clinician = staff("li.wei", "clinician");
            let reader = Reader::Staff(&clinician);
            // Twice: what is learned of a server the first time must not lose anything the second.
            for time in 0..2 {
                let of = world.charts.record_json(reader, world.person, section, &RecordQuery::default(), now()).await;
                let of = of.expect("section");
                for id in ["with", "without"] {
                    let name = format!("\"{kind}/{id}\"");
                    assert!(
                        of.contains(&name),
                        "{} {} {kind} {time}: {name} is lost: {of}",
                        platform.id,
                        section.slug()
                    );
                }
            }
            tried.push((platform.id.clone(), section, kind));
        }
    }
    // A probe of every shape that has one, so that this does not pass by asking nothing.
    for id in ["plain", "athena-like", "legacy", "cerner-like"] {
        assert!(tried.iter().any(|(platform, ..)| platform == id), "{id}: {tried:?}");
    }
}

#[test]
fn no_rule_is_one_that_changes_nothing() {
    for platform in shipped() {
        let bare = Platform { queries: Vec::new(), ..platform.clone() };
        for rule in &platform.queries {
            let (with, without) =
                (platform.query(&rule.section, &rule.kind, "p1"), bare.query(&rule.section, &rule.kind, "p1"));
            let unreliable = with.trust == FilterTrust::Unreliable && without.by_patient_only.is_none();
            assert!(
                !unreliable,
                "{}: {} {} is asked for without a filter anyhow",
                platform.id, rule.section, rule.kind
            );
        }
    }
}
