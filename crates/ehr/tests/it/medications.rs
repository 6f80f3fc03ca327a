//! What was handed out, given and stated.

use ehr::{Entry, MedicationEvent, MedicationFields, Part, Reader, RecordQuery, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FAULTS, Fault, Hospital, World};

async fn medications(world: &World) -> Sheet<MedicationFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.medications(Reader::Staff(&clinician), world.person, &query, now()).await.expect("medications")
}

fn given(id: &str, at: &str, mg: Value) -> Value {
    json!({
        "resourceType": "MedicationAdministration", "id": id, "status": "completed",
        "medicationCodeableConcept": { "text": "呋塞米注射液" }, "effectiveDateTime": at,
        "dosage": { "dose": { "value": mg, "unit": "mg" }, "route": { "text": "静脉注射" } },
        "performer": [{ "actor": { "display": "护士甲" } }, { "actor": { "display": "护士乙" } }],
    })
}

fn dispensed(id: &str) -> Value {
    json!({
        "resourceType": "MedicationDispense", "id": id, "status": "completed",
        "medicationReference": { "reference": "Medication/x" }, "quantity": { "value": 28, "unit": "片" },
        "daysSupply": { "value": 28, "unit": "天" }, "whenHandedOver": "2026-11-20T10:00:00+08:00",
        "whenPrepared": "2026-11-20T09:50:00+08:00", "performer": [{ "actor": { "reference": "#o" } }],
        "contained": [{ "resourceType": "Organization", "id": "o", "name": "门诊药房" }],
        "dosageInstruction": [{ "text": "口服 每次1片" }],
    })
}

fn stated(id: &str, status: &str, dose: &str) -> Value {
    json!({
        "resourceType": "MedicationStatement", "id": id, "status": status,
        "medicationReference": { "reference": "#m" },
        "contained": [{ "resourceType": "Medication", "id": "m", "code": { "text": "维生素D滴剂" } }],
        "effectivePeriod": { "start": "2026-08-03" }, "dateAsserted": "2026-11-01",
        "informationSource": { "reference": "Patient/p1" },
        "dosage": [{ "doseAndRate": [{ "doseQuantity": { "value": 1, "unit": dose } }] }],
    })
}

fn medication() -> Value {
    json!({ "resourceType": "Medication", "id": "x", "code": { "text": "达格列净片" } })
}

fn of(sheet: &Sheet<MedicationFields>, event: MedicationEvent) -> Vec<&Entry<MedicationFields>> {
    sheet.entries.iter().filter(|entry| entry.fields.event == event).collect()
}

