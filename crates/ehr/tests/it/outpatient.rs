//! Visits: what kind they were, what was found, and what was written.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{NoteContent, NoteEncoding, Reader, RecordQuery, SourceState, Visit, VisitClass, Visits};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FOREIGN_WORDS, Fault, Hospital, World, send};

async fn outpatient(world: &World, query: &RecordQuery) -> Visits {
    let clinician = staff("li.wei", "clinician");
    world.charts.outpatient(Reader::Staff(&clinician), world.person, query, now()).await.expect("outpatient")
}

fn inline(text: &str) -> Value {
    json!({ "contentType": "text/plain", "data": STANDARD.encode(text) })
}

fn at_url(url: &str, content_type: &str) -> Value {
    json!({ "contentType": content_type, "url": url })
}

fn binary(id: &str, content_type: &str, text: &str) -> Value {
    json!({ "resourceType": "Binary", "id": id, "contentType": content_type, "data": STANDARD.encode(text) })
}

fn texts(visit: &Visit) -> Vec<String> {
    let text = |content: &NoteContent| match content {
        NoteContent::Text { text, .. } => text.clone(),
        NoteContent::Html { html, .. } => html.as_str().to_owned(),
        NoteContent::Document { content_type } => content_type.clone(),
        NoteContent::Missing { why } => (*why).to_owned(),
    };
    visit.notes.iter().map(|note| text(&note.content)).collect()
}

#[tokio::test]
async fn visits_with_diagnoses_and_notes_newest_first_and_undated_last() {
    let mut named = send::visit("e2", "AMB", Some("2026-11-20T08:00:00+08:00"));
    named["diagnosis"] =
        json!([{ "condition": { "reference": "Condition/c1" }, "rank": 1, "use": { "text": "主要诊断" } }]);
    let mut by_condition = send::problem("c2", "E78.0", "高胆固醇血症", "active", None);
    by_condition["category"] = json!([{ "coding": [{ "code": "encounter-diagnosis" }] }]);
    by_condition["encounter"] = json!({ "reference": "Encounter/e2" });
    let mut main = send::problem("c1", "N18.3", "慢性肾脏病", "active", None);
    main["category"] = json!([{ "coding": [{ "code": "encounter-diagnosis" }] }]);
    let mut local = send::visit("e3", "3", Some("2026-08-02"));
    local["class"] = json!({ "system": "urn:his", "code": "3", "display": "急诊留观" });
    let one = Hospital::with([
        named,
        by_condition,
        main,
        local,
        send::visit("e4", "IMP", Some("2026-03-09")),
        send::visit("e5", "AMB", None),
        send::note("n1", Some("e2"), inline("主诉：乏力")),
        send::note("n2", Some("e4"), inline("住院病程")),
        send::note("n3", None, inline("不属于哪次就诊")),
    ]);
    let other = Hospital::with([send::visit("x", "AMB", Some("2026-11-20T08:00:00+08:00"))]);
    let world = World::new(&[one, other]).await;
    let found = outpatient(&world, &RecordQuery::default()).await;
    assert!(found.complete(), "{:?}", found.sources);
    let classes: Vec<_> = found.visits.iter().map(|visit| (visit.class, visit.fact.time.is_some())).collect();
    assert_eq!(
        classes,
        [(VisitClass::Outpatient, true), (VisitClass::Emergency, true), (VisitClass::Outpatient, false)]
    );
    let newest = &found.visits[0];
    assert_eq!(newest.fact.origins.len(), 2, "the same visit, told by two hospitals");
    assert_eq!(
        (newest.department.as_deref(), newest.clinicians.as_slice()),
        (Some("肾内科"), &["林知远".to_owned()][..])
    );
    let diagnoses: Vec<_> = newest.diagnoses.iter().map(|one| (one.icd10.as_deref(), one.rank)).collect();
    assert_eq!(diagnoses, [(Some("N18.3"), Some(1)), (Some("E78.0"), None)]);
    assert_eq!(texts(newest), ["主诉：乏力"]);
    assert_eq!(found.loose_notes.len(), 1, "a note that names no visit is not lost, one of a stay is not here");
    let json = serde_json::to_value(ehr::json::visits(world.person, &found)).expect("json");
    assert_eq!(json.pointer("/items/0/fields/notes/0/text"), Some(&json!("主诉：乏力")));
    assert_eq!(json.pointer("/items/0/fields/department"), Some(&json!("肾内科")));

    let narrow = RecordQuery::from_texts(Some("2026-11-01".into()), None, None).expect("dates");
    let classes: Vec<_> = outpatient(&world, &narrow).await.visits.iter().map(|visit| visit.class).collect();
    assert_eq!(classes.len(), 2, "the newest, and the undated one");
    let of_one = RecordQuery::from_texts(None, None, Some("h1".into())).expect("source");
    let only = outpatient(&world, &of_one).await;
    assert_eq!((only.visits.len(), only.sources[0].state, only.complete()), (1, SourceState::Hidden, false));
}

