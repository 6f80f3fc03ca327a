//! The stewards' queue: pairs with what speaks for and against them, what was decided, and why each record is believed to be
//! whose it is.

use std::collections::{BTreeSet, HashMap, HashSet};

use access::{
    Context, Outcome, PersonId, Policy,
    audit::{AuditLog, Event},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::Serialize;
use store::from_millis;
use uuid::Uuid;

use super::{
    Index,
    matching::{AT_ONCE, Identity, OPEN, among, particulars},
};
use crate::{
    Evidence, Identifier, IndexError, IndexNumber,
    entity::{do_not_link, identity_seen, identity_trait, link, match_candidate, match_decision, patient},
    mask_phone,
};

/// Pairs looked at in one go.
const LOOKED_AT: u64 = 200;
/// Links of one person that are explained.
const MOST_LINKS: u64 = 200;

/// The index as stewards work on it: every call is authorized by the policy, and written down.
#[derive(Clone)]
pub struct Stewardship {
    pub(super) index: Index,
    pub(super) policy: Policy,
}

/// Pairs that wait.
#[derive(Clone, Debug, Serialize)]
pub struct Queue {
    /// Contested numbers first, then by score.
    pub items: Vec<PairRow>,
    /// There are more than these.
    pub more: bool,
    /// Since when the oldest of these waits.
    pub oldest: Option<Timestamp>,
}

/// Two records that may be one person's.
#[derive(Clone, Debug, Serialize)]
pub struct PairRow {
    /// Names the pair.
    pub id: Uuid,
    /// Tenths of a bit.
    pub score: i32,
    /// Both have the same valid resident ID.
    pub contested: bool,
    /// `open`, `linked`, `kept-apart`.
    pub state: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// One record.
    pub a: Side,
    /// The other one.
    pub b: Side,
    /// Field by field.
    pub evidence: Vec<Evidence>,
}

/// A record of a pair.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Source id.
    pub source: String,
    /// `Patient` id there.
    pub patient: String,
    /// Whose record it is now.
    pub person: PersonId,
    /// That person's number.
    pub number: String,
    /// As written there.
    pub names: Vec<String>,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// FHIR date.
    pub birth_date: Option<String>,
    /// Masked.
    pub phones: Vec<String>,
    /// As written.
    pub addresses: Vec<String>,
    /// Masked.
    pub identifiers: Vec<Identifier>,
}

/// A pair with all that bears on it.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The pair.
    #[serde(flatten)]
    pub row: PairRow,
    /// Records of the one person.
    pub links_a: Vec<Explained>,
    /// Records of the other one; the same ones when they are one person now.
    pub links_b: Vec<Explained>,
    /// Newest first; the one in force, if any, is the first that was not taken back.
    pub decisions: Vec<Decided>,
}

/// Why a record is believed to be whose it is.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// Names the link.
    pub id: Uuid,
    /// Source id.
    pub source: String,
    /// `Patient` id there.
    pub patient: String,
    /// `first-seen`, `strong-key`, `merged`, `steward`.
    pub how: String,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// Who made it: a subject of the audit log.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The decisions by which it came to this person.
    pub decisions: Vec<Decided>,
    /// May it be taken back by itself?
    pub separable: bool,
}

/// What a steward decided.
#[derive(Clone, Debug, Serialize)]
pub struct Decided {
    /// Names the decision.
    pub id: Uuid,
    /// The pair, or the link that was taken back.
    pub pair: Uuid,
    /// `link`, `do-not-link`, `separate`.
    pub kind: String,
    /// What the two were called.
    pub names: (String, String),
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Taken back by whom, when and why.
    pub undone: Option<(String, Timestamp, String)>,
}

impl Stewardship {
    /// `policy` is the intranet portal's.
    pub fn new(index: Index, policy: Policy) -> Self {
        Self { index, policy }
    }

    /// May they decide at all?
    pub fn allows(&self, ctx: &dyn Context) -> bool {
        self.may(ctx).is_ok()
    }

