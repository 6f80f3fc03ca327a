//! Nursing: vital signs, assessments, plans, notes, and what is drawn of them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{Entry, NursingFields, NursingKind, Part, Reader, RecordQuery, Sheet, SourceState, balances, vital_trends};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Fault, Hospital, World};

async fn nursing(world: &World) -> Sheet<NursingFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.nursing(Reader::Staff(&clinician), world.person, &query, now()).await.expect("nursing")
}

fn vital(id: &str, loinc: &str, text: &str, at: &str, value: Value) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": at,
        "category": [{ "coding": [{ "code": "vital-signs" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": loinc }], "text": text },
        "valueQuantity": value,
    })
}

fn amount(number: f64, unit: &str) -> Value {
    json!({ "value": number, "unit": unit })
}

fn pressure(id: &str, at: &str, high: Value, low: Value) -> Value {
    let part = |code: &str, text: &str, value: Value| json!({ "code": { "coding": [{ "system": "http://loinc.org", "code": code }], "text": text }, "valueQuantity": value });
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": at,
        "category": [{ "coding": [{ "code": "vital-signs" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "85354-9" }], "text": "血压" },
        "component": [part("8480-6", "收缩压", high), part("8462-4", "舒张压", low)],
    })
}

fn all(sheet: &Sheet<NursingFields>) -> Vec<&Entry<NursingFields>> {
    sheet.entries.iter().collect()
}

const MORNING: &str = "2026-11-18T07:00:00+08:00";
const EVENING: &str = "2026-11-18T15:00:00+08:00";

