//! The summary tells the truth: what is known, what contradicts, and who has not answered.

use access::PersonId;
use ehr::{AllergyState, Part, Reader, RecordQuery, SourceState, Summary};
use serde_json::{Value, json};

use super::region::{audited, now, patient, staff};
use super::server::potassium;
use super::world::{FAULTS, FOREIGN_WORDS, Fault, Hospital, KINDS, World, send};

async fn summary(world: &World) -> Summary {
    let clinician = staff("li.wei", "clinician");
    world.charts.summary(Reader::Staff(&clinician), world.person, now()).await.expect("summary")
}

fn json_of(person: PersonId, summary: &Summary) -> Value {
    serde_json::to_value(ehr::json::summary(person, summary)).expect("json")
}

async fn state(hospitals: [Hospital; 2]) -> AllergyState {
    let world = World::new(&hospitals).await;
    let clinician = staff("li.wei", "clinician");
    let summary = summary(&world).await;
    let banner = world.charts.banner(Reader::Staff(&clinician), world.person, now()).await.expect("banner");
    assert_eq!(banner.allergies, summary.allergies, "the banner says what the summary says");
    summary.allergies.state
}

#[tokio::test]
async fn allergies_are_in_one_of_five_states() {
    let silent = || {
        let hospital = Hospital::default();
        hospital.fail("AllergyIntolerance", Fault::Status(500));
        hospital
    };
    let allergic = || Hospital::with([send::allergy("a", "青霉素")]);
    let none = || Hospital::with([send::none_known("n")]);
    let nothing = Hospital::default;
    assert_eq!(state([allergic(), nothing()]).await, AllergyState::Known);
    assert_eq!(state([allergic(), silent()]).await, AllergyState::KnownIncomplete);
    assert_eq!(state([none(), none()]).await, AllergyState::NoneKnown);
    assert_eq!(state([none(), nothing()]).await, AllergyState::NotRecorded);
    assert_eq!(state([nothing(), nothing()]).await, AllergyState::NotRecorded);
    assert_eq!(state([none(), silent()]).await, AllergyState::Unavailable);
    assert_eq!(state([silent(), silent()]).await, AllergyState::Unavailable);
    // A statement about medicines is not one about everything.
    let medication = Hospital::with([json!({
        "resourceType": "AllergyIntolerance", "id": "m", "code": { "text": "否认药物过敏史" },
    })]);
    assert_eq!(state([none(), medication]).await, AllergyState::NotRecorded);
}

#[tokio::test]
async fn a_banner_that_did_not_ask_says_so_and_every_asking_is_audited() {
    let world = World::new(&[Hospital::with([send::allergy("a", "青霉素")])]).await;
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    let plain = world.charts.plain_banner(reader, world.person, now()).await.expect("banner");
    assert_eq!(plain.allergies.state, AllergyState::Asking);
    let before = audited(&world.db).await.len();
    let (page, banner) = tokio::join!(
        world.charts.demographics(reader, world.person, now()),
        world.charts.banner(reader, world.person, now()),
    );
    assert_eq!(page.expect("demographics").items.len(), 1);
    assert_eq!(banner.expect("banner").allergies.items[0].fact.code.text, "青霉素");
    let told = audited(&world.db).await.split_off(before);
    let of = |action: &str| told.iter().filter(|(own, _)| own == action).count();
    assert_eq!((of("record.read.intent"), of("record.read.outcome")), (2, 2), "{told:?}");
}

