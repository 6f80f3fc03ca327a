//! Articles, notices and feeds on real databases.

mod articles;
mod feeds;
mod notices;
mod roles;

use access::{AuditKey, AuditLog, Domain, Policy, RequestId, StaffContext, SubjectId};
use content::{Articles, Draft, Notices, Overdue, Wording};
use jiff::Timestamp;
use store::{DatabaseConfig, Store};
use testbed::Database;

/// A portal's parts on one database.
struct House {
    store: Store,
    policy: Policy,
    articles: Articles,
    notices: Notices,
}

fn audit() -> AuditLog {
    AuditLog::new(AuditKey::of_portal(&[7; 32], Domain::Internal))
}

impl House {
    async fn on(database: &Database) -> Self {
        Self::with(database, Overdue::Mark).await
    }

    async fn with(database: &Database, overdue: Overdue) -> Self {
        Self::of_portal(database, overdue, Domain::Internal).await
    }

    async fn of_portal(database: &Database, overdue: Overdue, domain: Domain) -> Self {
        let config = DatabaseConfig::new(&database.url, database.password.clone());
        let store = Store::open(&config).await.expect("opened");
        let policy = Policy::open(store.clone(), domain).await.expect("a policy");
        Self {
            articles: Articles::new(store.clone(), policy.clone(), audit(), overdue),
            notices: Notices::new(store.clone(), policy.clone(), audit()),
            policy,
            store,
        }
    }
}

fn staff(name: &str, groups: &[&str]) -> StaffContext {
    let groups = groups.iter().map(|group| SubjectId::group(group)).collect();
    let subject = SubjectId::staff("region", name);
    StaffContext::establish(subject, name.to_owned(), "region".to_owned(), groups, RequestId(format!("req-{name}")))
}

fn editor(name: &str) -> StaffContext {
    staff(name, &["content-editor"])
}

fn manager(name: &str) -> StaffContext {
    staff(name, &["content-manager"])
}

fn noon() -> Timestamp {
    "2026-11-22T04:00:00Z".parse().expect("time")
}

fn wording(title: &str) -> Wording {
    Wording { title: title.to_owned(), summary: format!("{title}。"), body: format!("## {title}\n\n正文 100% a_b") }
}

fn draft(slug: &str, audience: &str) -> Draft {
    Draft {
        slug: slug.to_owned(),
        topic: "nutrition".to_owned(),
        audience: audience.to_owned(),
        review_by: "2027-01-01".to_owned(),
        zh: wording("少吃盐"),
        en: Wording::default(),
    }
}
