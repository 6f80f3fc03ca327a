//! Jobs: what is done later, once, by whichever process is there to do it.
//!
//! A job is a row that is written on the [`Tx`] of the act that wants it, so that both are there or neither. A [`Runner`] in
//! each process takes jobs that are due by a lease, renews it while their [`Handler`] works, and goes on from their cursor
//! where a process was killed: nothing that is committed is lost, and what a handler writes together with its cursor
//! ([`Run::save`]) is written once. Of one kind and key one job is open at a time: asking again is asking once.
//!
//! A row holds ids, counts and codes: no health data, no secret, no text of an error.

mod claim;
mod desk;
mod figures;
mod run;
mod runner;
mod tidy;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, Set,
    sea_query::{Expr, OnConflict},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    entity::{job, job_event},
    from_millis, to_millis,
};

pub use desk::{Asked, Counts, Filter, Happened, Step, counts, history, list, one, step};
pub use figures::{Pending, pending};
pub use run::{Ended, Failure, Handler, Run};
pub use runner::{Chance, Clock, Runner, Timing, jitter_of};
pub use tidy::Tidy;

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// For its time, or for a process that is free.
    Waiting,
    /// Somebody holds its lease.
    Running,
    /// Until somebody lets it go on.
    Paused,
    /// Over, and it worked.
    Done,
    /// Over: it did not work, and trying again by itself makes no sense.
    Failed,
    /// Over: somebody wanted it no more.
    Cancelled,
}

impl State {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 6] = [Self::Running, Self::Waiting, Self::Paused, Self::Failed, Self::Done, Self::Cancelled];

    /// As in the database, in addresses and in message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// From the database or an address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What can go wrong with a job's row.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else holds the lease by now: whoever is told this stops at once and writes nothing more.
    #[error("the job's lease is lost")]
    Lost,
    /// There is no such job.
    #[error("no such job")]
    NotFound,
    /// Not from this state.
    #[error("the job is {}", .0.as_str())]
    Not(State),
    /// Another one of its kind and key is open.
    #[error("a job of the same kind and key is open")]
    Open,
    /// A row that this program does not understand.
    #[error("job {0} can't be read")]
    Unreadable(Uuid),
}

impl From<DbErr> for JobError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// A job to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which [`Handler`] does it.
    pub kind: &'static str,
    /// What it is about; one job of a kind and key is open at a time. At most 200 bytes.
    pub key: String,
    /// What the handler needs: ids, never health data.
    pub payload: Value,
    /// Not before.
    pub run_at: Timestamp,
}

/// What came of [`enqueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// A new one.
    New(Uuid),
    /// One was open: if it runs already it runs once more after that, since it may have looked before this.
    Open,
}

/// A job as administrators and handlers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its own.
    pub id: Uuid,
    /// Which handler does it.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// Where it is in its life.
    pub state: State,
    /// What somebody asked of it that it has not heard yet.
    pub asked: Option<Asked>,
    /// Not before; for one that waits after a failure, the next try.
    pub run_at: Timestamp,
    /// How often it was begun since it last came forward.
    pub attempt: i32,
    /// How much is done, in what the handler counts.
    pub done: Option<i64>,
    /// Of how much.
    pub total: Option<i64>,
    /// What it is doing, a message key.
    pub note: Option<String>,
    /// Why it last failed, a code.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub enqueued_at: Timestamp,
    /// When it was begun last.
    pub started_at: Option<Timestamp>,
    /// When anything about it changed last.
    pub changed_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

impl TryFrom<job::Model> for Job {
    type Error = JobError;

    fn try_from(row: job::Model) -> Result<Self, JobError> {
        Ok(Self {
            state: State::parse(&row.state).ok_or(JobError::Unreadable(row.id))?,
            asked: row.asked.as_deref().and_then(Asked::parse),
            id: row.id,
            kind: row.kind,
            key: row.key,
            run_at: from_millis(row.run_at),
            attempt: row.attempt,
            done: row.done,
            total: row.total,
            note: row.note,
            last_error: row.last_error,
            enqueued_at: from_millis(row.enqueued_at),
            started_at: row.started_at.map(from_millis),
            changed_at: from_millis(row.changed_at),
            finished_at: row.finished_at.map(from_millis),
        })
    }
}

