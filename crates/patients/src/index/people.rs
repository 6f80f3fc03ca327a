//! Looking people up.

use access::PersonId;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use store::from_millis;
use uuid::Uuid;

use super::{Index, Link, LinkedBy, Person};
use crate::{
    IndexError, IndexNumber, ResidentId,
    entity::{identity_seen, link, patient},
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
        people.into_iter().map(|row| assemble(row, &links, &seen)).collect()
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

fn assemble(row: patient::Model, links: &[link::Model], seen: &[identity_seen::Model]) -> Result<Person, IndexError> {
    let links = links.iter().filter(|link| link.person == row.id).map(|link| {
        let seen = seen.iter().find(|seen| seen.source == link.source && seen.source_patient == link.source_patient);
        Ok(Link {
            source: link.source.clone(),
            patient: link.source_patient.clone(),
            how: LinkedBy::parse(&link.how),
            evidence: serde_json::from_str(&link.evidence)?,
            at: from_millis(link.linked_at),
            aliases: seen.map(|seen| serde_json::from_str(&seen.aliases)).transpose()?.unwrap_or_default(),
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
