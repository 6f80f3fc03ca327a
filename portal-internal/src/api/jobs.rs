//! `/api/v1/jobs`: what is done later.

use std::sync::Arc;

use access::Fault;
use poem::web::Data;
use poem_openapi::{Enum, Object, OpenApi, param::Query, payload::Json};
use store::jobs::{Filter, Job, State};
use web::Failure;

use crate::{jobs, portal::Portal, who::Staff};

/// What is done later.
pub struct JobsApi;

/// Where a job is in its life.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "kebab-case")]
enum JobState {
    Running,
    Waiting,
    Paused,
    Failed,
    Done,
    Cancelled,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Running => Self::Running,
            State::Waiting => Self::Waiting,
            State::Paused => Self::Paused,
            State::Failed => Self::Failed,
            State::Done => Self::Done,
            State::Cancelled => Self::Cancelled,
        }
    }
}

/// Jobs of this region.
#[derive(Object)]
struct Jobs {
    /// How many there are, whatever the answer is narrowed to.
    counts: Vec<JobCount>,
    /// Those that changed last first, 200 at most.
    items: Vec<JobItem>,
}

/// How many jobs of a kind are in a state; those that are none are left out.
#[derive(Object)]
struct JobCount {
    kind: String,
    state: JobState,
    count: i64,
}

/// One job. It holds no health data.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct JobItem {
    id: String,
    /// What is done.
    kind: String,
    /// What it is about; one job of a kind and key is open at a time.
    key: String,
    state: JobState,
    /// How often it was begun since it last came forward.
    attempt: i32,
    /// How much is done, in what this kind counts.
    done: Option<i64>,
    /// Of how much.
    total: Option<i64>,
    /// Why it last failed, a code.
    last_error: Option<String>,
    /// Not before.
    run_at: String,
    /// When it was asked for.
    enqueued_at: String,
    /// When anything about it changed last.
    changed_at: String,
    /// When it was over.
    finished_at: Option<String>,
}

impl From<Job> for JobItem {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            key: job.key,
            state: job.state.into(),
            attempt: job.attempt,
            done: job.done,
            total: job.total,
            last_error: job.last_error,
            run_at: job.run_at.to_string(),
            enqueued_at: job.enqueued_at.to_string(),
            changed_at: job.changed_at.to_string(),
            finished_at: job.finished_at.map(|at| at.to_string()),
        }
    }
}

#[OpenApi]
impl JobsApi {
    /// What is done later, how far it is and what failed.
    #[oai(path = "/jobs", method = "get", operation_id = "jobs")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        staff: Staff,
        /// Of this kind alone.
        kind: Query<Option<String>>,
        /// In this state alone: `running`, `waiting`, `paused`, `failed`, `done` or `cancelled`.
        state: Query<Option<String>>,
    ) -> poem::Result<Json<Jobs>> {
        let unknown = || Failure::new(Fault::Invalid);
        let state = state.0.map(|state| State::parse(&state).ok_or_else(unknown)).transpose()?;
        let (counts, items) = jobs::list(&portal, &staff, &Filter { kind: kind.0, state }).await?;
        let counts = counts.into_iter().flat_map(|(kind, states)| {
            let count = move |(state, count): (State, i64)| JobCount { kind: kind.clone(), state: state.into(), count };
            states.into_iter().map(count)
        });
        Ok(Json(Jobs { counts: counts.collect(), items: items.into_iter().map(JobItem::from).collect() }))
    }
}
