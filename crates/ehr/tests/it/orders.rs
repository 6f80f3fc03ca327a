//! Orders: long-term and one-off, of every type, as each hospital says it.

use ehr::{Entry, OrderDuration, OrderFields, Part, Reader, RecordQuery, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Fault, Hospital, World};

async fn orders(world: &World) -> Sheet<OrderFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.orders(Reader::Staff(&clinician), world.person, &query, now()).await.expect("orders")
}

fn service(id: &str, text: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest", "id": id, "status": "active", "intent": "order",
        "category": [{ "text": "护理" }, { "text": "长期医嘱" }], "code": { "text": text },
        "authoredOn": "2026-03-09T09:00:00+08:00", "requester": { "display": "林知远" },
    })
}

fn medicine(id: &str, dose: &Value, authored: &str) -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order",
        "medicationCodeableConcept": { "text": "缬沙坦胶囊" }, "authoredOn": authored,
        "dosageInstruction": [{
            "doseAndRate": [{ "doseQuantity": { "value": dose, "unit": "mg" } }], "timing": { "code": { "text": "qd" } },
        }],
    })
}

fn diet(id: &str) -> Value {
    json!({
        "resourceType": "NutritionOrder", "id": id, "status": "active", "intent": "order",
        "patient": { "reference": "Patient/p1" }, "dateTime": "2026-03-09T10:00:00+08:00",
        "oralDiet": { "type": [{ "text": "低盐低脂饮食" }] }, "note": [{ "text": "长期医嘱" }, { "text": "少量多餐" }],
        "orderer": { "reference": "#k" },
        "contained": [{ "resourceType": "Practitioner", "id": "k", "name": [{ "family": "许", "given": ["安"] }] }],
    })
}

fn named<'s>(sheet: &'s Sheet<OrderFields>, text: &str) -> &'s Entry<OrderFields> {
    sheet.entries.iter().find(|entry| entry.fact.code.text == text).expect(text)
}

#[tokio::test]
async fn orders_of_every_type_with_all_that_is_said_of_them() {
    let mut test = service("s2", "血常规");
    test["category"] = json!([{ "coding": [{ "system": "http://snomed.info/sct", "code": "108252007" }] }]);
    test["priority"] = json!("stat");
    test["encounter"] = json!({ "reference": "Encounter/e1" });
    test["orderDetail"] = json!([{ "text": "静脉血" }]);
    test["reasonCode"] = json!([{ "text": "贫血待查" }]);
    test["occurrenceTiming"] = json!({ "repeat": { "count": 1 } });
    let mut nursing = service("s1", "一级护理");
    nursing["occurrencePeriod"] = json!({ "start": "2026-03-09T09:30:00+08:00", "end": "2026-03-18T08:00:00+08:00" });
    let mut insulin = medicine("m1", &json!("x"), "2026-03-09T11:00:00+08:00");
    insulin["medicationCodeableConcept"] = json!({ "text": "胰岛素" });
    insulin["category"] = json!([{ "coding": [{ "code": "inpatient" }] }]);
    insulin["dosageInstruction"] = json!([
        { "doseAndRate": [{ "doseQuantity": { "value": 8.0, "unit": "U" } }], "route": { "text": "皮下" },
          "timing": { "repeat": { "timeOfDay": ["07:00:00"] } } },
        { "doseAndRate": [{ "doseQuantity": { "value": 6, "unit": "U" } }], "asNeededBoolean": true },
    ]);
    let plan = json!({
        "resourceType": "ServiceRequest", "id": "s3", "status": "active", "intent": "plan", "code": { "text": "康复训练" },
    });
    let hospital =
        Hospital::with([nursing, test, insulin, diet("n1"), plan, super::world::send::visit("e1", "IMP", None)]);
    let world = World::new(&[hospital]).await;
    let sheet = orders(&world).await;
    assert!(sheet.complete() && sheet.silent.is_empty(), "{:?}", sheet.sources);
    let order: Vec<(&str, Option<OrderDuration>)> =
        sheet.entries.iter().map(|entry| (entry.fact.code.text.as_str(), entry.fields.duration)).collect();
    use OrderDuration::{LongTerm, OneOff};
    assert_eq!(
        order,
        [
            ("低盐低脂饮食", Some(LongTerm)),
            ("一级护理", Some(LongTerm)),
            ("胰岛素", None),
            ("康复训练", None),
            ("血常规", Some(OneOff)),
        ]
    );
    let nursing = &named(&sheet, "一级护理").fields;
    assert_eq!((nursing.category.as_deref(), nursing.orderer.words()), (Some("护理"), Some("林知远")));
    let end = nursing.period.as_ref().and_then(|span| span.end.as_ref());
    assert_eq!(end.map(|end| end.as_str()), Some("2026-03-18T08:00:00+08:00"));
    let test = &named(&sheet, "血常规").fields;
    assert_eq!((test.setting, test.priority.as_deref()), (Some("inpatient"), Some("stat")), "by the visit it names");
    assert_eq!((test.details.as_slice(), test.reasons.as_slice()), (&["静脉血".into()][..], &["贫血待查".into()][..]));
    let insulin = &named(&sheet, "胰岛素").fields;
    assert_eq!(insulin.dose.dose.as_deref(), Some("8.0 U; 6 U"), "its own digits, and every line");
    assert_eq!((insulin.dose.route.as_deref(), insulin.setting), (Some("皮下"), Some("inpatient")));
    assert_eq!(insulin.dose.frequency.as_deref(), Some("07:00; prn"));
    let diet = &named(&sheet, "低盐低脂饮食").fields;
    assert_eq!((diet.orderer.words(), diet.notes.as_slice()), (Some("许安"), &["少量多餐".into()][..]));
    assert_eq!(named(&sheet, "康复训练").fields.intent.as_deref(), Some("plan"), "visible, and no order");

    let clinician = staff("li.wei", "clinician");
    let section = ehr::Section::Orders;
    let query = RecordQuery::default();
    let json = world.charts.record_json(Reader::Staff(&clinician), world.person, section, &query, now()).await;
    let json: Value = serde_json::to_value(json.expect("json")).expect("value");
    let json: Value = json.as_str().map_or(json.clone(), |text| serde_json::from_str(text).expect("json"));
    assert_eq!(json.pointer("/items/1/fields/duration"), Some(&json!("long-term")));
    assert_eq!(json.pointer("/items/1/fields/ordered"), Some(&json!("一级护理")));
    assert_eq!(json.pointer("/items/1/fields/orderer"), Some(&json!("林知远")));
    assert_eq!(json.pointer("/items/2/fields/dosage/0/dose"), Some(&json!("8.0 U")));
    assert_eq!(json.pointer("/items/3/fields/duration"), None, "not said is not there");
}

