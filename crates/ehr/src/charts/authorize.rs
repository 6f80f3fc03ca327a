//! May this reader open this chart?

use access::{
    Act, Context, Deed, Event, GlassReason, Object, Outcome, PersonId, ReadIntent, ReadScope, Relation, RelationKind,
    Relations, Safeguard, StaffContext, audit::action,
};
use jiff::Timestamp;
use patients::Person;
use serde_json::{Value, json};
use sources::Connected;

use super::{Charts, Reader, TreatmentRelation};
use crate::{Banner, EhrError, Section};

/// A reader who may, the person they may read about, and why.
#[derive(Debug)]
pub(super) struct Allowed {
    pub person: Person,
    pub why: &'static str,
    /// When the record closes again to them, if they broke the glass.
    pub glass_until: Option<Timestamp>,
    /// Hospitals that the person has connected, where it is they who read.
    pub connected: Vec<Connected>,
}

/// A read whose intent is in the log.
#[must_use = "a read that has begun is finished by telling its outcome"]
pub(super) enum Begun {
    /// By itself.
    Own(Box<ReadIntent>),
    /// As part of an act that reads several sections: that one tells the outcome of all.
    Within,
}

impl Begun {
    /// Writes down how the read ended.
    pub(super) async fn finish(self, outcome: Outcome, detail: Value, now: Timestamp) -> Result<(), EhrError> {
        if let Self::Own(intent) = self {
            intent.finish(outcome, detail, now).await?;
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    pub(super) fn context(self) -> &'a dyn Context {
        match self {
            Self::Staff(staff) => staff,
            Self::Patient(patient) => patient,
        }
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
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        self.admit(reader, person, (section, Deed::Section(section.slug())), now).await
    }

    /// As [`Charts::authorize`], for who the person is: to whomever they have entrusted anything that is no secret.
    pub(super) async fn authorize_face(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        self.admit(reader, person, (Section::Demographics, Deed::Face), now).await
    }

    async fn admit(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        (section, deed): (Section, Deed<'_>),
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
        match reader {
            Reader::Patient(patient) if !patient.may_act_for(person, deed) => Err(hidden()),
            Reader::Patient(patient) => {
                self.may(patient, &object, Act::ReadRecord)?;
                // Called by the id their account has, also while a steward has joined them to somebody.
                let mut of = self.inner.index.person(person).await?;
                of.id = person;
                // What somebody has connected themselves they alone see, as they were told.
                let oneself = patient.may_act_for(person, Deed::Oneself);
                let connected = if oneself { self.connected(person).await? } else { Vec::new() };
                for one in &connected {
                    of = of.with_own(&one.source.id, &one.patient, one.since);
                }
                let why = if oneself { "own-record" } else { "entrusted" };
                Ok(Allowed { person: of, why, glass_until: None, connected })
            }
            Reader::Staff(staff) => {
                self.may(staff, &object, Act::ReadRecord)?;
                let person = self.inner.index.person(person).await?;
                let (why, glass_until) = self.relation(staff, &person, now).await?;
                Ok(Allowed { person, why, glass_until, connected: Vec::new() })
            }
        }
    }

    /// May this section be shown, by the policy and by what is entrusted?
    pub(super) fn may_see(&self, reader: Reader<'_>, person: PersonId, section: Section) -> Result<(), EhrError> {
        let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
        self.may(reader.context(), &object, Act::ReadRecord)?;
        match reader {
            Reader::Patient(patient) if !patient.may_act_for(person, Deed::Section(section.slug())) => Err(hidden()),
            _ => Ok(()),
        }
    }

    pub(super) fn may(&self, ctx: &dyn Context, object: &Object, act: Act) -> Result<(), EhrError> {
        if Safeguard::DomainPolicy.stands() {
            self.inner.policy.require(ctx, object, act)?;
        }
        Ok(())
    }

    /// The relation by which a member of staff may read, as the audit log names it, and the end of a broken glass.
    pub(super) async fn relation(
        &self,
        staff: &StaffContext,
        person: &Person,
        now: Timestamp,
    ) -> Result<(&'static str, Option<Timestamp>), EhrError> {
        let mut relation = None;
        // Begun with whomever a steward joined to them, it is a relation to them.
        for id in &person.ids {
            relation = relation.or(self.relations().between(staff.subject(), *id, now).await?);
        }
        let cares = relation.as_ref().is_some_and(|relation| relation.kind == RelationKind::Care);
        if !cares && self.treats(staff, person, now).await? {
            return Ok((RelationKind::Encounter.as_str(), None));
        }
        match (relation, self.inner.settings.treatment_relation) {
            (Some(relation), _) => {
                let broken = relation.kind == RelationKind::BreakGlass;
                Ok((relation.kind.as_str(), relation.until.filter(|_| broken)))
            }
            (None, TreatmentRelation::Required) if Safeguard::TreatmentRelation.stands() => {
                Err(EhrError::BreakGlassRequired)
            }
            (None, _) => Ok(("no-treatment-relation-advisory", None)),
        }
    }

    /// By an encounter of a registration that is this person's now: a link that a steward has undone, or that the hospital
    /// contradicts, takes the relation with it.
    async fn treats(&self, staff: &StaffContext, person: &Person, now: Timestamp) -> Result<bool, EhrError> {
        let relations = self.relations().by_encounters(staff.subject(), &person.ids, now).await?;
        Ok(relations.iter().any(|relation| is_registration(person, &relation.seen.source, &relation.seen.patient)))
    }

    /// Treatment relations of this region's database.
    pub fn relations(&self) -> Relations {
        Relations::new(self.inner.store.clone(), self.inner.audit.clone())
    }

    /// As [`Charts::authorize`], with a refusal written to the audit log.
    pub(super) async fn open(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        let decided = self.authorize(reader, person, section, now).await;
        self.said(reader, person, section, decided, now).await
    }

    async fn said(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        decided: Result<Allowed, EhrError>,
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        if let Err(error) = &decided {
            self.refused(reader.context(), action::RECORD_READ_REFUSED, person, section.slug(), error, now).await?;
        }
        decided
    }

    pub(super) async fn refused(
        &self,
        ctx: &dyn Context,
        action: &'static str,
        person: PersonId,
        what: &str,
        error: &EhrError,
        now: Timestamp,
    ) -> Result<(), EhrError> {
        let refusal = match error {
            EhrError::BreakGlassRequired => "break-glass-required",
            EhrError::Forbidden => "forbidden",
            EhrError::NotFound => "not-found",
            _ => return Ok(()),
        };
        if !Safeguard::RefusalAudit.stands() {
            return Ok(());
        }
        let event = Event::new(action, "record", Outcome::Refused).about(person).on(what).because(refusal);
        self.write_down(ctx, event, now).await
    }

    /// Who the patient is, where a page shows nothing else of their record: a read of its own, and audited as one.
    ///
    /// # Errors
    /// As every read of a chart.
    pub async fn cover(&self, reader: Reader<'_>, person: PersonId, now: Timestamp) -> Result<Banner, EhrError> {
        let decided = self.authorize_face(reader, person, now).await;
        let allowed = self.said(reader, person, Section::Demographics, decided, now).await?;
        let read = self.begin(reader, &allowed, "cover", json!({}), now).await?;
        let banner = self.face(allowed.person, now);
        read.finish(Outcome::Ok, json!({}), now).await?;
        Ok(banner)
    }

    /// Who the patient is, before the glass is broken: what a search shows anyhow, so that nobody opens the wrong record.
    /// `None` when the record is open to the reader already.
    ///
    /// # Errors
    /// [`EhrError::NotFound`] when there is no such person, or the reader may neither search nor read records.
    pub async fn before_glass(
        &self,
        staff: &StaffContext,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<Banner>, EhrError> {
        let reader = Reader::Staff(staff);
        match self.authorize(reader, person, Section::Demographics, now).await {
            Ok(_) => return Ok(None),
            Err(EhrError::BreakGlassRequired) => {}
            Err(error) => {
                self.refused(staff, action::RECORD_READ_REFUSED, person, "break-glass", &error, now).await?;
                return Err(error);
            }
        }
        self.may(staff, &Object::PAGE_PATIENT_SEARCH, Act::SearchPatients)?;
        let person = self.inner.index.person(person).await?;
        let allowed = Allowed { person, why: "before-break-glass", glass_until: None, connected: Vec::new() };
        let read = self.begin(reader, &allowed, "cover", json!({}), now).await?;
        let banner = self.face(allowed.person, now);
        read.finish(Outcome::Ok, json!({}), now).await?;
        Ok(Some(banner))
    }

    /// Opens one patient's record to a member of staff for an hour, for a stated reason. The caller has made sure that it
    /// is really they who ask.
    ///
    /// # Errors
    /// [`EhrError::NotFound`] or [`EhrError::Forbidden`] when they may not read records at all, or there is no such
    /// person; [`EhrError::Audit`] or [`EhrError::Store`] when it can't be written down: the record stays closed.
    pub async fn break_glass(
        &self,
        staff: &StaffContext,
        person: PersonId,
        reason: &GlassReason,
        now: Timestamp,
    ) -> Result<Relation, EhrError> {
        let opened = self.openable(staff, person).await;
        if let Err(error) = &opened {
            self.refused(staff, action::GLASS_BROKEN, person, "break-glass", error, now).await?;
        }
        Ok(self.relations().break_glass(staff, opened?, reason, now).await?)
    }

    /// The person whose glass it would be: whom an id was merged into.
    async fn openable(&self, staff: &StaffContext, person: PersonId) -> Result<PersonId, EhrError> {
        self.may(staff, &Object::SECTION_RECORD, Act::ReadRecord)?;
        Ok(self.inner.index.person(person).await?.id)
    }

    /// Commits the intent: nothing may be read before this has returned.
    pub(super) async fn begin(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        what: &str,
        detail: Value,
        now: Timestamp,
    ) -> Result<Begun, EhrError> {
        if self.within_act {
            return Ok(Begun::Within);
        }
        let scope = ReadScope {
            person: allowed.person.id,
            section: what.to_owned(),
            reason: Some(allowed.why.to_owned()),
            detail,
        };
        let intent = self.inner.audit.begin_read(&self.inner.store, reader.context(), scope, now).await?;
        Ok(Begun::Own(Box::new(intent)))
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

/// Is `patient` of `source` this person, as the index has it now?
pub(super) fn is_registration(person: &Person, source: &str, patient: &str) -> bool {
    let same = |id: &String| id == patient;
    person.links.iter().any(|link| link.source == source && (same(&link.patient) || link.aliases.iter().any(same)))
}

/// Not to be told from nobody's.
fn hidden() -> EhrError {
    if Safeguard::UniformNotFound.stands() { EhrError::NotFound } else { EhrError::Forbidden }
}