    /// Pairs that wait, at most `most`.
    ///
    /// # Errors
    /// [`IndexError::Access`] for who may not; the database's, the audit's.
    pub async fn queue(&self, ctx: &dyn Context, most: usize, now: Timestamp) -> Result<Queue, IndexError> {
        self.may(ctx)?;
        use match_candidate::Column;
        let open = match_candidate::Entity::find()
            .filter(Column::State.eq(OPEN))
            .order_by_desc(Column::Contested)
            .order_by_desc(Column::Score)
            .order_by_asc(Column::FoundAt)
            .order_by_asc(Column::Id);
        let (mut rows, mut once, mut seen) = (Vec::new(), HashSet::new(), 0);
        // Pairs that other decisions have settled do not count, however many they are: what waits behind them is shown.
        while rows.len() <= most {
            let some = open.clone().offset(seen).limit(LOOKED_AT).all(self.index.store.reader()).await?;
            let ended = u64::try_from(some.len()).is_ok_and(|count| count < LOOKED_AT);
            seen += LOOKED_AT;
            rows.extend(self.unsettled(self.rows(some).await?, &mut once).await?);
            if ended {
                break;
            }
        }
        let more = rows.len() > most;
        rows.truncate(most);
        let event = Event::new("index.queue.shown", "match-candidate", Outcome::Ok);
        let people = rows.iter().flat_map(|row| [row.a.person, row.b.person]);
        self.write_down(ctx, vec![event.with(whose(rows.len(), people))], now).await?;
        let oldest = rows.iter().map(|row| row.found_at).min();
        Ok(Queue { items: rows, more, oldest })
    }

    /// One pair.
    ///
    /// # Errors
    /// As [`Stewardship::queue`], and [`IndexError::NotFound`].
    pub async fn pair(&self, ctx: &dyn Context, id: Uuid, now: Timestamp) -> Result<Pair, IndexError> {
        self.may(ctx)?;
        let db = self.index.store.reader();
        let candidate = match_candidate::Entity::find_by_id(id).one(db).await?.ok_or(IndexError::NotFound)?;
        let row = self.rows(vec![candidate]).await?.pop().ok_or(IndexError::NotFound)?;
        let decided = match_decision::Entity::find()
            .filter(match_decision::Column::Pair.eq(id))
            .order_by_desc(match_decision::Column::DecidedAt)
            .order_by_desc(match_decision::Column::Id);
        let decisions = self.told(decided.all(db).await?).await?;
        let (links_a, links_b) = (self.explained(row.a.person).await?, self.explained(row.b.person).await?);
        let about =
            |person| Event::new("index.pair.shown", "match-candidate", Outcome::Ok).on(id.to_string()).about(person);
        let people: HashSet<PersonId> = [row.a.person, row.b.person].into();
        self.write_down(ctx, people.into_iter().map(about).collect(), now).await?;
        Ok(Pair { row, links_a, links_b, decisions })
    }

    /// A person by the number people read out, with why each record is believed to be theirs.
    ///
    /// # Errors
    /// As [`Stewardship::pair`].
    pub async fn person(
        &self,
        ctx: &dyn Context,
        number: IndexNumber,
        now: Timestamp,
    ) -> Result<(crate::Person, Vec<Explained>), IndexError> {
        self.may(ctx)?;
        let id = self.index.by_number(number).await?.ok_or(IndexError::NotFound)?;
        let person = self.index.person(id).await?;
        let links = self.explained(id).await?;
        let event = Event::new("index.links.shown", "patient-link", Outcome::Ok).about(id);
        self.write_down(ctx, vec![event], now).await?;
        Ok((person, links))
    }

    /// What was decided last, at most `most`, those taken back as well.
    ///
    /// # Errors
    /// As [`Stewardship::queue`].
    pub async fn recent(&self, ctx: &dyn Context, most: u64, now: Timestamp) -> Result<Vec<Decided>, IndexError> {
        self.may(ctx)?;
        let rows = match_decision::Entity::find()
            .order_by_desc(match_decision::Column::DecidedAt)
            .order_by_desc(match_decision::Column::Id)
            .limit(most)
            .all(self.index.store.reader())
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let event = Event::new("index.decisions.shown", "match-decision", Outcome::Ok);
        let people = rows.iter().flat_map(|row| [row.person_a, row.person_b]).map(PersonId);
        self.write_down(ctx, vec![event.with(whose(rows.len(), people))], now).await?;
        self.told(rows).await
    }

    /// How many decisions not to link are in force.
    ///
    /// # Errors
    /// As [`Stewardship::queue`].
    pub async fn kept_apart(&self, ctx: &dyn Context) -> Result<u64, IndexError> {
        self.may(ctx)?;
        let kept = match_decision::Entity::find()
            .filter(match_decision::Column::Kind.eq("do-not-link"))
            .filter(match_decision::Column::UndoneAt.is_null());
        Ok(kept.count(self.index.store.reader()).await?)
    }

