//! Taking a job by its lease, and what becomes of it when its handler is through.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set,
};
use uuid::Uuid;

use super::{Asked, Ended, Failure, JobError, Line, State, hold, leave, remember};
use crate::{Reader, Tx, entity::job, to_millis};

/// Waits longer with every attempt, up to an hour.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// A server that says "in a year" is not believed.
const LONGEST_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A job in the hands of this process.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) row: job::Model,
    /// New for each: whoever holds an older one has lost it.
    pub(super) holder: String,
}

/// Due: its time has come, or whoever ran it is gone.
fn due(now: Timestamp) -> Condition {
    let at = to_millis(now);
    let waiting = Condition::all().add(job::Column::State.eq(State::Waiting.as_str())).add(job::Column::RunAt.lte(at));
    let forsaken =
        Condition::all().add(job::Column::State.eq(State::Running.as_str())).add(job::Column::LeaseUntil.lt(at));
    Condition::any().add(waiting).add(forsaken)
}

/// The job of `kind` that has been due for longest.
pub(super) async fn candidate(db: &Reader, kind: &str, now: Timestamp) -> Result<Option<Uuid>, JobError> {
    let found = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Kind.eq(kind))
        .filter(due(now))
        .order_by_asc(job::Column::RunAt)
        .order_by_asc(job::Column::Id)
        .limit(1)
        .into_tuple::<Uuid>();
    Ok(found.one(db).await?)
}

/// Is a job of `kind` open?
pub(super) async fn is_open(db: &Reader, kind: &str) -> Result<bool, JobError> {
    let open = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::FinishedAt.is_null())
        .limit(1)
        .into_tuple::<Uuid>();
    Ok(open.one(db).await?.is_some())
}

