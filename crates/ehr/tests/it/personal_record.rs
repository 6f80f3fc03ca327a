//! The personal record: relatives, habits, vaccinations, questionnaires, and who says so.

use ehr::{Part, PersonalFields, PersonalKind, Reader, RecordQuery, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Fault, Hospital, World};

async fn personal(world: &World) -> Sheet<PersonalFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.personal_record(Reader::Staff(&clinician), world.person, &query, now()).await.expect("personal record")
}

fn father(id: &str, icd: &str, text: &str) -> Value {
    json!({
        "resourceType": "FamilyMemberHistory", "id": id, "status": "completed", "patient": { "reference": "Patient/p1" },
        "date": "2022-01-01", "relationship": { "text": "父亲" }, "deceasedAge": { "value": 71, "unit": "岁" },
        "condition": [{
            "code": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": icd }], "text": text },
            "onsetAge": { "value": 50, "unit": "岁" }, "contributedToDeath": true,
        }],
    })
}

fn habit(id: &str, text: &str, said: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": "2022-01-01",
        "category": [{ "coding": [{ "code": "social-history" }] }], "code": { "text": text },
        "valueCodeableConcept": { "text": said },
    })
}

fn shot(id: &str, lot: &str) -> Value {
    json!({
        "resourceType": "Immunization", "id": id, "status": "completed", "vaccineCode": { "text": "流感疫苗" },
        "occurrenceDateTime": "2025-10-12", "lotNumber": lot, "performer": [{ "actor": { "display": "清溪社区" } }],
        "protocolApplied": [{ "doseNumberPositiveInt": 1 }],
    })
}

fn answers(id: &str) -> Value {
    json!({
        "resourceType": "QuestionnaireResponse", "id": id, "status": "completed", "authored": "2026-05-02T09:00:00+08:00",
        "questionnaire": "Questionnaire/q1|1.0", "source": { "reference": "Patient/p1" }, "author": { "display": "孙护士" },
        "item": [{
            "linkId": "1", "text": "生活方式",
            "item": [
                { "linkId": "1.1", "text": "吸烟吗？", "answer": [{
                    "valueBoolean": true,
                    "item": [{ "linkId": "1.1.1", "text": "每天几支？", "answer": [{ "valueInteger": 20 }] }],
                }] },
                { "linkId": "1.2", "text": "运动", "answer": [
                    { "valueCoding": { "code": "w", "display": "步行" } }, { "valueQuantity": { "value": 30, "unit": "分钟" } },
                ] },
            ],
        }, { "linkId": "2", "text": "未答" }],
    })
}

