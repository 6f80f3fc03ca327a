//! Staff whom a hospital's own system sends here: is it they who are signed in here, and whose record do they have open there?

use std::{sync::Arc, time::Duration};

use access::{Act, Object, PersonId, Recognition, StaffContext};
use fhir::Reference;
use jiff::Timestamp;
use patients::Unrecognised;
use sources::{Arrived, Callback, ConnectError, FlowStep, Launches, Source, Standing};
use tokio::time::Instant;

use super::{
    Charts, Clinician, Registered,
    connect::{unknown, unread},
    practitioners,
};
use crate::caring::is_id;

/// For the `Practitioner`, and the role that it has.
const PATIENCE: Duration = Duration::from_secs(8);

impl Charts {
    /// Takes in what the browser of `staff` came back with from the hospital whose system sent them here: the person whose record
    /// they have open there; nobody, where the hospital names no patient. `clinician` is who the directory says they are, `session`
    /// the browser's. Nothing is opened by it.
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
    ) -> Result<Option<PersonId>, ConnectError> {
        let arrived = launches.arrive(staff, session, callback, now).await?;
        let found = match self.is_them(staff, clinician, &arrived, now).await? {
            Ok(()) => self.looked_at(staff, &arrived, now).await?.map_err(|why| (FlowStep::Patient, why)),
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

    /// Whose record they have open there, if anybody's; or why it can't be said. Whom nobody has looked for yet is taken into the
    /// index as by a search: by what the hospital says to the region itself, and by the index's own rules.
    async fn looked_at(
        &self,
        staff: &StaffContext,
        arrived: &Arrived,
        now: Timestamp,
    ) -> Result<Result<Option<PersonId>, &'static str>, ConnectError> {
        let Some(patient) = &arrived.patient else { return Ok(Ok(None)) };
        let index = &self.inner.index;
        let hospital = arrived.source.id.as_str();
        let known = match index.linked_to(hospital, patient).await.map_err(unknown)? {
            Some(person) => Some(person),
            None => match self.newly_seen(staff, hospital, patient, now).await? {
                Registered::Person(person) => Some(person),
                Registered::Nobody => None,
                Registered::Silent => return Ok(Err("patient-silent")),
            },
        };
        let Some(person) = known else { return Ok(Err("patient-unknown")) };
        let unclear = index.is_contested(hospital, patient).await.map_err(unknown)?;
        if unclear {
            return Ok(Err("patient-unclear"));
        }
        Ok(self.is_theirs(arrived, patient, person, now).await?.map(|()| Some(person)))
    }

    /// Whom the hospital's own system has under this id is whom the region knows under it. Where the server that sends staff is
    /// another than the one that is read, an id there says nothing by itself: it has to say who it is, and so that it can be no
    /// other. Where it is the same, it must not say somebody else.
    async fn is_theirs(
        &self,
        arrived: &Arrived,
        patient: &str,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Result<(), &'static str>, ConnectError> {
        let read = self.inner.catalogue.get(&arrived.source.id);
        let is_same = read.is_some_and(|read| read.client.base() == arrived.source.client.base());
        let Some(identity) = self.identity_at(&arrived.source, patient, now).await else {
            return Ok(if is_same { Ok(()) } else { Err("patient-unread") });
        };
        let person = self.inner.index.person(person).await.map_err(unknown)?;
        Ok(match self.inner.index.recognise(&person, &identity) {
            Ok(_) => Ok(()),
            Err(Unrecognised::Unproven) if is_same => Ok(()),
            Err(Unrecognised::SomebodyElse) => Err("shown-another"),
            Err(Unrecognised::Unproven) => Err("shown-unproven"),
        })
    }

    /// Whom a hospital of the region has under this id, where `staff` may look for patients.
    async fn newly_seen(
        &self,
        staff: &StaffContext,
        hospital: &str,
        patient: &str,
        now: Timestamp,
    ) -> Result<Registered, ConnectError> {
        let may = self.may(staff, &Object::PAGE_PATIENT_SEARCH, Act::SearchPatients).is_ok();
        let asked = |source: &Arc<Source>| !source.is_personal() && source.standing == Standing::Asked;
        let source = self.inner.catalogue.get(hospital).filter(|source| may && is_id(patient) && asked(source));
        let Some(source) = source else { return Ok(Registered::Nobody) };
        self.registered(staff, &source, patient, now).await.map_err(unread)
    }
}
