//! What holds for every section: nothing that arrived is lost, whoever answers first, and no failure is taken for "none".

use std::collections::BTreeSet;

use ehr::{Reader, RecordQuery, Section};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FAULTS, FOREIGN_WORDS, Fault, Hospital, World};

/// Every type that a section asks for, with how it says that it counts.
const TYPES: [(&str, &str); 26] = [
    ("AllergyIntolerance", ""),
    ("Condition", ""),
    ("MedicationRequest", "active"),
    ("MedicationDispense", "completed"),
    ("MedicationAdministration", "completed"),
    ("MedicationStatement", "active"),
    ("ServiceRequest", "active"),
    ("NutritionOrder", "active"),
    ("Immunization", "completed"),
    ("Procedure", "completed"),
    ("Device", "active"),
    ("Encounter", "finished"),
    ("Observation", "final"),
    ("DiagnosticReport", "final"),
    ("DocumentReference", "current"),
    ("Composition", "final"),
    ("CarePlan", "active"),
    ("FamilyMemberHistory", "completed"),
    ("QuestionnaireResponse", "completed"),
    ("ExplanationOfBenefit", "active"),
    ("Claim", "active"),
    ("Coverage", "active"),
    ("Account", "active"),
    ("ChargeItem", "billable"),
    ("Invoice", "issued"),
    ("Specimen", "available"),
];

/// A resource of a type that says what any section could look for.
fn resource(kind: &str, status: &str, id: &str) -> Value {
    let words = json!({ "text": format!("{kind} {id}") });
    let who = json!({ "reference": "Patient/p1" });
    let at = "2026-11-20T08:10:00+08:00";
    let categories: Vec<Value> = [
        "laboratory",
        "LAB",
        "problem-list-item",
        "encounter-diagnosis",
        "clinical-note",
        "vital-signs",
        "social-history",
    ]
    .iter()
    .map(|code| json!({ "coding": [{ "code": code }] }))
    .collect();
    let category = match kind {
        "DiagnosticReport" => json!([{ "coding": [{ "code": "CT" }] }]),
        _ => json!(categories),
    };
    let kind_of = match kind {
        "Encounter" => json!([words]),
        "DocumentReference" | "Composition" => {
            json!({ "coding": [{ "system": "http://loinc.org", "code": "18842-5" }], "text": words["text"] })
        }
        _ => words.clone(),
    };
    json!({
        "resourceType": kind, "id": id, "status": status, "intent": "order",
        "clinicalStatus": { "coding": [{ "code": "active" }] },
        "code": words, "vaccineCode": words, "type": kind_of, "medicationCodeableConcept": words,
        "relationship": { "text": "父亲" }, "condition": [{ "code": words }],
        "patient": who, "subject": if kind == "Account" { json!([who]) } else { who.clone() }, "beneficiary": who,
        "category": category, "class": { "code": "IMP" },
        "period": { "start": at, "end": at }, "onsetDateTime": at, "authoredOn": at, "authored": at, "dateTime": at,
        "occurrenceDateTime": at, "performedDateTime": at, "effectiveDateTime": at, "whenHandedOver": at,
        "dateAsserted": at, "date": at, "created": at, "issued": at, "valueString": format!("值 {id}"),
        "oralDiet": { "type": [words] }, "title": format!("{kind} {id}"), "description": format!("{kind} {id}"),
        "servicePeriod": { "start": at }, "totalNet": { "value": 12.50, "currency": "CNY" },
        "total": [{ "category": words, "amount": { "value": 12.50, "currency": "CNY" } }],
        "conclusion": format!("结论 {id}"), "item": [{ "linkId": "1", "text": "吸烟", "answer": [{ "valueString": "否" }] }],
        "content": [{ "attachment": { "contentType": "text/plain", "data": "5Yid6K+K" } }],
    })
}

pub fn hospital(ids: &str) -> Hospital {
    let of = |(kind, status): &(&str, &str)| resource(kind, status, &format!("{ids}-{}", kind.to_lowercase()));
    Hospital::with(TYPES.iter().map(of))
}

async fn read(world: &World, section: Section) -> Value {
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    let of = world.charts.record_json(reader, world.person, section, &RecordQuery::default(), now()).await;
    serde_json::from_str(&of.expect("section")).expect("JSON")
}

/// Every `source/Type/id` that the section names as an origin, wherever it stands.
fn origins(of: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![of];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(all) => open.extend(all),
            Value::Object(members) => {
                if let (Some(Value::String(source)), Some(Value::String(resource))) =
                    (members.get("source"), members.get("resource"))
                {
                    found.insert(format!("{source}/{resource}"));
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
    found
}

fn kinds(asked: &[String]) -> BTreeSet<String> {
    let kind = |path: &String| path.split(['?', '/']).next().map(str::to_owned);
    asked.iter().filter(|path| path.contains('?')).filter_map(kind).filter(|kind| kind != "Patient").collect()
}

fn state<'v>(of: &'v Value, source: &str) -> &'v str {
    let sources = of["sources"].as_array().expect("sources");
    let report = sources.iter().find(|report| report["id"] == source).expect("source");
    report["state"].as_str().expect("state")
}

