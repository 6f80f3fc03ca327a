//! Changing the policy: who may, how soon it is seen, what is remembered of it.

use std::time::Instant;

use access::{
    AccessError, Act, AuditKey, AuditLog, Classify as _, Context, Domain, Fault, Grant, Object, Policy, Role,
    StaffContext, SubjectId, policy::Snapshot,
};
use rand::{RngExt as _, SeedableRng as _};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};

use crate::people::{SOON, noon, open, patient, staff, system, who};

pub fn log() -> AuditLog {
    AuditLog::new(AuditKey::new([3; 32]))
}

#[tokio::test]
async fn presets_let_each_group_do_its_work_and_no_more() {
    let database = testbed::Database::sqlite().await.unwrap();
    let store = open(&database).await;
    let inside = Policy::open(store.clone(), Domain::Internal).await.unwrap();
    let outside = Policy::open(store, Domain::External).await.unwrap();
    let labs = Object::record("lab-results").unwrap();
    let check = |ctx: &dyn Context, object: &Object, act: Act, expect: bool| {
        assert_eq!(inside.decide(ctx, object, act), expect, "{} {object} {act}", ctx.actor().subject);
    };
    for (groups, reads, audits) in [
        (&["clinician"][..], true, false),
        (&["nurse"][..], true, false),
        (&["researcher"][..], false, false),
        (&["teacher"][..], false, false),
        (&["manager"][..], false, false),
        (&["administrator"][..], false, true),
        (&["administrator", "clinician"][..], true, true),
        (&[][..], false, false),
    ] {
        let ctx = staff("a", groups);
        check(&ctx, &labs, Act::ReadRecord, reads);
        check(&ctx, &Object::PAGE_PATIENT_SEARCH, Act::SearchPatients, reads);
        check(&ctx, &Object::PAGE_AUDIT, Act::ReadAudit, audits);
        check(&ctx, &Object::SECTION_ADMIN, Act::View, audits);
        check(&ctx, &Object::PAGE_HOME, Act::View, true);
        check(&ctx, &Object::API_DOCS, Act::View, true);
        check(&ctx, &Object::PAGE_HOME, Act::Edit, groups.contains(&"administrator"));
    }
    check(&patient(), &labs, Act::ReadRecord, false);
    check(&system(), &Object::PAGE_HOME, Act::View, false);
    assert!(outside.decide(&patient(), &labs, Act::ReadRecord));
    assert!(outside.decide(&patient(), &Object::PAGE_HOME, Act::View));
    assert!(!outside.decide(&patient(), &Object::API_DOCS, Act::View));
    assert!(!outside.decide(&staff("a", &["clinician"]), &labs, Act::ReadRecord));
}

#[tokio::test]
async fn a_refusal_says_only_what_they_may_know() {
    let database = testbed::Database::sqlite().await.unwrap();
    let policy = Policy::open(open(&database).await, Domain::Internal).await.unwrap();
    let researcher = staff("r", &["researcher"]);
    let hidden = policy.require(&researcher, &Object::PAGE_AUDIT, Act::ReadAudit).unwrap_err();
    assert_eq!(hidden.fault(), Fault::NotFound);
    let forbidden = policy.require(&researcher, &Object::PAGE_HOME, Act::Edit).unwrap_err();
    assert_eq!(forbidden.fault(), Fault::Forbidden);
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_grants_what_they_hold() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let policy = Policy::open(store.clone(), Domain::Internal).await.unwrap();
        let (audit, root) = (log(), staff("root", &[]));
        policy.bootstrap_administrator(&system(), &audit, who("root"), noon()).await.unwrap();
        let again = policy.bootstrap_administrator(&system(), &audit, who("other"), noon()).await;
        assert!(matches!(again, Err(AccessError::AdministratorExists)), "{again:?}");

        let page = Grant::allow(who("ed"), Domain::Internal, Role::Editor, Object::PAGE_HOME);
        policy.grant(&root, &audit, page.clone(), noon()).await.unwrap();
        assert!(policy.decide(&staff("ed", &[]), &Object::PAGE_HOME, Act::Edit));
        let twice = policy.grant(&root, &audit, page.clone(), noon()).await;
        assert!(matches!(twice, Err(AccessError::AlreadyGranted)), "{twice:?}");

        // Being administrator opens no record, and lets nobody open one.
        let labs = Object::record("lab-results").unwrap();
        assert!(!policy.decide(&root, &labs, Act::ReadRecord));
        let record = Grant::allow(who("ed"), Domain::Internal, Role::User, Object::SECTION_RECORD);
        assert!(policy.grant(&root, &audit, record, noon()).await.is_err());
        let own = Grant::allow(who("root"), Domain::Internal, Role::User, Object::PAGE_HOME);
        assert!(matches!(policy.grant(&root, &audit, own, noon()).await, Err(AccessError::OwnGrant)));
        let outside = Grant::allow(who("ed"), Domain::External, Role::User, Object::PAGE_HOME);
        assert!(matches!(policy.grant(&root, &audit, outside, noon()).await, Err(AccessError::OtherDomain)));

        let editor = staff("ed", &[]);
        let beyond = Grant::allow(who("friend"), Domain::Internal, Role::User, Object::PAGE_HOME);
        assert!(matches!(policy.grant(&editor, &audit, beyond, noon()).await, Err(AccessError::Forbidden)));

        policy.revoke(&root, &audit, page.clone(), noon()).await.unwrap();
        assert!(!policy.decide(&editor, &Object::PAGE_HOME, Act::Edit));
        assert!(matches!(policy.revoke(&root, &audit, page, noon()).await, Err(AccessError::NoSuchGrant)));
        // Every attempt is in the log, refused ones too.
        assert_eq!(outcomes(&store).await, [("ok".to_owned(), 3), ("refused".to_owned(), 7)], "{:?}", database.kind);
    }
}

