//! Whose record a hospital keeps under an id: by what it says now, and the person whom the record was linked to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use access::{AuditKey, AuditLog, Domain, PersonId, Policy, SystemContext};
use ehr::{Charts, Registered};
use patients::{Decision, Index, IndexKey, ResidentId, SourcePatient, Stewardship};
use serde_json::json;
use store::{DatabaseConfig, Store};

use super::region::{charts, now, staff};
use super::server::{Reply, serve_replies, yulan};

/// What the hospital says of `Patient/p1`, one after the other.
const YULAN: usize = 0;
const SOMEBODY_ELSE: usize = 1;
const NOTHING: usize = 2;
const NOBODY: usize = 3;

fn answer(says: usize) -> Reply {
    match says {
        YULAN => Reply::Json(yulan("p1")),
        SOMEBODY_ELSE => Reply::Json(json!({
            "resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1985-07-12",
            "name": [{ "text": "王建国" }],
        })),
        NOTHING => Reply::Nothing,
        // The record of another id is no record of this one.
        _ => Reply::Json(yulan("p2")),
    }
}

async fn registered(charts: &Charts, source: &str, id: &str) -> Registered {
    let context = SystemContext::new("test", Domain::Internal);
    let source = charts.catalogue().get(source).expect("a source");
    charts.registered(&context, &source, id, now()).await.expect("read")
}

#[tokio::test]
async fn an_id_that_was_given_anew_is_its_new_patient_s() {
    for db in testbed::databases().await {
        let says = Arc::new(AtomicUsize::new(NOTHING));
        let saying = says.clone();
        let server = serve_replies(move |_, _| answer(saying.load(Ordering::Relaxed))).await;
        let charts = charts(&db, &[("h0", "plain", server.base_url.clone())]).await;
        let say = |what| says.store(what, Ordering::Relaxed);
        assert_eq!(registered(&charts, "h0", "p1").await, Registered::Silent, "{:?}", db.kind);
        say(YULAN);
        let Registered::Person(yulan) = registered(&charts, "h0", "p1").await else { panic!("she is there") };
        // What is known stands while the hospital is silent, and goes when it says so.
        say(NOTHING);
        assert_eq!(registered(&charts, "h0", "p1").await, Registered::Person(yulan), "{:?}", db.kind);
        say(NOBODY);
        assert_eq!(registered(&charts, "h0", "p1").await, Registered::Nobody, "{:?}", db.kind);
        say(SOMEBODY_ELSE);
        let Registered::Person(other) = registered(&charts, "h0", "p1").await else { panic!("he is there") };
        assert_ne!(other, yulan, "{:?}: the record of whom the id belonged to", db.kind);
    }
}

/// 陈玉兰 under another number of the same day; nobody can hold either.
fn with_number(patient: &str, number: &str) -> SourcePatient {
    SourcePatient {
        source: "h0".to_owned(),
        patient: patient.to_owned(),
        names: vec!["陈玉兰".to_owned()],
        sex: Some("female".to_owned()),
        birth_date: Some("1964-03-18".to_owned()),
        resident_id: Some(ResidentId::parse(number).expect("valid")),
        identifiers: Vec::new(),
        phones: Vec::new(),
        addresses: Vec::new(),
        replaced_by: None,
        replaces: Vec::new(),
    }
}

#[tokio::test]
async fn a_relation_stays_with_whom_the_record_was_linked_to() {
    let db = testbed::Database::sqlite().await.expect("database");
    let server = serve_replies(|_, _| answer(YULAN)).await;
    let charts =
        charts(&db, &[("h0", "plain", server.base_url.clone()), ("h1", "plain", server.base_url.clone())]).await;
    let store = Store::open(&DatabaseConfig::new(&db.url, None)).await.expect("store");
    let index = Index::new(store.clone(), IndexKey::derive(&[2; 32]), AuditLog::new(AuditKey::new([1; 32])));
    let context = SystemContext::new("test", Domain::Internal);
    // Another number, known first: the two are joined under her.
    let first = index.observe(&context, &[with_number("a", "999009196403180029")], now()).await.expect("observed")[0];
    let later = now() + jiff::SignedDuration::from_secs(1);
    let second = index.observe(&context, &[with_number("b", "999009196403180328")], later).await.expect("observed")[0];
    while index.match_due(9, later).await.expect("matched") > 0 {}
    let stewardship = Stewardship::new(index.clone(), Policy::open(store, Domain::Internal).await.expect("policy"));
    let steward = staff("he.jing", "data-steward");
    let pair = stewardship.queue(&steward, 9, later).await.expect("queue").items[0].id;
    stewardship.decide(&steward, pair, Decision::Link, "电话核实：本人", later).await.expect("linked");
    let is = async |person: PersonId| index.person(person).await.expect("a person").id;
    assert_eq!((is(first).await, is(second).await), (first, first), "joined");
    // A record of the other hospital, met for the first time, holds the second number.
    assert_eq!(registered(&charts, "h1", "p1").await, Registered::Person(second));
    assert_eq!(registered(&charts, "h1", "p1").await, Registered::Person(second), "met again");
}
