//! Writing on SQLite: one task takes jobs from a queue and commits them in groups.
//!
//! A group is `lock file, BEGIN IMMEDIATE, (SAVEPOINT, job, RELEASE | ROLLBACK TO)*, COMMIT, unlock`; callers hear
//! of success only after the COMMIT. The file lock keeps the other portal's process from polling SQLite's own lock,
//! which makes it wait up to a second.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, QueryResult, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    DatabaseConfig, JobFuture, StoreError, Ticket, Tx,
    lane::Lane,
    reader::{Presence, Reader},
};

/// Jobs that share one COMMIT.
const GROUP: usize = 64;
/// Jobs that may wait; beyond it callers wait to hand theirs over.
const QUEUE: usize = 4096;

/// How long a group waits for the other portal's; a group takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// A job that has run and waits for the group's COMMIT to tell its caller.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// A queued job: runs in its savepoint, says whether to keep its changes, and leaves its answer.
type Job = Box<dyn for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, (bool, Answer)> + Send>;
/// A queued job beside a way to tell its caller that it could not even begin.
struct Queued {
    job: Job,
    refuse: Box<dyn FnOnce(StoreError) + Send>,
}

pub(crate) struct SqliteWriter {
    queue: mpsc::Sender<Queued>,
}

pub(crate) async fn open(config: &DatabaseConfig) -> Result<(Reader, SqliteWriter), StoreError> {
    let path = PathBuf::from(config.sqlite_path());
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("writer-lock"))
        .map_err(StoreError::Lock)?;
    let writer = connect(config, 1, false).await?;
    let readers = connect(config, config.max_connections, true).await?;
    let (queue, jobs) = mpsc::channel(QUEUE);
    tokio::spawn(work(writer, GroupLock { file: Arc::new(lock), given_up: None }, jobs));
    Ok((Reader::new(readers, Presence::constant()), SqliteWriter { queue }))
}

#[expect(clippy::disallowed_methods, reason = "this is Store::open; statement logging is off in the options")]
async fn connect(
    config: &DatabaseConfig,
    connections: u32,
    query_only: bool,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = config.options(format!("sqlite://{}?mode=rw", config.sqlite_path()), connections);
    options.idle_timeout(None).max_lifetime(None).test_before_acquire(false);
    options.map_sqlx_sqlite_opts(move |connect| {
        connect
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .pragma("query_only", if query_only { "ON" } else { "OFF" })
            .busy_timeout(Duration::from_secs(5))
    });
    Ok(Database::connect(options).await?)
}

impl SqliteWriter {
    pub(crate) async fn run<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> JobFuture<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel::<Result<T, E>>();
        let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
        let tell_refusal = tell.clone();
        let queued = Queued {
            job: Box::new(move |tx| {
                Box::pin(async move {
                    let outcome = std::panic::AssertUnwindSafe(job(tx)).catch_unwind().await;
                    let outcome = outcome.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
                    let keep = outcome.is_ok();
                    let answer: Answer = Box::new(move |committed| {
                        answer(&tell, outcome.and_then(|value| committed.map(|()| value).map_err(E::from)));
                    });
                    (keep, answer)
                })
            }),
            refuse: Box::new(move |error| answer(&tell_refusal, Err(error.into()))),
        };
        self.queue.send(queued).await.map_err(|_| StoreError::Stopped)?;
        told.await.map_err(|_| StoreError::Stopped)?
    }

    pub(crate) async fn once<E, F>(&self, statement: F) -> Result<Vec<QueryResult>, E>
    where
        F: FnOnce(Ticket) -> Result<Statement, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let written = self.run::<_, Undone<E>, _>(move |tx| {
            Box::pin(async move {
                let statement = statement(tx.ticket()).map_err(Undone::Failed)?;
                let rows = tx.query_all_raw(statement).await.map_err(StoreError::from)?;
                if rows.is_empty() { Err(Undone::Nothing) } else { Ok(rows) }
            })
        });
        match written.await {
            Ok(rows) => Ok(rows),
            Err(Undone::Nothing) => Ok(Vec::new()),
            Err(Undone::Failed(error)) => Err(error),
        }
    }
}

/// Why [`SqliteWriter::once`] takes back what it did.
enum Undone<E> {
    /// The statement returned nothing.
    Nothing,
    Failed(E),
}

impl<E: From<StoreError>> From<StoreError> for Undone<E> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

type Tell<T> = std::sync::Mutex<Option<oneshot::Sender<T>>>;

fn answer<T>(tell: &Tell<T>, value: T) {
    let sender = tell.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(sender) = sender {
        // A caller that has gone away needs no answer; its job is committed all the same.
        drop(sender.send(value));
    }
}

