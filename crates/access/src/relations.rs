//! Treatment relations: who on the staff may open whose record, why, and until when.
//!
//! `care` is given by whoever admits or refers a patient; `break-glass` is taken in an emergency, with a stated reason,
//! for one patient and [`GLASS_OPEN`] at most; `encounter` comes of a hospital's encounters ([`crate::encounters`]). Whether
//! a relation is asked for at all is the configuration's.

use std::{collections::HashMap, fmt};

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde_json::json;
use store::{Store, Tx, from_millis, outbox, to_millis};
use uuid::Uuid;

use crate::{
    AccessError, AuditLog, Context, Event, Outcome, PersonId, Safeguard, StaffContext, SubjectId,
    audit::{Draft, action},
    entity::treatment_relation::{Column, Entity, Model},
};

/// The topic of the outbox that tells of broken glass; its payload is a [`GlassEvent`].
pub const GLASS_TOPIC: &str = "glass-broken";
/// How long a broken glass lets one read.
pub const GLASS_OPEN: SignedDuration = SignedDuration::from_mins(60);

/// What the outbox tells of a broken glass. The reason in words is not in it: it may hold what is wrong with the patient.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GlassEvent {
    /// The relation, as in the audit log.
    pub relation: Uuid,
    /// Whose record was opened.
    pub person: PersonId,
    /// Who opened it, as people read it.
    pub name: String,
    /// The directory that vouches for them.
    pub organisation: String,
    /// [`Grounds::as_str`]
    pub grounds: String,
    /// Until when it is open, RFC 3339.
    pub until: String,
}

/// How a relation came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// They treat the patient.
    Care,
    /// They treat the patient by an encounter that a hospital tells of.
    Encounter,
    /// An emergency, in their own word.
    BreakGlass,
}

impl RelationKind {
    /// As in the database and in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Care => "care",
            Self::Encounter => "encounter",
            Self::BreakGlass => "break-glass",
        }
    }

    /// Of `treatment_relation`: those of encounters stand in a table of their own.
    fn parse(text: &str) -> Option<Self> {
        [Self::Care, Self::BreakGlass].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A member of staff may open a patient's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// In the audit log.
    pub id: Uuid,
    /// How it came about.
    pub kind: RelationKind,
    /// From when.
    pub since: Timestamp,
    /// Until when; none for care that nobody has ended.
    pub until: Option<Timestamp>,
}

/// What came of [`Relations::begin_care`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Care {
    /// From now on.
    Begun(Relation),
    /// There already, and no shorter: nothing was written.
    Standing(Relation),
}

/// Why the glass is broken, of the four grounds a hospital's rules know, or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grounds {
    /// The patient is in the emergency room; registration can't be waited for.
    Emergency,
    /// On duty for a colleague; the hand-over is not in the system yet.
    OnDuty,
    /// Called in by word of mouth.
    Consultation,
    /// The patient or guardian is there and asks for it.
    PatientPresent,
    /// Said in words alone.
    Other,
}

impl Grounds {
    /// All of them; the last is for programs, people choose.
    pub const ALL: [Self; 5] = [Self::Emergency, Self::OnDuty, Self::Consultation, Self::PatientPresent, Self::Other];

    /// As in forms, the API and the audit log; a message key too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::OnDuty => "on-duty",
            Self::Consultation => "consultation",
            Self::PatientPresent => "patient-present",
            Self::Other => "other",
        }
    }

    /// From a form or the API.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grounds| grounds.as_str() == text)
    }
}

/// A stated reason, long enough to say something and short enough to be read.
#[derive(Clone, PartialEq, Eq)]
pub struct GlassReason {
    grounds: Grounds,
    text: String,
}

/// May hold what is wrong with the patient: never in a log line.
impl fmt::Debug for GlassReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlassReason").field("grounds", &self.grounds).finish_non_exhaustive()
    }
}

impl GlassReason {
    /// In characters, blanks at the ends aside.
    pub const SHORTEST: usize = 10;
    /// In characters.
    pub const LONGEST: usize = 500;

    /// `None` when the text says too little or too much.
    pub fn new(grounds: Grounds, text: &str) -> Option<Self> {
        let text = text.trim();
        let length = text.chars().filter(|char| !char.is_whitespace()).count();
        let fits = length >= Self::SHORTEST && text.chars().count() <= Self::LONGEST;
        (fits || !Safeguard::StatedReason.stands()).then(|| Self { grounds, text: text.to_owned() })
    }

    /// For the audit log and the patient: `emergency: …`.
    fn told(&self) -> String {
        format!("{}: {}", self.grounds.as_str(), self.text)
    }
}

/// The relations of the region. Cheap to clone.
#[derive(Clone)]
pub struct Relations {
    pub(crate) store: Store,
    pub(crate) audit: AuditLog,
}