#[tokio::test]
async fn the_same_fact_is_one_row_and_contradicting_ones_stand_side_by_side() {
    let one = Hospital::with([
        send::allergy("a1", "青霉素"),
        send::problem("c1", "I10", "高血压", "active", Some("2014-11")),
        send::problem("c2", "E11.9", "2型糖尿病", "active", Some("2016-05")),
        send::problem("c3", "J06.9", "上呼吸道感染", "active", Some("2026-11-01")),
        send::medicine("m1", "active", "80", Some("2026-11-20")),
        send::medicine("m0", "completed", "160", Some("2026-05-20")),
    ]);
    let mut over = send::problem("d3", "J06.9", "上感", "resolved", Some("2020-01-01"));
    over["abatementDateTime"] = json!("2020-01-09");
    let other = Hospital::with([
        send::none_known("n1"),
        send::problem("d1", "I10", "高血压病", "active", Some("2014-11")),
        send::problem("d2", "E11.9", "糖尿病", "resolved", None),
        over,
        send::medicine("m2", "active", "40", Some("2026-10-01")),
    ]);
    let world = World::new(&[one, other]).await;
    let summary = summary(&world).await;
    assert!(summary.complete(), "{:?}", summary.sources);
    assert_eq!(summary.allergies.state, AllergyState::Known);
    let (allergy, statement) = (&summary.allergies.items[0].fact, &summary.allergies.none_known[0].fact);
    assert_eq!(
        (allergy.conflict.as_slice(), statement.conflict.as_slice()),
        (&[statement.id.clone()][..], &[allergy.id.clone()][..])
    );

    let active = |text: &str| summary.problems.items.iter().find(|problem| problem.fact.code.text == text).expect(text);
    assert_eq!(active("高血压").fact.origins.len(), 2, "one row of two hospitals");
    assert_eq!(active("2型糖尿病").fact.conflict.len(), 1, "active here, resolved there");
    assert!(active("上呼吸道感染").fact.conflict.is_empty(), "an episode that ended before is none");
    assert_eq!((summary.problems.items.len(), summary.problems.past.len()), (3, 2));

    assert_eq!(summary.medicines.items.len(), 2, "two doses, two rows: {:?}", summary.medicines.items);
    assert!(summary.medicines.items.iter().all(|medicine| medicine.fact.conflict.len() == 1));
    let newest = &summary.medicines.items[0];
    assert_eq!((newest.dose.as_deref(), newest.dose_changed, newest.earlier.len()), (Some("80 mg"), true, 1));
    assert_eq!(newest.earlier[0].text, "160 mg · 每日一次");
    assert_eq!(newest.since.as_ref().map(|time| time.as_str()), Some("2026-05-20"));
}

#[tokio::test]
async fn a_medicine_current_here_and_stopped_there_is_a_conflict_unless_it_was_stopped_before() {
    let check = async |changed: &str, conflicts: usize| {
        let mut stopped = send::medicine("s", "stopped", "80", Some("2019-01-01"));
        stopped["meta"] = json!({ "lastUpdated": changed });
        let current = send::medicine("m", "active", "80", Some("2026-01-01"));
        let world = World::new(&[Hospital::with([current]), Hospital::with([stopped])]).await;
        let summary = summary(&world).await;
        assert_eq!((summary.medicines.items.len(), summary.medicines.past.len()), (1, 1));
        assert_eq!(summary.medicines.items[0].fact.conflict.len(), conflicts, "changed {changed}");
        assert_eq!(summary.medicines.past[0].fact.conflict.len(), conflicts, "changed {changed}");
    };
    check("2026-06-01T00:00:00Z", 1).await;
    check("2020-06-01T00:00:00Z", 0).await;
}

#[tokio::test]
async fn withdrawn_statements_never_count_and_refuted_ones_are_visible() {
    let status = |mut resource: Value, name: &str, code: &str| {
        resource[name] = json!({ "coding": [{ "code": code }] });
        resource
    };
    let mut withdrawn = send::medicine("m", "entered-in-error", "80", None);
    withdrawn["dosageInstruction"] = json!([]);
    let world = World::new(&[Hospital::with([
        status(send::allergy("a", "头孢"), "verificationStatus", "entered-in-error"),
        status(send::allergy("b", "磺胺"), "verificationStatus", "refuted"),
        status(send::problem("c", "I10", "高血压", "active", None), "verificationStatus", "entered-in-error"),
        status(send::problem("d", "E11", "糖尿病", "active", None), "verificationStatus", "refuted"),
        withdrawn,
        json!({ "resourceType": "Immunization", "id": "i", "status": "not-done", "vaccineCode": { "text": "流感疫苗" } }),
    ])])
    .await;
    let summary = summary(&world).await;
    assert_eq!((summary.allergies.items.len(), summary.allergies.past[0].verification.as_str()), (0, "refuted"));
    assert_eq!(summary.allergies.state, AllergyState::NotRecorded);
    assert_eq!((summary.problems.items.len(), summary.problems.past.len()), (0, 1));
    assert_eq!((summary.medicines.items.len(), summary.medicines.past.len()), (0, 0));
    assert_eq!((summary.immunizations.items.len(), summary.immunizations.past.len()), (0, 1));
}

