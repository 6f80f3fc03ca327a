//! Secrets on both databases, under roots of files and of a transit service.

mod broken_off;
mod places;
mod roots;
mod transit;

use std::sync::Arc;

use async_trait::async_trait;
use envelope::{
    Ambient, Envelope, EnvelopeError, FileRoot, KeyDomain, NoRandom, Place, RootKeys, Roots, Sealed, SealedRow,
    SealedRows,
};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Order, Query},
};
use store::{DatabaseConfig, Store, StoreError};
use testbed::Database;

const SEGMENT: &str = "test-secret";

fn random(bytes: &mut [u8]) -> Result<(), NoRandom> {
    getrandom::fill(bytes).map_err(|_| NoRandom)
}

fn ambient() -> Ambient {
    Ambient { now: || "2026-11-22T12:00:00Z".parse().expect("instant"), random }
}

async fn open(database: &Database) -> Store {
    Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("opened")
}

/// A root of a file whose bytes are all `byte`.
fn file(domain: KeyDomain, byte: u8) -> Arc<dyn RootKeys> {
    Arc::new(FileRoot::new(domain, format!("{domain}_file (/keys/{domain}-{byte})"), &[byte; 32], random))
}

/// All domains under files of these bytes, the first wrapping.
fn files(bytes: &[u8]) -> Roots {
    let all = KeyDomain::ALL.into_iter().flat_map(|domain| bytes.iter().map(move |byte| (domain, file(domain, *byte))));
    all.fold(Roots::default(), |roots, (domain, root)| roots.with(domain, root))
}

fn envelope(store: &Store, roots: Roots) -> Envelope {
    Envelope::new(store.clone(), roots, ambient())
}

fn place(row: impl ToString) -> Place {
    Place { domain: KeyDomain::Staff, segment: SEGMENT, row: row.to_string() }
}

fn name(name: &str) -> Alias {
    Alias::new(name)
}

/// Runs SQL behind the envelope's back.
#[expect(clippy::disallowed_methods, reason = "written out here: what somebody with the database could do")]
async fn sql(database: &Database, statement: &str) {
    let db = database.connect().await.expect("connected");
    db.execute_unprepared(statement).await.expect("done");
}

/// A table of a test's own, with a column of secrets.
#[derive(Clone)]
struct Secrets {
    store: Store,
}

impl Secrets {
    async fn new(database: &Database) -> Self {
        sql(database, "CREATE TABLE test_secret (id integer PRIMARY KEY, sealed text NOT NULL)").await;
        Self { store: open(database).await }
    }

    async fn put(&self, id: i32, sealed: String) {
        let insert = Query::insert()
            .into_table(name("test_secret"))
            .columns([name("id"), name("sealed")])
            .values_panic([id.into(), sealed.into()])
            .to_owned();
        let put = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.execute(&insert).await.map(drop).map_err(StoreError::from) })
        });
        put.await.expect("put");
    }

    /// Puts `count` secrets, `secret 1` and so on.
    async fn fill(&self, envelope: &Envelope, count: i32) {
        for id in 1..=count {
            let sealed = envelope.seal(&place(id), format!("secret {id}").as_bytes()).await.expect("sealed");
            self.put(id, sealed.to_string()).await;
        }
    }

    /// Every secret opens and is what it was; the texts as they stand.
    async fn read(&self, envelope: &Envelope) -> Vec<String> {
        let rows = self.after(None, 1000).await.expect("rows");
        for row in &rows {
            let sealed: Sealed = row.sealed.parse().expect("sealed");
            let secret =
                envelope.open(&row.place, &sealed).await.unwrap_or_else(|error| panic!("{}: {error}", row.key));
            assert_eq!(String::from_utf8_lossy(&secret), format!("secret {}", row.key));
        }
        rows.into_iter().map(|row| row.sealed).collect()
    }
}

#[async_trait]
impl SealedRows for Secrets {
    fn domain(&self) -> KeyDomain {
        KeyDomain::Staff
    }

    fn segment(&self) -> &'static str {
        SEGMENT
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let after: i32 = after.map_or(0, |key| key.parse().expect("a key of ours"));
        let rows = Query::select()
            .columns([name("id"), name("sealed")])
            .from(name("test_secret"))
            .and_where(Expr::col(name("id")).gt(after))
            .order_by(name("id"), Order::Asc)
            .limit(most)
            .to_owned();
        let row = |row: sea_orm::QueryResult| {
            let id: i32 = row.try_get("", "id")?;
            Ok(SealedRow { key: id.to_string(), place: place(id), sealed: row.try_get("", "sealed")? })
        };
        self.store.reader().query_all(&rows).await?.into_iter().map(row).collect()
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        let change = Query::update()
            .table(name("test_secret"))
            .value(name("sealed"), anew.to_string())
            .and_where(Expr::col(name("id")).eq(row.key.parse::<i32>().expect("a key of ours")))
            .and_where(Expr::col(name("sealed")).eq(row.sealed.as_str()))
            .to_owned();
        let changed = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { Ok(tx.execute(&change).await?.rows_affected() == 1) })
        });
        changed.await
    }
}

fn is_unreadable(outcome: &Result<zeroize::Zeroizing<Vec<u8>>, EnvelopeError>) -> bool {
    matches!(outcome, Err(EnvelopeError::Unreadable))
}
