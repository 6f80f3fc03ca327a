//! Looking people up.

use std::collections::HashMap;

use access::PersonId;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use store::from_millis;
use uuid::Uuid;

use super::{
    Index, Link, LinkedBy, Person, Registered,
    matching::{AT_ONCE, Identity, among},
};
use crate::{
    IndexError, IndexNumber, ResidentId, SourcePatient,
    entity::{contested, do_not_link, identity_seen, link, patient},
};

impl Index {
    /// One person with their links. The caller has authorized the reader: the index knows identities, not rights.
    ///
    /// # Errors
    /// [`IndexError::NotFound`] when nobody has this id.
    pub async fn person(&self, id: PersonId) -> Result<Person, IndexError> {
        self.people(&[id]).await?.pop().ok_or(IndexError::NotFound)
    }

    /// People by id, in the order asked; those who don't exist are left out, those merged into others are the others.
    ///
    /// # Errors
    /// The database's.
    pub async fn people(&self, ids: &[PersonId]) -> Result<Vec<Person>, IndexError> {
        let db = self.store.reader();
        let asked: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = self.with_survivors(&asked).await?;
        let survivor = |id: &Uuid| survivor(&rows, *id);
        let roots: Vec<Uuid> = asked.iter().filter_map(survivor).collect();
        let members = self.with_merged(&roots).await?;
        let everybody: Vec<Uuid> = members.iter().map(|row| row.id).collect();
        let links = link::Entity::find()
            .filter(link::Column::Person.is_in(everybody))
            .filter(link::Column::UndoneAt.is_null())
            .order_by_asc(link::Column::LinkedAt)
            .order_by_asc(link::Column::Source)
            .order_by_asc(link::Column::SourcePatient)
            .all(db)
            .await?;
        let of: Vec<Identity> = links.iter().map(|link| (link.source.clone(), link.source_patient.clone())).collect();
        let mut seen = Vec::with_capacity(links.len());
        for some in of.chunks(AT_ONCE) {
            let rows = identity_seen::Entity::find().filter(among(
                some,
                identity_seen::Column::Source,
                identity_seen::Column::SourcePatient,
            ));
            seen.extend(rows.all(db).await?);
        }
        let apart = self.not_to_be_read(&seen).await?;
        roots.iter().map(|root| assemble(*root, &members, &links, &seen, &apart)).collect()
    }

    /// Every id under which the person with this one is known: their own, and those of people whom stewards joined to them.
    /// None when nobody has it.
    ///
    /// # Errors
    /// The database's.
    pub async fn known_as(&self, id: PersonId) -> Result<Vec<PersonId>, IndexError> {
        let rows = self.with_survivors(&[id.0]).await?;
        let root: Vec<Uuid> = survivor(&rows, id.0).into_iter().collect();
        Ok(self.with_merged(&root).await?.into_iter().map(|row| PersonId(row.id)).collect())
    }

