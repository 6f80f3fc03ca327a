//! Stays: where, who attended, what was written, and what is no stay.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{NoteContent, PlaceKind, Reader, RecordQuery, VisitClass, Visits};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Hospital, World, send};

async fn stays(world: &World) -> Visits {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.inpatient(Reader::Staff(&clinician), world.person, &query, now()).await.expect("inpatient")
}

fn stay(id: &str, start: &str) -> Value {
    let mut stay = send::visit(id, "IMP", Some(start));
    stay["period"]["end"] = json!("2026-03-18T16:30:00+08:00");
    stay
}

fn text(id: &str, encounter: &str, text: &str) -> Value {
    send::note(id, Some(encounter), json!({ "contentType": "text/plain", "data": STANDARD.encode(text) }))
}

#[tokio::test]
async fn a_stay_has_its_wards_beds_and_who_attended() {
    let mut whole = stay("e1", "2026-03-09T09:30:00+08:00");
    whole["participant"] = json!([
        { "type": [{ "coding": [{ "code": "ATND" }] }], "individual": { "reference": "Practitioner/d1" } },
        { "individual": { "display": "周护士" } },
        { "individual": { "reference": "#inside" } },
        { "type": [{ "coding": [{ "code": "ESC" }] }], "individual": { "display": "家属" } },
        { "individual": { "reference": "Practitioner/gone" } },
    ]);
    whole["contained"] = json!([{ "resourceType": "Practitioner", "id": "inside", "name": [{ "text": "何平" }] }]);
    let place = |name: Value, kind: &str, start: &str| json!({ "location": name, "physicalType": { "coding": [{ "code": kind }] }, "period": { "start": start } });
    whole["location"] = json!([
        place(json!({ "reference": "Location/w2" }), "wa", "2026-03-12T10:00:00+08:00"),
        place(json!({ "display": "12 床" }), "bd", "2026-03-12T10:00:00+08:00"),
        place(json!({ "display": "急诊观察室" }), "ro", "2026-03-09T09:30:00+08:00"),
        { "location": { "display": "转院后的病区" }, "status": "planned" },
    ]);
    whole["hospitalization"] =
        json!({ "admitSource": { "text": "急诊" }, "dischargeDisposition": { "text": "医嘱离院" } });
    let hospital = Hospital::with([
        whole,
        json!({ "resourceType": "Practitioner", "id": "d1", "name": [{ "family": "林", "given": ["知远"] }] }),
        json!({ "resourceType": "Location", "id": "w2", "name": "肾内科病区" }),
        text("n1", "e1", "病程记录"),
    ]);
    let world = World::new(&[hospital]).await;
    let found = stays(&world).await;
    assert!(found.complete(), "{:?}", found.sources);
    let [visit] = &found.visits[..] else { panic!("{:?}", found.visits) };
    assert_eq!(visit.attending, ["林知远"]);
    assert_eq!(visit.clinicians, ["林知远", "周护士", "何平", "Practitioner/gone"], "nothing said is lost");
    assert_eq!(visit.location.as_deref(), Some("肾内科病区 12 床"), "where the patient was last");
    let places: Vec<_> = visit.places.iter().map(|place| (place.name.as_str(), place.kind)).collect();
    assert_eq!(places, [("急诊观察室", PlaceKind::Room), ("肾内科病区", PlaceKind::Ward), ("12 床", PlaceKind::Bed)]);
    assert_eq!((visit.admitted_from.as_deref(), visit.disposition.as_deref()), (Some("急诊"), Some("医嘱离院")));
    assert_eq!(visit.ended.as_ref().map(|at| at.date()), Some("2026-03-18"));
    let json = serde_json::to_value(ehr::json::visits(world.person, &found)).expect("json");
    assert_eq!(json["section"], "inpatient");
    assert_eq!(json.pointer("/items/0/fields/attending/0"), Some(&json!("林知远")));
    assert_eq!(json.pointer("/items/0/fields/places/2/kind"), Some(&json!("bed")));
    assert_eq!(json.pointer("/items/0/fields/notes/0/document"), Some(&json!("documents/h0/DocumentReference/n1/0")));
}

