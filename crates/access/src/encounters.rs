//! Treatment relations that hospitals' encounters give.
//!
//! A hospital is asked for the encounters of somebody it knows; each that they take part in is a relation to its patient,
//! from the first time it was seen until some time after its end. What was said last counts: a relation is extended while
//! its encounter goes on, and ends when it was cancelled or was another's. A hospital that says nothing changes nothing.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde_json::json;
use store::{Tx, from_millis, to_millis};
use uuid::Uuid;

use crate::{
    AccessError, AuditLog, Context, Event, Outcome, PersonId, RelationKind, Relations, SubjectId,
    audit::action,
    entity::encounter_relation::{Column, Entity, Model},
};

/// An encounter that goes on pushes its relation's end ahead each time it is read: not more often than this is written.
const STEP: SignedDuration = SignedDuration::from_hours(24);

/// An encounter that somebody takes part in, as a hospital tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncounterSeen {
    /// Hospital.
    pub source: String,
    /// Id of the `Encounter` there.
    pub encounter: String,
    /// Id of the `Patient` that it names.
    pub patient: String,
    /// Whose record that is.
    pub person: PersonId,
    /// Id of the `Practitioner` who takes part.
    pub practitioner: String,
    /// FHIR encounter status.
    pub status: String,
    /// `inpatient`, `outpatient`, `emergency` or `unknown`.
    pub class: String,
    /// Ward and bed, or the department.
    pub place: Option<String>,
    /// When it began, as the hospital wrote it.
    pub started: Option<String>,
    /// Until when it makes a relation; what is past ends one.
    pub until: Timestamp,
}

/// A relation of an encounter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncounterRelation {
    /// In the audit log.
    pub id: Uuid,
    /// What the hospital said last.
    pub seen: EncounterSeen,
    /// Since when.
    pub since: Timestamp,
}

/// What came of [`Relations::keep_encounter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A relation from now on.
    Begun,
    /// It lasts longer.
    Extended,
    /// It ends sooner, or now, or is to somebody else.
    Ended,
    /// As it was; or there was none, and is none.
    Standing,
}

impl Relations {
    /// What encounters say of `staff` and one of `people` at `now`. Whether the hospital's patient is still that person is
    /// the caller's to look at: a steward may have undone the link since.
    ///
    /// # Errors
    /// The database's.
    pub async fn by_encounters(
        &self,
        staff: &SubjectId,
        people: &[PersonId],
        now: Timestamp,
    ) -> Result<Vec<EncounterRelation>, AccessError> {
        let of = in_force(staff, now).add(Column::Person.is_in(people.iter().map(|person| person.0)));
        let rows = Entity::find().filter(of).order_by_desc(Column::Until).all(self.store.reader()).await?;
        Ok(rows.into_iter().map(relation).collect())
    }