#[tokio::test]
async fn each_kind_with_all_that_is_said_of_it() {
    let questionnaire = json!({ "resourceType": "Questionnaire", "id": "q1", "title": "生活方式问卷" });
    let hospital = Hospital::with([
        father("f", "I10", "高血压"),
        habit("h", "饮酒情况", "偶尔"),
        shot("i", "L-1"),
        answers("r"),
        questionnaire,
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = personal(&world).await;
    assert!(sheet.complete(), "{:?}", sheet.sources);
    let [relative, habit, shot, answered] = sheet.entries.as_slice() else { panic!("{:?}", sheet.entries) };
    let kinds = [relative, habit, shot, answered].map(|one| one.fields.what);
    use PersonalKind::{FamilyHistory, Immunization, Questionnaire, SocialHistory};
    assert_eq!(kinds, [FamilyHistory, SocialHistory, Immunization, Questionnaire]);
    let condition = &relative.fields.conditions[0];
    assert_eq!((condition.code.text.as_str(), condition.onset.as_deref()), ("高血压", Some("50 岁")));
    assert_eq!((condition.contributed_to_death, relative.fields.deceased.as_deref()), (Some(true), Some("71 岁")));
    assert_eq!((habit.fields.text.as_deref(), habit.fields.self_reported), (Some("偶尔"), false));
    assert_eq!((shot.fields.dose.as_deref(), shot.fields.lot.as_deref()), (Some("1"), Some("L-1")));
    assert_eq!(shot.fields.entered_by[0].words(), Some("清溪社区"));
    assert_eq!(answered.fields.questionnaire.words(), Some("生活方式问卷"));
    assert!(answered.fields.self_reported);
    assert_eq!(answered.fields.entered_by[0].words(), Some("孙护士"));
    let told: Vec<_> =
        answered.fields.answers.iter().map(|one| (one.depth, one.question.as_str(), one.answers.join(","))).collect();
    assert_eq!(
        told,
        [
            (0, "生活方式", String::new()),
            (1, "吸烟吗？", "true".into()),
            (2, "每天几支？", "20".into()),
            (1, "运动", "步行,30 分钟".into()),
            (0, "未答", String::new()),
        ]
    );
    let clinician = staff("li.wei", "clinician");
    let json = world
        .charts
        .record_json(
            Reader::Staff(&clinician),
            world.person,
            ehr::Section::PersonalRecord,
            &RecordQuery::default(),
            now(),
        )
        .await
        .expect("json");
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json.pointer("/items/3/fields/self_reported"), Some(&json!(true)));
    assert_eq!(json.pointer("/items/3/fields/what"), Some(&json!("questionnaire")));
    assert_eq!(json.pointer("/items/0/fields/conditions/0/code/text"), Some(&json!("高血压")));
}

#[tokio::test]
async fn only_what_the_patient_said_is_self_reported() {
    let by = |performer: Value| {
        let mut one = habit("h", "吸烟状况", "从不");
        one["performer"] = performer;
        one
    };
    let check = async |resource: Value, expect: bool| {
        let told = resource.to_string();
        let world = World::new(&[Hospital::with([resource])]).await;
        assert_eq!(personal(&world).await.entries[0].fields.self_reported, expect, "{told}");
    };
    check(by(json!([{ "reference": "Patient/p1" }])), true).await;
    check(by(json!([{ "type": "Patient", "display": "本人" }])), true).await;
    check(by(json!([{ "reference": "Patient/p1" }, { "display": "孙护士" }])), false).await;
    check(by(json!([{ "display": "孙护士" }])), false).await;
    check(by(json!([])), false).await;
    let mut by_nurse = answers("r");
    by_nurse["source"] = json!({ "reference": "Practitioner/x" });
    check(by_nurse.clone(), false).await;
    by_nurse["author"] = json!({ "reference": "Patient/p1" });
    check(by_nurse, true).await;
    let mut recalled = shot("i", "L-1");
    recalled["reportOrigin"] = json!({ "coding": [{ "code": "recall" }] });
    check(recalled, true).await;
}

#[tokio::test]
async fn the_same_is_one_row_and_what_contradicts_stands_side_by_side() {
    let one = Hospital::with([father("f", "I10", "高血压"), habit("h", "吸烟状况", "从不"), shot("i", "L-1")]);
    let mut own = habit("g", "吸烟状况", "从不");
    own["performer"] = json!([{ "reference": "Patient/p1" }]);
    let same = Hospital::with([father("e", "I10", "高血压病"), own, shot("j", "L-1")]);
    let world = World::new(&[one.clone(), same]).await;
    let sheet = personal(&world).await;
    assert_eq!(sheet.entries.iter().map(|one| one.fact.origins.len()).collect::<Vec<_>>(), [2, 2, 2]);
    assert!(!sheet.entries[1].fields.self_reported, "a hospital says so too");

    let other = Hospital::with([habit("g", "吸烟状况", "每天 20 支"), shot("j", "L-2")]);
    let world = World::new(&[one, other]).await;
    let sheet = personal(&world).await;
    let told: Vec<_> = sheet.entries.iter().map(|one| (one.fields.what.as_str(), one.fact.conflict.len())).collect();
    assert_eq!(
        told,
        [("family-history", 0), ("social-history", 1), ("social-history", 1), ("immunization", 1), ("immunization", 1)]
    );
}

#[tokio::test]
async fn a_part_that_fails_is_named_by_itself() {
    for (kind, part) in [
        ("FamilyMemberHistory", Part::FamilyHistory),
        ("Observation", Part::SocialHistory),
        ("Immunization", Part::Immunizations),
        ("QuestionnaireResponse", Part::Questionnaires),
    ] {
        let hospital = Hospital::with([father("f", "I10", "高血压"), shot("i", "L-1")]);
        hospital.fail(kind, Fault::Status(404));
        let world = World::new(&[hospital]).await;
        let sheet = personal(&world).await;
        let silent: Vec<_> = sheet.silent.iter().map(|(part, silent)| (*part, silent.state)).collect();
        assert_eq!((silent, sheet.complete()), (vec![(part, SourceState::Unsupported)], false), "{kind}");
    }
}

#[tokio::test]
async fn a_relatives_illness_is_held_by_the_same_codes_as_ones_own() {
    let hospital = Hospital::with([father("f", "I10", "高血压"), father("g", "B20", "免疫缺陷病"), answers("r")]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let sheet = world.charts.personal_record(Reader::Patient(&own), world.person, &RecordQuery::default(), now()).await;
    let sheet = sheet.expect("personal record");
    assert_eq!(sheet.entries.len(), 2);
    assert_eq!(sheet.held.iter().map(|held| held.count).sum::<usize>(), 1);
    let told =
        serde_json::to_string(&ehr::json::sheet(world.person, ehr::Section::PersonalRecord, &sheet)).expect("json");
    assert!(!told.contains("B20") && !told.contains("免疫缺陷病"));
}
