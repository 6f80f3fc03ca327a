//! Hospitals that patients connect themselves: is the record that opens there theirs?

use std::time::Duration;

use access::{PatientContext, PersonId};
use fhir::{Outcome, kinds, rows};
use jiff::Timestamp;
use patients::{IndexError, Recognised, SourcePatient, Unrecognised};
use sources::{Arrival, ConnectError, Connected, Connection, Matched, Pending, Source};
use tokio::time::Instant;

use super::Charts;
use crate::EhrError;

/// For the `Patient`.
const PATIENCE: Duration = Duration::from_secs(8);

impl Charts {
    /// Takes in what a patient's browser came back with from a hospital's sign-in, and keeps it if the record there is certainly
    /// their own. `session` is the browser's.
    ///
    /// # Errors
    /// [`ConnectError::Flow`] with what went wrong, in the words of the hospital too; [`ConnectError::NotFound`] where patients
    /// connect nothing; the database's, the audit's.
    pub async fn connect(
        &self,
        ctx: &PatientContext,
        session: &str,
        arrival: &Arrival,
        now: Timestamp,
    ) -> Result<Connection, ConnectError> {
        let connections = self.connections.as_ref().ok_or(ConnectError::NotFound)?;
        let pending = connections.exchange(ctx, session, arrival, now).await?;
        match self.recognised(&pending, now).await? {
            Ok(matched) => Ok(connections.keep(ctx, pending, matched, now).await?),
            Err(why) => Err(connections.refuse(ctx, pending, why, now).await?.into()),
        }
    }

    /// Why it is the record of the person who connects it, or why not.
    async fn recognised(
        &self,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<Result<Matched, &'static str>, ConnectError> {
        if pending.patient.is_empty() {
            return Ok(Err("no-patient"));
        }
        let Some(identity) = self.identity_at(&pending.source, &pending.patient, now).await else {
            return Ok(Err("patient-unreadable"));
        };
        let person = self.inner.index.person(pending.person()).await.map_err(unknown)?;
        Ok(match self.inner.index.recognise(&person, &identity) {
            Ok(Recognised::ByNumber) => Ok(Matched::ResidentId),
            Ok(Recognised::ByNameAndBirthDate) => Ok(Matched::NameAndBirthDate),
            Err(Unrecognised::SomebodyElse) => Err("another-person"),
            Err(Unrecognised::Unproven) => Err("not-alike"),
        })
    }

    /// Who a server says has this `Patient` id there; `None` where it does not say.
    pub(super) async fn identity_at(&self, source: &Source, patient: &str, now: Timestamp) -> Option<SourcePatient> {
        let systems = source.resident_ids(&self.inner.settings.resident_id_systems);
        let base = source.client.base().clone();
        let mut found: Option<SourcePatient> = None;
        let mut take = |entry: fhir::Entry<'_, rows::Patient<'_>>| {
            let is_asked_for = entry.row.resource_type == Some("Patient") && entry.row.id == Some(patient);
            found = super::patient::identity(&entry.row, &source.id, &base, &systems).filter(|_| is_asked_for);
        };
        let deadline = Instant::now() + PATIENCE;
        let report = source.read::<kinds::Patient>(patient, deadline, now, &mut take).await;
        found.filter(|_| report.outcome == Outcome::Answered)
    }

    /// What `person` has connected.
    pub(super) async fn connected(&self, person: PersonId) -> Result<Vec<Connected>, EhrError> {
        match &self.connections {
            Some(connections) => connections.of(person).await.map_err(unlisted),
            None => Ok(Vec::new()),
        }
    }
}

/// Of a look into the index.
pub(super) fn unknown(error: IndexError) -> ConnectError {
    match error {
        IndexError::Store(error) => ConnectError::Store(error),
        IndexError::Audit(error) => ConnectError::Audit(error),
        IndexError::Row(error) => ConnectError::Content(error),
        IndexError::Access(error) => ConnectError::Access(error),
        // Of stewards' decisions, which are not made here.
        IndexError::NotFound | IndexError::Reason | IndexError::Conflict(_) => ConnectError::NotFound,
    }
}

/// Of a look at a registration, which fails as the database does.
pub(super) fn unread(error: EhrError) -> ConnectError {
    match error {
        EhrError::Store(error) => ConnectError::Store(error),
        EhrError::Audit(error) => ConnectError::Audit(error),
        EhrError::Json(error) => ConnectError::Content(error),
        _ => ConnectError::NotFound,
    }
}

/// Of a look at what is connected, which fails as the database does.
fn unlisted(error: ConnectError) -> EhrError {
    match error {
        ConnectError::Store(error) => EhrError::Store(error),
        ConnectError::Audit(error) => EhrError::Audit(error),
        ConnectError::Content(error) => EhrError::Json(error),
        _ => EhrError::NotFound,
    }
}