    async fn write_down(&self, ctx: &dyn Context, events: Vec<Event>, now: Timestamp) -> Result<(), IndexError> {
        let audit = self.index.audit.clone();
        let drafts: Vec<_> = events.into_iter().map(|event| AuditLog::draft(ctx, now, event)).collect();
        self.index
            .store
            .write(move |tx| {
                Box::pin(async move {
                    for draft in drafts {
                        audit.append(tx, draft).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Candidates with both sides; one whose record is nobody's any more is left out.
    async fn rows(&self, candidates: Vec<match_candidate::Model>) -> Result<Vec<PairRow>, IndexError> {
        let of: HashSet<Identity> = candidates
            .iter()
            .flat_map(|row| {
                let a = (row.source_a.clone(), row.patient_a.clone());
                [a, (row.source_b.clone(), row.patient_b.clone())]
            })
            .collect();
        let sides = self.sides(&of.into_iter().collect::<Vec<_>>()).await?;
        let side = |source: &str, patient: &str| sides.get(&(source.to_owned(), patient.to_owned())).cloned();
        let row = |row: match_candidate::Model| -> Option<Result<PairRow, IndexError>> {
            let a = side(&row.source_a, &row.patient_a)?;
            let b = side(&row.source_b, &row.patient_b)?;
            let evidence: Vec<Evidence> = match serde_json::from_str(&row.evidence) {
                Ok(evidence) => evidence,
                Err(error) => return Some(Err(error.into())),
            };
            let found_at = from_millis(row.found_at);
            let (score, contested) = (row.score, row.contested);
            Some(Ok(PairRow { id: row.id, score, contested, state: row.state, found_at, a, b, evidence }))
        };
        candidates.into_iter().filter_map(row).collect()
    }

    async fn sides(&self, of: &[Identity]) -> Result<HashMap<Identity, Side>, IndexError> {
        let db = self.index.store.reader();
        let mut sides = HashMap::new();
        for some in of.chunks(AT_ONCE) {
            let seen = identity_seen::Entity::find()
                .filter(among(some, identity_seen::Column::Source, identity_seen::Column::SourcePatient))
                .all(db)
                .await?;
            let traits = identity_trait::Entity::find()
                .filter(among(some, identity_trait::Column::Source, identity_trait::Column::SourcePatient))
                .all(db)
                .await?;
            let links = link::Entity::find()
                .filter(among(some, link::Column::Source, link::Column::SourcePatient))
                .filter(link::Column::UndoneAt.is_null())
                .all(db)
                .await?;
            let people = self.now_are(links.iter().map(|link| link.person)).await?;
            for row in seen {
                let id = (row.source.clone(), row.source_patient.clone());
                let linked = links.iter().find(|link| (&link.source, &link.source_patient) == (&id.0, &id.1));
                let Some(person) = linked.and_then(|link| people.get(&link.person)) else { continue };
                let traits = traits.iter().find(|one| (&one.source, &one.source_patient) == (&id.0, &id.1));
                let of = particulars(&row, traits)?;
                let side = Side {
                    source: id.0.clone(),
                    patient: id.1.clone(),
                    person: PersonId(person.id),
                    number: person.number.clone(),
                    names: of.names,
                    sex: of.sex,
                    birth_date: of.birth_date,
                    phones: of.phones.iter().map(|phone| mask_phone(phone)).collect(),
                    addresses: of.addresses,
                    identifiers: serde_json::from_str(&row.identifiers)?,
                };
                sides.insert(id, side);
            }
        }
        Ok(sides)
    }

    /// People by the id an identity was linked to, as they are now.
    async fn now_are(&self, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, patient::Model>, IndexError> {
        let db = self.index.store.reader();
        let ids: HashSet<Uuid> = ids.collect();
        let rows = patient::Entity::find().filter(patient::Column::Id.is_in(ids)).all(db).await?;
        let roots: HashSet<Uuid> = rows.iter().filter_map(|row| row.merged_into).collect();
        let roots = patient::Entity::find().filter(patient::Column::Id.is_in(roots)).all(db).await?;
        let root = |row: &patient::Model| roots.iter().find(|root| Some(root.id) == row.merged_into).cloned();
        Ok(rows.into_iter().map(|row| (row.id, root(&row).unwrap_or(row))).collect())
    }

    /// One pair for two people, and none of people whom decisions have joined or keep apart. `once` remembers the people.
    async fn unsettled(
        &self,
        mut rows: Vec<PairRow>,
        once: &mut HashSet<(PersonId, PersonId)>,
    ) -> Result<Vec<PairRow>, IndexError> {
        let sides = || rows.iter().flat_map(|row| [&row.a, &row.b]);
        let of: Vec<Identity> = sides().map(|side| (side.source.clone(), side.patient.clone())).collect();
        let people: HashSet<Uuid> = sides().map(|side| side.person.0).collect();
        let apart = self.index.kept_apart(&people.into_iter().collect::<Vec<_>>()).await?;
        let mut kept: Vec<do_not_link::Model> = Vec::new();
        for some in of.chunks(AT_ONCE) {
            let on_list = do_not_link::Entity::find().filter(among(
                some,
                do_not_link::Column::Source,
                do_not_link::Column::SourcePatient,
            ));
            kept.extend(on_list.all(self.index.store.reader()).await?);
        }
        let now_are = self.now_are(kept.iter().map(|row| row.person)).await?;
        let from = |side: &Side, person: PersonId| {
            kept.iter().any(|row| {
                let whose = now_are.get(&row.person).map_or(row.person, |person| person.id);
                (&row.source, &row.source_patient) == (&side.source, &side.patient) && whose == person.0
            })
        };
        rows.retain(|row| {
            let (a, b) = (row.a.person.min(row.b.person), row.a.person.max(row.b.person));
            let settled =
                a == b || apart.contains(&(a.0, b.0)) || from(&row.a, row.b.person) || from(&row.b, row.a.person);
            !settled && once.insert((a, b))
        });
        Ok(rows)
    }

    /// Every link of a person.
    async fn explained(&self, person: PersonId) -> Result<Vec<Explained>, IndexError> {
        let db = self.index.store.reader();
        let ids: Vec<Uuid> = self.index.person(person).await?.ids.into_iter().map(|id| id.0).collect();
        let links = link::Entity::find()
            .filter(link::Column::Person.is_in(ids.clone()))
            .filter(link::Column::UndoneAt.is_null())
            .order_by_asc(link::Column::LinkedAt)
            .order_by_asc(link::Column::Source)
            .order_by_asc(link::Column::SourcePatient)
            .limit(MOST_LINKS)
            .all(db)
            .await?;
        let decided = match_decision::Entity::find()
            .filter(match_decision::Column::PersonA.is_in(ids.clone()))
            .filter(match_decision::Column::UndoneAt.is_null())
            .filter(match_decision::Column::Kind.ne("do-not-link"))
            .all(db)
            .await?;
        let more = match_decision::Entity::find()
            .filter(match_decision::Column::PersonB.is_in(ids))
            .filter(match_decision::Column::UndoneAt.is_null())
            .filter(match_decision::Column::Kind.ne("do-not-link"))
            .all(db)
            .await?;
        let mut rows: HashMap<Uuid, match_decision::Model> = HashMap::new();
        rows.extend(decided.into_iter().chain(more).map(|row| (row.id, row)));
        let people: HashMap<Uuid, (Uuid, Uuid)> =
            rows.values().map(|row| (row.id, (row.person_a, row.person_b))).collect();
        let mut told = self.told(rows.into_values().collect()).await?;
        told.sort_by_key(|one| (one.at, one.id));
        let of = |person: Uuid| -> Vec<Decided> {
            let concerns = |one: &&Decided| people.get(&one.id).is_some_and(|(a, b)| *a == person || *b == person);
            told.iter().filter(concerns).cloned().collect()
        };
        let alone = |link: &link::Model| links.iter().filter(|other| other.person == link.person).count() < 2;
        links
            .iter()
            .map(|link| {
                Ok(Explained {
                    id: link.id,
                    source: link.source.clone(),
                    patient: link.source_patient.clone(),
                    how: link.how.clone(),
                    evidence: serde_json::from_str(&link.evidence)?,
                    by: link.linked_by.clone(),
                    at: from_millis(link.linked_at),
                    decisions: of(link.person),
                    separable: !alone(link),
                })
            })
            .collect()
    }

    async fn told(&self, rows: Vec<match_decision::Model>) -> Result<Vec<Decided>, IndexError> {
        let ids: HashSet<Uuid> = rows.iter().flat_map(|row| [row.person_a, row.person_b]).collect();
        let people = patient::Entity::find().filter(patient::Column::Id.is_in(ids)).all(self.index.store.reader());
        let names: HashMap<Uuid, String> = people.await?.into_iter().map(|row| (row.id, row.name)).collect();
        let name = |id: &Uuid| names.get(id).cloned().unwrap_or_default();
        let told = rows.into_iter().map(|row| {
            let undone = row.undone_at.map(|at| {
                (
                    row.undone_by_name.clone().unwrap_or_default(),
                    from_millis(at),
                    row.undo_reason.clone().unwrap_or_default(),
                )
            });
            Decided {
                names: (name(&row.person_a), name(&row.person_b)),
                id: row.id,
                pair: row.pair,
                kind: row.kind,
                reason: row.reason,
                by: row.decided_by_name,
                at: from_millis(row.decided_at),
                undone,
            }
        });
        Ok(told.collect())
    }
}

/// How much was shown, and of whom: each person once.
fn whose(shown: usize, people: impl Iterator<Item = PersonId>) -> serde_json::Value {
    let people: BTreeSet<PersonId> = people.collect();
    let people: Vec<String> = people.iter().map(PersonId::to_string).collect();
    serde_json::json!({ "shown": shown, "people": people })
}

impl std::fmt::Debug for Stewardship {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stewardship").finish_non_exhaustive()
    }
}
