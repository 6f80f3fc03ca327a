//! The whole history in one line: nothing lost, nothing twice, and every item leads to where it is read in full.

use ehr::{Moment, MomentKind, Part, Section, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, staff};
use super::world::{FAULTS, FOREIGN_WORDS, Fault, Hospital, World, send};

const KINDS: [(&str, Part); 5] = [
    ("Encounter", Part::Encounters),
    ("Procedure", Part::Procedures),
    ("Immunization", Part::Immunizations),
    ("DiagnosticReport", Part::Reports),
    ("DocumentReference", Part::Notes),
];

async fn timeline(world: &World) -> Sheet<Moment> {
    let clinician = staff("li.wei", "clinician");
    world.charts.timeline(&clinician, world.person, now()).await.expect("timeline")
}

fn report(id: &str, category: &str, at: &str) -> Value {
    json!({
        "resourceType": "DiagnosticReport", "id": id, "status": "final", "code": { "text": format!("报告 {category}") },
        "category": [{ "coding": [{ "code": category }] }], "effectiveDateTime": at, "conclusion": "未见异常",
    })
}

/// One that has nothing to say beyond its results.
fn laboratory(id: &str, at: &str) -> Value {
    let mut report = report(id, "LAB", at);
    report["conclusion"] = Value::Null;
    report["result"] = json!([{ "reference": "Observation/1" }]);
    report
}

fn hospital() -> Hospital {
    Hospital::with([
        send::visit("e1", "AMB", Some("2026-11-20T08:00:00+08:00")),
        send::visit("e2", "IMP", Some("2026-03-09")),
        json!({ "resourceType": "Procedure", "id": "p", "status": "completed", "code": { "text": "冠状动脉造影" }, "performedDateTime": "2025-03-01" }),
        json!({ "resourceType": "Immunization", "id": "i", "status": "completed", "vaccineCode": { "text": "流感疫苗" }, "occurrenceDateTime": "2024-10-01" }),
        report("r", "CT", "2025-02-01"),
        laboratory("l", "2025-01-01"),
        send::note("n1", Some("e1"), json!({ "contentType": "text/plain", "data": "5Yid6K+K" })),
        send::note("n2", Some("e2"), json!({ "contentType": "text/plain", "data": "5Yid6K+K" })),
    ])
}

#[tokio::test]
async fn every_kind_newest_first_each_with_its_section() {
    let world = World::new(&[hospital()]).await;
    let sheet = timeline(&world).await;
    assert!(sheet.complete(), "{:?}", sheet.sources);
    let told: Vec<_> = sheet
        .entries
        .iter()
        .map(|one| (one.fields.kind, one.fields.section, one.fact.origins[0].resource.as_str()))
        .collect();
    use MomentKind::{Immunization, Note, Procedure, Report, Visit};
    assert_eq!(
        told,
        [
            (Note, Section::Outpatient, "DocumentReference/n1"),
            (Note, Section::Inpatient, "DocumentReference/n2"),
            (Visit, Section::Outpatient, "Encounter/e1"),
            (Visit, Section::Inpatient, "Encounter/e2"),
            (Procedure, Section::Surgery, "Procedure/p"),
            (Report, Section::ExamReports, "DiagnosticReport/r"),
            (Report, Section::LabResults, "DiagnosticReport/l"),
            (Immunization, Section::PersonalRecord, "Immunization/i"),
        ]
    );
    let notes: Vec<&str> = sheet.entries[..2].iter().map(|one| one.fields.at.as_str()).collect();
    assert_eq!(notes, ["h0.Encounter.e1", "h0.Encounter.e2"], "a note stands with its visit");
}

#[tokio::test]
async fn an_item_has_the_id_that_its_section_gives_it() {
    let world = World::new(&[hospital(), hospital()]).await;
    let sheet = timeline(&world).await;
    let of = |kind: MomentKind| {
        sheet.entries.iter().filter(|one| one.fields.kind == kind).map(|one| one.fact.id.clone()).collect::<Vec<_>>()
    };
    let clinician = staff("li.wei", "clinician");
    let reader = ehr::Reader::Staff(&clinician);
    let query = ehr::RecordQuery::default();
    let surgery = world.charts.surgery(reader, world.person, &query, now()).await.expect("surgery");
    let shots = world.charts.personal_record(reader, world.person, &query, now()).await.expect("personal record");
    assert_eq!(of(MomentKind::Procedure), surgery.entries.iter().map(|one| one.fact.id.clone()).collect::<Vec<_>>());
    assert_eq!(of(MomentKind::Immunization), shots.entries.iter().map(|one| one.fact.id.clone()).collect::<Vec<_>>());
    assert_eq!(
        sheet.entries.iter().filter(|one| one.fact.origins.len() == 2).count(),
        6,
        "all but notes are told twice"
    );
}

#[tokio::test]
async fn a_kind_that_fails_is_named_and_the_others_stay() {
    let faulty = hospital();
    let world = World::new(&[faulty.clone(), hospital()]).await;
    let whole = timeline(&world).await.entries.len();
    for (kind, part) in KINDS {
        for fault in FAULTS {
            faulty.fail(kind, fault);
            let sheet = timeline(&world).await;
            faulty.heal();
            let told = format!("{kind} {fault:?}");
            assert!(!sheet.complete(), "{told}");
            let silent: Vec<_> = sheet.silent.iter().map(|(part, silent)| (*part, silent.source.as_str())).collect();
            assert_eq!(silent, [(part, "h0")], "{told}");
            let lost = if part == Part::Notes && !matches!(fault, Fault::Foreign | Fault::NextFails) { 2 } else { 0 };
            assert_eq!(sheet.entries.len(), whole - lost, "{told}");
            assert!(!format!("{:?}", sheet.entries).contains(FOREIGN_WORDS), "{told}");
        }
    }
    faulty.become_somebody_else();
    let sheet = timeline(&world).await;
    assert!(sheet.entries.iter().all(|one| one.fact.origins.iter().all(|origin| origin.source == "h1")));
    assert_eq!(sheet.sources[0].state, SourceState::Partial);
}
