//! Looking people up.

use access::PersonId;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use store::from_millis;
use uuid::Uuid;

use super::{Index, Link, LinkedBy, Person};
use crate::{
    IndexError, IndexNumber, ResidentId, SourcePatient,
    entity::{do_not_link, identity_seen, link, patient},
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
        let mut people = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(row) = self.row(id.0).await? {
                people.push(row);
            }
        }
        let wanted: Vec<Uuid> = people.iter().map(|person| person.id).collect();
        let links = link::Entity::find()
            .filter(link::Column::Person.is_in(wanted))
            .filter(link::Column::UndoneAt.is_null())
            .order_by_asc(link::Column::LinkedAt)
            .order_by_asc(link::Column::Source)
            .order_by_asc(link::Column::SourcePatient)
            .all(db)
            .await?;
        let mut of_links = Condition::any();
        for link in &links {
            let same = Condition::all()
                .add(identity_seen::Column::Source.eq(&link.source))
                .add(identity_seen::Column::SourcePatient.eq(&link.source_patient));
            of_links = of_links.add(same);
        }
        let seen = match links.is_empty() {
            true => Vec::new(),
            false => identity_seen::Entity::find().filter(of_links).all(db).await?,
        };
        let apart = self.not_to_be_read(&seen).await?;
        people.into_iter().map(|row| assemble(row, &links, &seen, &apart)).collect()
    }

    /// Records that a hospital calls merged, but that are another person's here or were kept apart by a steward:
    /// `(source, patient at source, person concerned, must it be this very person?)`.
    async fn not_to_be_read(&self, seen: &[identity_seen::Model]) -> Result<Vec<Apart>, IndexError> {
        let db = self.store.reader();
        let mut apart = Vec::new();
        for row in seen {
            let aliases: Vec<String> = serde_json::from_str(&row.aliases)?;
            if aliases.is_empty() {
                continue;
            }
            let taken = link::Entity::find()
                .filter(link::Column::Source.eq(&row.source))
                .filter(link::Column::SourcePatient.is_in(aliases.clone()))
                .filter(link::Column::UndoneAt.is_null());
            for link in taken.all(db).await? {
                let holder = self.row(link.person).await?.map_or(link.person, |holder| holder.id);
                apart.push(Apart { source: link.source, patient: link.source_patient, rule: Rule::Only(holder) });
            }
            let kept = do_not_link::Entity::find()
                .filter(do_not_link::Column::Source.eq(&row.source))
                .filter(do_not_link::Column::SourcePatient.is_in(aliases));
            for pair in kept.all(db).await? {
                apart.push(Apart { source: pair.source, patient: pair.source_patient, rule: Rule::Not(pair.person) });
            }
        }
        Ok(apart)
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

    /// Who holds a resident ID by the strong key.
    ///
    /// # Errors
    /// The database's.
    pub async fn holder(&self, id: &ResidentId) -> Result<Option<PersonId>, IndexError> {
        let held = patient::Entity::find().filter(patient::Column::ResidentIdHash.eq(self.key.hash(id)));
        match held.one(self.store.reader()).await? {
            Some(row) => Ok(self.row(row.id).await?.map(|row| PersonId(row.id))),
            None => Ok(None),
        }
    }

    /// Is `id` the number that `person` holds? For logical references that name nothing but an identifier.
    pub fn is_held_by(&self, person: &Person, id: &ResidentId) -> bool {
        person.resident_id_hash.as_deref() == Some(self.key.hash(id).as_str())
    }

    /// Is what a hospital says of a linked record now certainly somebody else? Then nothing of it may be shown under
    /// this person, whatever the link says.
    pub fn is_somebody_else(&self, person: &Person, identity: &SourcePatient) -> bool {
        let strong = identity.strong_key().map(|id| self.key.hash(id));
        let held = person.resident_id_hash.as_deref();
        identity.contradicts(strong.as_deref(), held, &person.name, person.birth_date.as_deref())
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

fn assemble(
    row: patient::Model,
    links: &[link::Model],
    seen: &[identity_seen::Model],
    apart: &[Apart],
) -> Result<Person, IndexError> {
    let links = links.iter().filter(|link| link.person == row.id).map(|link| {
        let seen = seen.iter().find(|seen| seen.source == link.source && seen.source_patient == link.source_patient);
        let mut aliases: Vec<String> =
            seen.map(|seen| serde_json::from_str(&seen.aliases)).transpose()?.unwrap_or_default();
        aliases.retain(|alias| !apart.iter().any(|one| one.forbids(row.id, &link.source, alias)));
        Ok(Link {
            source: link.source.clone(),
            patient: link.source_patient.clone(),
            how: LinkedBy::parse(&link.how),
            evidence: serde_json::from_str(&link.evidence)?,
            at: from_millis(link.linked_at),
            aliases,
            identifiers: seen.map(|seen| serde_json::from_str(&seen.identifiers)).transpose()?.unwrap_or_default(),
        })
    });
    Ok(Person {
        id: PersonId(row.id),
        number: row.number,
        name: row.name,
        sex: row.sex,
        birth_date: row.birth_date,
        resident_id_masked: row.resident_id_masked,
        resident_id_hash: row.resident_id_hash,
        links: links.collect::<Result<_, IndexError>>()?,
    })
}