impl Relations {
    /// Kept in `store`, remembered in `audit`.
    pub fn new(store: Store, audit: AuditLog) -> Self {
        Self { store, audit }
    }

    /// Which of `people` have a relation to `staff` at `now`, and of which kind, care before a broken glass: for lists. It
    /// opens nothing; [`Relations::between`] and [`Relations::by_encounters`] decide.
    ///
    /// # Errors
    /// As [`Relations::between`].
    pub async fn among(
        &self,
        staff: &SubjectId,
        people: &[PersonId],
        now: Timestamp,
    ) -> Result<HashMap<PersonId, RelationKind>, AccessError> {
        let at = to_millis(now);
        let open = Condition::all()
            .add(Column::Staff.eq(staff.as_str()))
            .add(Column::Person.is_in(people.iter().map(|person| person.0)))
            .add(Column::Since.lte(at))
            .add(Condition::any().add(Column::Until.is_null()).add(Column::Until.gt(at)));
        let mut kinds = HashMap::new();
        for row in Entity::find().filter(open).all(self.store.reader()).await? {
            let person = PersonId(row.person);
            let kind = relation(row)?.kind;
            if kind == RelationKind::Care || !kinds.contains_key(&person) {
                kinds.insert(person, kind);
            }
        }
        for relation in self.by_encounters(staff, people, now).await? {
            let kind = kinds.entry(relation.seen.person).or_insert(RelationKind::Encounter);
            if *kind == RelationKind::BreakGlass {
                *kind = RelationKind::Encounter;
            }
        }
        Ok(kinds)
    }

    /// Whom `staff` have on a list, with the reason: care in force at `now`, `most` people at most, those whose end is
    /// nearest last.
    ///
    /// # Errors
    /// As [`Relations::between`].
    pub async fn listed(
        &self,
        staff: &SubjectId,
        most: u64,
        now: Timestamp,
    ) -> Result<Vec<(PersonId, String, Relation)>, AccessError> {
        let at = to_millis(now);
        let open = Condition::all()
            .add(Column::Staff.eq(staff.as_str()))
            .add(Column::Kind.eq(RelationKind::Care.as_str()))
            .add(Column::Since.lte(at))
            .add(Condition::any().add(Column::Until.is_null()).add(Column::Until.gt(at)));
        let found = Entity::find().filter(open).order_by_desc(Column::Until).order_by_asc(Column::Id).limit(most);
        let rows = found.all(self.store.reader()).await?;
        rows.into_iter().map(|row| Ok((PersonId(row.person), row.reason.clone(), relation(row)?))).collect()
    }