#[tokio::test]
async fn events_with_all_that_is_said_of_them() {
    let mut refused = given("g2", "2026-11-20T20:00:00+08:00", json!(40));
    refused["status"] = json!("not-done");
    refused["statusReason"] = json!([{ "text": "患者拒绝" }]);
    let hospital = Hospital::with([
        given("g1", "2026-11-20T08:00:00+08:00", json!(20.0)),
        refused,
        dispensed("d1"),
        stated("s1", "active", "滴"),
        medication(),
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = medications(&world).await;
    assert!(sheet.complete(), "{:?}", sheet.sources);
    let order: Vec<&str> = sheet.entries.iter().map(|entry| entry.fact.code.text.as_str()).collect();
    assert_eq!(order, ["呋塞米注射液", "达格列净片", "呋塞米注射液", "维生素D滴剂"], "newest first");
    let [handed] = of(&sheet, MedicationEvent::Dispensed)[..] else { panic!("{:?}", sheet.entries) };
    assert_eq!((handed.fields.quantity.as_deref(), handed.fields.days.as_deref()), (Some("28 片"), Some("28 天")));
    assert_eq!((handed.fields.by.words(), handed.fields.medication.as_deref()), (Some("门诊药房"), Some("达格列净片")));
    let gave = of(&sheet, MedicationEvent::Administered);
    assert_eq!(gave[0].fields.status_reason.as_deref(), Some("患者拒绝"));
    assert_eq!(gave[1].fields.dose.dose.as_deref(), Some("20.0 mg"), "its own digits");
    assert_eq!(gave[1].fields.by.words(), Some("护士甲"));
    assert_eq!(gave[1].fields.also_by.iter().filter_map(|by| by.words()).collect::<Vec<_>>(), ["护士乙"]);
    let [said] = of(&sheet, MedicationEvent::Stated)[..] else { panic!("{:?}", sheet.entries) };
    assert_eq!(said.fact.time.as_ref().map(|time| time.as_str()), Some("2026-08-03"));
    assert_eq!(said.fields.by.words(), Some("Patient/p1"));
}

#[tokio::test]
async fn the_same_event_is_one_and_a_dose_given_twice_is_two() {
    let at = "2026-11-20T08:00:00+08:00";
    let twice = || Hospital::with([given("a", "2026-11-19", json!(20)), given("b", "2026-11-19", json!(20))]);
    let world = World::new(&[twice()]).await;
    assert_eq!(medications(&world).await.entries.len(), 2, "of one day, by two originals of one hospital");
    for turned in [false, true] {
        let mut hospitals = [
            Hospital::with([given("a", at, json!(20)), dispensed("d"), medication()]),
            Hospital::with([medication(), dispensed("e"), given("c", "2026-11-20T00:00:00Z", json!(20.0))]),
        ];
        if turned {
            hospitals.reverse();
        }
        let world = World::new(&hospitals).await;
        let sheet = medications(&world).await;
        assert_eq!(sheet.entries.len(), 2, "{:?}", sheet.entries);
        assert!(sheet.entries.iter().all(|entry| entry.fact.origins.len() == 2 && !entry.fact.is_contradicted()));
    }
}

#[tokio::test]
async fn contradicting_events_and_statements_stand_side_by_side() {
    let at = "2026-11-20T08:00:00+08:00";
    let mut undone = given("u", at, json!(20));
    undone["status"] = json!("not-done");
    let check = async |one: Value, other: Value, expect: bool| {
        let world = World::new(&[Hospital::with([one.clone()]), Hospital::with([other.clone()])]).await;
        let sheet = medications(&world).await;
        assert_eq!(sheet.entries.len(), 2, "{one} {other}");
        assert!(sheet.entries.iter().all(|entry| entry.fact.is_contradicted() == expect), "{one} {other}");
    };
    check(given("a", at, json!(20)), undone, true).await;
    check(given("a", at, json!(20)), given("b", at, json!(2.0)), true).await;
    check(given("a", at, json!(20)), given("b", "2026-11-20T09:00:00+08:00", json!(40)), false).await;
    check(given("a", "2026-11-20", json!(20)), given("b", "2026-11-20", json!(40)), false).await;
    check(stated("a", "active", "滴"), stated("b", "active", "粒"), true).await;
    check(stated("a", "active", "滴"), stated("b", "not-taken", "滴"), true).await;
    check(stated("a", "completed", "滴"), stated("b", "active", "滴"), false).await;
}

#[tokio::test]
async fn each_type_fails_by_itself_and_a_missing_name_is_said() {
    let parts = [
        ("MedicationDispense", Part::Dispenses),
        ("MedicationAdministration", Part::Administrations),
        ("MedicationStatement", Part::Statements),
    ];
    let resources = [given("g", "2026-11-20", json!(20)), dispensed("d"), stated("s", "active", "滴"), medication()];
    let hospital = Hospital::with(resources);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    for (kind, part) in parts {
        for fault in FAULTS {
            hospital.fail(kind, fault);
            let sheet = medications(&world).await;
            hospital.heal();
            assert!(!sheet.complete(), "{kind} {fault:?}");
            assert_eq!(sheet.silent.iter().map(|(part, _)| *part).collect::<Vec<_>>(), [part], "{kind} {fault:?}");
            let came = matches!(fault, Fault::Foreign | Fault::NextFails);
            assert_eq!(sheet.entries.len(), if came { 3 } else { 2 }, "{kind} {fault:?}");
        }
    }
    let world = World::new(&[Hospital::with([dispensed("d")])]).await;
    let sheet = medications(&world).await;
    assert_eq!((sheet.entries.len(), sheet.sources[0].state), (1, SourceState::Partial));
    assert_eq!(sheet.entries[0].fields.medication, None);
}

#[tokio::test]
async fn a_patient_sees_what_they_were_handed_and_given() {
    let world =
        World::outside(&[Hospital::with([dispensed("d"), medication(), given("g", "2026-11-20", json!(20))])]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let sheet =
        world.charts.medications(Reader::Patient(&own), world.person, &query, now()).await.expect("medications");
    assert_eq!((sheet.entries.len(), sheet.held.len()), (2, 0));
}
