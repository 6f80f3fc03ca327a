//! What is still being written, what names no visit and what is only suspected: a patient sees none of it, in whatever
//! section it stands, and is told how much there is.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{Reader, RecordQuery, Section};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Fault, Hospital, World, send};

/// Sections that show notes, with what a note of each is called.
const SECTIONS: [(Section, &str); 4] = [
    (Section::Inpatient, "病程记录"),
    (Section::Nursing, "一般护理记录"),
    (Section::Surgery, "手术记录"),
    (Section::FrontPage, "住院病案首页"),
];
/// In every text that must not be seen.
const CANARY: &str = "未定之言";

fn note(id: &str, title: &str, visit: Option<&str>, text: &str) -> Value {
    let mut note = send::note(id, visit, json!({ "contentType": "text/plain", "data": STANDARD.encode(text) }));
    note["type"] = json!({ "text": title });
    note
}

fn condition(id: &str, text: &str, verification: Option<&str>) -> Value {
    let status = verification.map(|code| json!({ "coding": [{ "code": code }] }));
    json!({
        "resourceType": "Condition", "id": id, "code": { "text": text }, "verificationStatus": status,
        "clinicalStatus": { "coding": [{ "code": "active" }] }, "encounter": { "reference": "Encounter/e1" },
    })
}

/// A stay `e1` of this status, with a note of every kind.
fn stay(status: Option<&str>) -> Hospital {
    let mut stay = send::visit("e1", "IMP", Some("2026-03-09T08:00:00+08:00"));
    stay["status"] = json!(status);
    let hospital = Hospital::with([stay]);
    for (nth, (_, title)) in SECTIONS.iter().enumerate() {
        hospital.add(note(&format!("n{nth}"), title, Some("e1"), CANARY));
    }
    hospital
}

async fn read(world: &World, section: Section) -> Value {
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let of = world.charts.record_json(Reader::Patient(&own), world.person, section, &query, now());
    serde_json::from_str(&of.await.expect("section")).expect("JSON")
}

fn held(of: &Value, reason: &str) -> u64 {
    let all = of["held"].as_array().into_iter().flatten();
    all.filter(|held| held["reason_key"] == reason).filter_map(|held| held["count"].as_u64()).sum()
}

/// Texts of notes as JSON has them.
fn shows(of: &Value) -> bool {
    of.to_string().contains(CANARY)
}

#[tokio::test]
async fn notes_of_a_stay_wait_until_it_is_finished_wherever_they_stand() {
    let open = ["planned", "arrived", "triaged", "in-progress", "onleave", "cancelled", "unknown"];
    for status in open.map(Some).into_iter().chain([None]) {
        let world = World::outside(&[stay(status)]).await;
        for (section, title) in SECTIONS {
            let of = read(&world, section).await;
            assert!(!shows(&of), "{} {status:?}: {of}", section.slug());
            assert!(!of["items"].to_string().contains(title), "{} {status:?}: its name tells", section.slug());
            assert!(held(&of, "held-in-progress") > 0, "{} {status:?}: not counted: {of}", section.slug());
            assert_eq!(of["complete"], true, "{} {status:?}", section.slug());
        }
    }
    let world = World::outside(&[stay(Some("finished"))]).await;
    for (section, _) in SECTIONS {
        let of = read(&world, section).await;
        assert!(shows(&of), "{}: what is over is shown: {of}", section.slug());
        assert_eq!(held(&of, "held-in-progress"), 0, "{}", section.slug());
    }
}