#[tokio::test]
async fn the_same_order_of_two_hospitals_is_one_whoever_answers_first() {
    let one = || Hospital::with([service("a", "一级护理"), medicine("m", &json!(80), "2026-03-09"), diet("d")]);
    let other = || Hospital::with([diet("x"), service("y", "一级 护理"), medicine("z", &json!(80.0), "2026-03-09")]);
    let mut told = Vec::new();
    for hospitals in [[one(), other()], [other(), one()]] {
        let world = World::new(&hospitals).await;
        let sheet = orders(&world).await;
        assert!(sheet.entries.iter().all(|entry| entry.fact.origins.len() == 2), "{:?}", sheet.entries);
        assert!(sheet.entries.iter().all(|entry| !entry.fact.is_contradicted()));
        told.push(sheet.entries.iter().map(|entry| entry.fact.time.clone()).collect::<Vec<_>>());
    }
    assert_eq!((told[0].len(), &told[0]), (3, &told[1]));
}

#[tokio::test]
async fn two_orders_of_one_hospital_that_say_the_same_are_two() {
    let twice = [service("a", "血常规"), service("b", "血常规")];
    let world = World::new(&[Hospital::with(twice), Hospital::with([service("c", "血常规")])]).await;
    let sheet = orders(&world).await;
    let originals: Vec<usize> = sheet.entries.iter().map(|entry| entry.fact.origins.len()).collect();
    assert_eq!((originals.len(), originals.iter().sum::<usize>()), (2, 3));
}

