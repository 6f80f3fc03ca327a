//! Rows, numbers, seals and heads, on both databases.

use std::{path::PathBuf, time::Instant};

use access::{
    AuditError, AuditKey, AuditKeys, AuditLog, Event, EventId, Outcome, PersonId, ReadScope,
    audit::{Sealer, VerifyReport, action, verify},
};
use jiff::{Timestamp, ToSpan as _};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Query},
};
use serde_json::json;
use store::{Store, StoreError};
use uuid::Uuid;

use crate::people::{SOON, noon, open, patient, staff, system};

pub const KEY: [u8; 32] = [9; 32];

/// One key for everything.
pub fn keys(key: [u8; 32]) -> AuditKeys {
    AuditKeys::new(AuditKey::new(key), AuditKey::new(key), Some(AuditKey::new(key)))
}

pub struct Log {
    pub store: Store,
    pub audit: AuditLog,
    pub sealer: Sealer,
    pub heads: PathBuf,
}

impl Log {
    pub async fn of(database: &testbed::Database) -> Self {
        let store = open(database).await;
        let heads = database.folder().join("audit-heads.jsonl");
        let sealer = Sealer::new(store.clone(), heads.clone());
        Self { audit: AuditLog::new(AuditKey::new(KEY)), sealer, heads, store }
    }

    /// One act, in a transaction of its own.
    pub async fn act(&self, n: u32) -> EventId {
        let event = Event::new(action::PATIENT_SEARCH, "search", Outcome::Ok).on(n.to_string()).with(json!({"n": n}));
        let draft = AuditLog::draft(&staff("li.wei", &["clinician"]), noon(), event);
        let audit = self.audit.clone();
        self.store.write(move |tx| Box::pin(async move { audit.append(tx, draft).await })).await.unwrap()
    }

    pub async fn acts(&self, count: u32) {
        for n in 0..count {
            self.act(n).await;
        }
    }

    pub async fn verify(&self) -> VerifyReport {
        verify(&self.store, &keys(KEY), &self.heads, noon()).await.unwrap()
    }
}

#[tokio::test]
async fn rows_are_sealed_and_verified() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        log.acts(20).await;
        let before = log.verify().await;
        assert!(before.is_good(), "{before:?}");
        assert_eq!((before.rows, before.sealed, before.unsealed_tail), (20, 0, 20));
        assert_eq!(before.oldest_unsealed, Some(noon()));

        assert_eq!(log.sealer.seal(noon()).await.unwrap(), 20);
        assert_eq!(log.sealer.seal(noon()).await.unwrap(), 0, "nothing is sealed twice");
        log.acts(3).await;
        assert_eq!(log.sealer.seal(noon()).await.unwrap(), 3);
        let after = log.verify().await;
        assert!(after.is_good(), "{after:?}");
        assert_eq!((after.rows, after.sealed, after.unsealed_tail, after.heads), (23, 23, 0, 2));
    }
}

#[tokio::test]
async fn many_rows_are_sealed_in_batches_and_read_in_batches() {
    let database = testbed::Database::sqlite().await.unwrap();
    let log = Log::of(&database).await;
    let (audit, ctx) = (log.audit.clone(), system());
    let many = log.store.write(move |tx| {
        Box::pin(async move {
            for n in 0..2_300 {
                let event = Event::new("test.many", "test", Outcome::Ok).on(n.to_string());
                audit.record(tx, &ctx, noon(), event).await?;
            }
            Ok::<_, AuditError>(())
        })
    });
    many.await.unwrap();
    assert_eq!(log.sealer.seal(noon()).await.unwrap(), 2_300);
    let report = log.verify().await;
    assert!(report.is_good(), "{:?}", report.problems);
    assert_eq!((report.rows, report.sealed, report.heads), (2_300, 2_300, 1));
}

#[tokio::test]
async fn acts_that_are_undone_leave_no_row_and_no_gap() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..60_u32 {
            let (store, audit) = (log.store.clone(), log.audit.clone());
            tasks.spawn(async move {
                let ctx = patient();
                let job = store.write(move |tx| {
                    Box::pin(async move {
                        let event = Event::new("test.act", "test", Outcome::Ok).on(n.to_string());
                        audit.record(tx, &ctx, noon(), event).await?;
                        // Every third act finds that it may not be.
                        if n.is_multiple_of(3) { Err(AuditError::Store(StoreError::Stopped)) } else { Ok(()) }
                    })
                });
                job.await.is_ok()
            });
        }
        let done = tasks.join_all().await.into_iter().filter(|done| *done).count();
        assert_eq!(done, 40);
        log.sealer.seal(noon()).await.unwrap();
        let report = log.verify().await;
        assert!(report.is_good(), "{:?}: {:?}", database.kind, report.problems);
        assert_eq!((report.rows, report.sealed), (40, 40));
    }
}