#[tokio::test]
async fn a_note_that_names_no_visit_that_came_is_not_shown() {
    for (section, title) in [(Section::Nursing, "一般护理记录"), (Section::Surgery, "手术记录")] {
        for visit in [None, Some("elsewhere")] {
            let world = World::outside(&[Hospital::with([note("n", title, visit, CANARY)])]).await;
            let of = read(&world, section).await;
            assert!(!shows(&of) && held(&of, "held-explained") == 1, "{} {visit:?}: {of}", section.slug());
        }
    }
    // Staff read it all the same, and nobody is asked for visits on their behalf.
    let hospital = Hospital::with([note("n", "一般护理记录", None, CANARY)]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    hospital.asked();
    let of = world.charts.nursing(Reader::Staff(&clinician), world.person, &query, now()).await.expect("nursing");
    assert_eq!((of.entries.len(), of.held.len()), (1, 0));
    assert!(!hospital.asked().iter().any(|path| path.starts_with("Encounter")));
}

#[tokio::test]
async fn visits_that_cannot_be_asked_for_release_nothing_and_leave_the_section_incomplete() {
    for section in [Section::Nursing, Section::Surgery] {
        for fault in [Fault::Status(403), Fault::Status(404), Fault::Status(500), Fault::Garbage, Fault::Nothing] {
            let hospital = stay(Some("finished"));
            hospital.fail("Encounter", fault);
            let of = read(&World::outside(&[hospital]).await, section).await;
            assert!(!shows(&of) && held(&of, "held-explained") == 1, "{} {fault:?}: {of}", section.slug());
            assert_eq!(of["complete"], false, "{} {fault:?}", section.slug());
        }
    }
}

#[tokio::test]
async fn a_suspected_diagnosis_is_not_beside_its_visit() {
    for (class, section) in [("IMP", Section::Inpatient), ("AMB", Section::Outpatient)] {
        for (verification, is_shown) in
            [(Some("provisional"), false), (Some("differential"), false), (Some("confirmed"), true), (None, true)]
        {
            let visit = send::visit("e1", class, Some("2026-03-09T08:00:00+08:00"));
            let world = World::outside(&[Hospital::with([visit, condition("k1", CANARY, verification)])]).await;
            let of = read(&world, section).await;
            assert_eq!(shows(&of), is_shown, "{verification:?} in {section:?}");
            assert_eq!(held(&of, "held-in-progress"), u64::from(!is_shown), "{verification:?} in {section:?}");
        }
    }
}

#[tokio::test]
async fn a_suspected_diagnosis_is_not_on_the_front_page_and_the_page_without_it_is() {
    for (verification, shown) in [
        (None, true),
        (Some("confirmed"), true),
        (Some("provisional"), false),
        (Some("differential"), false),
        (Some("unconfirmed"), false),
        (Some("presumed"), false),
        (Some("refuted"), false),
    ] {
        let hospital = stay(Some("finished"));
        hospital.add(condition("k1", "胆囊结石", Some("confirmed")));
        hospital.add(condition("k2", CANARY, verification));
        // The page itself says it, signed or not: only what is composed is looked at here.
        let world = World::outside(std::slice::from_ref(&hospital)).await;
        let of = read(&world, Section::FrontPage).await;
        let fields = &of["items"][0]["fields"];
        let diagnoses = [&fields["main_diagnosis"], &fields["other_diagnoses"]];
        let said = diagnoses.iter().any(|of| of.to_string().contains(CANARY));
        assert_eq!(said, shown, "{verification:?}: {of}");
        assert!(diagnoses.iter().any(|of| of.to_string().contains("胆囊结石")), "{verification:?}: {of}");
        // Staff see how certain it is.
        let inside = World::new(&[hospital]).await;
        let clinician = staff("li.wei", "clinician");
        let reader = Reader::Staff(&clinician);
        let page = inside.charts.front_page(reader, inside.person, &RecordQuery::default(), now()).await.expect("page");
        let mut certain = page.entries[0].fields.diagnoses().filter(|one| one.text == CANARY);
        let expect = verification.filter(|code| *code != "refuted").unwrap_or_default();
        assert_eq!(certain.next().map(|one| one.verification.as_str()).unwrap_or_default(), expect);
        let counted = if shown || verification == Some("refuted") { 0 } else { 1 };
        assert_eq!(held(&of, "held-in-progress"), counted, "{verification:?}: {of}");
    }
}

#[tokio::test]
async fn a_suspected_main_diagnosis_takes_its_state_at_admission_along_and_a_grave_one_the_whole_page() {
    let hospital = |text: &str| {
        let mut stay = send::visit("e1", "IMP", Some("2026-03-09T08:00:00+08:00"));
        stay["diagnosis"] = json!([{
            "condition": { "reference": "Condition/k1" }, "use": { "coding": [{ "code": "DD" }] }, "rank": 1,
            "extension": [{ "url": "urn:x:admission-state", "valueString": "临床未确定" }],
        }]);
        Hospital::with([stay, condition("k1", text, Some("provisional"))])
    };
    let of = read(&World::outside(&[hospital("胆囊癌?")]).await, Section::FrontPage).await;
    assert_eq!((of["items"].as_array().map(Vec::len), held(&of, "held-in-progress")), (Some(1), 1), "{of}");
    assert!(!of.to_string().contains("临床未确定") && !of.to_string().contains("胆囊癌"), "{of}");
    let of = read(&World::outside(&[hospital("HIV 感染?")]).await, Section::FrontPage).await;
    assert_eq!((of["items"].as_array().map(Vec::len), held(&of, "held-explained")), (Some(0), 1), "{of}");
}

#[tokio::test]
async fn a_stay_that_is_over_here_and_goes_on_there_is_two_pages_for_staff_and_none_for_the_patient() {
    let two = || [stay(Some("finished")), stay(Some("in-progress"))];
    let world = World::new(&two()).await;
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    let inside = world.charts.front_page(Reader::Staff(&clinician), world.person, &query, now()).await.expect("page");
    assert!(inside.entries.len() == 2 && inside.entries.iter().all(|one| one.fact.is_contradicted()));
    // send::visit names its hospital, so both mean one stay.
    let of = read(&World::outside(&two()).await, Section::FrontPage).await;
    assert_eq!(of["items"], json!([]), "{of}");
    assert!(held(&of, "held-in-progress") + held(&of, "held-explained") >= 2, "{of}");
}
