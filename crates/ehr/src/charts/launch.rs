//! Staff whom a hospital's own system sends here: is it they who are signed in here, and whose record do they have open there?

use std::time::Duration;

use access::{PersonId, Recognition, StaffContext};
use fhir::Reference;
use jiff::Timestamp;
use sources::{Arrived, Callback, ConnectError, FlowStep, Launches};
use tokio::time::Instant;

use super::{Charts, Clinician, connect::unknown, practitioners};

/// For the `Practitioner`, and the role that it has.
const PATIENCE: Duration = Duration::from_secs(8);

impl Charts {
    /// Takes in what the browser of `staff` came back with from the hospital whose system sent them here: the person whose record
    /// they have open there. `clinician` is who the directory says they are, `session` the browser's. Nothing is opened by it.
    ///
    /// # Errors
    /// [`ConnectError::Flow`] with what went wrong, in the words of the hospital too; the policy's, the database's, the audit's.
    pub async fn launch(
        &self,
        (staff, clinician): (&StaffContext, &Clinician),
        launches: &Launches,
        session: &str,
        callback: &Callback,
        now: Timestamp,
    ) -> Result<PersonId, ConnectError> {
        let arrived = launches.arrive(staff, session, callback, now).await?;
        let found = match self.is_them(staff, clinician, &arrived, now).await? {
            Ok(()) => self.looked_at(&arrived).await?.map_err(|why| (FlowStep::Patient, why)),
            Err(why) => Err((FlowStep::Identity, why)),
        };
        match found {
            Ok(person) => launches.admit(staff, arrived, person, now).await.map(|()| person),
            Err(refusal) => Err(launches.refuse(staff, arrived, refusal, now).await?.into()),
        }
    }

    /// Who signed in at the hospital is who is signed in here, by the rule by which staff are known there at all; or why not.
    async fn is_them(
        &self,
        staff: &StaffContext,
        clinician: &Clinician,
        arrived: &Arrived,
        now: Timestamp,
    ) -> Result<Result<(), &'static str>, ConnectError> {
        let source = &arrived.source;
        let Some(token) = clinician.known_by.get(&source.id) else { return Ok(Err("staff-no-number")) };
        let deadline = Instant::now() + PATIENCE;
        let id = match Reference::parse(&arrived.fhir_user, source.client.base()) {
            Reference::Local { kind: "Practitioner", id, .. } => id.to_owned(),
            Reference::Local { kind: "PractitionerRole", id, .. } => {
                match practitioners::in_role(source, id, deadline, now).await {
                    Some(id) => id,
                    None => return Ok(Err("practitioner-unreadable")),
                }
            }
            _ => return Ok(Err("no-practitioner")),
        };
        let known = self.practitioners();
        // What the hospital was asked about them before must not say otherwise.
        let before = known.of(staff.subject()).await?;
        let before = before.iter().find(|one| one.source == source.id && one.token == *token);
        match before.map(|one| &one.recognition) {
            Some(Recognition::Known(other)) if other.practitioner != id => return Ok(Err("another-practitioner")),
            Some(Recognition::Ambiguous | Recognition::Shared) => return Ok(Err("practitioner-unclear")),
            _ => {}
        }
        if known.is_another(staff.subject(), &source.id, &id).await? {
            return Ok(Err("another-practitioner"));
        }
        Ok(practitioners::is_them(source, (&id, token), clinician, deadline, now).await)
    }

    /// Whose record they have open there, as far as the index knows; or why nobody's.
    async fn looked_at(&self, arrived: &Arrived) -> Result<Result<PersonId, &'static str>, ConnectError> {
        let Some(patient) = &arrived.patient else { return Ok(Err("no-patient")) };
        let person = self.inner.index.linked_to(&arrived.source.id, patient).await.map_err(unknown)?;
        Ok(person.ok_or("patient-unknown"))
    }
}
