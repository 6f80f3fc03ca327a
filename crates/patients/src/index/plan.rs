//! Deciding who is whom: pure, on what was loaded.

use std::collections::{BTreeSet, HashMap};

use access::PersonId;
use jiff::Timestamp;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use store::{Store, to_millis};
use uuid::Uuid;

use super::{LinkedBy, matching::particulars};
use crate::{
    IndexError, IndexKey, IndexNumber, SourcePatient,
    entity::{contested, do_not_link, identity_seen, identity_trait, link, patient},
    identity::STRONG_EVIDENCE,
    particulars::Particulars,
};

/// Identities of one statement: each may bring the ids of sixteen records beside its own.
const AT_ONCE: usize = 200;

/// Merged people are followed so far at most: a circle in the table must not hang a request.
const MAX_MERGES: usize = 16;

type Identity = (String, String);

/// What the index knows about the identities at hand.
#[derive(Debug, Default)]
pub(super) struct Known {
    links: HashMap<Identity, Uuid>,
    seen: HashMap<Identity, identity_seen::Model>,
    /// What the traits and terms of each identity were made of.
    digests: HashMap<Identity, String>,
    /// Of what a list names: weak evidence as it is kept.
    traits: HashMap<Identity, identity_trait::Model>,
    /// What is at hand is a list's word, not the hospitals' own.
    listed: bool,
    people: HashMap<Uuid, patient::Model>,
    holders: HashMap<String, Uuid>,
    apart: Vec<do_not_link::Model>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The person of each identity, in order.
    pub people: Vec<PersonId>,
    pub new_people: Vec<patient::Model>,
    pub claims: Vec<Claim>,
    pub links: Vec<link::Model>,
    /// Links that no longer hold: `(source, patient at source, person)`.
    pub undone: Vec<(String, String, Uuid)>,
    pub seen: Vec<identity_seen::Model>,
    pub traits: Vec<(identity_trait::Model, BTreeSet<Vec<u8>>)>,
    /// For a steward.
    pub contested: Vec<contested::Model>,
}

/// A person without a resident ID gets one.
#[derive(Debug)]
pub(super) struct Claim {
    pub person: Uuid,
    pub hash: String,
    pub masked: String,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.new_people.is_empty()
            && self.claims.is_empty()
            && self.links.is_empty()
            && self.undone.is_empty()
            && self.seen.is_empty()
            && self.traits.is_empty()
            && self.contested.is_empty()
    }
}

impl Known {
    /// Reads what concerns `seen`, which hospitals showed us, or a list named.
    pub(super) async fn load(
        store: &Store,
        key: &IndexKey,
        seen: &[SourcePatient],
        listed: bool,
    ) -> Result<Self, IndexError> {
        let mut known = Self { listed, ..Self::default() };
        // A search may meet thousands, each with the ids of records that it replaced: more than one statement takes.
        for some in seen.chunks(AT_ONCE) {
            known.load_some(store, key, some).await?;
        }
        // Whom a steward kept an identity from is kept from it as whatever person they are now.
        let apart: Vec<Uuid> = known.apart.iter().map(|pair| pair.person).collect();
        for some in apart.chunks(AT_ONCE) {
            let kept = patient::Entity::find().filter(patient::Column::Id.is_in(some.to_vec()));
            known.people_are(kept.all(store.reader()).await?);
        }
        known.follow_merges(store).await?;
        Ok(known)
    }

