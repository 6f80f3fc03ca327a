//! The portal's own keys, by which hospitals know it: published as a set, sealed in the database, changed while everything
//! runs.

use access::{AuditLog, Event, Outcome, SystemContext};
use async_trait::async_trait;
use envelope::{EnvelopeError, KeyDomain, NoRandom, Place, Sealed, SealedRow, SealedRows};
use fhir::smart::{Algorithm, Jwks, SigningKey};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use store::{Store, StoreError, Tx, from_millis, to_millis};

use crate::{
    Secrets, SourceError,
    entity::client_key::{Column, Entity, Model},
    secrets::DOMAIN,
};

const SEGMENT: &str = "source-client-key";
/// Hospitals keep a copy of the set: a new key is in it for this long before it signs, and an old one for this long after it
/// has signed last.
pub const PUBLISHED_AROUND: SignedDuration = SignedDuration::from_hours(1);

/// One of the keys, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// Its name in the set: its thumbprint (RFC 7638).
    pub kid: String,
    /// `ES384` or `RS384`.
    pub algorithm: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// When it leaves the set; `None` as long as no other has taken its place.
    pub published_until: Option<Timestamp>,
}

impl ClientKey {
    pub(crate) fn of(row: &Model) -> Self {
        Self {
            kid: row.kid.clone(),
            algorithm: row.algorithm.clone(),
            created_at: from_millis(row.created_at),
            signs_from: from_millis(row.signs_from),
            published_until: row.published_until.map(from_millis),
        }
    }
}

fn place(row: &Model) -> Place {
    Place { domain: DOMAIN, segment: SEGMENT, row: format!("{}\n{}", row.kid, row.algorithm) }
}

/// Is it in the set at `now`?
fn is_published(row: &Model, now: Timestamp) -> bool {
    row.published_until.is_none_or(|until| until > to_millis(now))
}

impl Secrets {
    /// The set that stands at `/.well-known/jwks.json`. Made of the sealed keys themselves: a row that somebody else wrote is
    /// no key of the portal's, and hospitals are told of none.
    ///
    /// # Errors
    /// A key can't be opened; the database's.
    pub async fn jwks(&self, now: Timestamp) -> Result<Jwks, SourceError> {
        let mut keys = Vec::new();
        for row in self.rows().await?.iter().filter(|row| is_published(row, now)) {
            keys.push(self.opened(row).await?.public().clone());
        }
        Ok(Jwks { keys })
    }

    /// Every key that is published, the newest first.
    pub(crate) async fn keys(&self, now: Timestamp) -> Result<Vec<ClientKey>, SourceError> {
        let rows = self.rows().await?;
        Ok(rows.iter().filter(|row| is_published(row, now)).map(ClientKey::of).collect())
    }

    /// The key that signs at `now` with one of `algorithms`, the first of them that there is a key for.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] where there is none; it can't be opened; the database's.
    pub(crate) async fn signer(&self, algorithms: &[Algorithm], now: Timestamp) -> Result<SigningKey, SourceError> {
        let rows = self.rows().await?;
        let signs = |row: &&Model| row.signs_from <= to_millis(now) && is_published(row, now);
        let of = |algorithm: &Algorithm| rows.iter().filter(signs).find(|row| row.algorithm == algorithm.as_str());
        self.opened(algorithms.iter().find_map(of).ok_or(SourceError::NotFound)?).await
    }

    async fn opened(&self, row: &Model) -> Result<SigningKey, SourceError> {
        let private = self.envelope.open(&place(row), &row.sealed.parse()?).await?;
        Ok(SigningKey::from_pkcs8(&private).map_err(|_| EnvelopeError::Unreadable)?)
    }

    /// Makes the first key where there is none, so that a hospital can be told about it, and writes that down in the name of
    /// `ctx`. Two replicas that start together make one.
    ///
    /// # Errors
    /// It can't be made, sealed or written down; the database's.
    pub async fn prepare_keys(&self, ctx: &SystemContext, audit: &AuditLog) -> Result<(), SourceError> {
        if !self.rows().await?.is_empty() {
            return Ok(());
        }
        let now = (self.ambient.now)();
        let row =
            self.row_of(&SigningKey::generate().map_err(|_| EnvelopeError::Random(NoRandom))?, 1, now, now).await?;
        let event = Event::new("source.make-key", "source-client-key", Outcome::Ok).on(&row.kid);
        let (draft, audit) = (AuditLog::draft(ctx, now, event), audit.clone());
        let written = self.store.write::<_, SourceError, _>(move |tx| {
            Box::pin(async move {
                let once = OnConflict::column(Column::Generation).do_nothing().to_owned();
                let insert = Entity::insert(row.into_active_model()).on_conflict(once);
                if insert.exec_without_returning(tx).await? == 1 {
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        written.await
    }

    /// The row of a new key. `generation` grows by one with each; nobody else may have it.
    pub(crate) async fn row_of(
        &self,
        key: &SigningKey,
        generation: i64,
        now: Timestamp,
        signs_from: Timestamp,
    ) -> Result<Model, SourceError> {
        let mut row = Model {
            kid: key.kid().to_owned(),
            algorithm: key.algorithm().as_str().to_owned(),
            generation,
            sealed: String::new(),
            created_at: to_millis(now),
            signs_from: to_millis(signs_from),
            published_until: None,
        };
        row.sealed = self.envelope.seal(&place(&row), key.pkcs8()).await?.to_string();
        Ok(row)
    }

    /// The newest first.
    async fn rows(&self) -> Result<Vec<Model>, SourceError> {
        Ok(Entity::find().order_by_desc(Column::Generation).all(self.store.reader()).await?)
    }
}

/// The number of the next key.
pub(crate) async fn next_generation(secrets: &Secrets) -> Result<i64, SourceError> {
    Ok(secrets.rows().await?.first().map_or(1, |row| row.generation + 1))
}

/// Writes a new key, and lets the others of its algorithm leave the set at `leave`.
///
/// # Errors
/// [`SourceError::KeyChanged`] where another was made meanwhile; the database's.
pub(crate) async fn succeed(tx: &Tx, row: Model, leave: Timestamp) -> Result<(), SourceError> {
    Entity::update_many()
        .col_expr(Column::PublishedUntil, Expr::value(to_millis(leave)))
        .filter(Column::Algorithm.eq(row.algorithm.as_str()))
        .filter(Column::PublishedUntil.is_null().or(Column::PublishedUntil.gt(to_millis(leave))))
        .exec(tx)
        .await?;
    let once = OnConflict::new().do_nothing().to_owned();
    let written = Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(tx).await?;
    if written == 1 { Ok(()) } else { Err(SourceError::KeyChanged) }
}

pub(crate) fn sealed_rows(store: &Store) -> Box<dyn SealedRows> {
    Box::new(SealedKeys { store: store.clone() })
}

struct SealedKeys {
    store: Store,
}

#[async_trait]
impl SealedRows for SealedKeys {
    fn domain(&self) -> KeyDomain {
        DOMAIN
    }

    fn segment(&self) -> &'static str {
        SEGMENT
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows = Entity::find();
        if let Some(after) = after {
            rows = rows.filter(Column::Kid.gt(after));
        }
        let rows = rows.order_by_asc(Column::Kid).limit(most).all(self.store.reader()).await?;
        let told = |row: Model| SealedRow { key: row.kid.clone(), place: place(&row), sealed: row.sealed };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        row.replace_in::<Entity>(&self.store, Column::Kid.eq(row.key.as_str()), Column::Sealed, anew).await
    }
}
