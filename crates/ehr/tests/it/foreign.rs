//! Another patient's data is never shown, and a source that sends it is not believed to be complete.

use access::PersonId;
use ehr::{Charts, Reader, SourceState};
use serde_json::{Value, json};

use super::region::{charts, now, staff};
use super::server::{bundle, potassium, serve, yulan};

/// The hospital's patient is `p1`; it answers a search for results with these subjects.
async fn ask(subjects: Vec<Value>) -> (Vec<f64>, u32, SourceState, bool) {
    let server = serve(move |path, base| {
        let subject = |subject: &Value| match subject {
            Value::String(text) => json!({ "reference": text.replace("BASE", base) }),
            other => other.clone(),
        };
        let observations = || {
            let numbered = subjects.iter().enumerate();
            bundle(numbered.map(|(nth, of)| potassium(&format!("o{nth}"), subject(of), 4.0 + nth as f64)))
        };
        match path.split('?').next()? {
            "Patient" => Some(bundle([yulan("p1")])),
            "Observation" => Some(observations()),
            "DiagnosticReport" => Some(bundle([])),
            _ => None,
        }
    })
    .await;
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &[("h1", "plain", server.base_url.clone())]).await;
    let clinician = staff("li.wei", "clinician");
    let person = found(&charts).await;
    let labs = charts.lab_results(Reader::Staff(&clinician), person, &Default::default(), now()).await.expect("labs");
    let values = labs.items.iter().filter_map(|item| item.value.as_ref()?.number).collect();
    (values, labs.sources[0].dropped, labs.sources[0].state, labs.complete())
}

async fn found(charts: &Charts) -> PersonId {
    let found = charts.search_patients(&staff("li.wei", "clinician"), "陈玉兰", now()).await.expect("search");
    found.items[0].person
}

#[tokio::test]
async fn own_results_in_every_way_of_saying_so() {
    let own = ["Patient/p1", "BASE/Patient/p1", "Patient/p1/_history/2"].map(Value::from).to_vec();
    assert_eq!(ask(own).await, (vec![4.0, 5.0, 6.0], 0, SourceState::Answered, true));
    let logical = json!({ "identifier": { "system": super::region::RESIDENT_ID, "value": "999009196403180328" } });
    assert_eq!(ask(vec![logical]).await, (vec![4.0], 0, SourceState::Answered, true));
}

#[tokio::test]
async fn everything_else_is_dropped_and_counted() {
    for foreign in [
        json!("Patient/p2"),
        json!("Patient/p1x"),
        json!("Patient/P1"),
        json!("http://127.0.0.1:1/fhir/Patient/p1"),
        json!("BASE/../other/Patient/p1"),
        json!("#p1"),
        json!("urn:uuid:8f3c0000-0000-4000-8000-000000000001"),
        json!("Group/p1"),
        json!({ "reference": "Patient/p1", "type": "Group" }),
        json!({ "display": "陈玉兰" }),
        json!({ "identifier": { "system": super::region::RESIDENT_ID, "value": "999009198507120177" } }),
        json!({ "identifier": { "system": "urn:other", "value": "999009196403180328" } }),
        Value::Null,
    ] {
        let told = foreign.to_string();
        let (values, dropped, state, complete) = ask(vec![json!("Patient/p1"), foreign]).await;
        assert_eq!((values, dropped, state, complete), (vec![4.0], 1, SourceState::Partial, false), "{told}");
    }
}

#[tokio::test]
async fn a_foreign_registration_is_not_shown() {
    let server = serve(|path, _| match path.split('?').next()? {
        "Patient" => Some(bundle([yulan("p1")])),
        "Patient/p1" => Some(yulan("p2")),
        _ => None,
    })
    .await;
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &[("h1", "plain", server.base_url.clone())]).await;
    let person = found(&charts).await;
    let clinician = staff("li.wei", "clinician");
    let shown = charts.demographics(Reader::Staff(&clinician), person, now()).await.expect("demographics");
    assert_eq!((shown.items.len(), shown.sources[0].dropped, shown.complete()), (0, 1, false));
}

#[tokio::test]
async fn results_under_a_merged_id_are_the_patients() {
    let server = serve(|path, _| {
        let mut survivor = yulan("p1");
        survivor["link"] = json!([{ "type": "replaces", "other": { "reference": "Patient/p0" } }]);
        match path.split('?').next()? {
            "Patient" => Some(bundle([survivor])),
            "Observation" => Some(bundle([
                potassium("new", json!({ "reference": "Patient/p1" }), 4.0),
                potassium("old", json!({ "reference": "Patient/p0" }), 5.0),
            ])),
            "DiagnosticReport" => Some(bundle([])),
            _ => None,
        }
    })
    .await;
    let db = testbed::Database::sqlite().await.expect("database");
    let charts = charts(&db, &[("h1", "plain", server.base_url.clone())]).await;
    let person = found(&charts).await;
    let clinician = staff("li.wei", "clinician");
    let labs = charts.lab_results(Reader::Staff(&clinician), person, &Default::default(), now()).await.expect("labs");
    // Asked for under both ids, each result comes twice and is one.
    assert_eq!((labs.items.len(), labs.sources[0].dropped), (2, 0));
    assert!(labs.items.iter().all(|item| item.origins.len() == 1));
}
