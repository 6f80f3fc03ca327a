//! Who acts in these tests, and where.

use access::{Domain, PatientContext, PersonId, RequestId, StaffContext, SubjectId, SystemContext};
use jiff::Timestamp;
use store::{DatabaseConfig, Store};
use uuid::Uuid;

/// The promise is one second; a machine that builds and tests at once is given more.
pub const SOON: std::time::Duration = std::time::Duration::from_secs(4);

pub fn staff(name: &str, groups: &[&str]) -> StaffContext {
    let groups = groups.iter().map(|group| SubjectId::group(group)).collect();
    StaffContext::establish(who(name), name.to_owned(), "region".to_owned(), groups, RequestId(format!("req-{name}")))
}

/// The subject of [`staff`].
pub fn who(name: &str) -> SubjectId {
    SubjectId::staff("region", name)
}

pub fn patient() -> PatientContext {
    let (account, person) = (Uuid::from_u128(1), PersonId(Uuid::from_u128(2)));
    PatientContext::establish(SubjectId::account(account), "王芳".to_owned(), Some(person), RequestId("req-p".into()))
}

pub fn system() -> SystemContext {
    SystemContext::new("test", Domain::Internal)
}

pub fn noon() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

pub async fn open(database: &testbed::Database) -> Store {
    Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.unwrap()
}