    /// Rows by id, and those that they were merged into.
    async fn with_survivors(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, patient::Model>, IndexError> {
        let mut rows: HashMap<Uuid, patient::Model> = HashMap::new();
        let mut wanted = ids.to_vec();
        // A circle in the table must not hang a request.
        for _ in 0..16 {
            if wanted.is_empty() {
                break;
            }
            let found = patient::Entity::find().filter(patient::Column::Id.is_in(wanted)).all(self.store.reader());
            rows.extend(found.await?.into_iter().map(|row| (row.id, row)));
            wanted = rows.values().filter_map(|row| row.merged_into).filter(|into| !rows.contains_key(into)).collect();
        }
        Ok(rows)
    }

    /// Rows by id, and all that were merged into them.
    async fn with_merged(&self, roots: &[Uuid]) -> Result<Vec<patient::Model>, IndexError> {
        let concerned = Condition::any()
            .add(patient::Column::Id.is_in(roots.to_vec()))
            .add(patient::Column::MergedInto.is_in(roots.to_vec()));
        Ok(patient::Entity::find().filter(concerned).order_by_asc(patient::Column::Id).all(self.store.reader()).await?)
    }

    /// Records that a hospital calls merged, but that are another person's here or were kept apart by a steward:
    /// `(source, patient at source, person concerned, must it be this very person?)`.
    async fn not_to_be_read(&self, seen: &[identity_seen::Model]) -> Result<Vec<Apart>, IndexError> {
        let db = self.store.reader();
        let mut of: Vec<Identity> = Vec::new();
        for row in seen {
            let aliases: Vec<String> = serde_json::from_str(&row.aliases)?;
            of.extend(aliases.into_iter().map(|alias| (row.source.clone(), alias)));
        }
        let (mut taken, mut kept) = (Vec::new(), Vec::new());
        for some in of.chunks(AT_ONCE) {
            let links = link::Entity::find()
                .filter(among(some, link::Column::Source, link::Column::SourcePatient))
                .filter(link::Column::UndoneAt.is_null());
            taken.extend(links.all(db).await?);
            let pairs = do_not_link::Entity::find().filter(among(
                some,
                do_not_link::Column::Source,
                do_not_link::Column::SourcePatient,
            ));
            kept.extend(pairs.all(db).await?);
        }
        let concerned: Vec<Uuid> =
            taken.iter().map(|link| link.person).chain(kept.iter().map(|pair| pair.person)).collect();
        let rows = self.with_survivors(&concerned).await?;
        let now = |person: Uuid| survivor(&rows, person).unwrap_or(person);
        let taken = taken.into_iter().map(|link| {
            let rule = Rule::Only(now(link.person));
            Apart { source: link.source, patient: link.source_patient, rule }
        });
        let kept = kept.into_iter().map(|pair| {
            let rule = Rule::Not(now(pair.person));
            Apart { source: pair.source, patient: pair.source_patient, rule }
        });
        Ok(taken.chain(kept).collect())
    }

    async fn row(&self, id: Uuid) -> Result<Option<patient::Model>, IndexError> {
        let mut found = patient::Entity::find_by_id(id).one(self.store.reader()).await?;
        // A circle in the table must not hang a request.
        for _ in 0..16 {
            let Some(into) = found.as_ref().and_then(|row| row.merged_into) else { break };
            found = patient::Entity::find_by_id(into).one(self.store.reader()).await?;
        }
        Ok(found)
    }

    /// Identities linked to a person, oldest first.
    ///
    /// # Errors
    /// [`IndexError::NotFound`] when nobody has this id.
    pub async fn links(&self, id: PersonId) -> Result<Vec<Link>, IndexError> {
        Ok(self.person(id).await?.links)
    }

    /// Whose record a source keeps under this `Patient` id, as far as anybody has looked: the person it was linked to, also
    /// while a steward has joined that one to another, so that what is begun with them survives the decision's undoing.
    ///
    /// # Errors
    /// The database's.
    pub async fn linked_to(&self, source: &str, source_patient: &str) -> Result<Option<PersonId>, IndexError> {
        let linked = link::Entity::find()
            .filter(link::Column::Source.eq(source))
            .filter(link::Column::SourcePatient.eq(source_patient))
            .filter(link::Column::UndoneAt.is_null());
        match linked.one(self.store.reader()).await? {
            Some(link) => Ok(Some(PersonId(link.person))),
            None => Ok(None),
        }
    }

    /// Does a steward still have to say whose record this is, since its number is another person's?
    ///
    /// # Errors
    /// The database's.
    pub async fn is_contested(&self, source: &str, source_patient: &str) -> Result<bool, IndexError> {
        let open = contested::Entity::find()
            .filter(contested::Column::Source.eq(source))
            .filter(contested::Column::SourcePatient.eq(source_patient))
            .filter(contested::Column::SettledAt.is_null());
        Ok(open.one(self.store.reader()).await?.is_some())
    }

    /// How many registrations of a source are linked, and to how many people.
    ///
    /// # Errors
    /// The database's.
    pub async fn linked_at(&self, source: &str) -> Result<(u64, u64), IndexError> {
        let linked = || {
            let all = link::Entity::find().filter(link::Column::Source.eq(source));
            all.filter(link::Column::UndoneAt.is_null())
        };
        let people = linked().select_only().column(link::Column::Person).distinct().count(self.store.reader()).await?;
        Ok((linked().count(self.store.reader()).await?, people))
    }

    /// Who holds a resident ID by the strong key: they themselves, whomever a steward has joined them to. An account or a
    /// relation that is made of a number stays with the number's holder when the decision is undone.
    ///
    /// # Errors
    /// The database's.
    pub async fn holder(&self, id: &ResidentId) -> Result<Option<PersonId>, IndexError> {
        let held = patient::Entity::find().filter(patient::Column::ResidentIdHash.eq(self.key.hash(id)));
        match held.one(self.store.reader()).await? {
            Some(row) => Ok(Some(PersonId(row.id))),
            None => Ok(None),
        }
    }

    /// Is `id` the number that `person` holds? For logical references that name nothing but an identifier.
    pub fn is_held_by(&self, person: &Person, id: &ResidentId) -> bool {
        let hash = self.key.hash(id);
        let theirs = person.links.iter().filter_map(|link| link.registered.resident_id_hash.as_deref());
        theirs.chain(person.resident_id_hash.as_deref()).any(|held| held == hash)
    }

    /// Is what a hospital says of a linked record now certainly somebody else? Then nothing of it may be shown under
    /// this person, whatever the link says.
    pub fn is_somebody_else(&self, person: &Person, identity: &SourcePatient) -> bool {
        let strong = identity.strong_key().map(|id| self.key.hash(id));
        // Compared with whom the record was linked to, not with whom a steward joined that person to.
        let own = |link: &&Link| {
            let same = |id: &String| *id == identity.patient;
            link.source == identity.source && (same(&link.patient) || link.aliases.iter().any(same))
        };
        match person.links.iter().find(own).map(|link| &link.registered) {
            Some(Registered { resident_id_hash, name, birth_date }) => {
                identity.contradicts(strong.as_deref(), resident_id_hash.as_deref(), name, birth_date.as_deref())
            }
            None => {
                let held = person.resident_id_hash.as_deref();
                identity.contradicts(strong.as_deref(), held, &person.name, person.birth_date.as_deref())
            }
        }
    }

    /// By the number people read out.
    ///
    /// # Errors
    /// The database's.
    pub async fn by_number(&self, number: IndexNumber) -> Result<Option<PersonId>, IndexError> {
        let found = patient::Entity::find().filter(patient::Column::Number.eq(number.to_string()));
        match found.one(self.store.reader()).await? {
            Some(row) => Ok(self.row(row.id).await?.map(|row| PersonId(row.id))),
            None => Ok(None),
        }
    }
}

/// Whose an alias may not be taken for.
struct Apart {
    source: String,
    patient: String,
    rule: Rule,
}

enum Rule {
    /// It is linked: nobody else's.
    Only(Uuid),
    /// A steward kept it from this person.
    Not(Uuid),
}

impl Apart {
    fn forbids(&self, person: Uuid, source: &str, alias: &str) -> bool {
        let concerned = self.source == source && self.patient == alias;
        concerned
            && match self.rule {
                Rule::Only(holder) => holder != person,
                Rule::Not(kept) => kept == person,
            }
    }
}

/// Whom somebody was merged into; themselves if nobody. `None` for who does not exist.
fn survivor(rows: &HashMap<Uuid, patient::Model>, id: Uuid) -> Option<Uuid> {
    let mut row = rows.get(&id)?;
    for _ in 0..16 {
        match row.merged_into.and_then(|into| rows.get(&into)) {
            Some(into) => row = into,
            None => break,
        }
    }
    Some(row.id)
}

fn assemble(
    root: Uuid,
    members: &[patient::Model],
    links: &[link::Model],
    seen: &[identity_seen::Model],
    apart: &[Apart],
) -> Result<Person, IndexError> {
    let theirs: Vec<&patient::Model> =
        members.iter().filter(|row| row.id == root || row.merged_into == Some(root)).collect();
    let row = theirs.iter().find(|row| row.id == root).ok_or(IndexError::NotFound)?;
    let of = |link: &&link::Model| theirs.iter().find(|row| row.id == link.person).copied();
    let links = links.iter().filter_map(|link| Some((link, of(&link)?))).map(|(link, registered)| {
        let seen = seen.iter().find(|seen| seen.source == link.source && seen.source_patient == link.source_patient);
        let mut aliases: Vec<String> =
            seen.map(|seen| serde_json::from_str(&seen.aliases)).transpose()?.unwrap_or_default();
        aliases.retain(|alias| !apart.iter().any(|one| one.forbids(root, &link.source, alias)));
        Ok(Link {
            source: link.source.clone(),
            patient: link.source_patient.clone(),
            how: if registered.id == root { LinkedBy::parse(&link.how) } else { LinkedBy::Steward },
            evidence: serde_json::from_str(&link.evidence)?,
            at: from_millis(link.linked_at),
            aliases,
            identifiers: seen.map(|seen| serde_json::from_str(&seen.identifiers)).transpose()?.unwrap_or_default(),
            registered: Registered {
                resident_id_hash: registered.resident_id_hash.clone(),
                name: registered.name.clone(),
                birth_date: registered.birth_date.clone(),
            },
        })
    });
    Ok(Person {
        id: PersonId(root),
        number: row.number.clone(),
        name: row.name.clone(),
        sex: row.sex.clone(),
        birth_date: row.birth_date.clone(),
        resident_id_masked: row.resident_id_masked.clone(),
        resident_id_hash: row.resident_id_hash.clone(),
        links: links.collect::<Result<_, IndexError>>()?,
        ids: theirs.iter().map(|row| PersonId(row.id)).collect(),
    })
}
