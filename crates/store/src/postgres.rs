//! Writing on PostgreSQL: a job is a transaction on a connection of the pool.

use std::sync::Arc;

use futures_util::FutureExt;
use sea_orm::{Database, DatabaseConnection, TransactionTrait};
use tokio::sync::Mutex;

use crate::{DatabaseConfig, JobFuture, StoreError, Tx, lane::Lane};

pub(crate) struct PostgresWriter {
    pool: DatabaseConnection,
    free: Mutex<Vec<Arc<Lane>>>,
}

#[expect(clippy::disallowed_methods, reason = "this is Store::open; statement logging is off in the options")]
pub(crate) async fn open(config: &DatabaseConfig) -> Result<(DatabaseConnection, PostgresWriter), StoreError> {
    let mut options = config.options(config.url.clone(), config.max_connections);
    let password = config.password.clone();
    options.map_sqlx_postgres_opts(move |connect| match &password {
        Some(secret) => connect.password(secret),
        None => connect,
    });
    let pool = Database::connect(options).await?;
    Ok((pool.clone(), PostgresWriter { pool, free: Mutex::new(Vec::new()) }))
}

impl PostgresWriter {
    #[expect(clippy::disallowed_methods, reason = "this is Store::write")]
    pub(crate) async fn run<T, E, F>(&self, job: F) -> Result<T, E>
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
