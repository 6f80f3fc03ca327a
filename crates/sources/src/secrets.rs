//! Secrets of hospitals, sealed in the database.

use std::fmt;

use async_trait::async_trait;
use envelope::{Ambient, Envelope, EnvelopeError, KeyDomain, Place, Sealed, SealedRow, SealedRows};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::OnConflict,
};
use store::{Store, StoreError, Tx};
use zeroize::Zeroizing;

use crate::{
    SourceError,
    entity::secret::{Column, Entity, Model},
};

/// Both portals ask hospitals.
pub(crate) const DOMAIN: KeyDomain = KeyDomain::Region;
const SEGMENT: &str = "source-secret";

/// Where secrets are kept and opened, and what they need from outside. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    pub(crate) store: Store,
    pub(crate) envelope: Envelope,
    pub(crate) ambient: Ambient,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// In `source_secret`, where a source's own secret has its id: of the system that sends staff here from it. No id has a slash.
pub(crate) fn launch_key(source: &str) -> String {
    format!("{source}/launch")
}

fn place(source: &str, binding: &str) -> Place {
    Place { domain: DOMAIN, segment: SEGMENT, row: format!("{source}\n{binding}") }
}

impl Secrets {
    /// In `store`, sealed by `envelope`.
    pub fn new(store: Store, envelope: Envelope) -> Self {
        let ambient = envelope.ambient();
        Self { store, envelope, ambient }
    }

    /// The columns of sealed secrets, for whoever changes their keys.
    pub fn sealed_rows(store: &Store) -> Vec<Box<dyn SealedRows>> {
        let own: Box<dyn SealedRows> = Box::new(SealedSecrets { store: store.clone() });
        let connections = crate::connections::sealed_rows(store);
        [own, crate::client_keys::sealed_rows(store)].into_iter().chain(connections).collect()
    }

    /// A row for `secret`, to be written with the definition that it belongs to.
    pub(crate) async fn sealed(&self, source: &str, binding: String, secret: &str) -> Result<Model, EnvelopeError> {
        let sealed = self.envelope.seal(&place(source, &binding), secret.as_bytes()).await?;
        let set_at = store::to_millis((self.ambient.now)());
        Ok(Model { source: source.to_owned(), binding, sealed: sealed.to_string(), set_at })
    }

    /// The secret of a source, as it is asked now; `None` where there is none for that.
    pub(crate) async fn open(&self, source: &str, binding: &str) -> Result<Option<Zeroizing<String>>, SourceError> {
        let Some(row) = self.row(source).await?.filter(|row| row.binding == binding) else { return Ok(None) };
        let secret = self.envelope.open(&place(source, binding), &row.sealed.parse()?).await?;
        let text = std::str::from_utf8(&secret).map_err(|_| EnvelopeError::Unreadable)?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Is there one for this? `Some(false)`: there is one for something else.
    pub(crate) async fn state(&self, source: &str, binding: &str) -> Result<Option<bool>, SourceError> {
        Ok(self.row(source).await?.map(|row| row.binding == binding))
    }

    async fn row(&self, source: &str) -> Result<Option<Model>, SourceError> {
        Ok(Entity::find_by_id(source).one(self.store.reader()).await?)
    }
}

/// Writes it in the place of whatever secret the source had.
pub(crate) async fn put(tx: &Tx, row: Model) -> Result<(), SourceError> {
    let over =
        OnConflict::column(Column::Source).update_columns([Column::Binding, Column::Sealed, Column::SetAt]).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(over).exec_without_returning(tx).await?;
    Ok(())
}

/// The source has no secret any more.
pub(crate) async fn forget(tx: &Tx, source: &str) -> Result<(), SourceError> {
    Entity::delete_by_id(source).exec(tx).await?;
    Ok(())
}

struct SealedSecrets {
    store: Store,
}

#[async_trait]
impl SealedRows for SealedSecrets {
    fn domain(&self) -> KeyDomain {
        DOMAIN
    }

    fn segment(&self) -> &'static str {
        SEGMENT
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows = Entity::find();
        if let Some(after) = after {
            rows = rows.filter(Column::Source.gt(after));
        }
        let rows = rows.order_by_asc(Column::Source).limit(most).all(self.store.reader()).await?;
        let told =
            |row: Model| SealedRow { place: place(&row.source, &row.binding), key: row.source, sealed: row.sealed };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        row.replace_in::<Entity>(&self.store, Column::Source.eq(row.key.as_str()), Column::Sealed, anew).await
    }
}
