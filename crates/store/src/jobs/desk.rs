//! Jobs as administrators see them, and what they do with them. Who may is the portal's to say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};
use uuid::Uuid;

use super::{Job, JobError, Line, State, hold, leave, remember};
use crate::{
    Reader, Tx,
    entity::{job, job_event},
    from_millis,
};

/// What a running job was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To stop for good.
    Cancel,
    /// To stop until it may go on.
    Pause,
}

impl Asked {
    /// As in the database and in message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Pause => "pause",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Cancel, Self::Pause].into_iter().find(|asked| asked.as_str() == text)
    }
}

/// What an administrator does with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Runs one that failed or was cancelled again, or one that waits now.
    Retry,
    /// Ends one for good.
    Cancel,
    /// Lets one stand.
    Pause,
    /// Lets it go on.
    Resume,
}

impl Step {
    /// In the order of the page.
    pub const ALL: [Self; 4] = [Self::Retry, Self::Resume, Self::Pause, Self::Cancel];

    /// As in addresses, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    /// From a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// Does it make sense for `job`?
    pub fn fits(self, job: &Job) -> bool {
        use State::{Cancelled, Failed, Paused, Running, Waiting};
        match self {
            Self::Retry => matches!(job.state, Failed | Cancelled) || job.state == Waiting && job.attempt > 0,
            Self::Cancel => {
                matches!(job.state, Waiting | Paused) || job.state == Running && job.asked != Some(Asked::Cancel)
            }
            Self::Pause => job.state == Waiting || job.state == Running && job.asked.is_none(),
            Self::Resume => job.state == Paused || job.state == Running && job.asked == Some(Asked::Pause),
        }
    }
}

/// Which jobs a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this kind alone.
    pub kind: Option<String>,
    /// In this state alone.
    pub state: Option<State>,
}

/// How many jobs of one kind there are in each state.
pub type Counts = BTreeMap<String, BTreeMap<State, i64>>;

/// A line of a job's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// `enqueued`, `begun`, `resumed`, `put-off`, `again`, `interrupted`, `done`, `failed`, `cancelled`, `paused`, or what
    /// somebody did: `retry`, `cancel`, `pause`, `resume`; a message key.
    pub what: String,
    /// Which attempt it was.
    pub attempt: i32,
    /// A code.
    pub error: Option<String>,
    /// Who did it, where it was somebody.
    pub by: Option<String>,
}

/// How many there are, by kind and state.
///
/// # Errors
/// The database's.
pub async fn counts(db: &Reader) -> Result<Counts, JobError> {
    let rows: Vec<(String, String, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::Kind)
        .column(job::Column::State)
        .column_as(job::Column::Id.count(), "n")
        .group_by(job::Column::Kind)
        .group_by(job::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let mut counts = Counts::new();
    for (kind, state, n) in rows {
        if let Some(state) = State::parse(&state) {
            counts.entry(kind).or_default().insert(state, n);
        }
    }
    Ok(counts)
}

/// The jobs that `filter` lets through, those that changed last first, `most` at most.
///
/// # Errors
/// The database's.
pub async fn list(db: &Reader, filter: &Filter, most: u64) -> Result<Vec<Job>, JobError> {
    let mut found = job::Entity::find();
    if let Some(kind) = &filter.kind {
        found = found.filter(job::Column::Kind.eq(kind));
    }
    if let Some(state) = filter.state {
        found = found.filter(job::Column::State.eq(state.as_str()));
    }
    let found = found.order_by_desc(job::Column::ChangedAt).order_by_desc(job::Column::Id).limit(most);
    found.all(db).await?.into_iter().map(Job::try_from).collect()
}

/// One of them.
///
/// # Errors
/// [`JobError::NotFound`]; the database's.
pub async fn one(db: &Reader, id: Uuid) -> Result<Job, JobError> {
    job::Entity::find_by_id(id).one(db).await?.ok_or(JobError::NotFound)?.try_into()
}

/// What happened to a job, the newest first, `most` lines at most.
///
/// # Errors
/// The database's.
pub async fn history(db: &Reader, id: Uuid, most: u64) -> Result<Vec<Happened>, JobError> {
    let lines = job_event::Entity::find()
        .filter(job_event::Column::Job.eq(id))
        .order_by_desc(job_event::Column::At)
        .order_by_desc(job_event::Column::Id)
        .limit(most);
    let happened = |row: job_event::Model| Happened {
        at: from_millis(row.at),
        what: row.what,
        attempt: row.attempt,
        error: row.error,
        by: row.by,
    };
    Ok(lines.all(db).await?.into_iter().map(happened).collect())
}

/// Does `step` with a job in the name of `by`. One that runs is asked, and hears it with its next heartbeat.
///
/// # Errors
/// [`JobError::Not`] from a state that the step makes no sense in, [`JobError::Open`] when another one of the same kind and
/// key has taken its place, [`JobError::NotFound`]; the database's.
pub async fn step(tx: &Tx, id: Uuid, step: Step, by: &str, now: Timestamp) -> Result<(), JobError> {
    let row = hold(tx, id, None, now).await?;
    let job = Job::try_from(row.clone())?;
    if !step.fits(&job) {
        return Err(JobError::Not(job.state));
    }
    let line = Line { what: step.as_str(), attempt: job.attempt, error: None, by: Some(by) };
    match (step, job.state) {
        (Step::Cancel, State::Running) => ask(tx, row, Some(Asked::Cancel), line, now).await,
        (Step::Pause, State::Running) => ask(tx, row, Some(Asked::Pause), line, now).await,
        (Step::Resume, State::Running) => ask(tx, row, None, line, now).await,
        (Step::Cancel, _) => leave(tx, row, State::Cancelled, now, now, line).await,
        (Step::Pause, _) => {
            let run_at = job.run_at;
            leave(tx, row, State::Paused, run_at, now, line).await
        }
        (Step::Resume, _) => leave(tx, row, State::Waiting, job.run_at.max(now), now, line).await,
        (Step::Retry, State::Waiting) => leave(tx, row, State::Waiting, now, now, Line { attempt: 0, ..line }).await,
        (Step::Retry, _) => {
            let taken = job::Entity::find()
                .filter(job::Column::Kind.eq(&row.kind))
                .filter(job::Column::Key.eq(&row.key))
                .filter(job::Column::FinishedAt.is_null());
            if taken.one(tx).await?.is_some() {
                return Err(JobError::Open);
            }
            leave(tx, row, State::Waiting, now, now, Line { attempt: 0, ..line }).await
        }
    }
}

async fn ask(tx: &Tx, row: job::Model, asked: Option<Asked>, line: Line<'_>, now: Timestamp) -> Result<(), JobError> {
    let id = row.id;
    let mut change = row.into_active_model();
    change.asked = Set(asked.map(|asked| asked.as_str().to_owned()));
    change.update(tx).await?;
    remember(tx, id, now, &line).await
}