/// Asks for a job in the transaction of the act that wants it. Asked again while it is open, it is one job.
///
/// # Errors
/// The database's: then the act is not committed either.
pub async fn enqueue(tx: &Tx, new: NewJob, now: Timestamp) -> Result<Enqueued, JobError> {
    // On PostgreSQL the open job may be over between the two statements: then the second try makes a new one.
    for _ in 0..8 {
        let again = job::Entity::update_many()
            .col_expr(job::Column::Again, Expr::value(true))
            .filter(job::Column::Kind.eq(new.kind))
            .filter(job::Column::Key.eq(&new.key))
            .filter(job::Column::FinishedAt.is_null());
        if again.exec(tx).await?.rows_affected > 0 {
            return Ok(Enqueued::Open);
        }
        if let Some(id) = insert(tx, &new, now).await? {
            return Ok(Enqueued::New(id));
        }
    }
    Err(JobError::Open)
}

/// Inserts it unless one is open.
async fn insert(tx: &Tx, new: &NewJob, now: Timestamp) -> Result<Option<Uuid>, JobError> {
    let (id, at) = (Uuid::now_v7(), to_millis(now));
    let row = job::Model {
        id,
        kind: new.kind.to_owned(),
        key: new.key.clone(),
        payload: new.payload.to_string(),
        state: State::Waiting.as_str().to_owned(),
        run_at: to_millis(new.run_at),
        attempt: 0,
        holder: None,
        lease_until: None,
        asked: None,
        again: false,
        done: None,
        total: None,
        note: None,
        cursor: None,
        last_error: None,
        enqueued_at: at,
        started_at: None,
        changed_at: at,
        finished_at: None,
    };
    let insert = job::Entity::insert(row.into_active_model()).on_conflict(OnConflict::new().do_nothing().to_owned());
    if insert.exec_without_returning(tx).await? == 0 {
        return Ok(None);
    }
    remember(tx, id, now, &Line { what: "enqueued", attempt: 0, error: None, by: None }).await?;
    Ok(Some(id))
}

/// A line of a job's history.
struct Line<'a> {
    what: &'static str,
    attempt: i32,
    error: Option<&'a str>,
    by: Option<&'a str>,
}

async fn remember(tx: &Tx, job: Uuid, now: Timestamp, line: &Line<'_>) -> Result<(), JobError> {
    let row = job_event::ActiveModel {
        id: Set(Uuid::now_v7()),
        job: Set(job),
        at: Set(to_millis(now)),
        what: Set(line.what.to_owned()),
        attempt: Set(line.attempt),
        error: Set(line.error.map(str::to_owned)),
        by: Set(line.by.map(str::to_owned)),
    };
    job_event::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The row of a job, held until the transaction ends: what is decided by it is still so when it is written. `holder` is
/// asked for where the lease has to be one's own.
async fn hold(tx: &Tx, id: Uuid, holder: Option<&str>, now: Timestamp) -> Result<job::Model, JobError> {
    let mut touch = job::Entity::update_many()
        .col_expr(job::Column::ChangedAt, Expr::value(to_millis(now)))
        .filter(job::Column::Id.eq(id));
    if let Some(holder) = holder {
        touch = touch.filter(job::Column::Holder.eq(holder));
    }
    let missing = || if holder.is_some() { JobError::Lost } else { JobError::NotFound };
    if touch.exec(tx).await?.rows_affected == 0 {
        return Err(missing());
    }
    job::Entity::find_by_id(id).one(tx).await?.ok_or_else(missing)
}

/// A job that is no longer run by anybody, in its next state; written to its history as `line`.
async fn leave(
    tx: &Tx,
    row: job::Model,
    state: State,
    run_at: Timestamp,
    now: Timestamp,
    line: Line<'_>,
) -> Result<(), JobError> {
    let over = matches!(state, State::Done | State::Failed | State::Cancelled);
    let id = row.id;
    let mut change = row.into_active_model();
    change.state = Set(state.as_str().to_owned());
    change.holder = Set(None);
    change.lease_until = Set(None);
    change.asked = Set(None);
    change.again = Set(false);
    change.attempt = Set(line.attempt);
    change.finished_at = Set(over.then(|| to_millis(now)));
    if !over {
        change.run_at = Set(to_millis(run_at));
    }
    if state == State::Done {
        change.last_error = Set(None);
    } else if let Some(error) = line.error {
        change.last_error = Set(Some(error.to_owned()));
    }
    change.update(tx).await?;
    remember(tx, id, now, &line).await
}

/// The next time of what happens every `every`, after `now`: on multiples of it since 1970, the same in every process.
fn next_of(every: SignedDuration, now: Timestamp) -> Timestamp {
    let step = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let next = (to_millis(now).div_euclid(step) + 1).saturating_mul(step);
    from_millis(next)
}