#[tokio::test]
async fn texts_are_fetched_from_the_same_server_alone_and_made_harmless() {
    let mut foreign = binary("b3", "text/plain", FOREIGN_WORDS);
    foreign["securityContext"] = json!({ "reference": "Patient/p2" });
    let gbk = encoding_rs::GBK.encode("复查肾功能").0.into_owned();
    let mislabelled = json!({ "contentType": "text/plain; charset=utf-8", "data": STANDARD.encode(gbk) });
    let hospital = Hospital::with([
        send::visit("e1", "AMB", Some("2026-11-20T08:00:00+08:00")),
        send::note("n1", Some("e1"), at_url("Binary/b1", "text/plain")),
        send::note("n2", Some("e1"), at_url("Binary/b2", "text/html")),
        send::note("n3", Some("e1"), at_url("Binary/b3", "text/plain")),
        send::note("n4", Some("e1"), at_url("http://169.254.169.254/latest", "text/plain")),
        send::note("n5", Some("e1"), at_url("Binary/b5", "application/pdf")),
        send::note("n6", Some("e1"), mislabelled),
        binary("b1", "text/plain", "主诉：乏力"),
        binary("b2", "text/html", "<p onload=x>查体</p><script src=//evil.example></script>"),
        foreign,
    ]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    hospital.asked();
    let found = outpatient(&world, &RecordQuery::default()).await;
    assert_eq!(
        texts(&found.visits[0]),
        ["主诉：乏力", "<p>查体</p>", "why-foreign-dropped", "note-elsewhere", "application/pdf", "复查肾功能"]
    );
    let NoteContent::Text { encoding, .. } = &found.visits[0].notes[5].content else { panic!("no text") };
    assert_eq!(*encoding, NoteEncoding::Guessed);
    assert_eq!((found.complete(), found.sources[0].state), (false, SourceState::Partial));
    let fetched = hospital.asked().into_iter().filter(|path| path.starts_with("Binary/")).count();
    assert_eq!(fetched, 3, "what is no text is not fetched");
}

#[tokio::test]
async fn a_hospital_whose_notes_fail_is_partial_and_its_visits_are_there() {
    let hospital = Hospital::with([send::visit("e1", "AMB", Some("2026-11-20"))]);
    hospital.fail("DocumentReference", Fault::Status(500));
    let world = World::new(&[hospital]).await;
    let found = outpatient(&world, &RecordQuery::default()).await;
    assert_eq!((found.visits.len(), found.silent.len(), found.complete()), (1, 0, false));
    let failed: Vec<&str> =
        found.sources[0].parts.iter().filter(|part| part.detail.is_some()).map(|part| part.part.as_str()).collect();
    assert_eq!(failed, ["notes"]);
}

#[tokio::test]
async fn a_patient_reads_the_notes_of_their_own_visits() {
    let mut unsettled = send::note("n2", Some("e1"), inline("还在写"));
    unsettled["docStatus"] = json!("preliminary");
    let hospital = Hospital::with([
        send::visit("e1", "AMB", Some("2026-11-20T08:00:00+08:00")),
        send::note("n1", Some("e1"), inline("主诉：乏力")),
        unsettled,
        send::note("n3", Some("e1"), inline("HIV 抗体待查")),
        send::note("n4", None, inline("不知是什么")),
    ]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let found = world.charts.outpatient(Reader::Patient(&own), world.person, &query, now()).await.expect("outpatient");
    assert_eq!(texts(&found.visits[0]), ["主诉：乏力"]);
    assert!(found.loose_notes.is_empty());
    let held: Vec<_> = found.held.iter().map(|held| (held.reason_key, held.count)).collect();
    assert_eq!(held, [("held-in-progress", 1), ("held-explained", 2)]);
}
