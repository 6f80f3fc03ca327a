//! What holds for every section: nothing that arrived is lost, whoever answers first, and no failure is taken for "none".

use std::collections::BTreeSet;

use ehr::{Reader, RecordQuery, Section};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FAULTS, FOREIGN_WORDS, Fault, Hospital, World};

/// Every type that a section asks for, with how it says that it counts.
pub const TYPES: [(&str, &str); 26] = [
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

/// A resource of a type that says what any section could look for. Its own words are its type and id.
fn resource(kind: &str, status: &str, id: &str) -> Value {
    said(kind, status, id, &format!("{kind} {id}"))
}

/// As [`resource`], in other words.
pub fn said(kind: &str, status: &str, id: &str, own: &str) -> Value {
    let words = json!({ "text": own });
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
        "dateAsserted": at, "date": at, "created": at, "issued": at, "valueString": format!("值 {own}"),
        "oralDiet": { "type": [words] }, "title": own, "description": own,
        "servicePeriod": { "start": at }, "totalNet": { "value": 12.50, "currency": "CNY" },
        "total": [{ "category": words, "amount": { "value": 12.50, "currency": "CNY" } }],
        "conclusion": format!("结论 {own}"), "item": [{ "linkId": "1", "text": "吸烟", "answer": [{ "valueString": "否" }] }],
        "content": [{ "attachment": { "contentType": "text/plain", "data": "5Yid6K+K" } }],
    })
}

fn hospital(ids: &str) -> Hospital {
    let of = |(kind, status): &(&str, &str)| resource(kind, status, &format!("{ids}-{}", kind.to_lowercase()));
    Hospital::with(TYPES.iter().map(of))
}

/// The resource as one of the visit of this hospital, however its type says so.
fn of_visit(mut one: Value, visit: &str) -> Value {
    let reference = json!({ "reference": format!("Encounter/{visit}") });
    match one["resourceType"].as_str().unwrap_or_default() {
        "Encounter" => {}
        "DocumentReference" => one["context"] = json!({ "encounter": [reference] }),
        "ChargeItem" => one["context"] = reference,
        "ExplanationOfBenefit" | "Claim" => {
            one["item"] =
                json!([{ "sequence": 1, "productOrService": { "text": one["title"] }, "encounter": [reference] }]);
        }
        _ => one["encounter"] = reference,
    }
    one
}

pub async fn read(world: &World, section: Section) -> Value {
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    let of = world.charts.record_json(reader, world.person, section, &RecordQuery::default(), now()).await;
    serde_json::from_str(&of.expect("section")).expect("JSON")
}

/// Every `source/Type/id` that the section names as an origin, wherever it stands.
pub fn origins(of: &Value) -> BTreeSet<String> {
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

pub fn kinds(asked: &[String]) -> BTreeSet<String> {
    let kind = |path: &String| path.split(['?', '/']).next().map(str::to_owned);
    asked.iter().filter(|path| path.contains('?')).filter_map(kind).filter(|kind| kind != "Patient").collect()
}

pub fn state<'v>(of: &'v Value, source: &str) -> &'v str {
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

/// Types that a section asks for to tell more of others, and shows none of by itself.
const BESIDE: [(Section, &str); 6] = [
    // Whether it was handed out.
    (Section::Prescriptions, "MedicationDispense"),
    // Whether an order was given in a stay.
    (Section::Orders, "Encounter"),
    // Names and dates of results; reports of other departments stand under examinations.
    (Section::LabResults, "DiagnosticReport"),
    // When and with which diagnoses the stay was.
    (Section::Discharge, "Encounter"),
    (Section::Discharge, "Condition"),
    // Where the ASA class of an operation was observed; others are nursing's.
    (Section::Surgery, "Observation"),
];

#[tokio::test]
async fn every_type_that_a_section_asks_for_is_in_it() {
    let all = TYPES.iter().map(|(kind, status)| {
        let mut one = of_visit(resource(kind, status, &format!("a-{}", kind.to_lowercase())), "a-encounter");
        // One note for each section that shows some.
        if *kind == "DocumentReference" {
            one["type"]["coding"] = json!([]);
        }
        one
    });
    let note = |id: &str, title: &str| {
        let mut one = of_visit(resource("DocumentReference", "current", id), "a-encounter");
        one["type"] = json!({ "text": title });
        one
    };
    let notes = [
        note("a-nursing", "一般护理记录"),
        note("a-operation", "手术记录"),
        note("a-page", "住院病案首页"),
        note("a-summary", "出院小结"),
    ];
    let hospital = Hospital::with(all.chain(notes));
    let world = World::new(std::slice::from_ref(&hospital)).await;
    let mut nowhere = Vec::new();
    for section in Section::ALL.into_iter().filter(|section| *section != Section::Demographics) {
        hospital.asked();
        let of = read(&world, section).await;
        let asked = kinds(&hospital.asked());
        let (shown, text) = (kinds_of(&origins(&of)), of["items"].to_string());
        // The diagnoses of a front page bear their words, not where each is from. Of an outpatient's page none is here:
        // the only visit is a stay.
        let stands = |kind: &str| {
            shown.contains(kind)
                || text.contains(&format!("{kind} a-{}", kind.to_lowercase()))
                || BESIDE.contains(&(section, kind))
                || section == Section::Outpatient
        };
        let missing = asked.iter().filter(|kind| !stands(kind)).cloned();
        nowhere.extend(missing.map(|kind| (section.slug(), kind)));
    }
    assert!(nowhere.is_empty(), "asked for and nowhere: {nowhere:?}");
}

