//! Prescriptions: form by form, with what the pharmacy made of each.

use std::collections::BTreeMap;

use ehr::{NOTHING_DISPENSED, PrescriptionFields, Reader, RecordQuery, Sheet};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FAULTS, Fault, Hospital, World};

async fn prescriptions(world: &World) -> Sheet<PrescriptionFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.prescriptions(Reader::Staff(&clinician), world.person, &query, now()).await.expect("prescriptions")
}

fn prescribed(id: &str, text: &str, authored: &str) -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order",
        "medicationCodeableConcept": { "text": text }, "authoredOn": authored, "requester": { "display": "林知远" },
        "dosageInstruction": [{
            "doseAndRate": [{ "doseQuantity": { "value": 0.5, "unit": "g" } }], "route": { "text": "口服" },
            "timing": { "repeat": { "frequency": 2, "period": 1, "periodUnit": "d", "when": ["PC"] } },
            "asNeededCodeableConcept": { "text": "疼痛时" },
        }],
        "dispenseRequest": { "expectedSupplyDuration": { "value": 7, "unit": "天" }, "quantity": { "value": 14, "unit": "片" } },
    })
}

fn on_form(mut one: Value, number: &str) -> Value {
    one["groupIdentifier"] = json!({ "system": "urn:rx", "value": number });
    one
}

fn dispensed(id: &str, request: &str, status: &str, at: &str) -> Value {
    json!({
        "resourceType": "MedicationDispense", "id": id, "status": status, "medicationCodeableConcept": { "text": "药" },
        "authorizingPrescription": [{ "reference": format!("MedicationRequest/{request}") }],
        "quantity": { "value": 14, "unit": "片" }, "whenHandedOver": at,
    })
}

fn groups(sheet: &Sheet<PrescriptionFields>) -> Vec<(Vec<&str>, Option<&str>)> {
    let mut all: Vec<(&str, Vec<&str>, Option<&str>)> = Vec::new();
    for entry in &sheet.entries {
        let text = entry.fact.code.text.as_str();
        match all.last_mut() {
            Some((group, texts, _)) if *group == entry.fields.group => texts.push(text),
            _ => all.push((&entry.fields.group, vec![text], entry.fields.number.as_deref())),
        }
    }
    all.into_iter().map(|(_, texts, number)| (texts, number)).collect()
}