    async fn load_some(&mut self, store: &Store, key: &IndexKey, seen: &[SourcePatient]) -> Result<(), IndexError> {
        let db = store.reader();
        let links = link::Entity::find()
            .filter(these(seen, link::Column::Source, link::Column::SourcePatient))
            .filter(link::Column::UndoneAt.is_null())
            .all(db)
            .await?;
        let hashes: Vec<String> = seen.iter().filter_map(SourcePatient::strong_key).map(|id| key.hash(id)).collect();
        let people: Vec<Uuid> = links.iter().map(|link| link.person).collect();
        let concerned =
            Condition::any().add(patient::Column::Id.is_in(people)).add(patient::Column::ResidentIdHash.is_in(hashes));
        self.people_are(patient::Entity::find().filter(concerned).all(db).await?);
        self.links.extend(links.into_iter().map(|link| ((link.source, link.source_patient), link.person)));
        let rows = identity_seen::Entity::find()
            .filter(these(seen, identity_seen::Column::Source, identity_seen::Column::SourcePatient))
            .all(db)
            .await?;
        self.seen.extend(rows.into_iter().map(|row| ((row.source.clone(), row.source_patient.clone()), row)));
        let apart = do_not_link::Entity::find().filter(these(
            seen,
            do_not_link::Column::Source,
            do_not_link::Column::SourcePatient,
        ));
        self.apart.extend(apart.all(db).await?);
        let traits = identity_trait::Entity::find().filter(these(
            seen,
            identity_trait::Column::Source,
            identity_trait::Column::SourcePatient,
        ));
        if self.listed {
            let rows = traits.all(db).await?;
            self.traits.extend(rows.into_iter().map(|row| ((row.source.clone(), row.source_patient.clone()), row)));
            let digest = |(id, row): (&Identity, &identity_trait::Model)| (id.clone(), row.digest.clone());
            self.digests.extend(self.traits.iter().map(digest));
        } else {
            use identity_trait::Column;
            // All that the public portal's role may read of them.
            let digests: Vec<(String, String, String)> = traits
                .select_only()
                .columns([Column::Source, Column::SourcePatient, Column::Digest])
                .into_tuple()
                .all(db)
                .await?;
            self.digests.extend(digests.into_iter().map(|(source, patient, digest)| ((source, patient), digest)));
        }
        Ok(())
    }

    fn people_are(&mut self, people: Vec<patient::Model>) {
        for person in people {
            if let Some(hash) = &person.resident_id_hash {
                self.holders.insert(hash.clone(), person.id);
            }
            self.people.insert(person.id, person);
        }
    }

    /// Loads those that merged people were merged into.
    async fn follow_merges(&mut self, store: &Store) -> Result<(), IndexError> {
        for _ in 0..MAX_MERGES {
            let missing: Vec<Uuid> = self
                .people
                .values()
                .filter_map(|person| person.merged_into)
                .filter(|into| !self.people.contains_key(into))
                .collect();
            if missing.is_empty() {
                break;
            }
            let more = patient::Entity::find().filter(patient::Column::Id.is_in(missing)).all(store.reader()).await?;
            if more.is_empty() {
                break;
            }
            self.people_are(more);
        }
        Ok(())
    }

    fn survivor(&self, mut person: Uuid) -> Uuid {
        for _ in 0..MAX_MERGES {
            match self.people.get(&person).and_then(|row| row.merged_into) {
                Some(into) => person = into,
                None => break,
            }
        }
        person
    }

    /// Decides for each identity, the earlier ones known to the later ones.
    pub(super) fn plan(
        mut self,
        key: &IndexKey,
        seen: &[SourcePatient],
        by: &str,
        now: Timestamp,
    ) -> Result<Plan, IndexError> {
        let mut plan = Plan::default();
        // A record that replaced others comes before them, so that they find its person.
        let mut order: Vec<usize> = (0..seen.len()).collect();
        order.sort_by_key(|at| seen[*at].replaced_by.is_some());
        let mut people: Vec<Option<PersonId>> = vec![None; seen.len()];
        for at in order {
            let identity = &seen[at];
            let id = (identity.source.clone(), identity.patient.clone());
            let person = match self.links.get(&id).copied().filter(|_| self.listed) {
                Some(person) => self.fill(&mut plan, key, person, identity, by, now)?,
                None => {
                    let person = self.place(&mut plan, key, identity, by, now)?;
                    self.remember(&mut plan, identity, now)?;
                    self.describe(&mut plan, key, id, &Particulars::of(identity, key), now)?;
                    person
                }
            };
            people[at] = Some(PersonId(self.survivor(person)));
        }
        plan.people = people.into_iter().flatten().collect();
        Ok(plan)
    }

