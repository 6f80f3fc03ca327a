//! The order in which hospitals answer, and in which their pages come, never shows: in no section.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{Reader, RecordQuery, Section};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use super::every_section::{TYPES, said};
use super::region::{now, staff};
use super::world::{Hospital, World};

const HOSPITALS: usize = 4;

/// One resource: type, words, time, value, what is odd about it.
type Sent = (usize, usize, usize, usize, usize);

/// The same facts again and again, said alike, said otherwise, undated and withdrawn.
fn resource(hospital: usize, nth: usize, (kind, words, time, value, odd): Sent) -> Value {
    let (kind, status) = TYPES[kind % TYPES.len()];
    let id = format!("x{hospital}-{nth}");
    let words = ["甲", "乙", "丙"][words % 3];
    let mut one = said(kind, if odd == 1 { "entered-in-error" } else { status }, &id, words);
    let times =
        ["2026-11-20T08:10:00+08:00", "2026-11-20T00:10:00Z", "2026-11-20", "2026-10", "2025-01-02T03:04:05+08:00"];
    let at = times[time % times.len()];
    let text = one.to_string().replace("2026-11-20T08:10:00+08:00", at);
    one = serde_json::from_str(&text).expect("JSON");
    if odd == 2 {
        for name in
            ["period", "onsetDateTime", "authoredOn", "authored", "dateTime", "occurrenceDateTime", "date", "issued"]
        {
            one.as_object_mut().expect("object").remove(name);
        }
    }
    one["valueString"] = json!(null);
    one["valueQuantity"] = json!({ "value": ([4.1, 4.10, 5.5][value % 3]), "unit": "mmol/L" });
    one["outcome"] = json!({ "text": (["好", "好", "差"][value % 3]) });
    one["note"] = json!([{ "text": format!("附言{value}") }]);
    one["serviceProvider"] = json!({ "display": "市一院" });
    if odd == 3 {
        one["encounter"] = json!({ "reference": format!("Encounter/x{hospital}-0") });
        one["context"] = match kind {
            "DocumentReference" => json!({ "encounter": [one["encounter"]] }),
            _ => one["encounter"].clone(),
        };
    }
    if kind == "DocumentReference" {
        one["content"] =
            json!([{ "attachment": attachment(hospital, value) }, { "attachment": attachment(hospital, time) }]);
        // Of another, of itself, of none, in circles.
        let target = format!("DocumentReference/x{hospital}-{}", (nth * 7 + value) % 12);
        let code = ["replaces", "appends", "signs"][words.len() % 3];
        one["relatesTo"] = json!([{ "code": code, "target": { "reference": target } }]);
        if value == 2 {
            one["category"] = json!([]);
            one["type"] = json!({ "text": (["门诊病历", "护理记录", "手术记录"][time % 3]) });
        }
    }
    if kind == "ServiceRequest" {
        one["replaces"] = json!([{ "reference": format!("ServiceRequest/x{hospital}-{}", (nth * 5 + value) % 12) }]);
    }
    if kind == "Observation" && words == "甲" {
        one["code"]["coding"] = json!([{ "system": "http://loinc.org", "code": "2823-3" }]);
    }
    one
}

/// A note as text, as HTML that comes along, or as HTML that is a file: some of it unsound.
fn attachment(hospital: usize, which: usize) -> Value {
    let html = [
        "<p>病情<b>好转</b></p><ul><li>复查</li></ul>",
        "<div>主诉<script>1</script><br>咳嗽",
        "<h1>病程</h1><table><tr><td>1",
    ];
    match which % 4 {
        0 => json!({ "contentType": "text/plain", "data": "5Yid6K+K" }),
        3 => json!({ "contentType": "text/html", "url": format!("Binary/x{hospital}-html") }),
        nth => json!({ "contentType": "text/html", "data": STANDARD.encode(html[nth % html.len()]) }),
    }
}

#[test]
fn answers_and_pages_in_any_order_are_one_view() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let hospitals: Vec<Hospital> = (0..HOSPITALS).map(|_| Hospital::default()).collect();
    let world = runtime.block_on(World::new(&hospitals));
    hospitals.iter().for_each(|hospital| hospital.pages_of(3));
    let sent = (0..TYPES.len(), 0..3_usize, 0..5_usize, 0..3_usize, 0..8_usize);
    let each = prop::collection::vec(prop::collection::vec(sent, 0..60), HOSPITALS);
    let config = Config { cases: 8, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let run = TestRunner::new(config).run(&(each, any::<u64>(), any::<u64>()), |(each, one, other)| {
        for (hospital, sent) in each.iter().enumerate() {
            let visit = said("Encounter", "finished", &format!("x{hospital}-0"), "甲");
            let sent = sent.iter().enumerate().map(|(nth, sent)| resource(hospital, nth + 1, *sent));
            let file = json!({
                "resourceType": "Binary", "id": format!("x{hospital}-html"), "contentType": "text/html",
                "data": STANDARD.encode("<h2>会诊</h2><p>同意<i>手术</i></p>"),
            });
            hospitals[hospital].replace([visit, file].into_iter().chain(sent));
        }
        for section in Section::ALL {
            let mut views = Vec::new();
            for dice in [one, other] {
                for (nth, hospital) in hospitals.iter().enumerate() {
                    hospital.shuffle(dice.wrapping_add(nth as u64));
                }
                views.push(runtime.block_on(view(&world, section)));
            }
            if views[0] != views[1] {
                let at = views[0].bytes().zip(views[1].bytes()).take_while(|(one, other)| one == other).count();
                let around = |text: &str| text.chars().skip(at.saturating_sub(400)).take(700).collect::<String>();
                let told = format!("{}:\n{}\n{}", section.slug(), around(&views[0]), around(&views[1]));
                return Err(TestCaseError::fail(told));
            }
            prop_assert!(!views[0].contains("entered-in-error"), "{}", section.slug());
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

async fn view(world: &World, section: Section) -> String {
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    world.charts.record_json(reader, world.person, section, &RecordQuery::default(), now()).await.expect("section")
}