#[tokio::test]
async fn an_empty_filtered_answer_is_asked_again_and_remembered() {
    let mut unclassified = potassium("o1", json!({ "reference": "Patient/p1" }), 4.2);
    unclassified["category"] = json!([]);
    let hospital = Hospital::with([unclassified]);
    hospital.ignore_categories();
    let world = World::new(std::slice::from_ref(&hospital)).await;
    hospital.asked();
    let searches = || hospital.asked().into_iter().filter(|path| path.starts_with("Observation")).count();
    assert_eq!(summary(&world).await.results.items.len(), 1);
    assert_eq!(searches(), 2, "filtered, then by patient only");
    assert_eq!(summary(&world).await.results.items.len(), 1);
    assert_eq!(searches(), 1, "the hospital has shown that it leaves the category empty");
}

#[tokio::test]
async fn medicines_that_are_named_elsewhere_are_fetched() {
    let mut by_reference = send::medicine("m", "active", "80", Some("2026-01-01"));
    by_reference.as_object_mut().expect("object").remove("medicationCodeableConcept");
    by_reference["medicationReference"] = json!({ "reference": "Medication/x" });
    let mut contained = by_reference.clone();
    contained["id"] = json!("n");
    contained["medicationReference"] = json!({ "reference": "#k" });
    contained["contained"] = json!([{ "resourceType": "Medication", "id": "k", "code": { "text": "氨氯地平片" } }]);
    let medication = json!({ "resourceType": "Medication", "id": "x", "code": { "text": "达格列净片" } });
    let hospital = Hospital::with([by_reference, contained, medication]);
    let world = World::new(&[hospital]).await;
    let summary = summary(&world).await;
    let names: Vec<&str> = summary.medicines.items.iter().map(|medicine| medicine.fact.code.text.as_str()).collect();
    assert_eq!(names, ["氨氯地平片", "达格列净片"]);
    assert!(summary.medicines.complete());
}

fn everything(nth: usize) -> Hospital {
    Hospital::with([
        send::none_known(&format!("n{nth}")),
        send::problem(&format!("c{nth}"), "I10", "高血压", "active", Some("2014-11")),
        send::medicine(&format!("m{nth}"), "active", "80", Some("2026-11-20")),
        json!({ "resourceType": "Immunization", "id": format!("i{nth}"), "status": "completed", "vaccineCode": { "text": "流感疫苗" }, "occurrenceDateTime": "2026-10-01" }),
        json!({ "resourceType": "Procedure", "id": format!("p{nth}"), "status": "completed", "code": { "text": "冠状动脉造影" }, "performedDateTime": "2025-03-01" }),
        json!({ "resourceType": "Device", "id": format!("d{nth}"), "status": "active", "type": { "text": "起搏器" } }),
        send::visit(&format!("e{nth}"), "AMB", Some("2026-11-20T08:00:00+08:00")),
        potassium(&format!("o{nth}"), json!({ "reference": "Patient/p1" }), 5.4),
        json!({ "resourceType": "DiagnosticReport", "id": format!("r{nth}"), "status": "final", "code": { "text": "肾脏超声" }, "category": [{ "text": "US" }], "effectiveDateTime": "2026-11-20" }),
    ])
}

/// Is this part asked by searches of this type?
fn asks(part: Part, kind: &str) -> bool {
    matches!(
        (part, kind),
        (Part::Allergies, "AllergyIntolerance")
            | (Part::Problems, "Condition")
            | (Part::Medicines, "MedicationRequest")
            | (Part::Immunizations, "Immunization")
            | (Part::Procedures, "Procedure")
            | (Part::Devices, "Device")
            | (Part::Encounters, "Encounter")
            | (Part::Results, "Observation")
            | (Part::Reports, "DiagnosticReport")
    )
}

