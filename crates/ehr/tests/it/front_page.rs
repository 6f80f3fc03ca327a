//! Front pages of hospital records: composed from what is said of a stay, and honest about what is not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{AdmissionState, FrontPageFields, Part, Reader, RecordQuery, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FAULTS, FOREIGN_WORDS, Fault, Hospital, World};

async fn pages(world: &World) -> Sheet<FrontPageFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.front_page(Reader::Staff(&clinician), world.person, &query, now()).await.expect("front page")
}

fn diagnosis(condition: &str, role: &str, rank: u32) -> Value {
    json!({ "condition": { "reference": format!("Condition/{condition}") }, "use": { "coding": [{ "code": role }] }, "rank": rank })
}

fn stay(id: &str, diagnoses: Value) -> Value {
    json!({
        "resourceType": "Encounter", "id": id, "status": "finished",
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "serviceType": { "text": "普通外科" }, "serviceProvider": { "display": "市一院" },
        "period": { "start": "2026-03-09T12:10:00+08:00", "end": "2026-03-15T12:10:00+08:00" },
        "participant": [{ "type": [{ "coding": [{ "code": "ATND" }] }], "individual": { "display": "赵明远" } }],
        "hospitalization": { "admitSource": { "text": "门诊" }, "dischargeDisposition": { "text": "医嘱离院" } },
        "diagnosis": diagnoses,
    })
}

fn condition(id: &str, icd: &str, text: &str, category: &str) -> Value {
    json!({
        "resourceType": "Condition", "id": id, "category": [{ "coding": [{ "code": category }] }],
        "code": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": icd }], "text": text },
        "clinicalStatus": { "coding": [{ "code": "active" }] },
        "verificationStatus": { "coding": [{ "code": "confirmed" }] },
    })
}

fn operation() -> Value {
    json!({
        "resourceType": "Procedure", "id": "o1", "status": "completed", "encounter": { "reference": "Encounter/e1" },
        "code": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "51.23" }], "text": "腹腔镜胆囊切除术" },
        "performedPeriod": { "start": "2026-03-10T09:00:00+08:00" },
        "performer": [
            { "function": { "text": "麻醉医师" }, "actor": { "display": "钱安" } },
            { "function": { "text": "主刀" }, "actor": { "reference": "Practitioner/x" } },
        ],
        "usedCode": [{ "text": "全身麻醉" }],
    })
}

fn bill() -> Value {
    let net = |amount: f64| json!({ "value": amount, "currency": "CNY" });
    let line = |name: &str, class: &str, amount: f64| json!({ "productOrService": { "text": name }, "category": { "text": class }, "net": net(amount), "encounter": [{ "reference": "Encounter/e1" }] });
    json!({
        "resourceType": "ExplanationOfBenefit", "id": "b1", "status": "active", "use": "claim",
        "patient": { "reference": "Patient/p1" }, "created": "2026-03-15",
        "diagnosis": [
            { "sequence": 1, "diagnosisCodeableConcept": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": "K80.1" }], "text": "胆囊结石" },
              "type": [{ "coding": [{ "code": "principal" }] }], "onAdmission": { "coding": [{ "code": "y" }] } },
            { "sequence": 2, "diagnosisCodeableConcept": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": "I10" }], "text": "高血压" },
              "onAdmission": { "text": "无" } },
            { "sequence": 3, "diagnosisCodeableConcept": { "text": "脂肪肝" } },
        ],
        "item": [line("腹腔镜胆囊切除术", "手术治疗费", 1800.10), line("床位费", "一般医疗服务费", 270.05), line("餐费", "伙食费", 30.0)],
    })
}

fn all() -> Vec<Value> {
    vec![
        stay("e1", json!([diagnosis("k2", "CM", 2), diagnosis("k1", "DD", 1), diagnosis("k3", "AD", 1)])),
        condition("k1", "K80.1", "胆囊结石伴胆囊炎", "encounter-diagnosis"),
        // In the problem list, so that no list of visits' diagnoses has it.
        condition("k2", "I10", "高血压", "problem-list-item"),
        condition("k3", "R10.4", "腹痛", "encounter-diagnosis"),
        operation(),
        json!({ "resourceType": "Practitioner", "id": "x", "name": [{ "text": "赵明远" }] }),
        bill(),
        json!({ "resourceType": "Encounter", "id": "e2", "status": "finished", "class": { "code": "AMB" }, "period": { "start": "2026-05-01" } }),
    ]
}