#[tokio::test]
async fn each_kind_with_all_that_is_said_of_it() {
    let mut fever = vital("t", "8310-5", "体温", MORNING, amount(38.5, "℃"));
    fever["referenceRange"] = json!([{ "text": "36.0–37.2", "low": { "value": 36.0 }, "high": { "value": 37.2 } }]);
    fever["performer"] = json!([{ "display": "孙护士" }]);
    fever["bodySite"] = json!({ "text": "腋下" });
    fever["note"] = json!([{ "text": "已物理降温" }]);
    let mut exam = vital("x", "32427-7", "皮肤", EVENING, json!(null));
    exam["category"] = json!([{ "coding": [{ "code": "exam" }] }]);
    exam["valueString"] = json!("完整");
    let mut score = vital("s", "59460-6", "Morse 跌倒风险评分", EVENING, json!(null));
    score["category"] = json!([{ "coding": [{ "code": "survey" }] }]);
    score["valueInteger"] = json!(45);
    let hospital = Hospital::with([
        fever,
        exam,
        score,
        pressure("b", EVENING, amount(128.0, "mmHg"), amount(77.0, "mmHg")),
        json!({
            "resourceType": "CarePlan", "id": "c", "status": "active", "intent": "plan", "title": "慢性肾脏病护理计划",
            "description": "低盐饮食", "period": { "start": "2026-11-01", "end": "2027-02-01" },
            "author": { "reference": "#n" }, "contained": [{ "resourceType": "Practitioner", "id": "n", "name": [{ "text": "孙护士" }] }],
            "addresses": [{ "display": "慢性肾脏病 3 期" }], "goal": [{ "display": "血压 < 130/80" }],
            "activity": [{ "detail": { "status": "in-progress", "description": "每日测血压" }, "progress": [{ "text": "已教会" }] }],
        }),
        json!({
            "resourceType": "DocumentReference", "id": "d", "status": "current", "docStatus": "final", "type": { "text": "一般护理记录" },
            "date": EVENING, "content": [{ "attachment": { "contentType": "text/plain", "data": STANDARD.encode("夜间入睡好") } }],
        }),
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = nursing(&world).await;
    assert!(sheet.complete(), "{:?}", sheet.sources);
    let kinds: Vec<NursingKind> = sheet.entries.iter().map(|one| one.fields.what).collect();
    use NursingKind::{Assessment, Note, Plan, VitalSign};
    assert_eq!(kinds, [Plan, Assessment, Assessment, Note, VitalSign, VitalSign]);
    let of = |text: &str| &sheet.entries.iter().find(|one| one.fact.code.text == text).expect(text).fields;
    let fever = of("体温");
    let value = fever.value.as_ref().expect("value");
    assert_eq!((value.text.as_str(), value.unit.as_deref(), value.ucum), ("38.5", Some("℃"), Some("Cel")));
    assert_eq!(fever.range.as_ref().map(|range| range.text.as_str()), Some("36.0–37.2"));
    assert_eq!((fever.flag.map(|flag| flag.code()), fever.how.as_slice()), (Some("H"), &["腋下".to_owned()][..]));
    assert_eq!((fever.by[0].words(), fever.remarks[0].as_str()), (Some("孙护士"), "已物理降温"));
    assert_eq!(of("皮肤").text.as_deref(), Some("完整"));
    assert_eq!(of("Morse 跌倒风险评分").value.as_ref().map(|value| value.text.as_str()), Some("45"));
    let pressure = of("血压");
    assert_eq!(pressure.value.as_ref().map(|value| value.text.as_str()), Some("128.0/77.0"), "as written");
    assert_eq!(pressure.components.len(), 2);
    let plan = of("慢性肾脏病护理计划");
    assert_eq!((plan.text.as_deref(), plan.by[0].words()), (Some("低盐饮食"), Some("孙护士")));
    assert_eq!((plan.goals.len(), plan.about.len()), (1, 1));
    let activity = &plan.activities[0];
    assert_eq!((activity.text.as_str(), activity.status.as_deref()), ("每日测血压", Some("in-progress")));
    assert_eq!(of("一般护理记录").notes.len(), 1);
    let clinician = staff("li.wei", "clinician");
    let json = world
        .charts
        .record_json(Reader::Staff(&clinician), world.person, ehr::Section::Nursing, &RecordQuery::default(), now())
        .await
        .expect("json");
    let json: Value = serde_json::from_str(&json).expect("json");
    let items = json["items"].as_array().expect("items");
    let value = items.iter().find(|item| item["code"]["text"] == "体温").expect("体温");
    assert_eq!(
        value.pointer("/fields/value"),
        Some(&json!({ "text": "38.5", "number": 38.5, "comparator": null, "unit": "℃" }))
    );
    assert_eq!(value.pointer("/fields/what"), Some(&json!("vital-sign")));
    assert_eq!(value.pointer("/fields/flag"), Some(&json!("H")));
}

#[tokio::test]
async fn the_same_measurement_is_one_row_and_another_value_stands_beside_it() {
    let one = Hospital::with([vital("a", "8310-5", "体温", MORNING, json!({ "value": 36.5, "unit": "℃" }))]);
    let same = Hospital::with([vital(
        "b",
        "8310-5",
        "腋温",
        "2026-11-17T23:00:00Z",
        json!({ "value": 36.50, "code": "Cel" }),
    )]);
    let other = Hospital::with([vital("c", "8310-5", "体温", MORNING, amount(37.9, "℃"))]);
    let world = World::new(&[one, same, other]).await;
    let sheet = nursing(&world).await;
    let told: Vec<_> = sheet.entries.iter().map(|one| (one.fact.origins.len(), one.fact.conflict.len())).collect();
    assert!(told.contains(&(2, 1)) && told.contains(&(1, 1)) && told.len() == 2, "{told:?}");
}

#[tokio::test]
async fn charts_hold_one_unit_and_count_what_they_leave_out() {
    let mut undated = vital("u", "8310-5", "体温", "2026-11", amount(39.9, "℃"));
    undated["effectiveDateTime"] = json!("2026-11");
    let mut cancelled = vital("k", "8310-5", "体温", "2026-11-17T07:00:00+08:00", amount(45.0, "℃"));
    cancelled["status"] = json!("cancelled");
    let hospital = Hospital::with([
        vital("t1", "8310-5", "体温", MORNING, amount(38.5, "℃")),
        vital("t2", "8310-5", "体温", EVENING, json!({ "value": 98.6, "unit": "°F", "code": "[degF]" })),
        vital("t3", "8310-5", "体温", "2026-11-19T07:00:00+08:00", amount(38.0, "个")),
        undated,
        cancelled,
        vital("w1", "29463-7", "体重", MORNING, amount(60.0, "kg")),
        pressure("b1", MORNING, amount(128.0, "mmHg"), amount(77.0, "mmHg")),
        pressure("b2", EVENING, amount(16.0, "kPa"), amount(10.0, "kPa")),
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = nursing(&world).await;
    let trends: Vec<_> = vital_trends(&all(&sheet)).into_iter().map(|one| one.trend).collect();
    let told: Vec<_> = trends.iter().map(|one| (one.key.as_str(), one.points.len(), one.not_plotted)).collect();
    assert_eq!(told, [("vital-temperature", 2, 2), ("vital-systolic", 2, 0), ("vital-diastolic", 2, 0)]);
    let temperature = &trends[0];
    let drawn: Vec<_> = temperature
        .points
        .iter()
        .map(|point| ((point.value * 10.0).round(), point.text.as_str(), point.converted))
        .collect();
    assert_eq!(
        drawn,
        [(385.0, "38.5", false), (370.0, "98.6 °F", true)],
        "converted, and the text as it was, in its own unit"
    );
    assert_eq!((trends[1].points[1].value.round(), trends[1].unit.as_str()), (120.0, "mmHg"));
}

#[tokio::test]
async fn intake_and_output_are_added_by_day_and_hospital() {
    let fluid = |id: &str, text: &str, at: &str, ml: f64| {
        let mut one = vital(id, "0-0", text, at, amount(ml, "mL"));
        one["code"] = json!({ "text": text });
        one
    };
    let one = Hospital::with([
        fluid("i1", "饮水量", MORNING, 300.0),
        fluid("i2", "输液量", EVENING, 500.0),
        fluid("o1", "尿量", EVENING, 650.0),
    ]);
    let other = Hospital::with([fluid("o2", "尿量", EVENING, 100.0)]);
    let world = World::new(&[one, other]).await;
    let days = balances(&all(&nursing(&world).await));
    let told: Vec<_> = days.iter().map(|day| (day.source.as_str(), day.intake, day.output, day.difference())).collect();
    assert_eq!(told, [("h0", Some(800.0), Some(650.0), Some(150.0)), ("h1", None, Some(100.0), None)]);
}

#[tokio::test]
async fn what_belongs_to_other_sections_is_not_here_and_what_nobody_classified_is() {
    let mut smoking = vital("h", "72166-2", "吸烟状况", MORNING, json!(null));
    smoking["category"] = json!([{ "coding": [{ "code": "social-history" }] }]);
    let mut bare = vital("b", "8867-4", "脉搏", MORNING, amount(76.0, "次/分"));
    bare["category"] = json!([]);
    let mut unknown = vital("u", "0-0", "无人认识", MORNING, json!(null));
    unknown["category"] = json!([]);
    let potassium = super::server::potassium("k", json!({ "reference": "Patient/p1" }), 5.4);
    let world = World::new(&[Hospital::with([smoking, bare, unknown, potassium])]).await;
    let sheet = nursing(&world).await;
    let told: Vec<_> = sheet.entries.iter().map(|one| (one.fact.code.text.as_str(), one.fields.what)).collect();
    assert_eq!(told, [("无人认识", NursingKind::Assessment), ("脉搏", NursingKind::VitalSign)]);
}

#[tokio::test]
async fn a_part_that_fails_is_named_by_itself() {
    for (kind, part) in
        [("Observation", Part::Findings), ("CarePlan", Part::CarePlans), ("DocumentReference", Part::Notes)]
    {
        let hospital = Hospital::with([vital("t", "8310-5", "体温", MORNING, amount(36.5, "℃"))]);
        hospital.fail(kind, Fault::Status(403));
        let world = World::new(&[hospital]).await;
        let sheet = nursing(&world).await;
        let silent: Vec<_> = sheet.silent.iter().map(|(part, silent)| (*part, silent.state)).collect();
        assert_eq!((silent, sheet.complete()), (vec![(part, SourceState::Refused)], false), "{kind}");
    }
}

#[tokio::test]
async fn a_patient_waits_a_day_for_findings_and_is_told_how_many() {
    let hospital = Hospital::with([
        vital("t1", "8310-5", "体温", MORNING, amount(36.5, "℃")),
        vital("t2", "8310-5", "体温", "2026-11-21T18:00:00+08:00", amount(36.6, "℃")),
        json!({ "resourceType": "CarePlan", "id": "c", "status": "draft", "title": "草案", "period": { "start": "2026-11-01" } }),
    ]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let sheet = world.charts.nursing(Reader::Patient(&own), world.person, &RecordQuery::default(), now()).await;
    let sheet = sheet.expect("nursing");
    assert_eq!(sheet.entries.len(), 1);
    let held: Vec<_> = sheet.held.iter().map(|held| (held.reason_key, held.count)).collect();
    assert_eq!(held, [("held-in-progress", 1), ("held-explained", 1)]);
}

#[tokio::test]
async fn a_course_of_years_ago_does_not_press_this_one_flat() {
    let at = |id: &str, at: &str| vital(id, "8310-5", "体温", at, amount(36.5, "℃"));
    let check = async |times: &[&str], expect: (usize, usize)| {
        let resources = times.iter().enumerate().map(|(nth, time)| at(&format!("t{nth}"), time));
        let world = World::new(&[Hospital::with(resources)]).await;
        let trends = vital_trends(&all(&nursing(&world).await));
        assert_eq!((trends[0].trend.points.len(), trends[0].earlier), expect, "{times:?}");
    };
    check(&["2021-06-19", "2021-06-20", "2026-03-11", "2026-03-12"], (2, 2)).await;
    check(&["2024-10-12", "2025-10-10", "2026-10-09"], (3, 0)).await;
    check(&["2021-06-19", "2026-03-11"], (2, 0)).await;
}
