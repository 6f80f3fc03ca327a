//! What the process tells of its jobs, for alerts: that nobody takes them, or that they are tried again and again.

use jiff::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use super::{JobError, State};
use crate::{Reader, entity::job, to_millis};

/// Of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// How long the one has been due that has been due for longest, in milliseconds.
    pub overdue_ms: i64,
    /// How often the one was tried that was tried most, of those that are not over.
    pub attempts: i32,
}

/// Jobs of `kind` that are not over, but for those that somebody has paused.
///
/// # Errors
/// The database's.
pub async fn pending(db: &Reader, kind: &str, now: Timestamp) -> Result<Pending, JobError> {
    let of = |state: State| job::Column::State.eq(state.as_str());
    let open = job::Entity::find().select_only().filter(job::Column::Kind.eq(kind));
    let due: Option<Option<i64>> = open
        .clone()
        .column_as(job::Column::RunAt.min(), "due")
        .filter(of(State::Waiting))
        .filter(job::Column::RunAt.lte(to_millis(now)))
        .into_tuple()
        .one(db)
        .await?;
    let attempts: Option<Option<i32>> = open
        .column_as(job::Column::Attempt.max(), "attempts")
        .filter(job::Column::State.is_in([State::Waiting.as_str(), State::Running.as_str()]))
        .into_tuple()
        .one(db)
        .await?;
    Ok(Pending {
        overdue_ms: due.flatten().map_or(0, |due| to_millis(now) - due),
        attempts: attempts.flatten().unwrap_or_default(),
    })
}

/// As gauges.
pub(super) fn tell(kind: &'static str, pending: Pending) {
    // Milliseconds of years are exact.
    metrics::gauge!("portal_jobs_overdue_seconds", "kind" => kind).set(pending.overdue_ms as f64 / 1000.0);
    metrics::gauge!("portal_jobs_attempts", "kind" => kind).set(f64::from(pending.attempts));
}
