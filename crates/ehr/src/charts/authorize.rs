//! May this reader open this chart?

use access::{Act, Context, Event, Object, Outcome, PersonId, ReadIntent, ReadScope};
use jiff::Timestamp;
use patients::Person;
use serde_json::Value;

use super::{Charts, Reader, TreatmentRelation};
use crate::{EhrError, Section};

/// A reader who may, the person they may read about, and why.
#[derive(Debug)]
pub(super) struct Allowed {
    pub person: Person,
    pub why: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn context(self) -> &'a dyn Context {
        match self {
            Self::Staff(staff) => staff,
            Self::Patient(patient) => patient,
        }
    }

    pub(super) fn is_patient(self) -> bool {
        matches!(self, Self::Patient(_))
    }
}

impl Charts {
    /// Decides before anything of the chart is touched. What one may not see is "not there"; the one exception is a
    /// clinician without a treatment relation, to whom existence is no secret.
    pub(super) async fn authorize(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
    ) -> Result<Allowed, EhrError> {
        match reader {
            Reader::Patient(patient) if !patient.may_act_for(person) => Err(EhrError::NotFound),
            Reader::Patient(patient) => {
                let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
                self.inner.policy.require(patient, &object, Act::ReadRecord)?;
                Ok(Allowed { person: self.inner.index.person(person).await?, why: "own-record" })
            }
            Reader::Staff(staff) => {
                let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
                self.inner.policy.require(staff, &object, Act::ReadRecord)?;
                let person = self.inner.index.person(person).await?;
                match self.inner.settings.treatment_relation {
                    TreatmentRelation::Required => Err(EhrError::BreakGlassRequired),
                    TreatmentRelation::Advisory => Ok(Allowed { person, why: "no-treatment-relation-advisory" }),
                }
            }
        }
    }

    /// As [`Charts::authorize`], with a refusal written to the audit log.
    pub(super) async fn open(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        let decided = self.authorize(reader, person, section).await;
        let refusal = match &decided {
            Err(EhrError::BreakGlassRequired) => "break-glass-required",
            Err(EhrError::Forbidden) => "forbidden",
            Err(EhrError::NotFound) => "not-found",
            _ => return decided,
        };
        let event = Event::new("record.read.refused", "record", Outcome::Refused).about(person).on(section.slug());
        self.write_down(reader.context(), event.because(refusal), now).await?;
        decided
    }

    /// Commits the intent: nothing may be read before this has returned.
    pub(super) async fn begin(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        what: &str,
        detail: Value,
        now: Timestamp,
    ) -> Result<ReadIntent, EhrError> {
        let scope = ReadScope {
            person: allowed.person.id,
            section: what.to_owned(),
            reason: Some(allowed.why.to_owned()),
            detail,
        };
        Ok(self.inner.audit.begin_read(&self.inner.store, reader.context(), scope, now).await?)
    }

    /// One event in a transaction of its own.
    pub(super) async fn write_down(&self, ctx: &dyn Context, event: Event, now: Timestamp) -> Result<(), EhrError> {
        let draft = access::AuditLog::draft(ctx, now, event);
        let audit = self.inner.audit.clone();
        let written = self.inner.store.write(move |tx| Box::pin(async move { audit.append(tx, draft).await }));
        written.await?;
        Ok(())
    }
}