/// The parts of a summary: whether each is complete, and whether it has anything.
fn parts(summary: &Summary) -> [(Part, bool, bool); 9] {
    let allergies = &summary.allergies;
    [
        (Part::Allergies, allergies.silent.is_empty(), !allergies.none_known.is_empty()),
        (Part::Problems, summary.problems.complete(), !summary.problems.is_empty()),
        (Part::Medicines, summary.medicines.complete(), !summary.medicines.is_empty()),
        (Part::Immunizations, summary.immunizations.complete(), !summary.immunizations.is_empty()),
        (Part::Procedures, summary.procedures.complete(), !summary.procedures.is_empty()),
        (Part::Devices, summary.devices.complete(), !summary.devices.is_empty()),
        (Part::Results, summary.results.complete(), !summary.results.is_empty()),
        (Part::Encounters, summary.encounters.complete(), !summary.encounters.is_empty()),
        (Part::Reports, summary.reports.complete(), !summary.reports.is_empty()),
    ]
}

#[tokio::test]
async fn no_fault_of_any_query_makes_a_false_none_or_mixes_people() {
    let hospitals = [everything(0), everything(1)];
    let world = World::new(&hospitals).await;
    let whole = summary(&world).await;
    assert!(whole.complete(), "{:?}", whole.sources);
    assert!(parts(&whole).iter().all(|(_, complete, some)| *complete && *some), "{:?}", parts(&whole));
    assert_eq!(whole.allergies.state, AllergyState::NoneKnown);
    let mut dice = 20_261_121_u64;
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % sides
    };
    for round in 0..60 {
        let mut failed: Vec<(usize, &str, Fault)> = Vec::new();
        hospitals.iter().for_each(Hospital::heal);
        // One at first, so that every type and fault has its turn; then several at once.
        for _ in 0..=(round / 20) * 2 {
            let one = (roll(2), KINDS[roll(9)], FAULTS[roll(FAULTS.len())]);
            hospitals[one.0].fail(one.1, one.2);
            failed.retain(|known| (known.0, known.1) != (one.0, one.1));
            failed.push(one);
        }
        let summary = summary(&world).await;
        for (part, complete, some) in parts(&summary) {
            let broken: Vec<_> = failed.iter().filter(|(_, kind, _)| asks(part, kind)).collect();
            // Names of reports come beside results, and a hospital without them lacks nothing.
            let beside = part == Part::Results && failed.iter().any(|(_, kind, _)| *kind == "DiagnosticReport");
            assert!(broken.is_empty() || !complete, "{part:?} calls itself complete: {failed:?}");
            assert!(!broken.is_empty() || beside || complete, "{part:?} is complete: {failed:?}");
            let silenced = broken.iter().filter(|(_, _, fault)| !matches!(fault, Fault::Foreign | Fault::NextFails));
            assert!(some || silenced.count() == 2, "{part:?} has lost what was answered: {failed:?}");
        }
        for (at, report) in summary.sources.iter().enumerate() {
            let of_source: Vec<_> = failed.iter().filter(|(source, ..)| *source == at).collect();
            let named = of_source.iter().all(|(_, kind, _)| {
                report.parts.iter().any(|part| asks(part.part, kind) && part.state != SourceState::Answered)
            });
            assert_eq!(report.state == SourceState::Answered, of_source.is_empty(), "{report:?} {failed:?}");
            assert!(named, "every part that failed is named: {report:?} {failed:?}");
        }
        let allergies = failed.iter().any(|(_, kind, _)| *kind == "AllergyIntolerance");
        let expect = if allergies { AllergyState::Unavailable } else { AllergyState::NoneKnown };
        assert_eq!(summary.allergies.state, expect, "{failed:?}");
        assert!(!json_of(world.person, &summary).to_string().contains(FOREIGN_WORDS), "{failed:?}");
    }
}

#[tokio::test]
async fn a_record_that_became_somebody_elses_is_not_shown_at_all() {
    let hospitals = [Hospital::with([send::allergy("a", "青霉素")]), Hospital::with([send::allergy("b", "头孢")])];
    let world = World::new(&hospitals).await;
    hospitals[0].become_somebody_else();
    let summary = summary(&world).await;
    let shown: Vec<&str> = summary.allergies.items.iter().map(|allergy| allergy.fact.code.text.as_str()).collect();
    assert_eq!((shown, summary.allergies.state), (vec!["头孢"], AllergyState::KnownIncomplete));
    assert!(summary.sources[0].dropped > 0);
    let clinician = staff("li.wei", "clinician");
    let banner = world.charts.banner(Reader::Staff(&clinician), world.person, now()).await.expect("banner");
    assert_eq!(banner.allergies, summary.allergies);
}

