//! Sessions on both databases.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{DatabaseConfig, Store, StoreError};
use web::session::{Lifetimes, NewSession, Sessions};

pub async fn store(database: &testbed::Database) -> Store {
    Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("opened")
}

fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().expect("time")
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

pub async fn begin(store: &Store, sessions: &Sessions, now: Timestamp) -> String {
    let sessions = sessions.clone();
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let new = NewSession {
                    subject: "u:region/1".into(),
                    identity: "{}".into(),
                    network: "192.0.2.0/24".into(),
                    device: "test".into(),
                };
                sessions.begin(tx, new, now).await
            })
        })
        .await
        .expect("begun")
}

async fn end(store: &Store, sessions: &Sessions, id_hash: String, now: Timestamp) {
    let sessions = sessions.clone();
    store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { sessions.end(tx, &id_hash, now).await }))
        .await
        .expect("ended");
}

const LIVES: Lifetimes = Lifetimes { idle: Duration::from_secs(900), absolute: Duration::from_secs(3600) };

#[tokio::test]
async fn a_session_lives_while_used_and_ends_when_idle_or_old() {
    for database in testbed::databases().await {
        let store = store(&database).await;
        for table in ["staff_session", "patient_session"] {
            let sessions = Sessions::new(store.clone(), table, LIVES);
            let lives = async |cookie: &str, at: i64| sessions.load(cookie, after(at)).await.expect("asked").is_some();
            let idle = begin(&store, &sessions, start()).await;
            assert!(lives(&idle, 899).await);
            assert!(!lives(&idle, 899 + 901).await, "idle");
            let used = begin(&store, &sessions, start()).await;
            for at in (600..=3000).step_by(600) {
                assert!(lives(&used, at).await, "used at {at}");
            }
            assert!(lives(&used, 3599).await);
            assert!(!lives(&used, 3601).await, "too old");
            for unknown in ["", "x", &"A".repeat(43)] {
                assert!(!lives(unknown, 1).await);
            }
        }
    }
}

#[tokio::test]
async fn a_request_in_flight_cannot_bring_a_session_back() {
    for database in testbed::databases().await {
        let store = store(&database).await;
        let sessions = Sessions::new(store.clone(), "staff_session", LIVES);
        let cookie = begin(&store, &sessions, start()).await;
        let session = sessions.load(&cookie, after(1)).await.expect("asked").expect("lives");
        // Late requests write `last_seen_at` while the sign-out runs: whatever the order, it stays ended.
        let late = (0..20).map(|n| sessions.load(&cookie, after(60 + n)));
        let (_, _) =
            tokio::join!(futures_util::future::join_all(late), end(&store, &sessions, session.id_hash, after(60)));
        assert!(sessions.load(&cookie, after(100)).await.expect("asked").is_none(), "{:?}", database.kind);
    }
}

#[tokio::test]
async fn the_cookie_is_not_in_the_database() {
    let database = testbed::Database::sqlite().await.expect("database");
    let store = store(&database).await;
    let sessions = Sessions::new(store.clone(), "staff_session", LIVES);
    let cookie = begin(&store, &sessions, start()).await;
    let file = database.file().expect("file");
    for path in [file.clone(), file.with_extension("db-wal")] {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let found = bytes.windows(cookie.len()).any(|window| window == cookie.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn swept_sessions_are_those_that_ended_a_day_ago() {
    for database in testbed::databases().await {
        let store = store(&database).await;
        let sessions = Sessions::new(store.clone(), "staff_session", LIVES);
        let cookie = begin(&store, &sessions, start()).await;
        sessions.sweep(after(600)).await.expect("swept");
        assert!(sessions.load(&cookie, after(601)).await.expect("asked").is_some());
        sessions.sweep(after(3600 + 24 * 3600 + 60)).await.expect("swept");
        assert!(sessions.load(&cookie, after(602)).await.expect("asked").is_none());
    }
}
