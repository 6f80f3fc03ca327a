//! Operations: every field, what hangs on them, and what two hospitals say of one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{NoteContent, Part, Reader, RecordQuery, Sheet, SourceState, SurgeryFields};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Fault, Hospital, World};

async fn surgery(world: &World) -> Sheet<SurgeryFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.surgery(Reader::Staff(&clinician), world.person, &query, now()).await.expect("surgery")
}

fn operation(id: &str) -> Value {
    json!({
        "resourceType": "Procedure", "id": id, "status": "completed",
        "code": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "51.23" }], "text": "腹腔镜胆囊切除术" },
        "category": { "text": "手术" },
        "encounter": { "reference": "Encounter/e1" },
        "performedPeriod": { "start": "2026-03-10T09:00:00+08:00", "end": "2026-03-10T10:40:00+08:00" },
        "performer": [{ "function": { "text": "主刀" }, "actor": { "display": "赵明远" } }],
        "reasonCode": [{ "text": "胆囊结石" }], "bodySite": [{ "text": "胆囊" }],
        "location": { "display": "三号手术间" }, "outcome": { "text": "成功" },
    })
}

fn note(id: &str, title: &str, context: Value) -> Value {
    json!({
        "resourceType": "DocumentReference", "id": id, "status": "current", "docStatus": "final",
        "type": { "text": title }, "date": "2026-03-10T12:00:00+08:00", "author": [{ "display": "赵明远" }],
        "content": [{ "attachment": { "contentType": "text/plain", "data": STANDARD.encode(format!("{title}正文")) } }],
        "context": context,
    })
}

fn in_visit(visit: &str) -> Value {
    json!({ "encounter": [{ "reference": format!("Encounter/{visit}") }] })
}