async fn outcomes(store: &store::Store) -> Vec<(String, i64)> {
    let outcome = Alias::new("outcome");
    let counts = Query::select()
        .column(outcome.clone())
        .expr_as(Expr::col(Alias::new("number")).count(), Alias::new("rows"))
        .from(Alias::new("audit_event"))
        .group_by_col(outcome.clone())
        .order_by(outcome, sea_orm::Order::Asc)
        .to_owned();
    let rows = store.reader().query_all(&counts).await.unwrap();
    rows.iter().map(|row| (row.try_get("", "outcome").unwrap(), row.try_get("", "rows").unwrap())).collect()
}

#[tokio::test]
async fn a_denial_holds_for_upper_roles_and_is_not_lifted_by_whom_it_hits() {
    let database = testbed::Database::sqlite().await.unwrap();
    let policy = Policy::open(open(&database).await, Domain::Internal).await.unwrap();
    let (audit, root, deputy) = (log(), staff("root", &[]), staff("deputy", &[]));
    policy.bootstrap_administrator(&system(), &audit, who("root"), noon()).await.unwrap();
    let give = |role, object| Grant::allow(who("deputy"), Domain::Internal, role, object);
    policy.grant(&root, &audit, give(Role::Administrator, Object::SITE_INTERNAL), noon()).await.unwrap();
    assert!(policy.decide(&deputy, &Object::PAGE_HOME, Act::Manage));
    let deny = Grant::deny(who("deputy"), Domain::Internal, Role::Editor, Object::PAGE_HOME);
    policy.grant(&root, &audit, deny.clone(), noon()).await.unwrap();
    assert!(!policy.decide(&deputy, &Object::PAGE_HOME, Act::Manage));
    assert!(policy.decide(&deputy, &Object::PAGE_HOME, Act::View));
    assert!(policy.decide(&deputy, &Object::API_DOCS, Act::Manage));
    let steps = policy.explain(&deputy, &Object::PAGE_HOME, Act::Manage);
    assert_eq!(steps.first().map(|step| (step.role, step.effect)), Some((Role::Editor, access::Effect::Deny)));

    // The deputy still may assign there, yet hands out no more than is left to them, and does not lift the denial.
    assert!(matches!(policy.revoke(&deputy, &audit, deny, noon()).await, Err(AccessError::OwnGrant)));
    let friend = |role, object| Grant::allow(who("friend"), Domain::Internal, role, object);
    let on_site = policy.grant(&deputy, &audit, friend(Role::Manager, Object::SITE_INTERNAL), noon()).await;
    assert!(matches!(on_site, Err(AccessError::ExceedsGranter)), "{on_site:?}");
    policy.grant(&deputy, &audit, friend(Role::Manager, Object::API_DOCS), noon()).await.unwrap();
    assert!(policy.decide(&staff("friend", &[]), &Object::API_DOCS, Act::Manage));
}