#[tokio::test]
async fn medicines_stand_on_the_form_they_were_written_on() {
    let visit = |mut one: Value, visit: &str, by: &str| {
        one["encounter"] = json!({ "reference": format!("Encounter/{visit}") });
        one["requester"] = json!({ "display": by });
        one
    };
    let mut plan = prescribed("p", "拟用药", "2026-11-20");
    plan["intent"] = json!("plan");
    let mut bare = prescribed("u", "无名处方", "2026-01-01");
    bare.as_object_mut().expect("object").remove("requester");
    bare.as_object_mut().expect("object").remove("authoredOn");
    let hospital = Hospital::with([
        on_form(prescribed("a", "甲", "2026-11-20T09:00:00+08:00"), "RX1"),
        on_form(prescribed("b", "乙", "2026-11-20T09:05:00+08:00"), "RX2"),
        on_form(prescribed("c", "丙", "2026-11-20T09:00:00+08:00"), "RX1"),
        visit(prescribed("d", "丁", "2026-10-01T09:00:00+08:00"), "e1", "林知远"),
        visit(prescribed("e", "戊", "2026-10-01T09:30:00+08:00"), "e1", "林知远"),
        visit(prescribed("f", "己", "2026-10-01T09:30:00+08:00"), "e1", "许安"),
        visit(prescribed("g", "庚", "2026-10-02T09:30:00+08:00"), "e1", "林知远"),
        bare,
        plan,
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = prescriptions(&world).await;
    assert!(sheet.complete(), "{:?}", sheet.sources);
    let found = groups(&sheet);
    let expect: [(Vec<&str>, Option<&str>); 6] = [
        (vec!["乙"], Some("RX2")),
        (vec!["丙", "甲"], Some("RX1")),
        (vec!["庚"], None),
        (vec!["丁", "戊"], None),
        (vec!["己"], None),
        (vec!["无名处方"], None),
    ];
    let texts = |all: &[(Vec<&str>, Option<&str>)]| all.iter().map(|(texts, _)| texts.join("")).collect::<Vec<_>>();
    let mut sorted = (texts(&found), texts(&expect));
    assert_eq!(sorted.0.last().map(String::as_str), Some("无名处方"), "undated ones are last");
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    let fields = &sheet.entries.iter().find(|entry| entry.fact.code.text == "甲").expect("甲").fields;
    assert_eq!((fields.dose.dose.as_deref(), fields.dose.route.as_deref()), (Some("0.5 g"), Some("口服")));
    assert_eq!(fields.dose.frequency.as_deref(), Some("2 / 1 d PC, 疼痛时"));
    assert_eq!((fields.days.as_deref(), fields.quantity.as_deref()), (Some("7 天"), Some("14 片")));
    assert_eq!((fields.prescriber.words(), fields.group.as_str()), (Some("林知远"), "urn:rx|RX1"));
}

#[tokio::test]
async fn what_the_pharmacy_did_is_told_and_its_silence_only_where_it_answered() {
    let requests = || {
        [
            on_form(prescribed("a", "甲", "2026-11-20"), "RX1"),
            on_form(prescribed("b", "乙", "2026-11-20"), "RX1"),
            on_form(prescribed("c", "丙", "2026-11-20"), "RX1"),
        ]
    };
    let hospital = Hospital::with(requests());
    for dispense in [
        dispensed("d1", "a", "completed", "2026-11-20T10:00:00+08:00"),
        dispensed("d2", "a", "completed", "2026-11-27T10:00:00+08:00"),
        dispensed("d3", "a", "declined", "2026-11-28T10:00:00+08:00"),
        dispensed("d4", "b", "in-progress", "2026-11-20T10:00:00+08:00"),
        dispensed("d5", "c", "entered-in-error", "2026-11-20T10:00:00+08:00"),
    ] {
        hospital.add(dispense);
    }
    let world = World::new(std::slice::from_ref(&hospital)).await;
    let states = |sheet: &Sheet<PrescriptionFields>| -> BTreeMap<String, Option<String>> {
        let of = sheet.entries.iter().map(|entry| (entry.fact.code.text.clone(), entry.fields.dispensed.clone()));
        of.collect()
    };
    let sheet = prescriptions(&world).await;
    let said = states(&sheet);
    assert_eq!(said["甲"].as_deref(), Some("completed"));
    assert_eq!((said["乙"].as_deref(), said["丙"].as_deref()), (Some("in-progress"), Some(NOTHING_DISPENSED)));
    let first = &sheet.entries.iter().find(|entry| entry.fact.code.text == "甲").expect("甲").fields;
    assert_eq!((first.dispensed_times, first.dispensed_quantity.as_deref()), (Some(2), Some("14 片")));
    assert_eq!(first.dispensed_at.as_ref().map(|at| at.date()), Some("2026-11-27"));
    for fault in FAULTS {
        hospital.fail("MedicationDispense", fault);
        let sheet = prescriptions(&world).await;
        hospital.heal();
        assert!(!sheet.complete(), "{fault:?}");
        let said = states(&sheet);
        assert_eq!(said["丙"], None, "{fault:?}: silence of a pharmacy that has not answered in full says nothing");
        let came = matches!(fault, Fault::Foreign | Fault::NextFails);
        assert_eq!(said["甲"].as_deref(), came.then_some("completed"), "{fault:?}");
    }
}

#[tokio::test]
async fn two_doses_are_a_conflict_and_the_same_one_is_not() {
    let with_dose = |id: &str, dose: Value| {
        let mut one = prescribed(id, "二甲双胍片", "2026-11-20");
        one["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"] = dose;
        one
    };
    let half = || with_dose("a", json!({ "value": 0.5, "unit": "g" }));
    let check = async |other: Value, entries: usize, contradicted: bool| {
        for hospitals in [
            [Hospital::with([half()]), Hospital::with([other.clone()])],
            [Hospital::with([other.clone()]), Hospital::with([half()])],
        ] {
            let world = World::new(&hospitals).await;
            let sheet = prescriptions(&world).await;
            assert_eq!(sheet.entries.len(), entries, "{other}");
            assert!(sheet.entries.iter().all(|entry| entry.fact.is_contradicted() == contradicted), "{other}");
        }
    };
    check(with_dose("b", json!({ "value": 500, "unit": "mg" })), 1, false).await;
    check(with_dose("b", json!({ "value": 5, "unit": "g" })), 2, true).await;
    check(with_dose("b", json!({ "value": 0.50, "unit": "g" })), 1, false).await;
    let mut stopped = half();
    stopped["id"] = json!("s");
    stopped["status"] = json!("stopped");
    check(stopped, 2, true).await;
}

#[tokio::test]
async fn a_patient_never_sees_one_of_two_doses_alone() {
    let mut draft = prescribed("d", "二甲双胍片", "2026-11-20");
    draft["status"] = json!("draft");
    let world =
        World::outside(&[Hospital::with([draft, prescribed("a", "缬沙坦胶囊", "2026-11-20")]), Hospital::default()])
            .await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let read = world.charts.prescriptions(Reader::Patient(&own), world.person, &query, now()).await;
    let sheet = read.expect("prescriptions");
    let shown: Vec<&str> = sheet.entries.iter().map(|entry| entry.fact.code.text.as_str()).collect();
    assert_eq!(shown, ["缬沙坦胶囊"]);
    assert_eq!(
        sheet.held.iter().map(|held| (held.reason_key, held.count)).collect::<Vec<_>>(),
        [("held-in-progress", 1)]
    );
}
