//! Writing on PostgreSQL: a job is a transaction on a connection of the pool.

use std::sync::Arc;

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, QueryResult, Statement, TransactionTrait};
use tokio::sync::Mutex;

use crate::{
    DatabaseConfig, JobFuture, StoreError, Ticket, Tx,
    lane::Lane,
    reader::{Presence, Reader},
};

/// The server gives a statement up after these, so that neither a forgotten lock nor a portal that stands still in the
/// middle of a transaction holds up the others. Jobs are short: a second is long for any of their statements.
const LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "10s"), ("lock_timeout", "3s"), ("idle_in_transaction_session_timeout", "15s")];

pub(crate) struct PostgresWriter {
    pool: DatabaseConnection,
    presence: Presence,
    free: Mutex<Vec<Arc<Lane>>>,
}

pub(crate) async fn open(config: &DatabaseConfig) -> Result<(Reader, PostgresWriter), StoreError> {
    let pool = connect(config, config.max_connections).await?;
    let presence = Presence::of_server(connect(config, 1).await?);
    let reader = Reader::new(pool.clone(), presence.clone());
    Ok((reader, PostgresWriter { pool, presence, free: Mutex::new(Vec::new()) }))
}

#[expect(clippy::disallowed_methods, reason = "this is Store::open; statement logging is off in the options")]
async fn connect(config: &DatabaseConfig, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let mut options = config.options(config.url.clone(), connections);
    let password = config.password.clone();
    options.map_sqlx_postgres_opts(move |connect| {
        let connect = connect.options(LIMITS);
        match &password {
            Some(secret) => connect.password(secret),
            None => connect,
        }
    });
    Ok(Database::connect(options).await?)
}

impl PostgresWriter {
    /// When the server goes away in the middle, nobody knows whether the changes are there: the error says no more than
    /// that, and the lane is retired.
    pub(crate) async fn run<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> JobFuture<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.presence.unless_away(self.transaction(job)).await.map_err(StoreError::from)?
    }

    /// Without BEGIN and COMMIT: the server commits a statement that comes alone before it answers.
    pub(crate) async fn once<E, F>(&self, statement: F) -> Result<Vec<QueryResult>, E>
    where
        F: FnOnce(Ticket) -> Result<Statement, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let written = self.presence.unless_away(async {
            let lane = self.free.lock().await.pop().unwrap_or_else(|| Arc::new(Lane::new()));
            let mark = lane.mark();
            // After an error nobody knows whether its rows are there: the lane is retired.
            let rows = self.pool.query_all_raw(statement(lane.next())?).await.map_err(StoreError::from)?;
            if rows.is_empty() {
                lane.rewind(mark);
            }
            self.free.lock().await.push(lane);
            Ok(rows)
        });
        written.await.map_err(StoreError::from)?
    }

    #[expect(clippy::disallowed_methods, reason = "this is Store::write")]
    async fn transaction<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> JobFuture<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let begun = self.pool.begin().await.map_err(StoreError::from)?;
        let lane = self.free.lock().await.pop().unwrap_or_else(|| Arc::new(Lane::new()));
        let mark = lane.mark();
        let tx = Tx::new(begun, lane.clone());
        // A caller that goes away in mid-job drops this future: the lane is then not returned, so it is retired.
        let outcome = std::panic::AssertUnwindSafe(job(&tx)).catch_unwind().await;
        let inner = tx.into_inner();
        match outcome {
            Ok(Ok(value)) => {
                // After a failed COMMIT nobody knows whether the rows are there: the lane is retired.
                inner.commit().await.map_err(StoreError::from)?;
                self.free.lock().await.push(lane);
                Ok(value)
            }
            Ok(Err(refused)) => {
                inner.rollback().await.map_err(StoreError::from)?;
                lane.rewind(mark);
                self.free.lock().await.push(lane);
                Err(refused)
            }
            Err(_) => {
                inner.rollback().await.map_err(StoreError::from)?;
                Err(StoreError::Panicked.into())
            }
        }
    }
}