    /// All relations of encounters that `staff` have at `now`, `most` at most, those that last longest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn encounters(
        &self,
        staff: &SubjectId,
        most: u64,
        now: Timestamp,
    ) -> Result<Vec<EncounterRelation>, AccessError> {
        let found = Entity::find().filter(in_force(staff, now)).order_by_desc(Column::Until).order_by_asc(Column::Id);
        let rows = found.limit(most).all(self.store.reader()).await?;
        Ok(rows.into_iter().map(relation).collect())
    }

    /// How many relations of encounters at a hospital hold at `now`.
    ///
    /// # Errors
    /// The database's.
    pub async fn encounters_at(&self, source: &str, now: Timestamp) -> Result<u64, AccessError> {
        let there = Entity::find().filter(Column::Source.eq(source));
        let hold = there.filter(Column::Until.gt(to_millis(now)));
        Ok(hold.count(self.store.reader()).await?)
    }

    /// Takes what a hospital says of an encounter of `staff`. Said again, it writes nothing.
    ///
    /// # Errors
    /// [`AccessError::Audit`] when it can't be written down: nothing then changes. The database's.
    pub async fn keep_encounter(
        &self,
        ctx: &dyn Context,
        staff: &SubjectId,
        seen: EncounterSeen,
        now: Timestamp,
    ) -> Result<Kept, AccessError> {
        let of = Condition::all()
            .add(Column::Staff.eq(staff.as_str()))
            .add(Column::Source.eq(&seen.source))
            .add(Column::Encounter.eq(&seen.encounter));
        match Entity::find().filter(of.clone()).one(self.store.reader()).await? {
            Some(standing) => self.change(ctx, standing, seen, now).await,
            None if seen.until <= now => Ok(Kept::Standing),
            None => self.begin(ctx, staff, seen, of, now).await,
        }
    }

    async fn begin(
        &self,
        ctx: &dyn Context,
        staff: &SubjectId,
        seen: EncounterSeen,
        of: Condition,
        now: Timestamp,
    ) -> Result<Kept, AccessError> {
        let (id, who) = (Uuid::now_v7(), staff.to_string());
        let begun = event(action::CARE_BEGUN, &who, &seen, seen.person, id, seen.until);
        let (audit, draft) = (self.audit.clone(), AuditLog::draft(ctx, now, begun));
        let row = Model {
            id,
            staff: who,
            person: seen.person.0,
            source: seen.source,
            encounter: seen.encounter,
            patient: seen.patient,
            practitioner: seen.practitioner,
            status: seen.status,
            class: seen.class,
            place: seen.place,
            started: seen.started,
            since: to_millis(now),
            until: to_millis(seen.until),
        };
        let write = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                // Another replica may have been as quick: the relation is there then.
                if Entity::find().filter(of).one(tx).await?.is_none() {
                    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        write.await?;
        Ok(Kept::Begun)
    }

    async fn change(
        &self,
        ctx: &dyn Context,
        standing: Model,
        seen: EncounterSeen,
        now: Timestamp,
    ) -> Result<Kept, AccessError> {
        let (kept, until) = compared(&standing, &seen, now);
        let draft = |action, person, until| {
            AuditLog::draft(ctx, now, event(action, &standing.staff, &seen, person, standing.id, until))
        };
        let drafts = match kept {
            // It was never with whom it stood: that one's record closes, and it begins with the other.
            Kept::Ended if standing.person != seen.person.0 => {
                let begun = (until > now).then(|| draft(action::CARE_BEGUN, seen.person, until));
                let ended = draft(action::CARE_ENDED, PersonId(standing.person), now);
                std::iter::once(ended).chain(begun).collect()
            }
            Kept::Begun => vec![draft(action::CARE_BEGUN, seen.person, until)],
            Kept::Extended => vec![draft(action::CARE_EXTENDED, seen.person, until)],
            Kept::Ended => vec![draft(action::CARE_ENDED, seen.person, until)],
            Kept::Standing => Vec::new(),
        };
        let row = Model {
            person: seen.person.0,
            patient: seen.patient,
            practitioner: seen.practitioner,
            status: seen.status,
            class: seen.class,
            place: seen.place,
            started: seen.started,
            until: to_millis(until),
            ..standing.clone()
        };
        if row != standing {
            let audit = self.audit.clone();
            let write = self.store.write::<_, AccessError, _>(move |tx| {
                Box::pin(async move {
                    update(tx, row).await?;
                    for draft in drafts {
                        audit.append(tx, draft).await?;
                    }
                    Ok(())
                })
            });
            write.await?;
        }
        Ok(kept)
    }
}

/// What becomes of a standing relation, and its end.
fn compared(standing: &Model, seen: &EncounterSeen, now: Timestamp) -> (Kept, Timestamp) {
    let (before, over) = (from_millis(standing.until), seen.until <= now);
    let ended = before <= now;
    if standing.person != seen.person.0 {
        return (Kept::Ended, seen.until.max(now));
    }
    match (ended, over) {
        (true, true) => (Kept::Standing, before),
        (true, false) => (Kept::Begun, seen.until),
        (false, true) => (Kept::Ended, now),
        (false, false) if seen.until < before => (Kept::Ended, seen.until),
        (false, false) if seen.until.duration_since(before) >= STEP => (Kept::Extended, seen.until),
        (false, false) => (Kept::Standing, before),
    }
}

async fn update(tx: &Tx, row: Model) -> Result<(), AccessError> {
    let Model { id, person, patient, practitioner, status, class, place, started, until, .. } = row;
    let changed = crate::entity::encounter_relation::ActiveModel {
        person: Set(person),
        patient: Set(patient),
        practitioner: Set(practitioner),
        status: Set(status),
        class: Set(class),
        place: Set(place),
        started: Set(started),
        until: Set(until),
        ..Default::default()
    };
    Entity::update_many().set(changed).filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

/// The evidence stands in the row: which encounter of which hospital, and as whom they take part.
fn event(
    action: &'static str,
    staff: &str,
    seen: &EncounterSeen,
    person: PersonId,
    id: Uuid,
    until: Timestamp,
) -> Event {
    Event::new(action, "treatment-relation", Outcome::Ok)
        .on(id.to_string())
        .about(person)
        .because(RelationKind::Encounter.as_str())
        .with(json!({
            "staff": staff,
            "until": until.to_string(),
            "source": seen.source,
            "encounter": format!("Encounter/{}", seen.encounter),
            "patient": format!("Patient/{}", seen.patient),
            "practitioner": format!("Practitioner/{}", seen.practitioner),
            "status": seen.status,
        }))
}

fn in_force(staff: &SubjectId, now: Timestamp) -> Condition {
    let at = to_millis(now);
    Condition::all().add(Column::Staff.eq(staff.as_str())).add(Column::Since.lte(at)).add(Column::Until.gt(at))
}

fn relation(row: Model) -> EncounterRelation {
    EncounterRelation {
        id: row.id,
        since: from_millis(row.since),
        seen: EncounterSeen {
            source: row.source,
            encounter: row.encounter,
            patient: row.patient,
            person: PersonId(row.person),
            practitioner: row.practitioner,
            status: row.status,
            class: row.class,
            place: row.place,
            started: row.started,
            until: from_millis(row.until),
        },
    }
}