    /// What a list says of a record that is known: it is weaker than the hospital's own answer, so it only fills what is
    /// absent, and where it speaks of somebody else nothing is taken of it.
    fn fill(
        &mut self,
        plan: &mut Plan,
        key: &IndexKey,
        person: Uuid,
        listed: &SourcePatient,
        by: &str,
        now: Timestamp,
    ) -> Result<Uuid, IndexError> {
        let strong = |of: &SourcePatient| of.strong_key().map(|id| (key.hash(id), id.masked()));
        if self.has_become_another(person, listed, strong(listed).as_ref()) {
            return Ok(person);
        }
        let id = (listed.source.clone(), listed.patient.clone());
        let known = match self.seen.get(&id) {
            Some(seen) => particulars(seen, self.traits.get(&id))?,
            None => Particulars::default(),
        };
        let identity = match self.seen.get(&id) {
            Some(seen) => filled(seen, listed, known.number.is_some())?,
            None => listed.clone(),
        };
        let new = Particulars::of(&identity, key);
        let of = Particulars {
            number: known.number.or(new.number),
            phones: or(known.phones, &new.phones),
            addresses: or(known.addresses, &new.addresses),
            ..new
        };
        let strong = strong(&identity);
        self.contest(plan, self.survivor(person), &identity, strong.as_ref(), by, now);
        self.claim(plan, person, &identity, strong);
        self.remember(plan, &identity, now)?;
        self.describe(plan, key, id, &of, now)?;
        Ok(person)
    }

    fn place(
        &mut self,
        plan: &mut Plan,
        key: &IndexKey,
        identity: &SourcePatient,
        by: &str,
        now: Timestamp,
    ) -> Result<Uuid, IndexError> {
        let id = (identity.source.clone(), identity.patient.clone());
        let strong = identity.strong_key().map(|id| (key.hash(id), id.masked()));
        if let Some(person) = self.links.get(&id).copied() {
            // Compared with the person as first registered, not with whom a steward joined them to: who was joined in spite
            // of another name and birth date does not fall out again at the next look.
            if !self.has_become_another(person, identity, strong.as_ref()) {
                self.contest(plan, self.survivor(person), identity, strong.as_ref(), by, now);
                self.claim(plan, person, identity, strong);
                return Ok(person);
            }
            self.links.remove(&id);
            plan.undone.push((identity.source.clone(), identity.patient.clone(), person));
        }
        let (person, how, evidence) = self.join(identity, strong.as_ref());
        let person = match person {
            Some(person) => person,
            None => {
                let free = strong.clone().filter(|(hash, _)| !self.holders.contains_key(hash));
                self.newcomer(plan, identity, free, now)
            }
        };
        self.contest(plan, person, identity, strong.as_ref(), by, now);
        self.links.insert(id, person);
        plan.links.push(link::Model {
            id: Uuid::new_v4(),
            person,
            source: identity.source.clone(),
            source_patient: identity.patient.clone(),
            how: how.as_str().to_owned(),
            evidence: serde_json::to_string(evidence)?,
            linked_by: by.to_owned(),
            linked_at: to_millis(now),
            undone_at: None,
        });
        Ok(person)
    }

