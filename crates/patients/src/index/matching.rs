//! Looking for pairs: identities whose weak evidence is new are compared with those they share a term with, and what may be
//! one person is put into the stewards' queue. In the background and on one replica at a time, so that nobody's search
//! waits for it.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, JoinType, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use store::{Lease, Tx, to_millis};
use uuid::Uuid;

use super::{Decision, Index, observe::describe, plan::traits};
use crate::{
    IndexError,
    entity::{contested, identity_seen, identity_term, identity_trait, link, match_candidate, match_decision, patient},
    particulars::{Number, Particulars, bounded_names, record_numbers},
    weights::{Comparison, LISTED, Subject, compare},
};

const LEASE: &str = "index-matching";
/// A term that more identities than this share says nothing: a ward's telephone, a placeholder of a birth date. Pairs are
/// then found by the other terms.
const CROWD: u64 = 64;
/// Identities of one statement: SQLite takes a thousand conditions in one.
pub(super) const AT_ONCE: usize = 100;
/// Pairs kept of one identity, the best: a record that fits more people than these is a placeholder.
const MOST_PAIRS: usize = 100;
/// How long a record that could not be compared waits behind the others.
const PUT_OFF: SignedDuration = SignedDuration::from_hours(1);

/// A pair that waits.
pub(super) const OPEN: &str = "open";
/// A pair of two people on whom a steward decided by another pair of their records.
pub(super) const SETTLED: &str = "settled";

/// `(source, patient at source)`
pub(super) type Identity = (String, String);

/// Candidates of one identity.
struct Findings {
    identity: Identity,
    due_at: i64,
    pairs: Vec<match_candidate::Model>,
}

