//! Where a value comes from, and why its reader sees it: of everything a section names, and of nothing else.

use access::{Domain, PersonId};
use ehr::{
    Charts, EhrError, ExplainedOrigin, OriginAddress, Reader, RecordQuery, Section, SourceJson, TreatmentRelation,
};
use serde_json::{Value, json};

use super::every_section::hospital as everything;
use super::region::{audited, charts_with, now, patient, staff};
use super::server::{Reply, bundle, potassium, serve_replies, yulan};
use super::world::{Fault, Hospital, World};

fn at(source: &str, resource: &str) -> OriginAddress {
    OriginAddress { source: source.into(), resource: resource.into() }
}

async fn explain(world: &World, section: Section, of: &OriginAddress, json: bool) -> Result<ExplainedOrigin, EhrError> {
    world.charts.origin(Reader::Staff(&staff("li.wei", "clinician")), world.person, section, of, json, now()).await
}

fn own() -> Value {
    json!({ "reference": "Patient/p1" })
}

/// Every original that stands anywhere in a section's JSON.
fn named(value: &Value, all: &mut Vec<OriginAddress>) {
    match value {
        Value::Object(members) => {
            if let (Some(source), Some(resource)) = (value["source"].as_str(), value["resource"].as_str()) {
                all.push(at(source, resource));
            }
            members.values().for_each(|member| named(member, all));
        }
        Value::Array(values) => values.iter().for_each(|value| named(value, all)),
        _ => {}
    }
}

async fn origins(charts: &Charts, reader: Reader<'_>, person: PersonId, section: Section) -> Vec<OriginAddress> {
    let told = charts.record_json(reader, person, section, &RecordQuery::default(), now()).await.expect("section");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let mut all = Vec::new();
    named(&told["items"], &mut all);
    all
}

#[tokio::test]
async fn every_original_of_every_section_is_explained_with_its_own_json() {
    let world = World::new(&[everything("a"), everything("b")]).await;
    let clinician = staff("li.wei", "clinician");
    let mut explained = 0;
    for section in Section::ALL {
        let all = origins(&world.charts, Reader::Staff(&clinician), world.person, section).await;
        assert!(!all.is_empty(), "{section:?} names nothing");
        for address in all {
            let of = explain(&world, section, &address, true).await;
            let of = of.unwrap_or_else(|error| panic!("{section:?} {address:?}: {error}"));
            assert_eq!((&of.origin.source, &of.origin.resource), (&address.source, &address.resource));
            assert!(
                of.others.iter().all(|other| (&other.source, &other.resource) != (&address.source, &address.resource))
            );
            assert!(
                of.because
                    .steps
                    .iter()
                    .any(|step| step.path.last().is_some_and(|to| to.as_str().ends_with(section.slug())))
            );
            let (kind, id) = address.resource.split_once('/').expect("type and id");
            let Some(SourceJson::Text(json)) = of.json else { panic!("{section:?} {address:?}: {:?}", of.json) };
            let json: Value = serde_json::from_str(&json.text).expect("JSON");
            assert_eq!((json["resourceType"].as_str(), json["id"].as_str()), (Some(kind), Some(id)));
            explained += 1;
        }
    }
    assert!(explained > 50, "{explained}");
}

#[tokio::test]
async fn what_the_section_does_not_name_is_not_there() {
    let world = World::new(&[everything("a"), Hospital::with([potassium("k9", own(), 5.0)])]).await;
    for (section, source, resource) in [
        (Section::LabResults, "h0", "Observation/nothing"),
        (Section::LabResults, "h0", "Observation"),
        (Section::LabResults, "h0", ""),
        (Section::LabResults, "h0", "../Patient/p1"),
        (Section::LabResults, "h0", "Observation/k9"),
        (Section::LabResults, "nowhere", "Observation/k9"),
        (Section::Orders, "h1", "Observation/k9"),
        (Section::Orders, "h1", "Patient/p1"),
    ] {
        for json in [false, true] {
            let of = explain(&world, section, &at(source, resource), json).await;
            assert!(matches!(of, Err(EhrError::NotFound)), "{section:?} {source} {resource}: {of:?}");
        }
    }
    assert!(explain(&world, Section::LabResults, &at("h1", "Observation/k9"), false).await.is_ok());
}

#[tokio::test]
async fn the_same_value_of_two_hospitals_names_the_other_and_says_how_it_was_asked() {
    let world = World::new(&[
        Hospital::with([potassium("k1", own(), 5.4)]),
        Hospital::with([potassium("k2", own(), 5.4), potassium("k3", own(), 6.1)]),
    ])
    .await;
    let of = explain(&world, Section::LabResults, &at("h1", "Observation/k2"), false).await.expect("explained");
    let others: Vec<_> = of.others.iter().map(|other| (other.source.as_str(), other.resource.as_str())).collect();
    assert_eq!(others, [("h0", "Observation/k1")]);
    assert_eq!((of.item.text.as_deref(), of.item.conflicts), (Some("钾"), 1));
    assert!(of.item.value.as_deref().is_some_and(|value| value.starts_with("5.4")), "{:?}", of.item);
    assert_eq!(of.asked.as_deref(), Some("Observation?patient=…&category=laboratory"));
    assert_eq!((of.because.relation, of.because.released, of.json), ("no-treatment-relation-advisory", false, None));
    let ledger = of.sources.iter().find(|report| report.id == "h1").expect("ledger");
    assert!(ledger.queries > 0 && ledger.entries > 0, "{ledger:?}");
}

