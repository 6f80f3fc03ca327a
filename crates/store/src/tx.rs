//! A transaction in progress.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::lane::{Lane, Ticket};

/// A transaction that somebody else commits. Statements run on it as on any sea-orm connection.
pub struct Tx {
    inner: DatabaseTransaction,
    lane: std::sync::Arc<Lane>,
}

impl Tx {
    pub(crate) fn new(inner: DatabaseTransaction, lane: std::sync::Arc<Lane>) -> Self {
        Self { inner, lane }
    }

    pub(crate) fn into_inner(self) -> DatabaseTransaction {
        self.inner
    }

    /// The next gapless number of the lane this transaction holds; given back when it rolls back.
    pub fn ticket(&self) -> Ticket {
        self.lane.next()
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    #[expect(clippy::disallowed_methods, reason = "part of the trait; callers are held to the same rule")]
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}
