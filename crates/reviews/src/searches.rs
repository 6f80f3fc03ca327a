//! Words that somebody looks for in a record, kept for a while under an id: an address holds the id, and never the words.
//! In the database they are sealed, for they say what somebody suspects of a patient.

use access::{Context, Domain, PersonId};
use async_trait::async_trait;
use envelope::{Envelope, KeyDomain, Place, Sealed, SealedRow, SealedRows};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use store::{Store, StoreError, to_millis};
use uuid::Uuid;

use crate::ReviewError;
use crate::entity::record_search::{Column, Entity, Model};

/// As long as a patient is talked about: long enough to open what was found and come back.
const KEPT: SignedDuration = SignedDuration::from_mins(30);
/// What the envelope calls them.
const SEGMENT: &str = "record-search";

/// Searches in records. Cheap to clone.
#[derive(Clone)]
pub struct RecordSearches {
    store: Store,
    envelope: Envelope,
}

impl RecordSearches {
    /// Kept in `store`, sealed by `envelope`.
    pub fn new(store: Store, envelope: Envelope) -> Self {
        Self { store, envelope }
    }

    /// The words of a portal's readers, for being sealed anew.
    pub fn sealed(store: Store, portal: Domain) -> impl SealedRows + use<> {
        SealedWords { store, portal }
    }

    /// Whose key and which kind of secret a portal's words are.
    pub fn kind(portal: Domain) -> (KeyDomain, &'static str) {
        (key_domain(portal), SEGMENT)
    }

    /// Keeps `words` for whoever looks for them in this person's record, and forgets what is due. The caller has made sure
    /// that they may read it.
    ///
    /// # Errors
    /// They can't be sealed: then nothing is kept. The database's.
    pub async fn keep(
        &self,
        owner: &dyn Context,
        person: PersonId,
        words: &str,
        now: Timestamp,
    ) -> Result<Uuid, ReviewError> {
        let (id, outdated) = (Uuid::new_v4(), to_millis(now - KEPT));
        let mut row = Model {
            id,
            domain: owner.actor().domain.as_str().to_owned(),
            owner: owner.actor().subject.to_string(),
            person: person.0,
            // Programs of the release before find no words here, and ask for them again.
            words: String::new(),
            created_at: to_millis(now),
            sealed: None,
        };
        let sealed = self.envelope.seal(&place(owner.actor().domain, &row), words.as_bytes()).await?;
        row.sealed = Some(sealed.to_string());
        let kept = self.store.write::<_, ReviewError, _>(move |tx| {
            Box::pin(async move {
                let due = Column::CreatedAt.lt(outdated);
                Entity::delete_many().filter(due).exec(tx).await?;
                Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                Ok(id)
            })
        });
        kept.await
    }

    /// The words kept under `id`, for whoever looked for them in this very record; `None` when they are due or another's.
    ///
    /// # Errors
    /// They can't be opened: somebody has changed the row, or the key is away. The database's.
    pub async fn kept(
        &self,
        owner: &dyn Context,
        person: PersonId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<String>, ReviewError> {
        let found = Entity::find_by_id(id)
            .filter(Column::Domain.eq(owner.actor().domain.as_str()))
            .filter(Column::Owner.eq(owner.actor().subject.as_str()))
            .filter(Column::Person.eq(person.0))
            .filter(Column::CreatedAt.gte(to_millis(now - KEPT)))
            .one(self.store.reader())
            .await?;
        // A program of the release before has sealed nothing: they are asked for again.
        let Some((sealed, row)) = found.and_then(|row| Some((row.sealed.clone()?, row))) else { return Ok(None) };
        let words = self.envelope.open(&place(owner.actor().domain, &row), &sealed.parse()?).await?;
        Ok(Some(String::from_utf8_lossy(&words).into_owned()))
    }

    /// Deletes what is due, whoever it is of: words looked for in a record go when they are due, not when somebody searches
    /// next.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, ReviewError> {
        let due = Column::CreatedAt.lt(to_millis(now - KEPT));
        let gone = self.store.write::<_, ReviewError, _>(move |tx| {
            Box::pin(async move { Ok(Entity::delete_many().filter(due).exec(tx).await?) })
        });
        Ok(gone.await?.rows_affected)
    }
}

/// The public portal has no staff key, and staff's words are nothing of patients'.
fn key_domain(portal: Domain) -> KeyDomain {
    match portal {
        Domain::Internal => KeyDomain::Staff,
        Domain::External => KeyDomain::Patient,
    }
}

/// Whose words they are is part of it: who could write another owner or person into a row still reads nothing.
fn place(portal: Domain, row: &Model) -> Place {
    let row = format!("{} {} {}", row.id, row.person, row.owner);
    Place { domain: key_domain(portal), segment: SEGMENT, row }
}

struct SealedWords {
    store: Store,
    portal: Domain,
}

#[async_trait]
impl SealedRows for SealedWords {
    fn domain(&self) -> KeyDomain {
        key_domain(self.portal)
    }

    fn segment(&self) -> &'static str {
        SEGMENT
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows =
            Entity::find().filter(Column::Domain.eq(self.portal.as_str())).filter(Column::Sealed.is_not_null());
        if let Some(after) = after.and_then(|key| Uuid::try_parse(key).ok()) {
            rows = rows.filter(Column::Id.gt(after));
        }
        let rows = rows.order_by_asc(Column::Id).limit(most).all(self.store.reader()).await?;
        let told = |row: Model| SealedRow {
            key: row.id.to_string(),
            place: place(self.portal, &row),
            sealed: row.sealed.unwrap_or_default(),
        };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        let Ok(id) = Uuid::try_parse(&row.key) else { return Ok(false) };
        row.replace_in::<Entity>(&self.store, Column::Id.eq(id), Column::Sealed, anew).await
    }
}
