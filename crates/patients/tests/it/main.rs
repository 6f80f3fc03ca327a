//! The index on both databases, as its callers see it.

#![allow(missing_docs, reason = "a test program: nobody imports it, and a panic is a failed test")]

mod bounds;
mod corpus;
mod finding;
mod importing;
mod linking;
mod searching;
mod steward;
mod sweeping;

use access::{AuditKey, AuditLog, Domain, Policy, RequestId, StaffContext, SubjectId, SystemContext};
use patients::{Identifier, Index, IndexKey, ResidentId, SourcePatient, Stewardship};
use store::{DatabaseConfig, Store};

/// Numbers of an area that is not assigned: nobody can hold them.
const YULAN: &str = "999009196403180328";
const MALE_1985: &str = "999009198507120177";

async fn index(db: &testbed::Database) -> (Store, Index) {
    let store = Store::open(&DatabaseConfig::new(&db.url, db.password.clone())).await.expect("store");
    let audit = AuditLog::new(AuditKey::new([1; 32]));
    let index = Index::new(store.clone(), IndexKey::derive(&[2; 32]), audit);
    (store, index)
}

fn system() -> SystemContext {
    SystemContext::new("test", Domain::Internal)
}

/// The index as stewards work on it.
async fn stewardship(store: &Store, index: &Index) -> Stewardship {
    Stewardship::new(index.clone(), Policy::open(store.clone(), Domain::Internal).await.expect("policy"))
}

fn staff(name: &str, group: &str) -> StaffContext {
    let subject = SubjectId::staff("region", name);
    let request = RequestId("test".to_owned());
    StaffContext::establish(subject, name.to_owned(), "region".to_owned(), vec![SubjectId::group(group)], request)
}

fn steward() -> StaffContext {
    staff("he.jing", "data-steward")
}

fn now() -> jiff::Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("instant")
}

/// `name|sex|birth date|resident ID|phone|address`, `-` for what is not said.
fn identity(source: &str, patient: &str, told: &str) -> SourcePatient {
    let mut parts = told.split('|').map(|part| (part != "-").then_some(part));
    let mut next = || parts.next().flatten();
    let (name, sex, birth_date, number) = (next(), next(), next(), next());
    let (phone, address) = (next(), next());
    SourcePatient {
        source: source.to_owned(),
        patient: patient.to_owned(),
        names: name.map(str::to_owned).into_iter().collect(),
        sex: sex.map(str::to_owned),
        birth_date: birth_date.map(str::to_owned),
        resident_id: number.map(|number| ResidentId::parse(number).expect("valid number")),
        identifiers: vec![Identifier { system: None, kind: "record-number".into(), shown: format!("MR-{patient}") }],
        phones: phone.map(str::to_owned).into_iter().collect(),
        addresses: address.map(str::to_owned).into_iter().collect(),
        replaced_by: None,
        replaces: Vec::new(),
    }
}