#[tokio::test]
async fn the_hospitals_json_is_for_those_who_may_and_numbers_of_people_are_covered() {
    let mut result = potassium("k1", own(), 5.4);
    result["note"] = json!([{ "text": "999009196403180328 <script>" }]);
    let hospital = Hospital::with([result]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    let of = at("h0", "Observation/k1");
    let before = audited(&world.db).await.len();
    let shown = explain(&world, Section::LabResults, &of, true).await.expect("explained");
    let Some(SourceJson::Text(json)) = shown.json else { panic!("{:?}", shown.json) };
    assert!(json.masked && json.text.contains("<script>") && !json.text.contains("999009196403180328"), "{json:?}");
    let registered = explain(&world, Section::Demographics, &at("h0", "Patient/p1"), true).await.expect("explained");
    let Some(SourceJson::Text(json)) = registered.json else { panic!("{:?}", registered.json) };
    assert!(json.masked && !json.text.contains("999009196403180328") && !json.text.contains("13812345678"), "{json:?}");

    let nurse = staff("wang.fang", "nurse");
    let refused = world.charts.origin(Reader::Staff(&nurse), world.person, Section::LabResults, &of, true, now()).await;
    assert!(matches!(refused, Err(EhrError::NotFound)), "{refused:?}");
    let plain = world.charts.origin(Reader::Staff(&nurse), world.person, Section::LabResults, &of, false, now()).await;
    assert!(plain.is_ok_and(|of| !of.because.may_read_json && of.json.is_none()));
    let rows = audited(&world.db).await.split_off(before);
    let rows: Vec<_> = rows.iter().map(|(action, outcome)| (action.as_str(), outcome.as_str())).collect();
    let read = [
        ("record.read.intent", "intent"),
        ("record.read.intent", "intent"),
        ("record.read.outcome", "ok"),
        ("record.read.outcome", "ok"),
    ];
    let expect: Vec<_> = read.into_iter().chain(read).chain([("record.read.refused", "refused")]).chain(read).collect();
    // Looking at a registration also tells the index, and that writes rows of its own.
    let rows: Vec<_> = rows.into_iter().filter(|(action, _)| action.starts_with("record.")).collect();
    assert_eq!(rows, expect);

    hospital.fail_reads("Observation", Fault::Status(500));
    let silent = explain(&world, Section::LabResults, &of, true).await.expect("explained");
    assert_eq!(silent.json, Some(SourceJson::Missing("why-status")));
}

#[tokio::test]
async fn a_hospital_that_reads_out_another_patients_resource_is_not_shown() {
    let server = serve_replies(|path, _| match path.split('?').next().unwrap_or_default() {
        "Patient" => Reply::Json(bundle([yulan("p1")])),
        "Patient/p1" => Reply::Json(yulan("p1")),
        "Observation" => Reply::Json(bundle([potassium("k1", own(), 5.4), potassium("k2", own(), 4.4)])),
        "Observation/k1" => Reply::Json(potassium("k1", json!({ "reference": "Patient/p2" }), 7.7)),
        // Another resource than was asked for.
        "Observation/k2" => Reply::Json(potassium("k1", own(), 5.4)),
        _ => Reply::Json(bundle([])),
    })
    .await;
    let db = testbed::Database::sqlite().await.expect("database");
    let hospitals = [("h0", "plain", server.base_url.clone())];
    let charts = charts_with(&db, &hospitals, Domain::Internal, TreatmentRelation::Advisory).await;
    let clinician = staff("li.wei", "clinician");
    let found = charts.search_patients(&clinician, "陈玉兰", now()).await.expect("search");
    let (person, reader) = (found.items[0].person, Reader::Staff(&clinician));
    let read = async |id: &str, json| {
        let of = at("h0", &format!("Observation/{id}"));
        charts.origin(reader, person, Section::LabResults, &of, json, now()).await
    };
    assert!(read("k1", false).await.is_ok());
    assert!(matches!(read("k1", true).await, Err(EhrError::NotFound)));
    assert_eq!(read("k2", true).await.expect("explained").json, Some(SourceJson::Missing("why-garbage")));
}

#[tokio::test]
async fn to_a_patient_only_what_is_released_is_explained_and_never_with_json() {
    let held = |id: &str, text: &str, status: &str| {
        let mut result = potassium(id, own(), 5.0);
        result["code"] = json!({ "text": text });
        result["status"] = json!(status);
        result
    };
    let hospital =
        Hospital::with([potassium("k1", own(), 5.0), held("k2", "HIV抗体", "final"), held("k3", "钠", "preliminary")]);
    let world = World::outside(&[hospital]).await;
    let account = patient(Some(world.person));
    let read = async |id: &str, json| {
        let of = at("h0", &format!("Observation/{id}"));
        world.charts.origin(Reader::Patient(&account), world.person, Section::LabResults, &of, json, now()).await
    };
    let of = read("k1", false).await.expect("explained");
    assert_eq!((of.because.relation, of.because.released, of.because.may_read_json), ("own-record", true, false));
    for (id, json) in [("k1", true), ("k2", false), ("k2", true), ("k3", false), ("k9", false)] {
        assert!(matches!(read(id, json).await, Err(EhrError::NotFound)), "{id} {json}");
    }
    let stranger = patient(None);
    let of = at("h0", "Observation/k1");
    let refused = world.charts.origin(Reader::Patient(&stranger), world.person, Section::LabResults, &of, false, now());
    assert!(matches!(refused.await, Err(EhrError::NotFound)));
}