    /// The relation by which `staff` may open the record of `person` at `now`: care before a broken glass.
    ///
    /// # Errors
    /// The database's, and [`AccessError::Unreadable`] for a row of a kind that this program does not know.
    pub async fn between(
        &self,
        staff: &SubjectId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<Relation>, AccessError> {
        let at = to_millis(now);
        let mut open = Condition::all();
        if Safeguard::RelationReader.stands() {
            open = open.add(Column::Staff.eq(staff.as_str()));
        }
        if Safeguard::RelationPerson.stands() {
            open = open.add(Column::Person.eq(person.0));
        }
        if Safeguard::RelationEnd.stands() {
            let lasts = Condition::any().add(Column::Until.is_null()).add(Column::Until.gt(at));
            open = open.add(Column::Since.lte(at)).add(lasts);
        }
        let rows = Entity::find().filter(open).order_by_desc(Column::Since).all(self.store.reader()).await?;
        let relations = rows.into_iter().map(relation).collect::<Result<Vec<Relation>, _>>()?;
        let care = relations.iter().position(|relation| relation.kind == RelationKind::Care);
        Ok(relations.into_iter().nth(care.unwrap_or(0)))
    }

    /// Opens the record of `person` to `staff` for [`GLASS_OPEN`], written to the audit log and to the outbox in the same
    /// transaction, so that the patient and the reviewers hear of it. The caller has checked who asks, and that they may read records at all.
    ///
    /// # Errors
    /// [`AccessError::Audit`] when it can't be written down: the record then stays closed. The database's.
    pub async fn break_glass(
        &self,
        staff: &StaffContext,
        person: PersonId,
        reason: &GlassReason,
        now: Timestamp,
    ) -> Result<Relation, AccessError> {
        let row = Model {
            id: Uuid::now_v7(),
            staff: staff.subject().to_string(),
            person: person.0,
            kind: RelationKind::BreakGlass.as_str().to_owned(),
            reason: reason.told(),
            since: to_millis(now),
            until: Some(to_millis(now + GLASS_OPEN)),
        };
        let event = Event::new(action::GLASS_BROKEN, "treatment-relation", Outcome::Ok).because(reason.told());
        let (audit, draft, broken) = (self.audit.clone(), given(staff, event, &row, now), row.clone());
        let told = json!(GlassEvent {
            relation: row.id,
            person,
            name: staff.name().to_owned(),
            organisation: staff.organisation().to_owned(),
            grounds: reason.grounds.as_str().to_owned(),
            until: (now + GLASS_OPEN).to_string(),
        });
        let opened = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                insert(tx, &audit, draft, broken).await?;
                outbox::append(tx, GLASS_TOPIC, told, now).await?;
                Ok(())
            })
        });
        opened.await?;
        relation(row)
    }

    /// `staff` treats `person` from `now` on, until `until` if that is known: admitted, referred, called in. Said again, it
    /// changes nothing, so that a list may be read twice. `reason` is a key, not a diagnosis.
    ///
    /// # Errors
    /// As [`Relations::break_glass`].
    pub async fn begin_care(
        &self,
        ctx: &dyn Context,
        staff: &SubjectId,
        person: PersonId,
        reason: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Care, AccessError> {
        let row = Model {
            id: Uuid::now_v7(),
            staff: staff.to_string(),
            person: person.0,
            kind: RelationKind::Care.as_str().to_owned(),
            reason: reason.to_owned(),
            since: to_millis(now),
            until: until.map(to_millis),
        };
        let draft =
            given(ctx, Event::new(action::CARE_BEGUN, "treatment-relation", Outcome::Ok).because(reason), &row, now);
        let (audit, begun, there) = (self.audit.clone(), row.clone(), care_until(staff, person, now, until));
        let standing = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                let standing = Entity::find().filter(there).one(tx).await?;
                if standing.is_none() {
                    insert(tx, &audit, draft, begun).await?;
                }
                Ok(standing)
            })
        });
        match standing.await? {
            Some(standing) => Ok(Care::Standing(relation(standing)?)),
            None => Ok(Care::Begun(relation(row)?)),
        }
    }

    /// Care of `person` by `staff` that lasts until `until` or longer: what [`Relations::begin_care`] would find.
    ///
    /// # Errors
    /// As [`Relations::between`].
    pub async fn care(
        &self,
        staff: &SubjectId,
        person: PersonId,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Option<Relation>, AccessError> {
        let found = Entity::find().filter(care_until(staff, person, now, until)).one(self.store.reader()).await?;
        found.map(relation).transpose()
    }
}

/// The audit row of a relation.
fn given(ctx: &dyn Context, event: Event, row: &Model, now: Timestamp) -> Draft {
    let until = row.until.map(|until| from_millis(until).to_string());
    let event =
        event.on(row.id.to_string()).about(PersonId(row.person)).with(json!({ "staff": row.staff, "until": until }));
    AuditLog::draft(ctx, now, event)
}

fn care_until(staff: &SubjectId, person: PersonId, now: Timestamp, until: Option<Timestamp>) -> Condition {
    let longer = until.map(|until| Column::Until.gte(to_millis(until)));
    Condition::all()
        .add(Column::Staff.eq(staff.as_str()))
        .add(Column::Person.eq(person.0))
        .add(Column::Kind.eq(RelationKind::Care.as_str()))
        .add(Column::Since.lte(to_millis(now)))
        .add(Condition::any().add(Column::Until.is_null()).add_option(longer))
}

async fn insert(tx: &Tx, audit: &AuditLog, draft: Draft, row: Model) -> Result<(), AccessError> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    if Safeguard::GlassAudit.stands() {
        audit.append(tx, draft).await?;
    }
    Ok(())
}

fn relation(row: Model) -> Result<Relation, AccessError> {
    let unknown = || AccessError::Unreadable(format!("treatment_relation {}", row.id));
    Ok(Relation {
        id: row.id,
        kind: RelationKind::parse(&row.kind).ok_or_else(unknown)?,
        since: from_millis(row.since),
        until: row.until.map(from_millis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_and_can_be_read() {
        let check = |text: &str, good: bool| {
            assert_eq!(GlassReason::new(Grounds::Emergency, text).is_some(), good, "{text}");
        };
        check("由120送入抢救室，意识不清", true);
        check("", false);
        check("急急急急急急急急急", false);
        check("a         b        c", false);
        check(&"长".repeat(GlassReason::LONGEST), true);
        check(&"长".repeat(GlassReason::LONGEST + 1), false);
    }

    #[test]
    fn what_is_wrong_with_the_patient_is_in_no_log_line() {
        let reason = GlassReason::new(Grounds::OnDuty, "unconscious, needs her allergies").expect("long enough");
        assert!(!format!("{reason:?}").contains("unconscious"));
    }
}
