//! Sessions on both databases.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Query},
};
use store::{DatabaseConfig, Store, StoreError, from_millis};
use web::session::{Epoch, LIVE_SESSIONS, Lifetimes, NewSession, Sessions};

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
    let epoch = sessions.epoch().await.expect("asked");
    begin_in(store, sessions, epoch, now).await
}

async fn begin_in(store: &Store, sessions: &Sessions, epoch: Epoch, now: Timestamp) -> String {
    let sessions = sessions.clone();
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let new = NewSession {
                    epoch,
                    replaces: None,
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
async fn nothing_is_written_to_an_ended_session() {
    for database in testbed::databases().await {
        let store = store(&database).await;
        let sessions = Sessions::new(store.clone(), "staff_session", LIVES);
        let cookie = begin(&store, &sessions, start()).await;
        let session = sessions.load(&cookie, after(1)).await.expect("asked").expect("lives");
        assert!(sessions.touch(&session.id_hash, after(2)).await.expect("noted"));
        end(&store, &sessions, session.id_hash.clone(), after(60)).await;
        // A request read the row before the sign-out and writes after it; a second sign-out comes late as well.
        assert!(!sessions.touch(&session.id_hash, after(61)).await.expect("asked"), "{:?}", database.kind);
        end(&store, &sessions, session.id_hash.clone(), after(62)).await;
        let row = Query::select()
            .columns(["last_seen_at", "revoked_at"].map(Alias::new))
            .from(Alias::new("staff_session"))
            .to_owned();
        let row = database.connect().await.expect("connected").query_one(&row).await.expect("asked").expect("a row");
        let at = |name: &str| from_millis(row.try_get("", name).expect("an instant"));
        assert_eq!((at("last_seen_at"), at("revoked_at")), (after(2), after(60)), "{:?}", database.kind);
    }
}

async fn end_all(store: &Store, sessions: &Sessions, subject: &'static str, now: Timestamp) -> u64 {
    let sessions = sessions.clone();
    let ended =
        store.write::<_, StoreError, _>(move |tx| Box::pin(async move { sessions.end_all(tx, subject, now).await }));
    ended.await.expect("ended")
}

#[tokio::test]
async fn ending_all_sessions_of_a_person_ends_those_being_begun_too() {
    for database in testbed::databases().await {
        let (store, replica) = (store(&database).await, store(&database).await);
        let sessions = Sessions::new(store.clone(), "staff_session", LIVES);
        let others = Sessions::new(replica.clone(), "staff_session", LIVES);
        let lives = async |cookie: &str| others.load(cookie, after(3)).await.expect("asked").is_some();
        let one = begin(&store, &sessions, start()).await;
        let two = begin(&replica, &others, start()).await;
        // Somebody's credentials were found good, and their session is about to be written.
        let (before, unconcerned) = (others.epoch().await.expect("asked"), others.epoch().await.expect("asked"));
        assert_eq!(end_all(&store, &sessions, "u:region/1", after(1)).await, 2);
        assert!(!lives(&one).await && !lives(&two).await, "{:?}", database.kind);
        let late = begin_in(&replica, &others, before, after(2)).await;
        assert!(!lives(&late).await, "{:?}: a sign-in from before", database.kind);
        let anew = begin(&replica, &others, after(2)).await;
        assert!(lives(&anew).await, "{:?}: a sign-in from after", database.kind);
        assert_eq!(end_all(&store, &sessions, "u:region/2", after(2)).await, 0);
        assert!(lives(&anew).await && unconcerned == before, "{:?}: somebody else's end", database.kind);
        // Epochs that can't matter any more go, and with them nothing comes back.
        sessions.sweep(after(3600 + 24 * 3600 + 60)).await.expect("swept");
        assert!(!lives(&one).await && !lives(&late).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_so_many_sessions_and_the_oldest_ends() {
    for database in testbed::databases().await {
        let replicas = [store(&database).await, store(&database).await];
        let sessions = replicas.clone().map(|store| Sessions::new(store, "patient_session", LIVES));
        let first = begin(&replicas[0], &sessions[0], start()).await;
        // Many sign-ins at once on both replicas.
        let many = (0..4 * LIVE_SESSIONS as usize).map(|n| begin(&replicas[n % 2], &sessions[n % 2], after(1)));
        let cookies = futures_util::future::join_all(many).await;
        let last = begin(&replicas[1], &sessions[1], after(2)).await;
        let lives = async |cookie: &str| sessions[0].load(cookie, after(3)).await.expect("asked").is_some();
        let mut live = 0;
        for cookie in cookies.iter().chain([&last]) {
            live += u64::from(lives(cookie).await);
        }
        assert_eq!(live, LIVE_SESSIONS, "{:?}", database.kind);
        assert!(!lives(&first).await && lives(&last).await, "{:?}: not the oldest", database.kind);
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