#[tokio::test]
async fn a_change_is_soon_seen_by_another_process() {
    for database in testbed::databases().await {
        let here = Policy::open(open(&database).await, Domain::Internal).await.unwrap();
        let there = Policy::open(open(&database).await, Domain::Internal).await.unwrap();
        let root = staff("root", &[]);
        assert!(!there.decide(&root, &Object::PAGE_HOME, Act::Administer));
        let changed = Instant::now();
        here.bootstrap_administrator(&system(), &log(), who("root"), noon()).await.unwrap();
        while !there.decide(&root, &Object::PAGE_HOME, Act::Administer) {
            assert!(changed.elapsed() < SOON, "{:?}: not seen", database.kind);
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_row_that_is_not_understood_keeps_the_policy_of_before() {
    let database = testbed::Database::sqlite().await.unwrap();
    let policy = Policy::open(open(&database).await, Domain::Internal).await.unwrap();
    policy.bootstrap_administrator(&system(), &log(), who("root"), noon()).await.unwrap();
    let db = database.connect().await.unwrap();
    let spoil = Query::update().table(Alias::new("role_grant")).value(Alias::new("effect"), "perhaps").to_owned();
    db.execute(&spoil).await.unwrap();
    let version = Alias::new("version");
    let bump = Query::update()
        .table(Alias::new("policy_version"))
        .value(version.clone(), Expr::col(version).add(1))
        .to_owned();
    db.execute(&bump).await.unwrap();
    assert!(matches!(policy.reload().await, Err(AccessError::Unreadable(_))));
    assert!(policy.decide(&staff("root", &[]), &Object::PAGE_HOME, Act::Administer));
    let fresh = Policy::open(open(&database).await, Domain::Internal).await;
    assert!(matches!(fresh, Err(AccessError::Unreadable(_))), "a portal does not start without a policy");
}

/// What any of `people` may do, by object.
fn powers(snapshot: &Snapshot, people: &[StaffContext], objects: &[Object]) -> Vec<(Object, Act)> {
    let mut powers = Vec::new();
    for object in objects {
        for act in Act::ALL {
            let everyone = SubjectId::everyone();
            let may = |ctx: &StaffContext| {
                snapshot.viewer(ctx.groups().iter().chain([ctx.subject(), &everyone])).allows(object, act)
            };
            if people.iter().any(may) {
                powers.push((object.clone(), act));
            }
        }
    }
    powers
}

#[tokio::test]
async fn no_sequence_of_changes_lifts_people_together_above_what_they_held() {
    let database = testbed::Database::sqlite().await.unwrap();
    let policy = Policy::open(open(&database).await, Domain::Internal).await.unwrap();
    let (audit, root) = (log(), staff("root", &[]));
    policy.bootstrap_administrator(&system(), &audit, who("root"), noon()).await.unwrap();
    let people = [staff("a", &["clinician"]), staff("b", &["manager"]), staff("c", &[])];
    for grant in [
        Grant::allow(who("a"), Domain::Internal, Role::SecurityAdministrator, Object::SITE_INTERNAL),
        Grant::allow(who("a"), Domain::Internal, Role::Editor, Object::SITE_INTERNAL),
        Grant::deny(who("a"), Domain::Internal, Role::Editor, Object::API_DOCS),
        Grant::allow(who("b"), Domain::Internal, Role::Manager, Object::API_DOCS),
        Grant::deny(SubjectId::group("manager"), Domain::Internal, Role::Manager, Object::API_DOCS),
        Grant::allow(who("c"), Domain::Internal, Role::Delegator, Object::SECTION_ADMIN),
    ] {
        policy.grant(&root, &audit, grant, noon()).await.unwrap();
    }
    let mut objects: Vec<Object> = Object::RECORD_SECTIONS.to_vec();
    objects.extend([
        Object::SITE_INTERNAL,
        Object::SECTION_RECORD,
        Object::SECTION_ADMIN,
        Object::PAGE_AUDIT,
        Object::PAGE_HOME,
        Object::API_DOCS,
        Object::PAGE_PATIENT_SEARCH,
    ]);
    let before = powers(&policy.snapshot(), &people, &objects);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let subjects = [who("a"), who("b"), who("c"), who("new"), SubjectId::group("manager"), SubjectId::everyone()];
    let mut changed = 0;
    for _ in 0..600 {
        let subject = subjects[random.random_range(0..subjects.len())].clone();
        let role = Role::ALL[random.random_range(0..Role::ALL.len())];
        let object = objects[random.random_range(0..objects.len())].clone();
        let grant = if random.random_bool(0.5) {
            Grant::allow(subject, Domain::Internal, role, object)
        } else {
            Grant::deny(subject, Domain::Internal, role, object)
        };
        let by = &people[random.random_range(0..people.len())];
        let outcome = if random.random_bool(0.5) {
            policy.grant(by, &audit, grant, noon()).await
        } else {
            policy.revoke(by, &audit, grant, noon()).await
        };
        changed += usize::from(outcome.is_ok());
        let now = powers(&policy.snapshot(), &people, &objects);
        let gained: Vec<_> = now.iter().filter(|power| !before.contains(power)).collect();
        assert!(gained.is_empty(), "gained {gained:?}");
    }
    assert!(changed > 3, "only {changed} of the tried changes were allowed: the test proves nothing");
}