    /// Whom a new identity joins, and why. `None`: it is somebody new. Never whom that person was joined to by a steward: a
    /// decision that is taken back has to leave everybody with their own.
    fn join(
        &self,
        identity: &SourcePatient,
        strong: Option<&(String, String)>,
    ) -> (Option<Uuid>, LinkedBy, &'static [&'static str]) {
        let merged = identity.replaced_by.iter().chain(&identity.replaces).find_map(|alias| {
            let person = *self.links.get(&(identity.source.clone(), alias.clone()))?;
            let another = self.has_become_another(person, identity, strong);
            (!another && !self.is_kept_apart(person, identity)).then_some(person)
        });
        if merged.is_some() {
            return (merged, LinkedBy::Merged, &["replaced-by"]);
        }
        let Some((hash, _)) = strong else { return (None, LinkedBy::FirstSeen, &[]) };
        let holder = match self.holders.get(hash) {
            None => return (None, LinkedBy::StrongKey, &STRONG_EVIDENCE),
            Some(holder) => *holder,
        };
        let agrees = self.people.get(&holder).is_some_and(|person| {
            identity.is_called(&person.name) && person.sex == identity.sex && person.birth_date == identity.birth_date
        });
        if agrees && !self.is_kept_apart(holder, identity) {
            return (Some(holder), LinkedBy::StrongKey, &STRONG_EVIDENCE);
        }
        (None, LinkedBy::FirstSeen, &[])
    }

    fn has_become_another(&self, person: Uuid, identity: &SourcePatient, strong: Option<&(String, String)>) -> bool {
        let strong = strong.map(|(hash, _)| hash.as_str());
        self.people.get(&person).is_some_and(|row| {
            identity.contradicts(strong, row.resident_id_hash.as_deref(), &row.name, row.birth_date.as_deref())
        })
    }

    fn is_kept_apart(&self, person: Uuid, identity: &SourcePatient) -> bool {
        let person = self.survivor(person);
        self.apart.iter().any(|pair| {
            self.survivor(pair.person) == person
                && pair.source == identity.source
                && pair.source_patient == identity.patient
        })
    }

    fn newcomer(
        &mut self,
        plan: &mut Plan,
        identity: &SourcePatient,
        strong: Option<(String, String)>,
        now: Timestamp,
    ) -> Uuid {
        let id = Uuid::new_v4();
        let (hash, masked) = strong.unzip();
        let person = patient::Model {
            id,
            number: IndexNumber::from_random(Uuid::new_v4().as_u128()).to_string(),
            name: identity.name().to_owned(),
            sex: identity.sex.clone(),
            birth_date: identity.birth_date.clone(),
            resident_id_hash: hash,
            resident_id_masked: masked,
            created_at: to_millis(now),
            merged_into: None,
        };
        self.people_are(vec![person.clone()]);
        plan.new_people.push(person);
        id
    }

    /// One number, two people: nothing is linked, and nobody is to be silently without their record. A steward decides,
    /// and is not asked again where one has.
    fn contest(
        &self,
        plan: &mut Plan,
        claimant: Uuid,
        identity: &SourcePatient,
        strong: Option<&(String, String)>,
        by: &str,
        now: Timestamp,
    ) {
        let Some(holder) = strong.and_then(|(hash, _)| self.holders.get(hash)) else { return };
        let holder = self.survivor(*holder);
        let told = plan
            .contested
            .iter()
            .any(|one| one.holder == holder && one.source == identity.source && one.source_patient == identity.patient);
        if told || holder == self.survivor(claimant) || self.is_kept_apart(holder, identity) {
            return;
        }
        plan.contested.push(contested::Model {
            id: Uuid::new_v4(),
            source: identity.source.clone(),
            source_patient: identity.patient.clone(),
            claimant,
            holder,
            found_by: by.to_owned(),
            found_at: to_millis(now),
            settled_at: None,
            settled_by: None,
            decision: None,
        });
    }

    /// A person known by one hospital without a usable resident ID, which that hospital now has. If somebody else holds
    /// the number, nothing happens here: it is for a steward, see [`Known::contest`].
    fn claim(&mut self, plan: &mut Plan, person: Uuid, identity: &SourcePatient, strong: Option<(String, String)>) {
        let Some((hash, masked)) = strong else { return };
        let fits = self.people.get(&person).is_some_and(|row| {
            row.resident_id_hash.is_none()
                && identity.is_called(&row.name)
                && row.sex == identity.sex
                && row.birth_date == identity.birth_date
        });
        if !fits || self.holders.contains_key(&hash) {
            return;
        }
        self.holders.insert(hash.clone(), person);
        if let Some(row) = self.people.get_mut(&person) {
            row.resident_id_hash = Some(hash.clone());
        }
        plan.claims.push(Claim { person, hash, masked });
    }

    fn remember(&mut self, plan: &mut Plan, identity: &SourcePatient, now: Timestamp) -> Result<(), IndexError> {
        let row = identity_seen::Model {
            source: identity.source.clone(),
            source_patient: identity.patient.clone(),
            names: serde_json::to_string(&identity.names)?,
            sex: identity.sex.clone(),
            birth_date: identity.birth_date.clone(),
            identifiers: serde_json::to_string(&identity.identifiers)?,
            aliases: serde_json::to_string(&identity.aliases())?,
            seen_at: to_millis(now),
        };
        let id = (row.source.clone(), row.source_patient.clone());
        let same = |old: &identity_seen::Model| identity_seen::Model { seen_at: old.seen_at, ..row.clone() } == *old;
        // Seen again unchanged is not worth a write: searches stay reads.
        if !self.seen.get(&id).is_some_and(same) {
            self.seen.insert(id, row.clone());
            plan.seen
                .retain(|earlier| (&earlier.source, &earlier.source_patient) != (&row.source, &row.source_patient));
            plan.seen.push(row);
        }
        Ok(())
    }

    /// Weak evidence and search terms, when they are not what they were.
    fn describe(
        &mut self,
        plan: &mut Plan,
        key: &IndexKey,
        id: Identity,
        of: &Particulars,
        now: Timestamp,
    ) -> Result<(), IndexError> {
        let digest = of.digest(key);
        // Terms are many: they are made of what is new.
        if self.digests.get(&id) != Some(&digest) {
            plan.traits.retain(|(earlier, _)| (&earlier.source, &earlier.source_patient) != (&id.0, &id.1));
            plan.traits.push((traits((&id.0, &id.1), of, digest.clone(), now)?, of.terms()));
            self.digests.insert(id, digest);
        }
        Ok(())
    }
}