#[tokio::test]
async fn a_page_is_composed_from_stay_diagnoses_operations_and_bills() {
    let world = World::new(&[Hospital::with(all())]).await;
    let sheet = pages(&world).await;
    assert!(sheet.complete() && sheet.silent.is_empty(), "{:?}", sheet.sources);
    let [page] = sheet.entries.as_slice() else { panic!("one stay, one page: {:?}", sheet.entries) };
    let fields = &page.fields;
    assert!(fields.composed);
    let main = fields.main_diagnosis.as_ref().expect("main");
    assert_eq!((main.text.as_str(), main.icd10.as_deref()), ("胆囊结石伴胆囊炎", Some("K80.1")));
    assert_eq!((main.admission, fields.admission_state.as_deref()), (Some(AdmissionState::Present), Some("y")));
    let others: Vec<_> = fields.other_diagnoses.iter().map(|one| (one.text.as_str(), one.admission)).collect();
    assert_eq!(others, [("高血压", Some(AdmissionState::Absent)), ("脂肪肝", None)], "the admission's is none of them");
    let [operation] = fields.operations.as_slice() else { panic!("{:?}", fields.operations) };
    assert_eq!((operation.name.as_str(), operation.code.as_deref()), ("腹腔镜胆囊切除术", Some("51.23")));
    assert_eq!(
        (operation.surgeon.words(), operation.anaesthesia.as_slice()),
        (Some("赵明远"), &["全身麻醉".to_owned()][..])
    );
    assert_eq!((fields.discharge_mode.as_deref(), fields.days()), (Some("医嘱离院"), Some(6)));
    assert_eq!(
        (fields.admitted_from.as_deref(), fields.attending.as_slice()),
        (Some("门诊"), &["赵明远".to_owned()][..])
    );
    let totals = fields.totals.as_ref().expect("totals");
    assert_eq!(
        (totals.total.to_string().as_str(), totals.counted.as_slice()),
        ("2100.15", &["ExplanationOfBenefit"][..])
    );
    let classes: Vec<_> = totals.by_class.iter().map(|one| (one.number, one.amount.to_string())).collect();
    let expected = [(Some(1), "270.05"), (Some(10), "1800.10"), (None, "30.00")];
    assert_eq!(classes, expected.map(|(number, amount)| (number, amount.to_owned())));
}

#[tokio::test]
async fn what_nobody_says_is_not_made_up() {
    let mut bare = stay("e1", json!([diagnosis("k3", "AD", 1)]));
    bare.as_object_mut().expect("object").remove("hospitalization");
    let world = World::new(&[Hospital::with([bare, condition("k3", "R10.4", "腹痛", "encounter-diagnosis")])]).await;
    let sheet = pages(&world).await;
    let fields = &sheet.entries[0].fields;
    assert!(fields.main_diagnosis.is_none(), "an admission's diagnosis is not the main one: {fields:?}");
    assert!(fields.admission_state.is_none() && fields.discharge_mode.is_none() && fields.totals.is_none());
    assert!(fields.operations.is_empty() && fields.composed);
    // What comes with another diagnosis is not the main one, though it be the first and the only one.
    let beside = stay("e1", json!([diagnosis("k2", "CM", 1)]));
    let world = World::new(&[Hospital::with([beside, condition("k2", "I10", "高血压", "encounter-diagnosis")])]).await;
    let fields = &pages(&world).await.entries[0].fields;
    assert!(fields.main_diagnosis.is_none() && fields.other_diagnoses.len() == 1, "{fields:?}");
}

#[tokio::test]
async fn a_state_at_admission_in_an_extension_counts_and_a_signed_page_is_no_composition() {
    let mut named = diagnosis("k1", "DD", 1);
    named["extension"] = json!([{
        "url": "https://his.example/StructureDefinition/admission-state", "valueCodeableConcept": { "text": "临床未确定" },
    }]);
    let document = |status: &str| {
        json!({
            "resourceType": "DocumentReference", "id": "d1", "status": "current", "docStatus": status,
            "type": { "text": "住院病案首页" }, "date": "2026-03-16",
            "content": [{ "attachment": { "contentType": "text/plain", "data": STANDARD.encode("首页正文") } }],
            "context": { "encounter": [{ "reference": "Encounter/e1" }] },
        })
    };
    for (status, composed) in [("final", false), ("preliminary", true)] {
        let own = condition("k1", "K80.1", "胆囊结石", "encounter-diagnosis");
        let world = World::new(&[Hospital::with([stay("e1", json!([named.clone()])), own, document(status)])]).await;
        let fields = &pages(&world).await.entries[0].fields;
        assert_eq!((fields.composed, fields.notes.len()), (composed, 1), "{status}");
        assert_eq!(fields.main_diagnosis.as_ref().and_then(|main| main.admission), Some(AdmissionState::Undetermined));
    }
}

#[tokio::test]
async fn one_stay_of_two_hospitals_is_one_page_and_two_main_diagnoses_stand_side_by_side() {
    let told = |icd: &str| {
        Hospital::with([
            stay("e1", json!([diagnosis("k1", "DD", 1)])),
            condition("k1", icd, if icd == "K80.1" { "胆囊结石" } else { "胆囊炎" }, "encounter-diagnosis"),
        ])
    };
    let same = pages(&World::new(&[told("K80.1"), told("K80.1")]).await).await;
    assert_eq!((same.entries.len(), same.entries[0].fact.origins.len()), (1, 2));
    let other = pages(&World::new(&[told("K80.1"), told("K81.0")]).await).await;
    assert_eq!(other.entries.len(), 2);
    assert!(other.entries.iter().all(|entry| entry.fact.is_contradicted()));
}

