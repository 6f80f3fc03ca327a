//! Messages on both databases: to whom, once, and what is read.

mod mail;
mod office;
mod sms;

use access::{
    AuditKey, AuditLog, Domain, GlassReason, Grounds, PatientContext, PersonId, Policy, Relations, RequestId,
    StaffContext, SubjectId,
};
use jiff::{SignedDuration, Timestamp};
use messages::{GlassBroken, Kind, MessageError, Messages, Reader};
use std::sync::Arc;
use store::{
    DatabaseConfig, Store,
    jobs::{Runner, Timing},
    outbox::{Deliveries, Event, Subscriber as _},
};
use uuid::Uuid;

/// In the reason in words: what no message may hold.
const CANARY: &str = "ZqCanary septic shock";

async fn open(database: &testbed::Database) -> Store {
    Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("opened")
}

fn staff(name: &str, groups: &[&str]) -> StaffContext {
    let groups = groups.iter().map(|group| SubjectId::group(group)).collect();
    let subject = SubjectId::staff("region", name);
    StaffContext::establish(subject, name.to_owned(), "region".to_owned(), groups, RequestId("test".to_owned()))
}

fn patient(own: PersonId) -> PatientContext {
    let account = SubjectId::account(Uuid::now_v7());
    PatientContext::establish(account, "patient".to_owned(), Some(own), RequestId("test".to_owned()))
}

fn somebody() -> PersonId {
    PersonId(Uuid::now_v7())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_glass_reaches_the_patient_and_each_reviewer_and_says_nothing_of_health() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let relations = Relations::new(store.clone(), AuditLog::new(AuditKey::shared(&[7; 32])));
        let person = somebody();
        let reason = GlassReason::new(Grounds::Emergency, CANARY).expect("long enough");
        let opener = staff("Li Wei", &["clinician"]);
        relations.break_glass(&opener, person, &reason, Timestamp::now()).await.expect("opened");

        let messages = Messages::new(store.clone());
        let policy = Policy::open(store.clone(), Domain::Internal).await.expect("a policy");
        let (own, other) = (Reader::patient(&patient(person), &[person]), somebody());
        let other = Reader::patient(&patient(other), &[other]);
        let reviewers =
            [1, 2].map(|n| Reader::staff(&staff(&format!("reviewer-{n}"), &["security-administrator"]), &policy));
        // Nothing is told before it is delivered.
        assert_eq!(messages.unread(&own).await.expect("counted"), 0);
        let deliveries =
            Deliveries::new(store.clone()).to(GlassBroken::new(store.clone(), std::collections::BTreeMap::new()));
        let timing = Timing { poll: std::time::Duration::from_millis(5), ..Timing::default() };
        let runner = Runner::new(store.clone(), Arc::new(Timestamp::now), Arc::new(|| 1.0), timing).with(deliveries);
        let (stop, stops) = tokio::sync::watch::channel(false);
        let working = tokio::spawn(runner.run(stops));
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while messages.unread(&own).await.expect("counted") == 0 {
            assert!(std::time::Instant::now() < end, "{:?}: the patient never heard of it", database.kind);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        stop.send_replace(true);
        working.await.expect("stopped");

        let told = messages.list(&own).await.expect("read");
        assert_eq!((told.len(), told[0].kind, told[0].read_at), (1, Kind::RecordOpened, None));
        assert_eq!(told[0].refs["name"], "Li Wei");
        for reviewer in &reviewers {
            let told = messages.list(reviewer).await.expect("read");
            assert_eq!((told.len(), told[0].kind), (1, Kind::GlassBroken));
            assert_eq!(told[0].refs["grounds"], "emergency");
            assert!(!format!("{told:?}").contains("Canary"), "{told:?}");
        }
        assert!(!format!("{told:?}").contains("Canary"), "{told:?}");
        for nobody in [&other, &Reader::staff(&opener, &policy)] {
            assert!(messages.list(nobody).await.expect("read").is_empty(), "{:?}", database.kind);
        }
        // Each reviewer reads for themselves; nobody marks what is another's.
        messages.mark(&reviewers[0], None, Timestamp::now()).await.expect("marked");
        assert_eq!(messages.unread(&reviewers[0]).await.expect("counted"), 0);
        assert_eq!(messages.unread(&reviewers[1]).await.expect("counted"), 1);
        let foreign = messages.mark(&other, Some(told[0].id), Timestamp::now()).await;
        assert!(matches!(foreign, Err(MessageError::NotFound)), "{foreign:?}");
        assert_eq!(messages.unread(&own).await.expect("counted"), 1);
        let read_at = Timestamp::now();
        messages.mark(&own, Some(told[0].id), read_at).await.expect("marked");
        messages.mark(&own, Some(told[0].id), read_at + SignedDuration::from_hours(1)).await.expect("marked again");
        let told = messages.list(&own).await.expect("read");
        assert_eq!(told[0].read_at.map(|at| at.as_millisecond()), Some(read_at.as_millisecond()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_is_told_once() {
    for database in testbed::databases().await {
        let (store, person) = (open(&database).await, somebody());
        let payload = serde_json::json!(access::GlassEvent {
            relation: Uuid::now_v7(),
            person,
            name: "Li Wei".to_owned(),
            organisation: "region".to_owned(),
            grounds: "on-duty".to_owned(),
            until: Timestamp::now().to_string(),
        });
        let topic = access::GLASS_TOPIC.to_owned();
        let event = Event { id: Uuid::now_v7(), topic, number: 1, payload, at: Timestamp::now() };
        let subscriber = GlassBroken::new(store.clone(), std::collections::BTreeMap::new());
        for _ in 0..3 {
            subscriber.deliver(&event).await.expect("delivered");
        }
        let told = Messages::new(store).list(&Reader::patient(&patient(person), &[person])).await.expect("read");
        assert_eq!(told.len(), 1, "{:?}", database.kind);
        // What no program understands is not tried again and again.
        let strange = Event { payload: serde_json::json!({}), ..event };
        assert!(subscriber.deliver(&strange).await.is_err_and(|failure| failure.is_final));
    }
}