/// Types of origins.
fn kinds_of(origins: &BTreeSet<String>) -> BTreeSet<String> {
    origins.iter().filter_map(|of| of.split('/').nth(1)).map(str::to_owned).collect()
}

#[tokio::test]
async fn what_was_entered_in_error_counts_nowhere() {
    let wrong = TYPES.iter().map(|(kind, _)| {
        let mut one = resource(kind, "entered-in-error", &format!("a-{}", kind.to_lowercase()));
        one["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
        one
    });
    let world = World::new(&[Hospital::with(wrong)]).await;
    for section in Section::ALL.into_iter().filter(|section| *section != Section::Demographics) {
        let of = read(&world, section).await;
        assert_eq!((&of["items"], &of["complete"]), (&json!([]), &json!(true)), "{}: {of}", section.slug());
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
    // What observations and reports are is said by their codes too.
    let coded = |kind: &str, id: &str, code: &str, category: &str| {
        let mut one = resource(kind, "final", id);
        one["code"]["coding"] = json!([{ "system": "http://loinc.org", "code": code }]);
        one["category"] = json!([{ "coding": [{ "code": category }] }]);
        one
    };
    let all = || {
        let others = TYPES.iter().filter(|(kind, _)| *kind != "Observation");
        let others = others.map(|(kind, status)| resource(kind, status, &format!("a-{}", kind.to_lowercase())));
        others.chain([
            coded("Observation", "a-potassium", "2823-3", "laboratory"),
            coded("Observation", "a-pulse", "8867-4", "vital-signs"),
            coded("Observation", "a-smoking", "72166-2", "social-history"),
            coded("DiagnosticReport", "a-report", "30746-2", "CT"),
        ])
    };
    let world = World::new(&[Hospital::with(all())]).await;
    let mut told = Vec::new();
    for section in Section::ALL {
        let of = read(&world, section).await;
        told.push((section, origins(&of)));
    }
    let holds = |section, id: &str| told.iter().any(|(own, all)| *own == section && all.contains(&format!("h0/{id}")));
    assert!(holds(Section::LabResults, "Observation/a-potassium") && holds(Section::Nursing, "Observation/a-pulse"));
    assert!(holds(Section::PersonalRecord, "Observation/a-smoking"));
    assert!(holds(Section::ExamReports, "DiagnosticReport/a-report"));
    // Hospitals that leave `category` empty: what is asked for by category is not found by it.
    let bare = Hospital::with(all().map(|mut one| {
        one.as_object_mut().expect("object").remove("category");
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

/// Words that the release policy holds wherever they stand, and what no patient must find anywhere.
const SECRET: &str = "梅毒暗语";

#[tokio::test]
async fn a_patient_is_told_how_much_is_held_and_never_what() {
    // Visits are the patient's own, and allergies are shown whatever they are called.
    let may_be_held = |kind: &str| !matches!(kind, "Encounter" | "AllergyIntolerance" | "Specimen");
    let long_ago = |one: Value| {
        let text = one.to_string().replace("2026-11-20", "2026-03-20");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let mut all = Vec::new();
    for (kind, status) in TYPES {
        let open = resource(kind, status, &format!("a-{}", kind.to_lowercase()));
        all.push(open);
        if may_be_held(kind) {
            all.push(said(kind, status, &format!("b-{}", kind.to_lowercase()), &format!("{SECRET} {kind}")));
        }
    }
    // A stay and an outpatient's visit have diagnoses and notes; what bills of one visit say is one fact.
    let hangs = |one: &Value| matches!(one["resourceType"].as_str(), Some("Condition" | "DocumentReference"));
    all = all.into_iter().map(|one| if hangs(&one) { of_visit(one, "a-encounter") } else { one }).collect();
    let mut outpatient = resource("Encounter", "finished", "c-encounter");
    outpatient["class"] = json!({ "code": "AMB" });
    let suspected = said("Condition", "", "c-condition", &format!("{SECRET} 门诊"));
    all.extend([outpatient, of_visit(suspected, "c-encounter")]);
    let all: Vec<Value> = all.into_iter().map(long_ago).collect();
    let everything = World::new(&[Hospital::with(all.clone())]).await;
    let world = World::outside(&[Hospital::with(all)]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let mut problems = Vec::new();
    for section in Section::ALL {
        let whole = read(&everything, section).await;
        let of = world.charts.record_json(Reader::Patient(&own), world.person, section, &query, now()).await;
        let of = of.expect("section");
        let told: Value = serde_json::from_str(&of).expect("JSON");
        let held: u64 = told["held"].as_array().into_iter().flatten().filter_map(|held| held["count"].as_u64()).sum();
        let (shown, there) = (origins(&told), origins(&whole));
        let missing: Vec<&String> = there.difference(&shown).collect();
        // A front page is one fact, whatever it is made of.
        let expect = if section == Section::FrontPage { 1 } else { missing.len() as u64 };
        let slug = section.slug();
        if of.contains(SECRET) {
            problems.push(format!("{slug} says what is held: {}", told["items"]));
        }
        if held != expect {
            problems.push(format!("{slug}: {held} are counted, and not there are {missing:?}"));
        }
        if section != Section::Demographics && (held == 0 || !whole.to_string().contains(SECRET)) {
            problems.push(format!("{slug}: nothing to hold"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