/// Takes `id` for `holder`; `None` when somebody else was first, or when it was cancelled, paused or tried too often while
/// nobody held it.
pub(super) async fn take(
    tx: &Tx,
    id: Uuid,
    holder: String,
    lease: SignedDuration,
    most_attempts: i32,
    now: Timestamp,
) -> Result<Option<Claim>, JobError> {
    let row = match hold(tx, id, None, now).await {
        Ok(row) => row,
        Err(JobError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let at = to_millis(now);
    let forsaken = row.state == State::Running.as_str() && row.lease_until.is_none_or(|until| until < at);
    let waited = row.state == State::Waiting.as_str() && row.run_at <= at;
    if !forsaken && !waited {
        return Ok(None);
    }
    let attempt = row.attempt;
    let line = |what, error| Line { what, attempt, error, by: None };
    match row.asked.as_deref().and_then(Asked::parse) {
        Some(Asked::Cancel) => {
            leave(tx, row, State::Cancelled, now, now, line("cancelled", None)).await?;
            return Ok(None);
        }
        Some(Asked::Pause) => {
            leave(tx, row, State::Paused, now, now, line("paused", None)).await?;
            return Ok(None);
        }
        None => {}
    }
    if attempt >= most_attempts {
        // It never came to an end by itself: whoever ran it was killed each time.
        leave(tx, row, State::Failed, now, now, line("failed", Some("given-up"))).await?;
        return Ok(None);
    }
    let mut change = row.clone().into_active_model();
    change.state = Set(State::Running.as_str().to_owned());
    change.holder = Set(Some(holder.clone()));
    change.lease_until = Set(Some(to_millis(now + lease)));
    change.attempt = Set(attempt + 1);
    change.started_at = Set(Some(at));
    change.again = Set(false);
    let taken = change.update(tx).await?;
    let resumed = forsaken || row.cursor.is_some();
    let begun = Line { what: if resumed { "resumed" } else { "begun" }, attempt: attempt + 1, error: None, by: None };
    remember(tx, id, now, &begun).await?;
    Ok(Some(Claim { row: taken, holder }))
}

/// Renews the lease and tells what was asked meanwhile.
pub(super) async fn renew(
    tx: &Tx,
    id: Uuid,
    holder: &str,
    lease: SignedDuration,
    now: Timestamp,
) -> Result<Option<Asked>, JobError> {
    let row = hold(tx, id, Some(holder), now).await?;
    let asked = row.asked.as_deref().and_then(Asked::parse);
    let mut change = row.into_active_model();
    change.lease_until = Set(Some(to_millis(now + lease)));
    change.update(tx).await?;
    Ok(asked)
}

/// Writes down how it ended. `chance` is between 0 and 1.
pub(super) async fn settle(
    tx: &Tx,
    claim: &Claim,
    ended: &Result<Ended, Failure>,
    most_attempts: i32,
    chance: f64,
    now: Timestamp,
) -> Result<(), JobError> {
    let row = hold(tx, claim.row.id, Some(&claim.holder), now).await?;
    let attempt = row.attempt;
    let asked = row.asked.as_deref().and_then(Asked::parse);
    let line = |what, attempt, error| Line { what, attempt, error, by: None };
    match (ended, asked) {
        (Ok(Ended::Done), _) if row.again => once_more(tx, row, now).await,
        (Ok(Ended::Done), _) => leave(tx, row, State::Done, now, now, line("done", attempt, None)).await,
        (Err(failure), None) => {
            let (code, wait) = (failure.code, wait(attempt, failure.after, chance));
            if failure.is_final || attempt >= most_attempts {
                return leave(tx, row, State::Failed, now, now, line("failed", attempt, Some(code))).await;
            }
            leave(tx, row, State::Waiting, now + wait, now, line("put-off", attempt, Some(code))).await
        }
        (_, Some(Asked::Cancel)) => leave(tx, row, State::Cancelled, now, now, line("cancelled", attempt, None)).await,
        (_, Some(Asked::Pause)) => leave(tx, row, State::Paused, now, now, line("paused", attempt - 1, None)).await,
        // The process goes down: that is no failure of the job's.
        (Ok(Ended::Interrupted), None) => {
            leave(tx, row, State::Waiting, now, now, line("interrupted", attempt - 1, None)).await
        }
    }
}

/// It was asked for while it ran: it begins anew.
async fn once_more(tx: &Tx, row: job::Model, now: Timestamp) -> Result<(), JobError> {
    let mut row = row.into_active_model();
    (row.cursor, row.done, row.total, row.note) = (Set(None), Set(None), Set(None), Set(None));
    row.last_error = Set(None);
    let row = row.update(tx).await?;
    leave(tx, row, State::Waiting, now, now, Line { what: "again", attempt: 0, error: None, by: None }).await
}

/// How long until the next try: doubled with each, half of it by chance so that many jobs that failed together do not come
/// back together; never sooner than `after`, which the other side said.
pub(super) fn wait(attempt: i32, after: Option<SignedDuration>, chance: f64) -> SignedDuration {
    let doubled = u32::try_from(attempt - 1).unwrap_or(0).min(16);
    let most = FIRST_WAIT.saturating_mul(1 << doubled).min(LONGEST_WAIT);
    let wait = SignedDuration::from_secs_f64(most.as_secs_f64() * (0.5 + 0.5 * chance.clamp(0.0, 1.0)));
    after.map_or(wait, |after| after.min(LONGEST_RETRY_AFTER).max(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer_and_never_less_than_was_said() {
        let secs = SignedDuration::from_secs;
        let check = |attempt, after: Option<i64>, chance, expect| {
            assert_eq!(wait(attempt, after.map(secs), chance), expect, "{attempt} {after:?} {chance}");
        };
        check(1, None, 1.0, secs(5));
        check(1, None, 0.0, SignedDuration::from_millis(2_500));
        check(4, None, 1.0, secs(40));
        check(40, None, 1.0, LONGEST_WAIT);
        check(1, Some(90), 0.3, secs(90));
        check(6, Some(1), 1.0, secs(160));
        check(1, Some(31_536_000), 0.5, LONGEST_RETRY_AFTER);
    }
}