#[tokio::test]
async fn every_section_holds_what_each_hospital_said_once() {
    let world = World::new(&[hospital("a"), hospital("b")]).await;
    for section in Section::ALL {
        let of = read(&world, section).await;
        assert_eq!(of["complete"], true, "{}: {}", section.slug(), of["sources"]);
        let items = of["items"].as_array().expect("items");
        assert!(!items.is_empty(), "{}", section.slug());
        let first = |item: &Value| item["origins"].as_array().is_some_and(|all| !all.is_empty());
        assert!(items.iter().all(first), "{}: an item without an origin", section.slug());
        let from = |source: &str| origins(&of).iter().filter(|origin| origin.starts_with(source)).count();
        assert_eq!(from("h0/"), from("h1/"), "{}: two alike hospitals", section.slug());
        let mut ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{}: an id twice", section.slug());
    }
}

#[tokio::test]
async fn no_fault_of_any_type_is_taken_for_none_and_nothing_that_arrived_is_lost() {
    let (faulty, sound) = (hospital("a"), hospital("b"));
    let world = World::new(&[faulty.clone(), sound.clone()]).await;
    for section in Section::ALL {
        faulty.asked();
        let whole = read(&world, section).await;
        let asked = kinds(&faulty.asked());
        assert!(section == Section::Demographics || !asked.is_empty(), "{}: asks for nothing", section.slug());
        let other: BTreeSet<String> = origins(&whole).into_iter().filter(|of| of.starts_with("h1/")).collect();
        // A laboratory's reports only name and date what its results say; a server without them lacks nothing.
        let is_beside = |kind: &str, fault| {
            section == Section::LabResults && kind == "DiagnosticReport" && fault == Fault::Status(404)
        };
        for (kind, fault) in asked.iter().flat_map(|kind| FAULTS.iter().map(move |fault| (kind, *fault))) {
            if is_beside(kind, fault) {
                continue;
            }
            faulty.fail(kind, fault);
            let of = read(&world, section).await;
            faulty.heal();
            let told = format!("{} with {fault:?} of {kind}", section.slug());
            assert_eq!(of["complete"], false, "{told}: {}", of["sources"]);
            assert_ne!(state(&of, "h0"), "answered", "{told}");
            assert_eq!(state(&of, "h1"), "answered", "{told}");
            assert!(!of.to_string().contains(FOREIGN_WORDS), "{told}: another patient's");
            let now = origins(&of);
            assert!(other.is_subset(&now), "{told}: lost {:?}", other.difference(&now).collect::<Vec<_>>());
            let untouched = |of: &&String| {
                of.starts_with("h0/")
                    && (!of.contains(&format!("/{kind}/")) || matches!(fault, Fault::Foreign | Fault::NextFails))
            };
            let kept = origins(&whole);
            let lost: Vec<&String> = kept.iter().filter(untouched).filter(|of| !now.contains(*of)).collect();
            assert!(lost.is_empty(), "{told}: lost {lost:?}");
        }
    }
}

#[tokio::test]
async fn a_category_that_finds_nothing_proves_nothing() {
    let world = World::new(&[hospital("a")]).await;
    let mut told = Vec::new();
    for section in Section::ALL {
        let of = read(&world, section).await;
        told.push((section, origins(&of)));
    }
    // Hospitals that leave `category` empty: what is asked for by category is not found by it.
    let bare = Hospital::with(TYPES.iter().map(|(kind, status)| {
        let mut one = resource(kind, status, &format!("a-{}", kind.to_lowercase()));
        if !matches!(*kind, "Observation" | "DiagnosticReport") {
            one.as_object_mut().expect("object").remove("category");
        }
        one
    }));
    let world = World::new(&[bare]).await;
    for (section, expect) in told {
        let found = origins(&read(&world, section).await);
        let lost: Vec<_> = expect.difference(&found).collect();
        assert!(lost.is_empty(), "{}: {lost:?}", section.slug());
    }
}

#[tokio::test]
async fn a_hospital_that_became_somebody_elses_gives_nothing() {
    let stranger = hospital("a");
    let world = World::new(&[stranger.clone(), hospital("b")]).await;
    stranger.become_somebody_else();
    for section in Section::ALL.into_iter().filter(|section| *section != Section::Demographics) {
        let of = read(&world, section).await;
        let from: Vec<String> = origins(&of).into_iter().filter(|of| of.starts_with("h0/")).collect();
        assert!(from.is_empty(), "{}: {from:?}", section.slug());
        assert_eq!(of["complete"], false, "{}", section.slug());
    }
}

#[tokio::test]
async fn a_patient_is_told_how_much_is_held_and_never_what() {
    let world = World::outside(&[hospital("a")]).await;
    let own = patient(Some(world.person));
    for section in Section::ALL {
        let of = world
            .charts
            .record_json(Reader::Patient(&own), world.person, section, &RecordQuery::default(), now())
            .await
            .expect("section");
        let of: Value = serde_json::from_str(&of).expect("JSON");
        let items = of["items"].as_array().expect("items").len();
        let held: u64 = of["held"].as_array().into_iter().flatten().filter_map(|held| held["count"].as_u64()).sum();
        assert!(items as u64 + held > 0, "{}: neither shown nor counted", section.slug());
    }
}