#[tokio::test]
async fn every_visit_stands_in_one_of_the_two_sections() {
    let mut unknown = send::visit("e4", "13", Some("2026-01-04"));
    unknown["class"] = json!({ "system": "urn:his", "code": "13" });
    unknown["type"] = json!([]);
    let hospital = Hospital::with([
        send::visit("e1", "AMB", Some("2026-01-01")),
        send::visit("e2", "EMER", Some("2026-01-02")),
        stay("e3", "2026-01-03"),
        unknown,
        text("n1", "e1", "门诊"),
        text("n2", "e3", "病程"),
        text("n3", "gone", "这次就诊没有来"),
    ]);
    let world = World::new(&[hospital]).await;
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    let outside =
        world.charts.outpatient(Reader::Staff(&clinician), world.person, &query, now()).await.expect("outpatient");
    let inside = stays(&world).await;
    let classes = |of: &Visits| of.visits.iter().map(|visit| visit.class).collect::<Vec<_>>();
    assert_eq!(classes(&outside), [VisitClass::Unknown, VisitClass::Emergency, VisitClass::Outpatient]);
    assert_eq!(classes(&inside), [VisitClass::Inpatient]);
    let notes = |of: &Visits| {
        let own = of.visits.iter().flat_map(|visit| &visit.notes).chain(&of.loose_notes);
        own.map(|note| note.origin.resource.clone()).collect::<Vec<_>>()
    };
    assert_eq!(notes(&outside), ["DocumentReference/n1", "DocumentReference/n3"]);
    assert_eq!(notes(&inside), ["DocumentReference/n2"]);
}

#[tokio::test]
async fn a_long_stay_names_every_note_and_fetches_the_newest() {
    let mut resources = vec![stay("e1", "2026-03-09")];
    for day in 1..=30 {
        let url = json!({ "contentType": "text/plain", "url": format!("Binary/b{day}") });
        let mut note = send::note(&format!("n{day}"), Some("e1"), url);
        note["date"] = json!(format!("2026-03-{day:02}T08:00:00+08:00"));
        resources.push(note);
        let data = STANDARD.encode(format!("病程第 {day} 天"));
        resources.push(
            json!({ "resourceType": "Binary", "id": format!("b{day}"), "contentType": "text/plain", "data": data }),
        );
    }
    let hospital = Hospital::with(resources);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    hospital.asked();
    let found = stays(&world).await;
    let notes = &found.visits[0].notes;
    assert_eq!(notes.len(), 30);
    let fetched = hospital.asked().iter().filter(|path| path.starts_with("Binary/")).count();
    assert_eq!(fetched, 24);
    let limited: Vec<&str> = notes
        .iter()
        .filter(|note| note.content == NoteContent::Missing { why: "note-limit" })
        .filter_map(|note| note.time.as_ref().map(|time| time.date()))
        .collect();
    assert_eq!(limited, ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"]);
    assert!(notes.iter().all(|note| note.document().is_some()), "each can be opened by itself");
    assert!(found.complete(), "a budget of ours is no fault of theirs");
}

#[tokio::test]
async fn a_patient_reads_the_notes_of_a_stay_when_it_is_over() {
    let mut open = stay("e2", "2026-11-18");
    open["status"] = json!("in-progress");
    let hospital = Hospital::with([
        stay("e1", "2026-03-09"),
        open,
        text("n1", "e1", "恢复良好"),
        text("n2", "e2", "拟行检查"),
        text("n3", "e1", "HIV 抗体待查"),
    ]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let found = world.charts.inpatient(Reader::Patient(&own), world.person, &query, now()).await.expect("inpatient");
    let notes: Vec<_> = found.visits.iter().flat_map(|visit| &visit.notes).map(|note| &note.origin.resource).collect();
    assert_eq!(notes, ["DocumentReference/n1"]);
    let held: Vec<_> = found.held.iter().map(|held| (held.reason_key, held.count)).collect();
    assert_eq!(held, [("held-in-progress", 1), ("held-explained", 1)]);
}
