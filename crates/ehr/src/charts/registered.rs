//! Whose record a hospital keeps under an id of its own: for lists that name patients so.

use access::{Context, Event, Outcome, PersonId, audit::action};
use fhir::{Outcome as Answered, kinds, rows};
use jiff::Timestamp;
use patients::SourcePatient;
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::{Charts, patient};
use crate::EhrError;

/// What came of [`Charts::registered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// This person's.
    Person(PersonId),
    /// The hospital has answered, and has no such patient.
    Nobody,
    /// The hospital did not answer, and nobody has looked for them before: nothing is known.
    Silent,
}

impl Charts {
    /// The person whom `source` knows as `Patient/{id}`, by what the hospital says of that record now: hospitals give ids
    /// anew. The index alone answers while the hospital is silent. What was read is in the index, as after a search; the
    /// person is the one the record was linked to, also while a steward has joined them to another.
    ///
    /// # Errors
    /// The database's, and the audit's. A silent hospital is no error.
    pub async fn registered(
        &self,
        ctx: &dyn Context,
        source: &Source,
        id: &str,
        now: Timestamp,
    ) -> Result<Registered, EhrError> {
        let index = &self.inner.index;
        let event = |outcome| Event::new(action::PATIENT_IDENTIFY, "patient-search", outcome).on(source.id.as_str());
        self.write_down(ctx, event(Outcome::Intent), now).await?;
        let base = source.client.base().clone();
        let systems = &source.resident_ids(&self.inner.settings.resident_id_systems);
        let mut seen: Option<SourcePatient> = None;
        let mut take = |entry: fhir::Entry<'_, rows::Patient<'_>>| {
            // A server may answer with another record than it was asked for.
            let same = entry.row.resource_type == Some("Patient") && entry.row.id == Some(id);
            seen = seen.take().or_else(|| same.then(|| patient::identity(&entry.row, &source.id, &base, systems))?);
        };
        let report = source.read::<kinds::Patient>(id, Instant::now() + source.timeout, now, &mut take).await;
        let answered = seen.is_some() || report.outcome == Answered::Answered;
        let known = match (seen, answered) {
            (Some(seen), _) => {
                index.observe(ctx, &[seen], now).await?;
                index.linked_to(&source.id, id).await?
            }
            (None, true) => None,
            (None, false) => index.linked_to(&source.id, id).await?,
        };
        let mut ended = event(Outcome::Ok).with(json!({ "answered": answered }));
        ended.person = known;
        self.write_down(ctx, ended, now).await?;
        Ok(match known {
            Some(person) => Registered::Person(person),
            None if answered => Registered::Nobody,
            None => Registered::Silent,
        })
    }
}
