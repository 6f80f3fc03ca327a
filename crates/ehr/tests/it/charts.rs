//! The story: a patient known to two hospitals, one chart, and the truth about what is missing.

use access::Domain;
use ehr::{EhrError, LabQuery, QueryProblem, Reader, RecordQuery, SourceState, TreatmentRelation, VisitClass};
use sandbox::{Config, Mode, Region, Running};

use super::region::{Hospital, audited, charts, charts_with, now, patient, staff};
use super::server::{bundle, serve};

async fn region() -> (Running, Vec<Hospital<'static>>) {
    let running = Region::start(Config::default()).await.expect("sandbox");
    let hospitals = running.hospitals.iter().map(|hospital| {
        let id: &'static str = hospital.id.clone().leak();
        let platform: &'static str = hospital.platform.clone().leak();
        (id, platform, hospital.base_url.clone())
    });
    let hospitals = hospitals.collect();
    (running, hospitals)
}

#[tokio::test]
async fn two_hospitals_one_chart() {
    let (running, hospitals) = region().await;
    let shown = running.patients[running.show_patient].clone();
    for db in testbed::databases().await {
        let charts = charts(&db, &hospitals).await;
        let clinician = staff("li.wei", "clinician");
        let found = charts.search_patients(&clinician, &shown.resident_id, now()).await.expect("search");
        assert_eq!(found.items.len(), 1, "one person: {:?}", found.items);
        let one = &found.items[0];
        assert_eq!(one.name, shown.name);
        assert_eq!(one.sources.len(), shown.hospitals.len());
        assert!(!found.shown_query.contains(&shown.resident_id[4..14]));
        assert!(one.identifiers.iter().all(|identifier| identifier.masked != shown.resident_id));
        let by_name = charts.search_patients(&clinician, &shown.name, now()).await.expect("by name");
        assert!(by_name.items.iter().any(|item| item.person == one.person));
        let again = charts.search_again(&clinician, found.id, now()).await.expect("kept");
        assert_eq!(again.items[0].person, one.person);

        let reader = Reader::Staff(&clinician);
        let banner = charts.banner(reader, one.person, now()).await.expect("banner");
        assert_eq!((banner.name.as_str(), banner.links.len()), (shown.name.as_str(), shown.hospitals.len()));
        let who = charts.demographics(reader, one.person, now()).await.expect("demographics");
        assert!(who.complete(), "{:?}", who.sources);
        assert_eq!(who.items.len(), shown.hospitals.len());

        let labs = charts.lab_results(reader, one.person, &LabQuery::default(), now()).await.expect("labs");
        assert!(labs.complete(), "{:?}", labs.sources);
        let from = |hospital: &str| {
            let mut origins = labs.items.iter().flat_map(|item| &item.origins);
            origins.any(|origin| origin.source == hospital)
        };
        // Not every hospital has a laboratory.
        assert!(shown.hospitals.iter().filter(|(hospital, _)| from(hospital)).count() > 1, "{:?}", labs.sources);
        assert!(labs.items.iter().any(|item| item.analyte.is_some() && item.flag.is_some()));
        let summary = charts.summary(reader, one.person, now()).await.expect("summary");
        assert!(!summary.problems.items.is_empty() && !summary.results.items.is_empty(), "{:?}", summary.sources);
        let query = RecordQuery::default();
        let visits = charts.outpatient(reader, one.person, &query, now()).await.expect("outpatient").visits;
        assert!(!visits.is_empty() && visits.iter().all(|visit| visit.class != VisitClass::Inpatient));
        let audited = audited(&db).await;
        let reads = |action: &str| audited.iter().filter(|(own, _)| own == action).count();
        // The banner's allergies, demographics, results, summary, visits.
        assert_eq!((reads("record.read.intent"), reads("record.read.outcome")), (5, 5), "{audited:?}");
    }
}

#[tokio::test]
async fn a_silent_hospital_is_named_and_nothing_is_called_complete() {
    let (running, hospitals) = region().await;
    let shown = running.patients[running.show_patient].clone();
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &hospitals).await;
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    let person = charts.search_patients(&clinician, &shown.resident_id, now()).await.expect("search").items[0].person;
    let all = charts.lab_results(reader, person, &LabQuery::default(), now()).await.expect("labs").items.len();
    let silent = &shown.hospitals[1].0;
    for mode in [Mode::Down, Mode::Garbage, Mode::Refusing, Mode::Dropping] {
        assert!(running.set_mode(silent, mode));
        let labs = charts.lab_results(reader, person, &LabQuery::default(), now()).await.expect("labs");
        let report = labs.sources.iter().find(|report| report.id == *silent).expect("named");
        assert_ne!(report.state, SourceState::Answered, "{mode:?}");
        assert!(report.detail.is_some(), "{mode:?}: {report:?}");
        assert!(!labs.complete(), "{mode:?}");
        assert!(!labs.items.is_empty() && labs.items.len() < all, "{mode:?}: the rest is there");
    }
    assert!(running.set_mode(silent, Mode::Ok));
    let back = charts.lab_results(reader, person, &LabQuery::default(), now()).await.expect("labs");
    assert_eq!((back.complete(), back.items.len()), (true, all));
}

