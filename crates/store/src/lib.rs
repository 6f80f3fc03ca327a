//! The database: a pool of readers, the one writer, and the numbered lane that audit rows are counted in.
//!
//! Start reading at [`Store`]. Reads go through [`Store::reader`]; every change goes through [`Store::write`],
//! which hands a [`Tx`] to a job and commits it, or rolls it back when the job returns an error.
//! On SQLite one task does all writing of this process (group commit, `BEGIN IMMEDIATE`, a savepoint a job,
//! a file lock round each batch because the other portal is another process); on PostgreSQL a job is a transaction.
//!
//! What is done later stands in tables of its own: [`jobs`] are leased and resumed, [`outbox`] events are delivered after
//! the commit of the act they belong to.
//!
//! This crate knows no table of anybody else's and never migrates: that is `portal-migrate`'s.
//! Nothing outside it begins a transaction.

mod config;
mod entity;
pub mod jobs;
mod lane;
mod lease;
mod outage;
pub mod outbox;
mod postgres;
mod reader;
mod schema;
mod sqlite;
mod time;
mod tx;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::{DbErr, QueryResult, Statement};

pub use config::{DatabaseConfig, UrlProblem};
pub use lane::Ticket;
pub use lease::Lease;
pub use reader::Reader;
pub use schema::SCHEMA;
pub use time::{Millis, from_millis, to_millis};
pub use tx::Tx;

/// Which database is behind a [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file, for a single machine.
    Sqlite,
    /// A server, for as many replicas as needed.
    Postgres,
}

/// What can go wrong below a query.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not take the statement or could not be reached.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// The lock file beside the SQLite database could not be used.
    #[error("lock file: {0}")]
    Lock(std::io::Error),
    /// The schema is not the one this program was built for.
    #[error("schema is {found}, this program needs {needed}: run `portal-migrate --config FILE up`")]
    Schema {
        /// What the database says.
        found: String,
        /// What this program was built for.
        needed: String,
    },
    /// The schema is of a program that came later: a step never takes away what the program before it still reads, so
    /// a replica that runs goes on, but none of an older release is started.
    #[error("schema is {found}, newer than this program's, {needed}: start the program that belongs to it")]
    SchemaNewer {
        /// What the database says.
        found: String,
        /// What this program was built for.
        needed: String,
    },
    /// The changes of all jobs that were to be committed together were not.
    #[error("a group of writes was not committed: {0}")]
    Group(String),
    /// A job panicked; its changes were rolled back.
    #[error("a write job panicked")]
    Panicked,
    /// The writer task has stopped (the process is going down).
    #[error("the writer has stopped")]
    Stopped,
    /// The database address could not be understood.
    #[error(transparent)]
    Url(#[from] UrlProblem),
}

enum Writer {
    Sqlite(sqlite::SqliteWriter),
    Postgres(postgres::PostgresWriter),
}

/// A job for [`Store::write`], boxed: borrows the transaction for as long as it runs.
pub type JobFuture<'t, T, E> = BoxFuture<'t, Result<T, E>>;

/// The database of one portal process. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    writer: Arc<Writer>,
    backend: Backend,
}

impl Store {
    /// Connects readers and the writer. Does not look at the schema: see [`Store::check_schema`].
    ///
    /// # Errors
    /// [`StoreError::Database`] when the server is away or the file can't be opened.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, StoreError> {
        match config.backend()? {
            Backend::Sqlite => {
                let (reader, writer) = sqlite::open(config).await?;
                Ok(Self { reader, writer: Arc::new(Writer::Sqlite(writer)), backend: Backend::Sqlite })
            }
            Backend::Postgres => {
                let (reader, writer) = postgres::open(config).await?;
                Ok(Self { reader, writer: Arc::new(Writer::Postgres(writer)), backend: Backend::Postgres })
            }
        }
    }

    /// A connection for reading. On SQLite it refuses to write (`PRAGMA query_only`). While a server is known to be away
    /// it refuses at once.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Runs `job` in a transaction of its own: committed and durable when this returns `Ok`,
    /// without a trace when it returns `Err`.
    ///
    /// Jobs must be short and touch nothing but the transaction: on SQLite every other write of the process
    /// waits for them. A job whose caller went away is still carried out.
    ///
    /// # Errors
    /// What the job returned, or a [`StoreError`] turned into `E`.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> JobFuture<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.writer {
            Writer::Sqlite(writer) => writer.run(job).await,
            Writer::Postgres(writer) => writer.run(job).await,
        }
    }

    /// Runs one statement that is a transaction by itself: it writes all or nothing, and says that it has written by the rows
    /// that it returns. On PostgreSQL it goes to the server once, where [`Store::write`] goes three times. `statement` gets the
    /// number of the one row that it may add to a lane; of a statement that returns nothing it is given back.
    ///
    /// # Errors
    /// What `statement` returned, or a [`StoreError`] turned into `E`. Whether it has written is unknown then only when the
    /// database went away.
    pub async fn write_once<E, F>(&self, statement: F) -> Result<Vec<QueryResult>, E>
    where
        F: FnOnce(Ticket) -> Result<Statement, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.writer {
            Writer::Sqlite(writer) => writer.once(statement).await,
            Writer::Postgres(writer) => writer.once(statement).await,
        }
    }

    /// Answers when the database does.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.reader.ping().await?)
    }

    /// Refuses a database whose newest migration is not [`SCHEMA`].
    ///
    /// # Errors
    /// [`StoreError::Schema`] or [`StoreError::SchemaNewer`], naming what was found and the cure.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        schema::check(&self.reader).await
    }
}
