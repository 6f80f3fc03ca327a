//! `store` on both databases.

mod jobs;
mod outbox;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, Func, Query},
};
use store::{DatabaseConfig, Lease, Store, StoreError, Ticket, Tx};

async fn open(database: &testbed::Database) -> Store {
    Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("opened")
}

/// Writes one row (leases serve as a plain table) and takes a ticket.
async fn put(tx: &Tx, name: String) -> Result<Ticket, StoreError> {
    let insert = Query::insert()
        .into_table(Alias::new("lease"))
        .columns(["name", "holder", "expires_at"].map(Alias::new))
        .values_panic([name.into(), "test".into(), 1i64.into()])
        .to_owned();
    tx.execute(&insert).await?;
    Ok(tx.ticket())
}

async fn rows(store: &Store) -> i64 {
    let count = Query::select()
        .expr_as(Func::count(Expr::col(Alias::new("name"))), Alias::new("n"))
        .from(Alias::new("lease"))
        .and_where(Expr::col(Alias::new("holder")).eq("test"))
        .to_owned();
    let row = store.reader().query_one(&count).await.expect("counted").expect("a row");
    row.try_get("", "n").expect("a number")
}

/// Writes a row, or refuses to after writing it. On a machine that others keep busy a server is taken for away when it is
/// not: what is refused for that is asked again.
async fn written(store: &Store, name: String, refuse: bool) -> Result<Ticket, StoreError> {
    loop {
        let name = name.clone();
        let outcome = store.write(move |tx| {
            Box::pin(async move {
                let ticket = put(tx, name).await?;
                if refuse { Err(StoreError::Panicked) } else { Ok(ticket) }
            })
        });
        match outcome.await {
            Err(error) if error.is_outage() => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            outcome => return outcome,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_job_leaves_nothing_and_its_neighbours_stay() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let jobs = (0..200).map(|n| written(&store, format!("row-{n}"), n % 3 == 0));
        let outcomes = join_all(jobs).await;
        let kept: Vec<Ticket> = outcomes.into_iter().filter_map(Result::ok).collect();
        assert_eq!(kept.len(), 133, "{:?}", database.kind);
        assert_eq!(rows(&store).await, 133, "{:?}", database.kind);
        assert_gapless(&kept);
    }
}

fn assert_gapless(kept: &[Ticket]) {
    let mut lanes: std::collections::BTreeMap<_, Vec<i64>> = std::collections::BTreeMap::new();
    for ticket in kept {
        lanes.entry(ticket.writer).or_default().push(ticket.number);
    }
    for (writer, mut numbers) in lanes {
        numbers.sort_unstable();
        let expect: Vec<i64> = (1..=numbers.len() as i64).collect();
        assert_eq!(numbers, expect, "lane {writer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_job_is_rolled_back_and_the_writer_lives() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let refused = store
            .write::<(), StoreError, _>(|tx| {
                Box::pin(async move {
                    put(tx, "lost".to_owned()).await?;
                    panic!("in a job, on purpose");
                })
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Panicked)), "{refused:?}");
        store.write(|tx| Box::pin(put(tx, "kept".to_owned()))).await.expect("written");
        assert_eq!(rows(&store).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_statement_refuses_its_own_job_alone() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let twice = (0..8).map(|_| store.write(|tx| Box::pin(put(tx, "same".to_owned()))));
        let outcomes = join_all(twice).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{:?}", database.kind);
        assert_eq!(rows(&store).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_on_one_database_disturb_nobody() {
    for database in testbed::databases().await {
        let stores = [open(&database).await, open(&database).await];
        let jobs = (0..600).map(|n| written(&stores[n % 2], format!("row-{n}"), false));
        let outcomes = join_all(jobs).await;
        let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_err()).collect();
        assert!(failed.is_empty(), "{:?}: {:?}", database.kind, failed.first());
        assert_eq!(rows(&stores[0]).await, 600);
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let database = testbed::Database::sqlite().await.expect("database");
    let store = open(&database).await;
    let delete = Query::delete().from_table(Alias::new("lease")).to_owned();
    assert!(store.reader().execute(&delete).await.is_err());
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_ends() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let start: Timestamp = "2026-11-21T08:00:00Z".parse().expect("time");
        let take = async |holder: &str, seconds: i64| {
            let lease = Lease { name: "job", holder: holder.to_owned(), ttl: SignedDuration::from_secs(10) };
            let now = start + SignedDuration::from_secs(seconds);
            store
                .write(move |tx| Box::pin(async move { lease.take(tx, now).await.map_err(StoreError::from) }))
                .await
                .expect("asked")
        };
        assert!(take("a", 0).await);
        assert!(!take("b", 5).await);
        assert!(take("a", 9).await, "renewed");
        assert!(!take("b", 15).await);
        assert!(take("b", 20).await, "run out");
        assert!(!take("a", 21).await);
    }
}

#[tokio::test]
async fn another_schema_is_refused_with_its_cure() {
    use sea_orm_migration::MigratorTrait as _;
    for database in testbed::databases().await {
        let store = open(&database).await;
        store.check_schema().await.expect("the newest");
        let behind_its_back = database.connect().await.expect("connected");
        migrations::Migrator::down(&behind_its_back, Some(1)).await.expect("one step down");
        let refused = store.check_schema().await.expect_err("another");
        assert!(refused.to_string().contains("portal-migrate"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_is_halted_in_a_write_halts_nobody_for_long() {
    let database = testbed::Database::sqlite().await.expect("database");
    let store = open(&database).await;
    let file = database.file().expect("a file").with_extension("writer-lock");
    let halted = std::fs::File::options().write(true).open(&file).expect("lock file");
    halted.lock().expect("held");
    for name in ["first", "second"] {
        let asked = std::time::Instant::now();
        let refused = store.write(move |tx| Box::pin(put(tx, name.to_owned()))).await.expect_err("held by another");
        assert!(refused.is_outage() && asked.elapsed().as_secs() < 6, "{refused:?} after {:?}", asked.elapsed());
    }
    halted.unlock().expect("unlocked");
    store.write(|tx| Box::pin(put(tx, "third".to_owned()))).await.expect("written");
    assert_eq!(rows(&store).await, 1);
    // And the lock is not left with us: the other process gets it.
    halted.try_lock().expect("free");
}

#[tokio::test]
async fn a_newer_schema_is_named_and_not_migrated_up() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let newer = Query::insert()
            .into_table(Alias::new("seaql_migrations"))
            .columns(["version", "applied_at"].map(Alias::new))
            .values_panic(["m29990101_000001_later".into(), 1i64.into()])
            .to_owned();
        database.connect().await.expect("connected").execute(&newer).await.expect("inserted");
        let refused = store.check_schema().await.expect_err("newer");
        assert!(matches!(refused, StoreError::SchemaNewer { .. }), "{refused}");
        assert!(!refused.to_string().contains("portal-migrate"), "{refused}");
    }
}

/// The statements of a stopped, a killed and a halted server are refused at once, and answered again at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_known_to_be() {
    if testbed::quick() {
        return;
    }
    let mut server =
        tokio::task::spawn_blocking(|| testbed::postgres::Server::start(testbed::postgres::Durability::Off))
            .await
            .expect("a thread")
            .expect("a server");
    let database = testbed::Database::on(&server).await.expect("database");
    let store = open(&database).await;
    store.write(|tx| Box::pin(put(tx, "before".to_owned()))).await.expect("written");
    for outage in ["stopped", "killed", "halted"] {
        match outage {
            "stopped" => server.stop().expect("stopped"),
            "killed" => server.kill().expect("killed"),
            _ => server.halt().expect("halted"),
        }
        // The first may wait until it is noticed, at most as long as a statement waits for a connection.
        let first = std::time::Instant::now();
        until(async || store.ping().await.is_err_and(|error| error.is_outage())).await;
        assert!(first.elapsed().as_secs() < 8, "{outage}: {:?}", first.elapsed());
        let known = std::time::Instant::now();
        for _ in 0..20 {
            assert!(store.write(|tx| Box::pin(put(tx, "during".to_owned()))).await.is_err());
        }
        assert!(known.elapsed().as_secs() < 8, "{outage}: not known: {:?}", known.elapsed());
        match outage {
            "halted" => server.go_on().expect("goes on"),
            _ => server.start_again().expect("started"),
        }
        let back = std::time::Instant::now();
        until(async || store.ping().await.is_ok()).await;
        assert!(back.elapsed().as_secs() < 8, "{outage}: {:?}", back.elapsed());
        store.write(move |tx| Box::pin(put(tx, format!("after {outage}")))).await.expect("written");
    }
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds().await {
        assert!(std::time::Instant::now() < end, "it never was so");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
