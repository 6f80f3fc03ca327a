//! What was done: a row for each act, written in the act's own transaction.
//!
//! - [`AuditLog::record`] writes a row: numbered without gaps in the lane of its transaction, authenticated with a key
//!   that the database does not have. [`AuditLog::begin_read`] writes the intent of a read before its first byte.
//! - [`Sealer`] chains committed rows within a second and publishes the head outside the database.
//! - [`verify`] checks rows, numbers, chain and published heads.
//!
//! Rows are only ever inserted.

mod event;
mod heads;
mod lately;
mod mac;
mod read;
mod refusals;
mod seal;
pub mod told;
mod verify;

use std::sync::Arc;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait as _, DbErr, EntityTrait, QueryTrait as _, Set, sea_query::InsertStatement};
use store::{StoreError, Tx, to_millis};

pub use event::{Event, EventId, Outcome, action};
pub use heads::Head;
pub use lately::{GLANCE, Usage};
pub use mac::{AuditKey, AuditKeys};
pub use read::{ReadIntent, ReadScope};
pub use refusals::Refusals;
pub use seal::Sealer;
pub use verify::{Problem, ProblemKind, VerifyReport, verify};

use crate::{
    Classify, Context, Fault,
    entity::{audit_event, audit_writer},
};

/// Why an act could not be remembered. Then the act itself must not happen either.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database did not take the row.
    #[error("audit row: {0}")]
    Database(#[from] DbErr),
    /// The transaction did not come about.
    #[error("audit: {0}")]
    Store(#[from] StoreError),
    /// The row tells of the other portal's: this portal's key would make it look changed.
    #[error("an audit row of the other portal is not written here")]
    OtherPortal,
    /// The file of published heads can't be used.
    #[error("audit heads file: {0}")]
    Heads(#[from] std::io::Error),
}

impl Classify for AuditError {
    fn fault(&self) -> Fault {
        match self {
            // The caller's act was undone: it may be tried again.
            Self::Database(_) => Fault::Unavailable,
            Self::Store(error) => error.fault(),
            Self::Heads(_) | Self::OtherPortal => Fault::Internal,
        }
    }
}

/// Writes audit rows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AuditLog {
    key: Arc<AuditKey>,
}

/// A row that lacks only its number and code: made where the context is, written where the transaction is.
#[derive(Clone, Debug)]
pub struct Draft(audit_event::Model);

impl Draft {
    /// The same act at its end.
    fn ended(mut self, outcome: Outcome, detail: &serde_json::Value, at: Timestamp) -> Self {
        self.0.outcome = outcome.as_str().to_owned();
        self.0.detail = storable(&detail.to_string());
        self.0.at = to_millis(at);
        self
    }
}

/// A row that [`AuditLog::entry`] has numbered.
#[derive(Debug)]
pub struct Entry {
    id: EventId,
    action: String,
    outcome: String,
}

impl Entry {
    /// It is written.
    pub fn count(&self) {
        let (action, outcome) = (self.action.clone(), self.outcome.clone());
        metrics::counter!("portal_audit_events_total", "action" => action, "outcome" => outcome).increment(1);
    }
}

impl AuditLog {
    /// With the key of the portal that writes.
    pub fn new(key: AuditKey) -> Self {
        Self { key: Arc::new(key) }
    }

    /// Writes a row in the transaction of the act it tells of.
    ///
    /// # Errors
    /// [`AuditError`] when the row can't be written; the act must then be undone (return the error from its job).
    pub async fn record(&self, tx: &Tx, ctx: &dyn Context, at: Timestamp, event: Event) -> Result<EventId, AuditError> {
        self.append(tx, Self::draft(ctx, at, event)).await
    }

    /// The first half of [`AuditLog::record`], for a job that can't take the context along.
    pub fn draft(ctx: &dyn Context, at: Timestamp, event: Event) -> Draft {
        let actor = ctx.actor();
        let groups: Vec<&str> = actor.groups.iter().map(crate::SubjectId::as_str).collect();
        Draft(audit_event::Model {
            writer: uuid::Uuid::nil(),
            number: 0,
            at: to_millis(at),
            actor: storable(actor.subject.as_str()),
            actor_name: storable(actor.name),
            domain: actor.domain.as_str().to_owned(),
            groups: storable(&serde_json::Value::from(groups).to_string()),
            action: event.action.to_owned(),
            object_kind: event.object_kind.to_owned(),
            object_id: event.object_id.as_deref().map(storable),
            person: event.person.map(|person| person.0),
            outcome: event.outcome.as_str().to_owned(),
            reason: event.reason.as_deref().map(storable),
            detail: storable(&event.detail.to_string()),
            request_id: actor.request.map(|request| storable(&request.0)),
            format: mac::FORMAT,
            mac: Vec::new(),
        })
    }

    /// The second half of [`AuditLog::record`].
    ///
    /// # Errors
    /// As there.
    pub async fn append(&self, tx: &Tx, draft: Draft) -> Result<EventId, AuditError> {
        let (entry, insert) = self.entry(tx, draft).await?;
        tx.execute(&insert).await?;
        entry.count();
        Ok(entry.id)
    }

    /// As [`AuditLog::append`], for a job that writes its act and the row with one statement: the row is numbered, and the
    /// caller's to write on `tx`. A job that does not must return an error, which gives the number back.
    ///
    /// # Errors
    /// As there.
    pub async fn entry(&self, tx: &Tx, Draft(mut row): Draft) -> Result<(Entry, InsertStatement), AuditError> {
        if !self.key.is_for(&row.domain) {
            return Err(AuditError::OtherPortal);
        }
        let ticket = tx.ticket();
        (row.writer, row.number) = (ticket.writer, ticket.number);
        row.mac = self.key.mac(&row).to_vec();
        if row.number == 1 {
            let lane = audit_writer::ActiveModel { writer: Set(row.writer), sealed: Set(0), touched_at: Set(row.at) };
            audit_writer::Entity::insert(lane).exec_without_returning(tx).await?;
        }
        let id = EventId { writer: ticket.writer, number: ticket.number };
        let entry = Entry { id, action: row.action.clone(), outcome: row.outcome.clone() };
        Ok((entry, audit_event::Entity::insert(audit_event::ActiveModel::from(row)).into_query()))
    }
}

/// PostgreSQL keeps no NUL in text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