impl Index {
    /// Compares at most `most` identities that are due; how many were, 0 also when another replica is at it. Costs one
    /// look at an index when nothing is due. One that can't be compared is put off, so that the others are.
    ///
    /// # Errors
    /// The database's.
    pub async fn match_due(&self, most: u64, now: Timestamp) -> Result<u64, IndexError> {
        let due = || identity_trait::Entity::find().filter(identity_trait::Column::DueAt.lte(to_millis(now)));
        if due().limit(1).one(self.store.reader()).await?.is_none() {
            return Ok(0);
        }
        let lease = Lease { name: LEASE, holder: self.process.to_string(), ttl: SignedDuration::from_mins(1) };
        let taken =
            self.store.write::<_, IndexError, _>(move |tx| Box::pin(async move { Ok(lease.take(tx, now).await?) }));
        if !taken.await? {
            return Ok(0);
        }
        let due = due().order_by_asc(identity_trait::Column::DueAt).limit(most).all(self.store.reader()).await?;
        let count = due.len();
        for row in due {
            let id = (row.source.clone(), row.source_patient.clone());
            if let Err(error) = self.compare_one(row, now).await {
                tracing::warn!(source = id.0, %error, "a record can't be compared: it is put off");
                self.put_off(id, now + PUT_OFF).await?;
            }
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn compare_one(&self, row: identity_trait::Model, now: Timestamp) -> Result<(), IndexError> {
        let findings = self.candidates(row, now).await?;
        self.store.write(move |tx| Box::pin(async move { keep(tx, findings).await })).await
    }

    async fn put_off(&self, id: Identity, until: Timestamp) -> Result<(), IndexError> {
        self.store.write(move |tx| Box::pin(async move { due_again(tx, &[id], until).await })).await
    }

    /// At most `most` identities that were seen before there were terms get them, without phones and addresses, which come
    /// when they are next seen. How many there were: none are left when it is 0.
    ///
    /// # Errors
    /// The database's.
    pub async fn catch_up(&self, most: u64, now: Timestamp) -> Result<usize, IndexError> {
        let described = identity_seen::Entity::belongs_to(identity_trait::Entity)
            .from((identity_seen::Column::Source, identity_seen::Column::SourcePatient))
            .to((identity_trait::Column::Source, identity_trait::Column::SourcePatient))
            .into();
        let bare = identity_seen::Entity::find()
            .join(JoinType::LeftJoin, described)
            .filter(identity_trait::Column::Source.is_null())
            .limit(most)
            .all(self.store.reader())
            .await?;
        let count = bare.len();
        for row in bare {
            let of = particulars(&row, None).unwrap_or_else(|error| {
                tracing::warn!(source = row.source, %error, "a record can't be described");
                Particulars { source: row.source.clone(), ..Particulars::default() }
            });
            // Not the digest of what the next look will make of it: it is then written whole.
            let traits = traits((&row.source, &row.source_patient), &of, String::new(), now)?;
            let terms = of.terms();
            self.store.write(move |tx| Box::pin(async move { describe(tx, traits, terms).await })).await?;
        }
        Ok(count)
    }

    async fn candidates(&self, row: identity_trait::Model, now: Timestamp) -> Result<Findings, IndexError> {
        let identity = (row.source.clone(), row.source_patient.clone());
        let due_at = row.due_at.unwrap_or_default();
        let nothing = Findings { identity: identity.clone(), due_at, pairs: Vec::new() };
        let own = self.particulars(std::slice::from_ref(&identity)).await?;
        let Some(own) = own.get(&identity) else { return Ok(nothing) };
        let (mut others, contested) = (self.met(&identity, own).await?, self.contests(&identity).await?);
        others.extend(contested.iter().cloned());
        let others: Vec<Identity> = others.into_iter().collect();
        let persons = self.persons(others.iter().chain([&identity])).await?;
        let Some(ours) = persons.get(&identity) else { return Ok(nothing) };
        let apart = self.kept_apart(&[*ours]).await?;
        let described = self.particulars(&others).await?;
        let own = Subject::new(own);
        // One pair for each other person: the one that says most.
        let mut best: HashMap<Uuid, (Comparison, bool, &Identity)> = HashMap::new();
        for other in &others {
            // Thousands may share a term with a placeholder: nobody's request waits for all of them.
            tokio::task::yield_now().await;
            let (Some(theirs), Some(of)) = (persons.get(other), described.get(other)) else { continue };
            if theirs == ours || apart.contains(&(*ours, *theirs)) {
                continue;
            }
            let found = compare(&own, &Subject::new(of));
            let contested = found.same_number || contested.contains(other);
            if found.score < LISTED && !contested {
                continue;
            }
            let rank = |found: &Comparison, contested: bool, at: &Identity| (contested, found.score, at.clone());
            let better =
                best.get(theirs).is_none_or(|(known, was, at)| rank(&found, contested, other) > rank(known, *was, at));
            if better {
                best.insert(*theirs, (found, contested, other));
            }
        }
        let mut best: Vec<_> = best.into_values().collect();
        best.sort_by(|(a, x, one), (b, y, other)| (y, b.score, one).cmp(&(x, a.score, other)));
        best.truncate(MOST_PAIRS);
        let pairs = best.into_iter().map(|(found, contested, other)| pair(&identity, other, &found, contested, now));
        Ok(Findings { pairs: pairs.collect::<Result<_, IndexError>>()?, ..nothing })
    }

    /// Identities that share a term with this one.
    async fn met(&self, identity: &Identity, of: &Particulars) -> Result<BTreeSet<Identity>, IndexError> {
        use identity_term::Column;
        let mut met = BTreeSet::new();
        for term in of.meeting_terms() {
            let sharing: Vec<Identity> = identity_term::Entity::find()
                .select_only()
                .columns([Column::Source, Column::SourcePatient])
                .filter(Column::Term.eq(term))
                .limit(CROWD + 1)
                .into_tuple()
                .all(self.store.reader())
                .await?;
            if u64::try_from(sharing.len()).is_ok_and(|count| count <= CROWD) {
                met.extend(sharing.into_iter().filter(|other| other != identity));
            }
        }
        Ok(met)
    }

    /// Identities of those who hold the number that this identity was refused.
    async fn contests(&self, identity: &Identity) -> Result<BTreeSet<Identity>, IndexError> {
        let open = contested::Entity::find()
            .filter(contested::Column::Source.eq(&identity.0))
            .filter(contested::Column::SourcePatient.eq(&identity.1))
            .filter(contested::Column::SettledAt.is_null())
            .all(self.store.reader())
            .await?;
        let mut theirs = BTreeSet::new();
        for row in open {
            let person = match self.person(access::PersonId(row.holder)).await {
                Ok(person) => person,
                Err(IndexError::NotFound) => continue,
                Err(error) => return Err(error),
            };
            theirs.extend(person.links.into_iter().map(|link| (link.source, link.patient)));
        }
        Ok(theirs)
    }

    /// Identities as they are compared.
    pub(super) async fn particulars(&self, of: &[Identity]) -> Result<HashMap<Identity, Particulars>, IndexError> {
        let mut all = HashMap::new();
        for some in of.chunks(AT_ONCE) {
            let seen = identity_seen::Entity::find().filter(among(
                some,
                identity_seen::Column::Source,
                identity_seen::Column::SourcePatient,
            ));
            let traits = identity_trait::Entity::find().filter(among(
                some,
                identity_trait::Column::Source,
                identity_trait::Column::SourcePatient,
            ));
            let traits: HashMap<Identity, identity_trait::Model> = traits
                .all(self.store.reader())
                .await?
                .into_iter()
                .map(|row| ((row.source.clone(), row.source_patient.clone()), row))
                .collect();
            for row in seen.all(self.store.reader()).await? {
                let id = (row.source.clone(), row.source_patient.clone());
                all.insert(id.clone(), particulars(&row, traits.get(&id))?);
            }
        }
        Ok(all)
    }

    /// The person of each identity, as they are now.
    async fn persons(&self, of: impl Iterator<Item = &Identity>) -> Result<HashMap<Identity, Uuid>, IndexError> {
        let of: Vec<Identity> = of.cloned().collect();
        let mut linked: Vec<link::Model> = Vec::new();
        for some in of.chunks(AT_ONCE) {
            let links = link::Entity::find()
                .filter(among(some, link::Column::Source, link::Column::SourcePatient))
                .filter(link::Column::UndoneAt.is_null());
            linked.extend(links.all(self.store.reader()).await?);
        }
        let now_are = self.now_are(linked.iter().map(|link| link.person).collect()).await?;
        let person = |link: link::Model| Some(((link.source, link.source_patient), *now_are.get(&link.person)?));
        Ok(linked.into_iter().filter_map(person).collect())
    }

    /// Whom stewards have joined each of these to: themselves, if to nobody.
    async fn now_are(&self, people: HashSet<Uuid>) -> Result<HashMap<Uuid, Uuid>, IndexError> {
        let people: Vec<Uuid> = people.into_iter().collect();
        let mut now_are: HashMap<Uuid, Uuid> = HashMap::new();
        for some in people.chunks(AT_ONCE) {
            let rows = patient::Entity::find().filter(patient::Column::Id.is_in(some.to_vec()));
            let rows = rows.all(self.store.reader()).await?;
            now_are.extend(rows.into_iter().map(|row| (row.id, row.merged_into.unwrap_or(row.id))));
        }
        Ok(now_are)
    }

    /// Pairs of people, each in both orders, of whom decisions in force say that they are two; one of each pair is among
    /// `people`.
    pub(super) async fn kept_apart(&self, people: &[Uuid]) -> Result<HashSet<(Uuid, Uuid)>, IndexError> {
        use match_decision::Column;
        let mut apart = HashSet::new();
        for some in people.chunks(AT_ONCE) {
            // Decided of them, or of one who was joined to them.
            let same = Condition::any()
                .add(patient::Column::Id.is_in(some.to_vec()))
                .add(patient::Column::MergedInto.is_in(some.to_vec()));
            let ids: Vec<Uuid> = patient::Entity::find()
                .select_only()
                .column(patient::Column::Id)
                .filter(same)
                .into_tuple()
                .all(self.store.reader())
                .await?;
            let decided = match_decision::Entity::find()
                .filter(Condition::any().add(Column::PersonA.is_in(ids.clone())).add(Column::PersonB.is_in(ids)))
                .filter(Column::Kind.ne(Decision::Link.as_str()))
                .filter(Column::UndoneAt.is_null())
                .all(self.store.reader())
                .await?;
            let now_are = self.now_are(decided.iter().flat_map(|row| [row.person_a, row.person_b]).collect()).await?;
            for row in decided {
                let Some((a, b)) = now_are.get(&row.person_a).zip(now_are.get(&row.person_b)) else { continue };
                apart.extend([(*a, *b), (*b, *a)]);
            }
        }
        Ok(apart)
    }
}

/// Rows of these identities.
pub(super) fn among<C: sea_orm::ColumnTrait>(of: &[Identity], source: C, patient: C) -> Condition {
    of.iter().fold(Condition::any().add(Expr::val(1).eq(0)), |any, (at, id)| {
        any.add(Condition::all().add(source.eq(at)).add(patient.eq(id)))
    })
}

/// What was seen of an identity, with its weak evidence where it is kept.
pub(super) fn particulars(
    seen: &identity_seen::Model,
    traits: Option<&identity_trait::Model>,
) -> Result<Particulars, IndexError> {
    let list = |text: Option<&String>| -> Result<Vec<String>, IndexError> {
        Ok(text.map(|text| serde_json::from_str(text)).transpose()?.unwrap_or_default())
    };
    let number =
        |row: &identity_trait::Model| row.number_hash.clone().map(|hash| Number { hash, fits: row.number_fits });
    let identifiers: Vec<crate::Identifier> = serde_json::from_str(&seen.identifiers)?;
    Ok(Particulars {
        source: seen.source.clone(),
        names: bounded_names(&serde_json::from_str::<Vec<String>>(&seen.names)?),
        sex: seen.sex.clone(),
        birth_date: seen.birth_date.clone(),
        number: traits.and_then(number),
        phones: list(traits.map(|row| &row.phones))?,
        addresses: list(traits.map(|row| &row.addresses))?,
        record_numbers: record_numbers(&identifiers),
    })
}

fn pair(
    one: &Identity,
    other: &Identity,
    found: &Comparison,
    contested: bool,
    now: Timestamp,
) -> Result<match_candidate::Model, IndexError> {
    let (a, b) = if one < other { (one, other) } else { (other, one) };
    Ok(match_candidate::Model {
        id: Uuid::now_v7(),
        source_a: a.0.clone(),
        patient_a: a.1.clone(),
        source_b: b.0.clone(),
        patient_b: b.1.clone(),
        score: found.score,
        contested,
        evidence: serde_json::to_string(&found.evidence)?,
        state: OPEN.to_owned(),
        found_at: to_millis(now),
    })
}

/// Open pairs of the identity are these from now on; what a steward decided stays.
async fn keep(tx: &Tx, findings: Findings) -> Result<(), IndexError> {
    use match_candidate::Column;
    let (source, patient) = &findings.identity;
    let open: Vec<match_candidate::Model> = match_candidate::Entity::find()
        .filter(concerning(&[findings.identity.clone()]))
        .filter(Column::State.eq(OPEN))
        .all(tx)
        .await?;
    let sides = |pair: &match_candidate::Model| {
        [&pair.source_a, &pair.patient_a, &pair.source_b, &pair.patient_b].map(String::clone)
    };
    let found: HashSet<[String; 4]> = findings.pairs.iter().map(sides).collect();
    let gone: Vec<Uuid> = open.iter().filter(|pair| !found.contains(&sides(pair))).map(|pair| pair.id).collect();
    for some in gone.chunks(AT_ONCE) {
        match_candidate::Entity::delete_many().filter(Column::Id.is_in(some.to_vec())).exec(tx).await?;
    }
    for pair in findings.pairs {
        // What was settled with another pair, and is found again, is of two people whom nobody decided on.
        let state = Expr::col((match_candidate::Entity, Column::State));
        let reopened = Expr::case(state.clone().eq(SETTLED), OPEN).finally(state);
        let again = OnConflict::columns([Column::SourceA, Column::PatientA, Column::SourceB, Column::PatientB])
            .update_columns([Column::Score, Column::Contested, Column::Evidence])
            .value(Column::State, reopened)
            .to_owned();
        let insert = match_candidate::Entity::insert(pair.into_active_model()).on_conflict(again);
        insert.exec_without_returning(tx).await?;
    }
    // What was seen again meanwhile is due again.
    identity_trait::Entity::update_many()
        .col_expr(identity_trait::Column::DueAt, Expr::value(Option::<i64>::None))
        .filter(identity_trait::Column::Source.eq(source))
        .filter(identity_trait::Column::SourcePatient.eq(patient))
        .filter(identity_trait::Column::DueAt.eq(findings.due_at))
        .exec(tx)
        .await?;
    Ok(())
}

/// Pairs that one of these identities is a side of.
pub(super) fn concerning(of: &[Identity]) -> Condition {
    use match_candidate::Column;
    Condition::any().add(among(of, Column::SourceA, Column::PatientA)).add(among(of, Column::SourceB, Column::PatientB))
}

/// These are compared anew, not before `at`.
pub(super) async fn due_again(tx: &Tx, of: &[Identity], at: Timestamp) -> Result<(), IndexError> {
    use identity_trait::Column;
    for some in of.chunks(AT_ONCE) {
        let due = identity_trait::Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(to_millis(at)))
            .filter(among(some, Column::Source, Column::SourcePatient));
        due.exec(tx).await?;
    }
    Ok(())
}
