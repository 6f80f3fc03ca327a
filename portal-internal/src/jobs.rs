//! Jobs as administrators see to them: who may, and what is remembered of it.

use access::{Act, Event, Object, Outcome, audit::AuditLog};
use jiff::Timestamp;
use serde_json::json;
use store::jobs::{self, Counts, Filter, Happened, Job, Step};
use uuid::Uuid;
use web::Failure;

use crate::{portal::Portal, who::Staff};

/// Jobs of one list.
pub const MOST: u64 = 200;
/// Lines of one job's history.
const MOST_LINES: u64 = 100;

/// How many jobs there are, by kind and state, and those that `filter` lets through.
///
/// # Errors
/// A 404 for who may not see them; the database's.
pub async fn list(portal: &Portal, staff: &Staff, filter: &Filter) -> Result<(Counts, Vec<Job>), Failure> {
    portal.policy.require(&staff.context, &Object::PAGE_JOBS, Act::View)?;
    let reader = portal.store.reader();
    Ok((jobs::counts(reader).await?, jobs::list(reader, filter, MOST).await?))
}

/// One job and what happened to it, the newest first.
///
/// # Errors
/// As [`list`]; a 404 when there is none.
pub async fn one(portal: &Portal, staff: &Staff, id: Uuid) -> Result<(Job, Vec<Happened>), Failure> {
    portal.policy.require(&staff.context, &Object::PAGE_JOBS, Act::View)?;
    let reader = portal.store.reader();
    Ok((jobs::one(reader, id).await?, jobs::history(reader, id, MOST_LINES).await?))
}

/// Does `step` with a job, and remembers who did.
///
/// # Errors
/// As [`one`]; a conflict when the step makes no sense any more.
pub async fn step(portal: &Portal, staff: &Staff, id: Uuid, step: Step, now: Timestamp) -> Result<(), Failure> {
    portal.policy.require(&staff.context, &Object::PAGE_JOBS, Act::Administer)?;
    let job = jobs::one(portal.store.reader(), id).await?;
    let event = Event::new(action(step), "job", Outcome::Ok)
        .on(id.to_string())
        .with(json!({ "kind": job.kind, "state": job.state.as_str(), "attempt": job.attempt }));
    let (draft, audit) = (AuditLog::draft(&staff.context, now, event), portal.audit.clone());
    let by = staff.context.name().to_owned();
    let written = portal.store.write::<(), Failure, _>(move |tx| {
        Box::pin(async move {
            jobs::step(tx, id, step, &by, now).await?;
            audit.append(tx, draft).await?;
            Ok(())
        })
    });
    written.await
}

fn action(step: Step) -> &'static str {
    match step {
        Step::Retry => "job.retry",
        Step::Cancel => "job.cancel",
        Step::Pause => "job.pause",
        Step::Resume => "job.resume",
    }
}