#[tokio::test]
async fn who_may_and_who_may_not() {
    let (running, hospitals) = region().await;
    let shown = running.patients[running.show_patient].clone();
    let db = testbed::Database::sqlite().await.expect("database");
    let open = charts(&db, &hospitals).await;
    let clinician = staff("li.wei", "clinician");
    let found = open.search_patients(&clinician, &shown.resident_id, now()).await.expect("search");
    let person = found.items[0].person;

    let researcher = staff("wang.min", "researcher");
    let refused = open.lab_results(Reader::Staff(&researcher), person, &LabQuery::default(), now()).await;
    assert!(matches!(refused, Err(EhrError::NotFound | EhrError::Forbidden)), "{refused:?}");
    let refused = open.search_patients(&researcher, &shown.name, now()).await;
    assert!(matches!(refused, Err(EhrError::NotFound | EhrError::Forbidden)), "{refused:?}");
    let other = staff("zhao.lei", "clinician");
    assert!(matches!(open.search_again(&other, found.id, now()).await, Err(EhrError::NotFound)));
    let nobody = access::PersonId(uuid::Uuid::from_u128(42));
    assert!(matches!(open.banner(Reader::Staff(&clinician), nobody, now()).await, Err(EhrError::NotFound)));

    let strict = charts_with(&db, &hospitals, Domain::Internal, TreatmentRelation::Required).await;
    let refused = strict.demographics(Reader::Staff(&clinician), person, now()).await;
    assert!(matches!(refused, Err(EhrError::BreakGlassRequired)), "{refused:?}");
    assert!(audited(&db).await.contains(&("record.read.refused".into(), "refused".into())));

    let outside = charts_with(&db, &hospitals, Domain::External, TreatmentRelation::Required).await;
    let (own, stranger) = (patient(Some(person)), patient(Some(nobody)));
    let labs = outside.lab_results(Reader::Patient(&own), person, &LabQuery::default(), now()).await.expect("own");
    assert!(!labs.items.is_empty());
    for reader in [Reader::Patient(&stranger), Reader::Patient(&patient(None))] {
        let refused = outside.lab_results(reader, person, &LabQuery::default(), now()).await;
        assert!(matches!(refused, Err(EhrError::NotFound)), "{refused:?}");
    }
}

#[tokio::test]
async fn identified_by_number_and_name_only() {
    let (running, hospitals) = region().await;
    let shown = running.patients[running.show_patient].clone();
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &hospitals).await;
    let ctx = access::SystemContext::new("import-accounts", Domain::External);
    let identify = async |number: &str, name: &str| charts.identify(&ctx, number, name, now()).await.expect("identify");
    assert_eq!(identify(&shown.resident_id, "别人").await, None);
    assert!(identify(&shown.resident_id, &shown.name).await.is_some());
    assert_eq!(identify("999009196403180321", &shown.name).await, None);
}

#[tokio::test]
async fn searches_that_cannot_be_made_say_why() {
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &[]).await;
    let clinician = staff("li.wei", "clinician");
    for (typed, expect) in [("x", QueryProblem::TooShort), ("999009196403180321", QueryProblem::ResidentId)] {
        let refused = charts.search_patients(&clinician, typed, now()).await;
        assert!(matches!(refused, Err(EhrError::Query(problem)) if problem == expect), "{typed}: {refused:?}");
    }
}

#[tokio::test]
async fn an_empty_filtered_answer_is_no_proof() {
    // A server that leaves `category` empty, as many do: the filtered search finds nothing, the plain one everything.
    let server = serve(|path, _| {
        let mut unclassified = super::server::potassium("o1", serde_json::json!({ "reference": "Patient/p1" }), 4.0);
        unclassified["category"] = serde_json::json!([]);
        match path.split_once('?')? {
            ("Patient", _) => Some(bundle([super::server::yulan("p1")])),
            ("Observation", query) if query.contains("category") => Some(bundle([])),
            ("Observation", _) => Some(bundle([unclassified])),
            ("DiagnosticReport", _) => Some(bundle([])),
            _ => None,
        }
    })
    .await;
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &[("h1", "plain", server.base_url.clone())]).await;
    let clinician = staff("li.wei", "clinician");
    let person = charts.search_patients(&clinician, "陈玉兰", now()).await.expect("search").items[0].person;
    let labs = charts.lab_results(Reader::Staff(&clinician), person, &LabQuery::default(), now()).await.expect("labs");
    assert_eq!((labs.items.len(), labs.complete()), (1, true), "{:?}", labs.sources);
}