#[tokio::test]
async fn a_row_says_who_did_what_to_whom() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        let person = PersonId(Uuid::from_u128(77));
        let scope = ReadScope {
            person,
            section: "lab-results".to_owned(),
            reason: Some("relation\0 advisory".to_owned()),
            detail: json!({"sources": ["city-first"]}),
        };
        let reader = staff("li.wei", &["clinician", "researcher"]);
        let intent = log.audit.begin_read(&log.store, &reader, scope, noon()).await.unwrap();
        // The intent is committed before anything is read.
        assert_eq!(log.verify().await.rows, 1);
        let id = intent.id();
        let later = noon() + 2.seconds();
        intent.finish(Outcome::Ok, json!({"entries": 140}), later).await.unwrap();
        let rows = rows(&log.store).await;
        let texts: Vec<Vec<Option<&str>>> = rows.iter().map(|row| row.iter().map(Option::as_deref).collect()).collect();
        let groups = r#"["g:clinician","g:researcher"]"#;
        let common = |action, outcome, detail| {
            vec![
                Some("u:region/li.wei"),
                Some("li.wei"),
                Some("internal"),
                Some(groups),
                Some(action),
                Some("record"),
                Some("lab-results"),
                Some(outcome),
                Some("relation\u{fffd} advisory"),
                Some(detail),
                Some("req-li.wei"),
            ]
        };
        let linked = format!(r#"{{"intent":"{id}","read":{{"entries":140}}}}"#);
        assert_eq!(
            texts,
            [
                common("record.read.intent", "intent", r#"{"sources":["city-first"]}"#),
                common("record.read.outcome", "ok", &linked),
            ]
        );
        assert!(log.verify().await.is_good());
    }
}

async fn rows(store: &Store) -> Vec<Vec<Option<String>>> {
    let columns = [
        "actor",
        "actor_name",
        "domain",
        "groups",
        "action",
        "object_kind",
        "object_id",
        "outcome",
        "reason",
        "detail",
        "request_id",
    ];
    let select = Query::select()
        .columns(columns.map(Alias::new))
        .from(Alias::new("audit_event"))
        .order_by(Alias::new("at"), sea_orm::Order::Asc)
        .to_owned();
    let rows = store.reader().query_all(&select).await.unwrap();
    rows.iter().map(|row| columns.iter().map(|column| row.try_get("", column).unwrap()).collect()).collect()
}

#[tokio::test]
async fn nothing_is_read_when_the_intent_can_not_be_written() {
    let database = testbed::Database::sqlite().await.unwrap();
    let log = Log::of(&database).await;
    let db = database.connect().await.unwrap();
    let away =
        sea_orm::sea_query::Table::rename().table(Alias::new("audit_event"), Alias::new("audit_event_away")).to_owned();
    db.execute(&away).await.unwrap();
    let scope =
        ReadScope { person: PersonId(Uuid::nil()), section: "lab-results".to_owned(), reason: None, detail: json!({}) };
    assert!(log.audit.begin_read(&log.store, &patient(), scope, noon()).await.is_err());
}

#[tokio::test]
async fn the_sealer_keeps_up_and_seals_the_last_rows_when_stopped() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let sealer = tokio::spawn(Sealer::new(log.store.clone(), log.heads.clone()).run(stopped));
        log.act(1).await;
        let acted = Instant::now();
        while log.verify().await.sealed < 1 {
            assert!(acted.elapsed() < SOON, "{:?}: not sealed", database.kind);
            tokio::task::yield_now().await;
        }
        log.act(2).await;
        stop.send(true).unwrap();
        sealer.await.unwrap();
        let report = log.verify().await;
        assert!(report.is_good(), "{report:?}");
        assert_eq!((report.sealed, report.unsealed_tail), (2, 0));
    }
}

#[tokio::test]
async fn one_sealer_at_a_time_and_the_next_one_goes_on() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        let other = Sealer::new(open(&database).await, log.heads.clone());
        log.acts(4).await;
        assert_eq!(log.sealer.seal(noon()).await.unwrap(), 4);
        log.acts(4).await;
        assert_eq!(other.seal(noon() + 1.second()).await.unwrap(), 0, "the lease is the first one's");
        assert_eq!(other.seal(noon() + 1.minute()).await.unwrap(), 4, "a lease runs out");
        assert!(log.verify().await.is_good());
    }
}

#[tokio::test]
async fn verification_beside_a_portal_at_work_finds_nothing() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let sealer = tokio::spawn(Sealer::new(log.store.clone(), log.heads.clone()).run(stopped));
        let writers = async {
            for n in 0..150 {
                tokio::join!(log.act(n), log.act(n + 1000));
            }
        };
        let verifier = async {
            for _ in 0..15 {
                let report = log.verify().await;
                assert!(report.is_good(), "{:?}: {:?}", database.kind, report.problems);
                log.sealer.seal(Timestamp::now()).await.unwrap();
            }
        };
        tokio::join!(writers, verifier);
        stop.send(true).unwrap();
        sealer.await.unwrap();
    }
}