#[tokio::test]
async fn contradicting_orders_stand_side_by_side() {
    let mut revoked = service("r", "一级护理");
    revoked["status"] = json!("revoked");
    let mut once = service("t", "吸氧");
    once["category"] = json!([{ "text": "临时医嘱" }]);
    let one = Hospital::with([
        service("a", "一级护理"),
        service("b", "吸氧"),
        medicine("m0", &json!(160), "2026-01-01"),
        medicine("m", &json!(80), "2026-11-20"),
    ]);
    let other = Hospital::with([revoked, once, medicine("n", &json!(40), "2026-10-01")]);
    let world = World::new(&[one, other]).await;
    let sheet = orders(&world).await;
    let conflicts = |text: &str| -> Vec<(Option<String>, usize)> {
        let same = sheet.entries.iter().filter(|entry| entry.fact.code.text == text);
        same.map(|entry| (entry.fields.dose.dose.clone(), entry.fact.conflict.len())).collect()
    };
    assert_eq!(conflicts("一级护理"), [(None, 1), (None, 1)], "stands here, revoked there");
    assert_eq!(conflicts("吸氧"), [(None, 1), (None, 1)], "long-term here, one-off there");
    let doses = conflicts("缬沙坦胶囊");
    assert_eq!(doses, [(Some("80 mg".into()), 1), (Some("40 mg".into()), 1), (Some("160 mg".into()), 0)]);
}

#[tokio::test]
async fn a_medicine_that_cannot_be_named_is_said_to_be_missing() {
    let mut unknown = medicine("m", &json!(80), "2026-11-20");
    unknown.as_object_mut().expect("object").remove("medicationCodeableConcept");
    unknown["medicationReference"] = json!({ "reference": "Medication/gone" });
    let mut known = unknown.clone();
    known["id"] = json!("k");
    known["medicationReference"] = json!({ "reference": "Medication/x" });
    let mut mixed = unknown.clone();
    mixed["id"] = json!("c");
    mixed["medicationReference"] = json!({ "reference": "#mix" });
    mixed["contained"] = json!([{ "resourceType": "Medication", "id": "mix", "ingredient": [
        { "itemCodeableConcept": { "text": "0.9%氯化钠注射液" } }, { "itemCodeableConcept": { "text": "氯化钾" } } ] }]);
    let medication = json!({ "resourceType": "Medication", "id": "x", "code": { "text": "达格列净片" } });
    let world = World::new(&[Hospital::with([known.clone(), mixed.clone(), medication.clone()])]).await;
    let sheet = orders(&world).await;
    let names: Vec<&str> = sheet.entries.iter().map(|entry| entry.fact.code.text.as_str()).collect();
    assert_eq!(names, ["0.9%氯化钠注射液 + 氯化钾", "达格列净片"]);
    assert!(sheet.complete(), "{:?}", sheet.sources);

    let world = World::new(&[Hospital::with([unknown, known, mixed, medication])]).await;
    let sheet = orders(&world).await;
    assert_eq!((sheet.entries.len(), sheet.complete()), (3, false), "it is shown, and said to have no name");
    let part = sheet.sources[0].parts.iter().find(|part| part.part == Part::MedicationOrders).expect("part");
    assert_eq!(part.state, SourceState::Partial);
}

#[tokio::test]
async fn withdrawn_orders_do_not_count_and_what_fails_is_named() {
    let mut withdrawn = service("w", "错误医嘱");
    withdrawn["status"] = json!("entered-in-error");
    let mut draft = service("d", "拟行造影");
    draft["status"] = json!("draft");
    let hospital = Hospital::with([withdrawn, draft, service("a", "一级护理")]);
    hospital.fail("NutritionOrder", Fault::Status(404));
    let world = World::new(&[hospital]).await;
    let sheet = orders(&world).await;
    assert_eq!(sheet.entries.len(), 2);
    let silent: Vec<(Part, SourceState)> = sheet.silent.iter().map(|(part, silent)| (*part, silent.state)).collect();
    assert_eq!(silent, [(Part::NutritionOrders, SourceState::Unsupported)]);
}

#[tokio::test]
async fn a_patient_sees_decided_orders_and_is_told_of_the_others_by_number() {
    let mut draft = service("d", "拟行造影");
    draft["status"] = json!("draft");
    let mut cancer = service("c", "胸部增强 CT");
    cancer["reasonCode"] = json!([{ "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": "C34.9" }] }]);
    cancer["authoredOn"] = json!("2026-11-19");
    let hospital = Hospital::with([draft, cancer, service("h", "HIV 抗体检测"), service("a", "一级护理")]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let sheet = world.charts.orders(Reader::Patient(&own), world.person, &query, now()).await.expect("orders");
    let shown: Vec<&str> = sheet.entries.iter().map(|entry| entry.fact.code.text.as_str()).collect();
    assert_eq!(shown, ["一级护理"]);
    let held: Vec<(&str, usize)> = sheet.held.iter().map(|held| (held.reason_key, held.count)).collect();
    assert_eq!(held, [("held-in-progress", 1), ("held-explained", 2)]);
}
