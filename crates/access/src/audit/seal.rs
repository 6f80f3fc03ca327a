//! The sealer: chains committed rows and publishes the head outside the database.

use std::{path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};
use store::{Lease, Store, Tx, to_millis};
use tokio::sync::watch;
use uuid::Uuid;

use super::{AuditError, EventId, Head, heads, mac};
use crate::entity::{audit_event, audit_seal, audit_writer};

/// Rows sealed by one transaction.
const BATCH: usize = 500;
/// How often the sealer looks for rows.
const POLL: Duration = Duration::from_millis(400);
/// Renewed with every batch. A holder that was killed is waited for so long; one that is only slow writes nothing it may
/// not: the lease is taken in the transaction that seals.
const LEASE: SignedDuration = SignedDuration::from_secs(5);
/// A lane that nothing was written in for so long is looked at only now and then.
const QUIET: SignedDuration = SignedDuration::from_hours(24);
/// Which look includes the quiet lanes.
const NOW_AND_THEN: u32 = 75;

/// Seals the audit log: on one replica at a time, by a lease.
pub struct Sealer {
    store: Store,
    lease: Lease,
    heads_file: PathBuf,
}

/// What one transaction sealed.
struct Batch {
    rows: usize,
    position: i64,
    hash: Vec<u8>,
}

impl Sealer {
    /// `heads_file` is on a disk that the database's administrators can't write, e.g. `audit-heads.jsonl` in a folder
    /// that is shipped away.
    pub fn new(store: Store, heads_file: PathBuf) -> Self {
        let lease = Lease { name: "audit-sealer", holder: Uuid::now_v7().to_string(), ttl: LEASE };
        Self { store, lease, heads_file }
    }

    /// Seals until `stop` says true (or its sender is gone), then once more for the last rows.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // clock: this loop is an edge of its own; what it calls takes the time.
        if let Err(error) = self.resume(Timestamp::now()).await {
            tracing::error!(%error, "the published audit heads can't be read");
        }
        let mut look: u32 = 0;
        let mut failing = false;
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(POLL) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            let everything = stopped || look.is_multiple_of(NOW_AND_THEN);
            look = look.wrapping_add(1);
            // clock: as above.
            let now = Timestamp::now();
            let outcome = self.seal_lanes(now, everything).await;
            if outcome.is_ok() {
                metrics::gauge!("portal_audit_sealed_timestamp_seconds").set(now.as_second() as f64);
            }
            if let Err(error) = &outcome
                && !failing
            {
                tracing::error!(%error, "audit rows are not being sealed");
            }
            failing = outcome.is_err();
            if stopped {
                return;
            }
        }
    }

    /// Seals every row that is committed now and publishes the new head. How many rows were sealed; 0 also when another
    /// replica holds the lease.
    ///
    /// # Errors
    /// [`AuditError`]; what was sealed stays sealed and is published with the next head.
    pub async fn seal(&self, now: Timestamp) -> Result<usize, AuditError> {
        self.seal_lanes(now, true).await
    }

    async fn seal_lanes(&self, now: Timestamp, everything: bool) -> Result<usize, AuditError> {
        let since = if everything { i64::MIN } else { to_millis(now - QUIET) };
        let mut sealed = 0;
        let mut head = None;
        // Looking costs no write; the lease is only taken when there is something to do.
        while !waiting(self.store.reader(), since).await?.is_empty() {
            let lease = self.lease.clone();
            let batch =
                self.store.write(move |tx| Box::pin(async move { seal_batch(tx, &lease, since, now).await })).await?;
            let Some(batch) = batch else { break };
            sealed += batch.rows;
            head = Some(Head::new(batch.position, &batch.hash, now));
            if batch.rows == 0 {
                break;
            }
        }
        if let Some(head) = head {
            self.publish(head).await?;
        }
        Ok(sealed)
    }

    /// After a start: publishes what a crash kept from being published, and says when the chain is shorter than it was.
    async fn resume(&self, now: Timestamp) -> Result<(), AuditError> {
        let path = self.heads_file.clone();
        let published = blocking(move || heads::last(&path)).await?;
        let chained = last_seal(self.store.reader()).await?;
        match (published, chained) {
            (Some(published), None) => cut_short(&published, 0),
            (Some(published), Some(chained)) if chained.position < published.position => {
                cut_short(&published, chained.position);
            }
            (Some(published), Some(chained)) if chained.position == published.position => {}
            (_, Some(chained)) => self.publish(Head::new(chained.position, &chained.hash, now)).await?,
            (None, None) => {}
        }
        Ok(())
    }

    async fn publish(&self, head: Head) -> Result<(), AuditError> {
        let path = self.heads_file.clone();
        Ok(blocking(move || heads::append(&path, &head)).await?)
    }
}

