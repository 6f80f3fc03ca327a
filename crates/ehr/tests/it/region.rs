//! A portal's charts over hospitals of a test's own.

use std::{path::Path, sync::Arc};

use access::{AuditKey, AuditLog, Domain, PatientContext, PersonId, Policy, RequestId, StaffContext, SubjectId};
use ehr::{Charts, RecordSettings, TreatmentRelation};
use envelope::{Ambient, Envelope, FileRoot, KeyDomain, NoRandom, Roots};
use patients::{Index, IndexKey};
use sources::Catalogue;
use store::{DatabaseConfig, Store};

pub const RESIDENT_ID: &str = "urn:oid:2.16.156.10011.1.3";

pub fn now() -> jiff::Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("instant")
}

/// `(id, platform, base URL)` of each hospital.
pub type Hospital<'h> = (&'h str, &'h str, String);

/// Charts with a database of their own.
pub async fn charts(db: &testbed::Database, hospitals: &[Hospital<'_>]) -> Charts {
    charts_with(db, hospitals, Domain::Internal, TreatmentRelation::Advisory).await
}

pub async fn charts_with(
    db: &testbed::Database,
    hospitals: &[Hospital<'_>],
    domain: Domain,
    treatment_relation: TreatmentRelation,
) -> Charts {
    let store = Store::open(&DatabaseConfig::new(&db.url, db.password.clone())).await.expect("store");
    let policy = Policy::open(store.clone(), domain).await.expect("policy");
    let audit = AuditLog::new(AuditKey::new([1; 32]));
    let index = Index::new(store.clone(), IndexKey::derive(&[2; 32]), audit.clone());
    let settings = RecordSettings { treatment_relation, resident_id_systems: vec![RESIDENT_ID.to_owned()] };
    let envelope = envelope(store.clone());
    Charts::new(store, policy, audit, index, catalogue(db.folder(), hospitals), settings, envelope)
}

/// Both portals' kinds of secrets under root keys of the test's own.
fn envelope(store: Store) -> Envelope {
    envelope_at(store, now)
}

/// By a clock of the test's own.
pub fn envelope_at(store: Store, now: fn() -> jiff::Timestamp) -> Envelope {
    let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| NoRandom);
    let root = |domain| Arc::new(FileRoot::new(domain, "of a test", &[3; 32], random));
    let both = [KeyDomain::Staff, KeyDomain::Patient];
    let roots = both.into_iter().fold(Roots::default(), |roots, domain| roots.with(domain, root(domain)));
    Envelope::new(store, roots, Ambient { now, random })
}

fn catalogue(folder: &Path, hospitals: &[Hospital<'_>]) -> Arc<Catalogue> {
    catalogue_with(folder, hospitals, "")
}

/// With further entries, as `sources.toml` has them.
pub fn catalogue_with(folder: &Path, hospitals: &[Hospital<'_>], more: &str) -> Arc<Catalogue> {
    let mut text = more.to_owned();
    for (id, platform, base_url) in hospitals {
        text.push_str(&format!(
            "[[source]]\nid = \"{id}\"\nname = {{ zh = \"{id}\", en = \"{id}\" }}\nplatform = \"{platform}\"\n\
             environment = \"sandbox\"\nbase_url = \"{base_url}\"\nauth = {{ kind = \"none\" }}\ntimeout_ms = 30000\nsweep = true\n"
        ));
    }
    let file = folder.join("sources.toml");
    std::fs::write(&file, text).expect("sources.toml");
    let platforms = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/platforms");
    Arc::new(Catalogue::load(&file, &platforms).expect("catalogue"))
}

pub fn staff(name: &str, group: &str) -> StaffContext {
    StaffContext::establish(
        SubjectId::staff("region", name),
        name.to_owned(),
        "region".to_owned(),
        vec![SubjectId::group(group)],
        RequestId("r1".into()),
    )
}

pub fn patient(own: Option<PersonId>) -> PatientContext {
    PatientContext::establish(
        SubjectId::account(uuid::Uuid::from_u128(1)),
        "陈玉兰".into(),
        own,
        RequestId("r2".into()),
    )
}

/// Rows of the audit log: action and outcome, oldest first.
pub async fn audited(db: &testbed::Database) -> Vec<(String, String)> {
    use sea_orm::{
        ConnectionTrait as _,
        sea_query::{Alias, Order, Query},
    };
    let rows = Query::select()
        .columns(["action", "outcome"].map(Alias::new))
        .from(Alias::new("audit_event"))
        .order_by(Alias::new("number"), Order::Asc)
        .to_owned();
    let rows = db.connect().await.expect("connect").query_all(&rows).await.expect("audit rows");
    let text = |row: &sea_orm::QueryResult, column: &str| row.try_get::<String>("", column).expect("text");
    rows.iter().map(|row| (text(row, "action"), text(row, "outcome"))).collect()
}