#[tokio::test]
async fn a_bill_of_two_stays_is_neithers_total() {
    let mut shared = bill();
    shared["item"][1]["encounter"] = json!([{ "reference": "Encounter/e9" }]);
    let world = World::new(&[Hospital::with([stay("e1", json!([])), shared])]).await;
    assert_eq!(pages(&world).await.entries[0].fields.totals, None);
}

#[tokio::test]
async fn a_diagnosis_that_cannot_be_read_makes_the_part_incomplete() {
    let mut resources = all();
    resources.retain(|one| one["id"] != "k2");
    let world = World::new(&[Hospital::with(resources)]).await;
    let sheet = pages(&world).await;
    assert!(!sheet.complete());
    assert!(sheet.silent.iter().any(|(part, silent)| *part == Part::Diagnoses && silent.state == SourceState::Partial));
    // Another patient's diagnosis that a stay names is nobody's.
    let mut resources = all();
    let place = resources.iter().position(|one| one["id"] == "k2").expect("condition");
    resources[place]["subject"] = json!({ "reference": "Patient/p2" });
    let world = World::new(&[Hospital::with(resources)]).await;
    let sheet = pages(&world).await;
    assert!(!sheet.complete() && sheet.sources[0].dropped > 0);
}

#[tokio::test]
async fn a_patient_is_not_shown_a_page_with_what_is_explained_in_person() {
    let mut resources = all();
    resources[2] = condition("k2", "B20.1", "免疫缺陷病", "problem-list-item");
    let hospital = Hospital::with(resources);
    let world = World::outside(std::slice::from_ref(&hospital)).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let of = async || world.charts.front_page(Reader::Patient(&own), world.person, &query, now()).await.expect("page");
    let sheet = of().await;
    assert!(sheet.entries.is_empty() && sheet.held.iter().map(|held| held.count).sum::<usize>() == 1);
    hospital.fail("Encounter", Fault::Status(500));
    assert!(!of().await.complete());
}

#[tokio::test]
async fn no_fault_of_any_type_is_taken_for_none() {
    let hospital = Hospital::with(all());
    let world = World::new(&[hospital.clone(), Hospital::default()]).await;
    for (kind, part) in [
        ("Encounter", Part::Stays),
        ("Condition", Part::Diagnoses),
        ("Procedure", Part::Procedures),
        ("DocumentReference", Part::Notes),
        ("ExplanationOfBenefit", Part::Benefits),
        ("Claim", Part::Claims),
        ("ChargeItem", Part::ChargeItems),
    ] {
        for fault in FAULTS {
            hospital.fail(kind, fault);
            let sheet = pages(&world).await;
            hospital.heal();
            assert!(!sheet.complete(), "{kind} {fault:?}");
            assert!(sheet.silent.iter().any(|(own, _)| *own == part), "{kind} {fault:?}: {:?}", sheet.silent);
            assert!(!format!("{sheet:?}").contains(FOREIGN_WORDS), "{kind} {fault:?}");
        }
    }
}

#[tokio::test]
async fn visits_are_asked_for_once_also_where_charge_items_are_had_by_visit() {
    let mut item = json!({
        "resourceType": "ChargeItem", "id": "c1", "status": "billed", "code": { "text": "床位费" },
        "context": { "reference": "Encounter/e1" }, "priceOverride": { "value": 30.0, "currency": "CNY" },
    });
    item["quantity"] = json!({ "value": 1 });
    let mut resources = all();
    resources.retain(|one| one["resourceType"] != "ExplanationOfBenefit");
    resources.push(item);
    let hospital = Hospital::with(resources);
    hospital.charge_items_by_visit();
    let world = World::on("cerner-like", std::slice::from_ref(&hospital)).await;
    hospital.asked();
    let sheet = pages(&world).await;
    let asked = hospital.asked();
    assert_eq!(asked.iter().filter(|path| path.starts_with("Encounter?")).count(), 1, "{asked:?}");
    let totals = sheet.entries[0].fields.totals.as_ref().expect("what the items of the visit come to");
    assert_eq!((totals.total.to_string().as_str(), totals.counted.as_slice()), ("30.00", &["ChargeItem"][..]));
    // Without its visits nobody knows its charge items.
    hospital.fail("Encounter", Fault::Status(500));
    let silent: Vec<Part> = pages(&world).await.silent.iter().map(|(part, _)| *part).collect();
    assert!(silent.contains(&Part::ChargeItems) && silent.contains(&Part::Stays), "{silent:?}");
}