async fn work(db: DatabaseConnection, mut lock: GroupLock, mut jobs: mpsc::Receiver<Queued>) {
    let mut lane = Arc::new(Lane::new());
    let mut group = Vec::with_capacity(GROUP);
    while jobs.recv_many(&mut group, GROUP).await > 0 {
        if let Err(error) = write_group(&db, &mut lock, &lane, &mut group).await {
            tracing::error!(%error, "a group of writes failed");
            // Whether the rows are there is unknown after a failed COMMIT: the lane is retired.
            lane = Arc::new(Lane::new());
        }
    }
}

async fn write_group(
    db: &DatabaseConnection,
    lock: &mut GroupLock,
    lane: &Arc<Lane>,
    group: &mut Vec<Queued>,
) -> Result<(), StoreError> {
    let begun = match begin(db, lock).await {
        Ok(begun) => begun,
        Err(error) => {
            let told = error.to_string();
            group.drain(..).for_each(|queued| (queued.refuse)(unavailable(&told)));
            return Err(error);
        }
    };
    let mut answers = Vec::with_capacity(group.len());
    let mut failure: Option<String> = None;
    for queued in group.drain(..) {
        if let Some(error) = failure.as_deref() {
            (queued.refuse)(unavailable(error));
            continue;
        }
        match in_savepoint(&begun, lane, queued.job).await {
            Ok(answer) => answers.push(answer),
            Err((error, answer)) => {
                failure = Some(error.to_string());
                answers.extend(answer);
            }
        }
    }
    let committed = match &failure {
        None => begun.commit().await.map_err(StoreError::from),
        Some(error) => {
            if let Err(rollback) = begun.rollback().await {
                tracing::error!(%rollback, "a failed group of writes could not be rolled back");
            }
            Err(unavailable(error))
        }
    };
    lock.release()?;
    let told = committed.as_ref().err().map(ToString::to_string);
    for answer in answers {
        answer(told.as_deref().map_or(Ok(()), |error| Err(unavailable(error))));
    }
    committed
}

/// The group's error for each of its jobs (database errors can't be cloned).
fn unavailable(message: &str) -> StoreError {
    StoreError::Group(message.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "this is Store::write")]
async fn begin(db: &DatabaseConnection, lock: &mut GroupLock) -> Result<DatabaseTransaction, StoreError> {
    lock.hold().await?;
    let options =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    match db.begin_with_options(options).await {
        Ok(begun) => Ok(begun),
        Err(error) => {
            lock.release()?;
            Err(error.into())
        }
    }
}

/// The file lock round a group.
struct GroupLock {
    file: Arc<File>,
    /// Still stands in the queue for a group that has given up; gives the lock back when it gets it.
    given_up: Option<JoinHandle<()>>,
}

impl GroupLock {
    /// Waits for the other process off the async threads, and only when it really holds the lock; but not for ever: a
    /// portal that was halted in mid-write must not halt this one.
    async fn hold(&mut self) -> Result<(), StoreError> {
        if let Some(given_up) = &mut self.given_up {
            if tokio::time::timeout(PATIENCE, given_up).await.is_err() {
                return Err(Self::held_by_another());
            }
            self.given_up = None;
        }
        match self.file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(StoreError::Lock(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let file = self.file.clone();
        let mut waiting = tokio::task::spawn_blocking(move || file.lock());
        if let Ok(held) = tokio::time::timeout(PATIENCE, &mut waiting).await {
            return held.map_err(|_| StoreError::Stopped)?.map_err(StoreError::Lock);
        }
        let file = self.file.clone();
        self.given_up = Some(tokio::spawn(async move {
            if let Ok(Ok(())) = waiting.await
                && let Err(error) = file.unlock()
            {
                tracing::error!(%error, "the lock file can't be unlocked");
            }
        }));
        Err(Self::held_by_another())
    }

    fn held_by_another() -> StoreError {
        StoreError::Group(format!("another process has held the database for more than {} s", PATIENCE.as_secs()))
    }

    fn release(&self) -> Result<(), StoreError> {
        self.file.unlock().map_err(StoreError::Lock)
    }
}

type SavepointFailure = (StoreError, Option<Answer>);

#[expect(clippy::disallowed_methods, reason = "this is Store::write")]
async fn in_savepoint(group: &DatabaseTransaction, lane: &Arc<Lane>, job: Job) -> Result<Answer, SavepointFailure> {
    let mark = lane.mark();
    let savepoint = group.begin().await.map_err(|error| (error.into(), None))?;
    let tx = Tx::new(savepoint, lane.clone());
    let (keep, answer) = job(&tx).await;
    let savepoint = tx.into_inner();
    let done = if keep {
        savepoint.commit().await
    } else {
        lane.rewind(mark);
        savepoint.rollback().await
    };
    match done {
        Ok(()) => Ok(answer),
        Err(error) => Err((error.into(), Some(answer))),
    }
}