fn cut_short(published: &Head, position: i64) {
    let published = published.position;
    tracing::error!(published, position, "the audit chain is shorter than what was published: run audit verify");
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

async fn last_seal(db: &impl ConnectionTrait) -> Result<Option<audit_seal::Model>, DbErr> {
    audit_seal::Entity::find().order_by_desc(audit_seal::Column::Position).one(db).await
}

/// `None` when another replica holds the lease.
async fn seal_batch(tx: &Tx, lease: &Lease, since: i64, now: Timestamp) -> Result<Option<Batch>, AuditError> {
    if !lease.take(tx, now).await? {
        return Ok(None);
    }
    let mut batch = match last_seal(tx).await? {
        Some(last) => Batch { rows: 0, position: last.position, hash: last.hash },
        None => Batch { rows: 0, position: 0, hash: mac::GENESIS.to_vec() },
    };
    let mut seals = Vec::with_capacity(BATCH);
    for lane in waiting(tx, since).await? {
        let rows = next_rows(tx, &lane, BATCH - seals.len()).await?;
        let Some((top, _)) = rows.last().cloned() else { continue };
        for (number, code) in rows {
            let id = EventId { writer: lane.writer, number };
            batch.position += 1;
            batch.hash = mac::link(&batch.hash, id, &code).to_vec();
            seals.push(audit_seal::ActiveModel {
                position: Set(batch.position),
                writer: Set(id.writer),
                number: Set(number),
                hash: Set(batch.hash.clone()),
                at: Set(to_millis(now)),
            });
        }
        let moved =
            audit_writer::ActiveModel { writer: Set(lane.writer), sealed: Set(top), touched_at: Set(to_millis(now)) };
        audit_writer::Entity::update(moved).exec(tx).await?;
        if seals.len() >= BATCH {
            break;
        }
    }
    batch.rows = seals.len();
    if !seals.is_empty() {
        audit_seal::Entity::insert_many(seals).exec_without_returning(tx).await?;
    }
    Ok(Some(batch))
}

struct Lane {
    writer: Uuid,
    sealed: i64,
}

/// Lanes with rows above their high-water mark: one look into the primary key for each lane, never a scan of the log
/// (a join or EXISTS may be planned as one).
async fn waiting(db: &impl ConnectionTrait, since: i64) -> Result<Vec<Lane>, DbErr> {
    let (lane, row) = (Alias::new("lane"), Alias::new("row"));
    let top: SelectStatement = Query::select()
        .expr(Expr::col((row.clone(), audit_event::Column::Number)).max())
        .from_as(audit_event::Entity, row.clone())
        .and_where(Expr::col((row, audit_event::Column::Writer)).equals((lane.clone(), audit_writer::Column::Writer)))
        .to_owned();
    let lanes = Query::select()
        .columns([(lane.clone(), audit_writer::Column::Writer), (lane.clone(), audit_writer::Column::Sealed)])
        .from_as(audit_writer::Entity, lane.clone())
        .and_where(Expr::col((lane.clone(), audit_writer::Column::TouchedAt)).gte(since))
        .and_where(Expr::col((lane.clone(), audit_writer::Column::Sealed)).lt(top))
        .order_by((lane, audit_writer::Column::Writer), sea_orm::Order::Asc)
        .to_owned();
    let rows = db.query_all(&lanes).await?;
    rows.iter().map(|row| Ok(Lane { writer: row.try_get("", "writer")?, sealed: row.try_get("", "sealed")? })).collect()
}

/// Numbers and codes above the mark. A gap is not waited for: lanes commit in order, so that it is one for ever,
/// and `verify` names it.
async fn next_rows(tx: &Tx, lane: &Lane, limit: usize) -> Result<Vec<(i64, Vec<u8>)>, DbErr> {
    audit_event::Entity::find()
        .select_only()
        .columns([audit_event::Column::Number, audit_event::Column::Mac])
        .filter(audit_event::Column::Writer.eq(lane.writer))
        .filter(audit_event::Column::Number.gt(lane.sealed))
        .order_by_asc(audit_event::Column::Number)
        .limit(limit as u64)
        .into_tuple()
        .all(tx)
        .await
}
