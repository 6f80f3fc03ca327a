//! Reads: the intent is committed before the first byte, the outcome after the last.

use jiff::Timestamp;
use serde_json::{Value, json};
use store::Store;

use super::{AuditError, AuditLog, Draft, Event, EventId, Outcome, action};
use crate::{Context, PersonId, Safeguard};

/// A read whose intent is in the log. Ends with [`ReadIntent::finish`]; an intent without an outcome says that the
/// reader may have seen something.
#[must_use = "a read that has begun is finished by telling its outcome"]
pub struct ReadIntent {
    audit: AuditLog,
    store: Store,
    outcome: Draft,
    id: EventId,
}

/// What is about to be read, and why it may be.
#[derive(Clone, Debug)]
pub struct ReadScope {
    /// The patient.
    pub person: PersonId,
    /// The section's slug, or another name of what is read.
    pub section: String,
    /// Why they may: a relation, a break-the-glass; none when nothing is asked for.
    pub reason: Option<String>,
    /// What is asked for (sources, a refresh), never what it says.
    pub detail: Value,
}

impl AuditLog {
    /// Writes down that `ctx` is about to read, committed when this returns.
    ///
    /// # Errors
    /// [`AuditError`]: nothing may then be read.
    pub async fn begin_read(
        &self,
        store: &Store,
        ctx: &dyn Context,
        scope: ReadScope,
        now: Timestamp,
    ) -> Result<ReadIntent, AuditError> {
        let mut event = Event::new(action::RECORD_READ_INTENT, "record", Outcome::Intent);
        event.person = Some(scope.person);
        event.object_id = Some(scope.section);
        event.reason = scope.reason;
        let mut outcome = event.clone();
        outcome.action = action::RECORD_READ_OUTCOME;
        let outcome = Self::draft(ctx, now, outcome);
        let intent = Self::draft(ctx, now, event.with(scope.detail));
        let audit = self.clone();
        let id = match Safeguard::ReadIntent.stands() {
            true => store.write(move |tx| Box::pin(async move { audit.append(tx, intent).await })).await?,
            false => EventId { writer: uuid::Uuid::nil(), number: 0 },
        };
        Ok(ReadIntent { audit: self.clone(), store: store.clone(), outcome, id })
    }
}

impl ReadIntent {
    /// The intent's place in the log.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// Writes down how the read ended; `detail` holds counts and states of sources.
    ///
    /// # Errors
    /// [`AuditError`]: the intent alone stays in the log.
    pub async fn finish(self, outcome: Outcome, detail: Value, now: Timestamp) -> Result<EventId, AuditError> {
        let Self { audit, store, outcome: draft, id } = self;
        let draft = draft.ended(outcome, &json!({ "intent": id.to_string(), "read": detail }), now);
        store.write(move |tx| Box::pin(async move { audit.append(tx, draft).await })).await
    }
}