#[tokio::test]
async fn an_operation_with_all_that_is_said_of_it() {
    let mut full = operation("p1");
    full["performer"] = json!([
        { "function": { "text": "主刀" }, "actor": { "reference": "#a" } },
        { "function": { "text": "麻醉医师" }, "actor": { "reference": "Practitioner/x" } },
    ]);
    full["contained"] =
        json!([{ "resourceType": "Practitioner", "id": "a", "name": [{ "family": "赵", "given": ["明远"] }] }]);
    full["usedCode"] = json!([{ "text": "气管插管全身麻醉" }, { "text": "钛夹" }]);
    full["extension"] = json!([{
        "url": "https://his.example/StructureDefinition/asa-class", "valueCodeableConcept": { "text": "ASA II" },
    }]);
    full["complication"] = json!([{ "text": "切口感染" }]);
    full["note"] = json!([{ "text": "术中出血 20 mL" }]);
    let hospital = Hospital::with([
        full,
        json!({ "resourceType": "Practitioner", "id": "x", "name": [{ "text": "钱安" }] }),
        note("n1", "手术记录", in_visit("e1")),
        note("n2", "麻醉记录", json!({ "related": [{ "reference": "Procedure/p1" }] })),
        note("n3", "日常病程记录", in_visit("e1")),
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = surgery(&world).await;
    assert!(sheet.complete() && sheet.silent.is_empty(), "{:?}", sheet.sources);
    let [entry] = sheet.entries.as_slice() else { panic!("{:?}", sheet.entries) };
    let fields = &entry.fields;
    let team: Vec<_> = fields.team.iter().map(|one| (one.name.words(), one.function.as_deref())).collect();
    assert_eq!(team, [(Some("赵明远"), Some("主刀")), (Some("钱安"), Some("麻醉医师"))]);
    assert_eq!(fields.anaesthesia, ["气管插管全身麻醉"]);
    assert_eq!((fields.asa.as_deref(), fields.outcome.as_deref()), (Some("ASA II"), Some("成功")));
    assert_eq!(
        (fields.complications.as_slice(), fields.used.as_slice()),
        (&["切口感染".into()][..], &["钛夹".into()][..])
    );
    assert_eq!(
        (fields.location.words(), fields.remarks.as_slice()),
        (Some("三号手术间"), &["术中出血 20 mL".into()][..])
    );
    assert_eq!(fields.ended().map(|end| end.as_str()), Some("2026-03-10T10:40:00+08:00"));
    let titles: Vec<&str> = fields.notes.iter().map(|note| note.title.as_str()).collect();
    assert_eq!(titles, ["手术记录", "麻醉记录"], "a progress note is none of surgery's");
    assert!(matches!(&fields.notes[0].content, NoteContent::Text { text, .. } if text == "手术记录正文"));
    let json = world
        .charts
        .record_json(
            Reader::Staff(&staff("li.wei", "clinician")),
            world.person,
            ehr::Section::Surgery,
            &RecordQuery::default(),
            now(),
        )
        .await
        .expect("json");
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json.pointer("/items/0/fields/asa"), Some(&json!("ASA II")));
    assert_eq!(json.pointer("/items/0/fields/team/1/name"), Some(&json!("钱安")));
    assert_eq!(json.pointer("/items/0/fields/notes/0/text"), Some(&json!("手术记录正文")));
    assert_eq!(json.pointer("/items/0/fields/performed/end"), Some(&json!("2026-03-10T10:40:00+08:00")));
}

#[tokio::test]
async fn the_asa_class_and_the_anaesthesia_come_from_where_they_are_said() {
    let asa = |id: &str, visit: &str, said: &str| {
        json!({
            "resourceType": "Observation", "id": id, "status": "final", "encounter": { "reference": format!("Encounter/{visit}") },
            "code": { "coding": [{ "system": "http://loinc.org", "code": "97816-3" }] },
            "valueCodeableConcept": { "text": said }, "effectiveDateTime": "2026-03-10T08:30:00+08:00",
        })
    };
    let anaesthesia = json!({
        "resourceType": "Procedure", "id": "a1", "status": "completed", "code": { "text": "椎管内麻醉" },
        "partOf": [{ "reference": "Procedure/p1" }], "performedDateTime": "2026-03-10T08:50:00+08:00",
    });
    let potassium = super::server::potassium("k", json!({ "reference": "Patient/p1" }), 5.4);
    let hospital =
        Hospital::with([operation("p1"), anaesthesia, asa("o1", "e1", "ASA Ⅲ级"), asa("o2", "e9", "ASA I"), potassium]);
    let world = World::new(&[hospital]).await;
    let sheet = surgery(&world).await;
    let of = |resource: &str| {
        let named = |entry: &&ehr::Entry<SurgeryFields>| entry.fact.origins.iter().any(|one| one.resource == resource);
        sheet.entries.iter().find(named).expect("entry")
    };
    assert_eq!(of("Procedure/p1").fields.asa.as_deref(), Some("ASA Ⅲ级"));
    assert_eq!(of("Procedure/p1").fields.anaesthesia, ["椎管内麻醉"]);
    assert_eq!(of("Observation/o1").fact.kind, "Procedure", "what hangs on an operation names its own original");
    assert_eq!(
        (of("Observation/o2").fact.kind, of("Observation/o2").fields.asa.as_deref()),
        ("Observation", Some("ASA I"))
    );
    assert_eq!(sheet.entries.len(), 3, "the anaesthesia is a row too, and no other observation is");
}

#[tokio::test]
async fn of_two_operations_of_one_stay_a_note_says_nothing_unless_it_names_one() {
    let mut second = operation("p2");
    second["performedPeriod"] = json!({ "start": "2026-03-14T09:00:00+08:00" });
    let hospital = Hospital::with([
        operation("p1"),
        second,
        note("n1", "手术记录", in_visit("e1")),
        note(
            "n2",
            "手术记录",
            json!({ "encounter": [{ "reference": "Encounter/e1" }], "related": [{ "reference": "Procedure/p2" }] }),
        ),
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = surgery(&world).await;
    let told: Vec<(&str, usize)> = sheet.entries.iter().map(|one| (one.fact.kind, one.fields.notes.len())).collect();
    assert_eq!(told, [("Procedure", 1), ("DocumentReference", 1), ("Procedure", 0)]);
}

#[tokio::test]
async fn one_operation_of_two_hospitals_is_one_row_and_what_they_say_differently_stands_side_by_side() {
    let mut silent = operation("q1");
    silent["outcome"] = json!(null);
    silent["complication"] = json!([{ "text": "切口感染" }]);
    let same = World::new(&[Hospital::with([operation("p1")]), Hospital::with([silent.clone()])]).await;
    let sheet = surgery(&same).await;
    let [entry] = sheet.entries.as_slice() else { panic!("{:?}", sheet.entries) };
    assert_eq!((entry.fact.origins.len(), entry.fields.complications.len()), (2, 1));
    assert_eq!(entry.fields.team.len(), 1, "one surgeon, named twice");

    let mut other = operation("r1");
    other["outcome"] = json!({ "text": "中转开腹" });
    let differ =
        World::new(&[Hospital::with([operation("p1")]), Hospital::with([other]), Hospital::with([silent])]).await;
    let sheet = surgery(&differ).await;
    let told: Vec<_> = sheet
        .entries
        .iter()
        .map(|one| (one.fields.outcome.clone(), one.fact.origins.len(), one.fact.conflict.len()))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&(Some("成功".into()), 2, 1)) && told.contains(&(Some("中转开腹".into()), 1, 1)), "{told:?}");

    let mut undone = operation("s1");
    undone["status"] = json!("not-done");
    undone["statusReason"] = json!({ "text": "患者发热" });
    let world = World::new(&[Hospital::with([operation("p1")]), Hospital::with([undone])]).await;
    let sheet = surgery(&world).await;
    assert!(sheet.entries.iter().all(|one| one.fact.conflict.len() == 1), "done here and not done there");
    assert!(sheet.entries.iter().any(|one| one.fields.status_reason.as_deref() == Some("患者发热")));
}

#[tokio::test]
async fn undated_operations_are_kept_and_never_joined_and_withdrawn_ones_never_count() {
    let undated = |id: &str| {
        let mut one = operation(id);
        one["performedPeriod"] = json!(null);
        one["performedString"] = json!("十多年前");
        one
    };
    let mut withdrawn = operation("w");
    withdrawn["status"] = json!("entered-in-error");
    let world = World::new(&[Hospital::with([undated("p1"), withdrawn]), Hospital::with([undated("q1")])]).await;
    let sheet = surgery(&world).await;
    let told: Vec<_> = sheet.entries.iter().map(|one| one.fields.performed_text.as_deref()).collect();
    assert_eq!(told, [Some("十多年前"), Some("十多年前")]);
}

#[tokio::test]
async fn a_part_that_fails_is_named_by_itself_and_no_search_names_a_date() {
    let hospital = Hospital::with([operation("p1")]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    hospital.asked();
    hospital.fail("DocumentReference", Fault::Status(500));
    let sheet = surgery(&world).await;
    let silent: Vec<_> = sheet.silent.iter().map(|(part, silent)| (*part, silent.state)).collect();
    assert_eq!(silent, [(Part::Notes, SourceState::Unreachable)]);
    assert_eq!((sheet.entries.len(), sheet.complete()), (1, false));
    assert!(hospital.asked().iter().all(|path| !path.contains("date=")));
}

#[tokio::test]
async fn a_patient_reads_their_operations_and_not_what_a_person_explains() {
    let mut infected = operation("p2");
    infected["performedPeriod"] = json!({ "start": "2025-03-10" });
    infected["complication"] = json!([{ "text": "HIV 职业暴露" }]);
    let mut remark = operation("p3");
    remark["performedPeriod"] = json!({ "start": "2024-03-10" });
    remark["note"] = json!([{ "text": "标本送病理" }]);
    let mut writing = note("n1", "手术记录", in_visit("e1"));
    writing["docStatus"] = json!("preliminary");
    let stay = super::world::send::visit("e1", "IMP", Some("2026-03-09"));
    let hospital = Hospital::with([operation("p1"), infected, remark, writing, stay]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let sheet = world.charts.surgery(Reader::Patient(&own), world.person, &RecordQuery::default(), now()).await;
    let sheet = sheet.expect("surgery");
    let shown: Vec<&str> = sheet.entries.iter().map(|one| one.fact.origins[0].resource.as_str()).collect();
    assert_eq!(shown, ["Procedure/p1", "Procedure/p3"], "a remark on a specimen holds nothing back");
    assert!(sheet.entries.iter().all(|one| one.fields.notes.is_empty()), "a note that is still written is not read");
    let held: Vec<_> = sheet.held.iter().map(|held| (held.reason_key, held.count)).collect();
    assert_eq!(held, [("held-in-progress", 1), ("held-explained", 1)]);
}