/// The first, or the second where it is empty.
fn or<T: Clone>(known: Vec<T>, listed: &[T]) -> Vec<T> {
    if known.is_empty() { listed.to_vec() } else { known }
}

/// A record as it is known, with what a list says where nothing is known. A number is taken when there is none.
fn filled(known: &identity_seen::Model, listed: &SourcePatient, has_number: bool) -> Result<SourcePatient, IndexError> {
    let aliases = or(serde_json::from_str(&known.aliases)?, &listed.aliases());
    Ok(SourcePatient {
        names: or(serde_json::from_str(&known.names)?, &listed.names),
        sex: known.sex.clone().or_else(|| listed.sex.clone()),
        birth_date: known.birth_date.clone().or_else(|| listed.birth_date.clone()),
        resident_id: listed.resident_id.clone().filter(|_| !has_number),
        identifiers: or(serde_json::from_str(&known.identifiers)?, &listed.identifiers),
        replaced_by: None,
        replaces: aliases,
        ..listed.clone()
    })
}

/// The row of traits of an identity; `digest` is that of `of`.
pub(super) fn traits(
    (source, patient): (&str, &str),
    of: &Particulars,
    digest: String,
    now: Timestamp,
) -> Result<identity_trait::Model, IndexError> {
    Ok(identity_trait::Model {
        source: source.to_owned(),
        source_patient: patient.to_owned(),
        phones: serde_json::to_string(&of.phones)?,
        addresses: serde_json::to_string(&of.addresses)?,
        number_hash: of.number.as_ref().map(|number| number.hash.clone()),
        number_fits: of.number.as_ref().is_some_and(|number| number.fits),
        digest,
        due_at: Some(to_millis(now)),
    })
}

/// Rows of these identities, and of those that they replaced or were replaced by.
fn these<C: sea_orm::ColumnTrait>(seen: &[SourcePatient], source: C, patient: C) -> Condition {
    by_source(seen).into_iter().fold(Condition::any(), |any, (at, patients)| {
        any.add(Condition::all().add(source.eq(at)).add(patient.is_in(patients)))
    })
}

fn by_source(seen: &[SourcePatient]) -> HashMap<&str, Vec<&str>> {
    let mut sources: HashMap<&str, Vec<&str>> = HashMap::new();
    for identity in seen {
        let patients = sources.entry(&identity.source).or_default();
        patients.push(&identity.patient);
        patients.extend(identity.replaced_by.iter().chain(&identity.replaces).map(String::as_str));
    }
    sources
}
