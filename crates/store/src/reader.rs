//! Reading, and knowing at once that the server is away.
//!
//! While a PostgreSQL server is away every statement would wait for a connection as long as the pool lets it, so that
//! a page answered seconds late and those who wait pile up. One small task asks the server on a connection of its own;
//! as long as it gets no answer, statements are refused at once, those that wait are let go, and the first answer lets
//! all through again.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::sync::watch;

use crate::config::SILENCE;

/// How long a connection to a server that was away may take to come about. The pool tries again and again, at longer and
/// longer intervals; a fresh attempt begins with short ones.
const CONNECTING: Duration = Duration::from_secs(2);
/// How often the server is asked.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// Whether the server answers; an outage is noticed within [`ASK_EVERY`] and [`SILENCE`], and its end sooner. On SQLite it always does.
#[derive(Clone)]
pub(crate) struct Presence {
    away: watch::Receiver<bool>,
    // The task ends with the last of these.
    _alive: Arc<()>,
}

impl Presence {
    /// Of a file: nobody needs to ask.
    pub(crate) fn constant() -> Self {
        Self { away: watch::channel(false).1, _alive: Arc::new(()) }
    }

    /// Of the server behind `own`, a pool of one connection that nothing else uses.
    pub(crate) fn of_server(own: DatabaseConnection) -> Self {
        let (tell, away) = watch::channel(false);
        let alive = Arc::new(());
        tokio::spawn(ask(own, tell, Arc::downgrade(&alive)));
        Self { away, _alive: alive }
    }

    /// Runs `work` unless the server is away, and no longer than it is there.
    pub(crate) async fn unless_away<T>(&self, work: impl Future<Output = T>) -> Result<T, DbErr> {
        let mut away = self.away.clone();
        if *away.borrow_and_update() {
            return Err(refusal());
        }
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = until(&mut away) => Err(refusal()),
        }
    }
}

async fn until(away: &mut watch::Receiver<bool>) {
    if away.wait_for(|away| *away).await.is_err() {
        // Nobody tells any more (a file, or the process is going down): no reason to let go.
        std::future::pending::<()>().await;
    }
}

fn refusal() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

async fn ask(own: DatabaseConnection, tell: watch::Sender<bool>, alive: Weak<()>) {
    while alive.strong_count() > 0 {
        let patience = if *tell.borrow() { CONNECTING } else { SILENCE };
        let answered = tokio::time::timeout(patience, own.ping()).await.is_ok_and(|answer| answer.is_ok());
        let changed = tell.send_if_modified(|away| std::mem::replace(away, !answered) == answered);
        match (changed, answered) {
            (true, true) => tracing::warn!("the database is back"),
            (true, false) => tracing::error!("the database is away: what needs it is refused until it is back"),
            (false, _) => {}
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// A connection for reading. On SQLite it refuses to write (`PRAGMA query_only`).
#[derive(Clone)]
pub struct Reader {
    pool: DatabaseConnection,
    presence: Presence,
}

impl Reader {
    pub(crate) fn new(pool: DatabaseConnection, presence: Presence) -> Self {
        Self { pool, presence }
    }

    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        self.presence.unless_away(self.pool.ping()).await?
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.presence.unless_away(self.pool.execute_raw(statement)).await?
    }

    #[expect(clippy::disallowed_methods, reason = "part of the trait; callers are held to the same rule")]
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.presence.unless_away(self.pool.execute_unprepared(sql)).await?
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.presence.unless_away(self.pool.query_one_raw(statement)).await?
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.presence.unless_away(self.pool.query_all_raw(statement)).await?
    }
}