#[tokio::test]
async fn newest_results_carry_trend_flag_and_what_contradicts_them() {
    let mut earlier = potassium("o1", json!({ "reference": "Patient/p1" }), 6.3);
    earlier["effectiveDateTime"] = json!("2026-08-02T08:00:00+08:00");
    earlier["interpretation"] = json!([{ "coding": [{ "code": "HH" }] }]);
    let mut old = potassium("o0", json!({ "reference": "Patient/p1" }), 4.0);
    old["effectiveDateTime"] = json!("2024-08-02T08:00:00+08:00");
    let newest = potassium("o2", json!({ "reference": "Patient/p1" }), 5.4);
    let other = potassium("o3", json!({ "reference": "Patient/p1" }), 5.9);
    let world = World::new(&[Hospital::with([earlier, old, newest]), Hospital::with([other])]).await;
    let summary = summary(&world).await;
    let [row] = summary.results.items.as_slice() else { panic!("{:?}", summary.results.items) };
    let text = |result: &ehr::labs::LabResult| result.value.as_ref().map(|value| value.text.clone());
    assert_eq!((text(&row.newest).as_deref(), row.contradicting.len()), (Some("5.4"), 1));
    assert_eq!(row.previous.as_ref().and_then(text).as_deref(), Some("6.3"));
    assert_eq!(row.critical.as_ref().and_then(text).as_deref(), Some("6.3"));
    assert_eq!(row.trend.as_ref().map(|trend| trend.points.len()), Some(3), "of the last twelve months");
}

#[tokio::test]
async fn a_patient_sees_what_the_policy_releases_and_filters_tell_no_more() {
    let hospital = Hospital::with([
        send::allergy("a", "青霉素"),
        send::problem("c1", "I10", "高血压", "active", Some("2014-11")),
        send::problem("c2", "B20", "免疫缺陷病", "active", Some("2026-11-10")),
    ]);
    let world = World::outside(&[hospital, Hospital::default()]).await;
    let own = patient(Some(world.person));
    let ask = async |since: Option<&str>, source: Option<&str>| {
        let query = RecordQuery::from_texts(since.map(str::to_owned), None, source.map(str::to_owned)).expect("dates");
        let read = world.charts.summary_within(Reader::Patient(&own), world.person, &query, now()).await;
        read.expect("summary")
    };
    let all = ask(None, None).await;
    assert_eq!((all.problems.items.len(), all.held.iter().map(|held| held.count).sum::<usize>()), (1, 1));
    assert_eq!(all.allergies.state, AllergyState::Known);
    assert_eq!(all.sources[0].entries, 2, "what is held is not counted where it is");
    assert!(!json_of(world.person, &all).to_string().contains("B20"));
    // Neither a day nor a hospital can be found out by asking narrowly.
    assert_eq!(ask(Some("2026-11-01"), None).await.held, all.held);
    assert_eq!(ask(Some("2026-11-15"), None).await.held, all.held);
    assert!(ask(None, Some("h0")).await.held.is_empty());
    assert!(ask(None, Some("h1")).await.held.is_empty());
}

#[tokio::test]
async fn an_analyte_in_two_units_has_one_newest_result() {
    let of = |id: &str, at: &str, unit: &str, value: f64| {
        let mut one = potassium(id, json!({ "reference": "Patient/p1" }), value);
        one["effectiveDateTime"] = json!(at);
        one["valueQuantity"] =
            json!({ "value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org" });
        one
    };
    let older = of("o1", "2026-10-17T08:00:00+08:00", "mmol/L", 5.1);
    let newer = of("o2", "2026-11-20T08:00:00+08:00", "meq/L", 5.2);
    let world = World::new(&[Hospital::with([older]), Hospital::with([newer])]).await;
    let results = summary(&world).await.results.items;
    let said: Vec<_> = results.iter().map(|one| one.newest.origins[0].resource.as_str()).collect();
    assert_eq!(said, ["Observation/o2"], "{results:?}");
    assert_eq!(results[0].previous.as_ref().map(|one| one.id.as_str()), Some("h0.o1"), "{results:?}");
}
