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
use sea_orm::{
    ActiveModelTrait, ConnectionTrait as _, DbErr, EntityTrait, Iterable as _, Set,
    sea_query::{Expr, InsertStatement, Query},
};
use store::{StoreError, Ticket, Tx, to_millis};

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
    /// It is written.
    pub fn count(&self) {
        let (action, outcome) = (self.0.action.clone(), self.0.outcome.clone());
        metrics::counter!("portal_audit_events_total", "action" => action, "outcome" => outcome).increment(1);
    }

    /// The same act at its end.
    fn ended(mut self, outcome: Outcome, detail: &serde_json::Value, at: Timestamp) -> Self {
        self.0.outcome = outcome.as_str().to_owned();
        self.0.detail = storable(&detail.to_string());
        self.0.at = to_millis(at);
        self
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
        let (ticket, event) = (tx.ticket(), draft.clone());
        for insert in self.inserts(ticket, draft, None)? {
            tx.execute(&insert).await?;
        }
        event.count();
        Ok(EventId { writer: ticket.writer, number: ticket.number })
    }

    /// As [`AuditLog::append`], for a statement that writes its act and the row together ([`store::Store::write_once`]): what it
    /// has to insert. `of` is the part of the statement that has one row when the act comes about, and none otherwise. The caller
    /// [counts](Draft::count) it when it is written.
    ///
    /// # Errors
    /// [`AuditError::OtherPortal`].
    pub fn inserts(
        &self,
        ticket: Ticket,
        Draft(mut row): Draft,
        of: Option<&'static str>,
    ) -> Result<Vec<InsertStatement>, AuditError> {
        if !self.key.is_for(&row.domain) {
            return Err(AuditError::OtherPortal);
        }
        (row.writer, row.number) = (ticket.writer, ticket.number);
        row.mac = self.key.mac(&row).to_vec();
        let mut inserts = Vec::with_capacity(2);
        if row.number == 1 {
            let lane = audit_writer::ActiveModel { writer: Set(row.writer), sealed: Set(0), touched_at: Set(row.at) };
            inserts.push(insert(&lane, of)?);
        }
        inserts.push(insert(&audit_event::ActiveModel::from(row), of)?);
        Ok(inserts)
    }
}

/// Adds a row for each of `of`.
fn insert<A: ActiveModelTrait>(row: &A, of: Option<&'static str>) -> Result<InsertStatement, DbErr> {
    let set =
        <A::Entity as EntityTrait>::Column::iter().filter_map(|column| Some((column, row.get(column).into_value()?)));
    let (columns, values): (Vec<_>, Vec<_>) = set.unzip();
    let mut rows = Query::select().exprs(values.into_iter().map(Expr::val)).to_owned();
    if let Some(of) = of {
        rows.from(of);
    }
    let mut insert = Query::insert().into_table(A::Entity::default()).columns(columns).to_owned();
    insert.select_from(rows).map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok(insert)
}

/// PostgreSQL keeps no NUL in text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
