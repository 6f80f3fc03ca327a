//! What is over for long is forgotten.

use jiff::SignedDuration;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::{Ended, Failure, Handler, JobError, Run};
use crate::{
    Millis, Tx,
    entity::{job, job_event, outbox},
    to_millis,
};

/// In one transaction.
const BATCH: u64 = 200;

/// Deletes jobs that are over, and events that were delivered, after so long.
#[derive(Clone, Copy, Debug)]
pub struct Tidy {
    /// How long they are kept.
    pub keep: SignedDuration,
}

impl Default for Tidy {
    fn default() -> Self {
        Self { keep: SignedDuration::from_hours(30 * 24) }
    }
}

#[async_trait::async_trait]
impl Handler for Tidy {
    fn kind(&self) -> &'static str {
        "jobs-tidy"
    }

    fn every(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_hours(1))
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let before = to_millis(run.now() - self.keep);
        let mut deleted: i64 = 0;
        while !run.interrupted() {
            let some = run.store.write(move |tx| Box::pin(delete(tx, before))).await?;
            deleted += i64::try_from(some).unwrap_or(i64::MAX);
            run.progress(deleted, None, None).await?;
            if some == 0 {
                return Ok(Ended::Done);
            }
        }
        Ok(Ended::Interrupted)
    }
}

/// How many rows went.
async fn delete(tx: &Tx, before: Millis) -> Result<u64, JobError> {
    let over: Vec<Uuid> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::FinishedAt.lt(before))
        .order_by_asc(job::Column::FinishedAt)
        .limit(BATCH)
        .into_tuple()
        .all(tx)
        .await?;
    job_event::Entity::delete_many().filter(job_event::Column::Job.is_in(over.clone())).exec(tx).await?;
    // One that is run again meanwhile is not over any more.
    let over = job::Entity::delete_many()
        .filter(job::Column::Id.is_in(over))
        .filter(job::Column::FinishedAt.lt(before))
        .exec(tx)
        .await?;
    let delivered: Vec<Uuid> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::Id)
        .filter(outbox::Column::DeliveredAt.lt(before))
        .order_by_asc(outbox::Column::DeliveredAt)
        .limit(BATCH)
        .into_tuple()
        .all(tx)
        .await?;
    let delivered = outbox::Entity::delete_many().filter(outbox::Column::Id.is_in(delivered)).exec(tx).await?;
    Ok(over.rows_affected + delivered.rows_affected)
}
