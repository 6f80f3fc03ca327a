//! Whose record a hospital keeps under an id of its own: for lists that name patients so.

use access::{Context, Event, Outcome, PersonId, audit::action};
use fhir::{Outcome as Answered, kinds, rows};
use jiff::Timestamp;
use patients::SourcePatient;
use serde_json::json;
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
    /// The hospital did not answer: nothing is known.
    Silent,
    /// No hospital of the catalogue has this id.
    NoSource,
}

impl Charts {
    /// The person whom `source` knows as `Patient/{id}`: by the index, and where nobody has looked for them yet, by what
    /// the hospital says of that record now. It is then in the index, as after a search.
    ///
    /// # Errors
    /// The database's, and the audit's. A silent hospital is no error.
    pub async fn registered(
        &self,
        ctx: &dyn Context,
        source: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Registered, EhrError> {
        let Some(source) = self.inner.catalogue.get(source) else { return Ok(Registered::NoSource) };
        if let Some(person) = self.inner.index.linked_to(&source.id, id).await? {
            return Ok(Registered::Person(person));
        }
        let event = |outcome| Event::new(action::PATIENT_IDENTIFY, "patient-search", outcome).on(source.id.as_str());
        self.write_down(ctx, event(Outcome::Intent), now).await?;
        let base = source.client.base().clone();
        let systems = &self.inner.settings.resident_id_systems;
        let mut seen: Option<SourcePatient> = None;
        let mut take = |entry: fhir::Entry<'_, rows::Patient<'_>>| {
            // A server may answer with another record than it was asked for.
            let same = entry.row.resource_type == Some("Patient") && entry.row.id == Some(id);
            seen = seen.take().or_else(|| same.then(|| patient::identity(&entry.row, &source.id, &base, systems))?);
        };
        let report = source.read::<kinds::Patient>(id, Instant::now() + source.timeout, now, &mut take).await;
        let found = match (seen, report.outcome) {
            (Some(seen), _) => {
                let people = self.inner.index.observe(ctx, &[seen], now).await?;
                people.first().map_or(Registered::Nobody, |person| Registered::Person(*person))
            }
            (None, Answered::Answered) => Registered::Nobody,
            (None, _) => Registered::Silent,
        };
        let mut ended = event(Outcome::Ok).with(json!({ "answered": found != Registered::Silent }));
        if let Registered::Person(person) = found {
            ended = ended.about(person);
        }
        self.write_down(ctx, ended, now).await?;
        Ok(found)
    }
}
