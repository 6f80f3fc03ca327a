//! Keys of kinds of secrets (KEK): rows of the database, wrapped by a root key.

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, ExprTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    sea_query::{Expr, OnConflict},
};
use store::{Store, to_millis};
use uuid::Uuid;

use crate::{
    EnvelopeError, Key, KeyDomain, RootKeys,
    cipher::fields,
    entity::envelope_kek::{Column, Entity, Model},
    root::{RootError, failed},
    seal::Ambient,
};

pub(crate) use crate::entity::envelope_kek::Model as KekRow;

pub(crate) const ACTIVE: &str = "active";
const RETIRED: &str = "retired";
/// A key is known again by what is derived from it for this purpose.
const CHECK: &[u8] = b"portal-envelope key-check value";

/// A KEK that is open.
#[derive(Debug)]
pub(crate) struct Kek {
    pub(crate) id: Uuid,
    pub(crate) domain: KeyDomain,
    pub(crate) segment: String,
    pub(crate) version: i32,
    pub(crate) key: Key,
}

/// Under which key new secrets of a kind are sealed.
pub(crate) async fn newest(store: &Store, domain: KeyDomain, segment: &str) -> Result<Option<KekRow>, EnvelopeError> {
    let of = Entity::find().filter(Column::Domain.eq(domain.as_str())).filter(Column::Segment.eq(segment));
    let active = of.filter(Column::State.eq(ACTIVE)).order_by_desc(Column::Version);
    Ok(active.one(store.reader()).await?)
}

pub(crate) async fn by_id(store: &Store, id: Uuid) -> Result<Option<KekRow>, EnvelopeError> {
    Ok(Entity::find_by_id(id).one(store.reader()).await?)
}

/// Every key of a domain, oldest version first.
pub(crate) async fn all(store: &Store, domain: KeyDomain) -> Result<Vec<KekRow>, EnvelopeError> {
    let of = Entity::find().filter(Column::Domain.eq(domain.as_str()));
    Ok(of.order_by_asc(Column::Segment).order_by_asc(Column::Version).all(store.reader()).await?)
}

/// A new key, wrapped; not yet in the database.
pub(crate) async fn made(
    root: &dyn RootKeys,
    (domain, segment, version): (KeyDomain, &str, i32),
    ambient: Ambient,
) -> Result<KekRow, EnvelopeError> {
    let mut id = [0; 16];
    (ambient.random)(&mut id)?;
    let key = Key::random(ambient.random)?;
    let mut row = Model {
        id: uuid::Builder::from_random_bytes(id).into_uuid(),
        domain: domain.as_str().to_owned(),
        segment: segment.to_owned(),
        version,
        wrapped: String::new(),
        root: root.id().to_owned(),
        check_value: key.print(CHECK),
        state: ACTIVE.to_owned(),
        created_at: to_millis((ambient.now)()),
    };
    row.wrapped = root.wrap_key(&aad(&row), &key).await.map_err(failed(root))?;
    Ok(row)
}

/// Puts a new key beside the others of its kind, and retires them. When somebody else has made that version first, theirs is
/// the one.
pub(crate) async fn put(store: &Store, row: KekRow) -> Result<(), EnvelopeError> {
    store
        .write::<_, EnvelopeError, _>(move |tx| {
            Box::pin(async move {
                let (domain, segment, version) = (row.domain.clone(), row.segment.clone(), row.version);
                let once = OnConflict::columns([Column::Domain, Column::Segment, Column::Version]);
                let insert =
                    Entity::insert(row.into_active_model()).on_conflict(once.to_owned().do_nothing().to_owned());
                let new = insert.exec_without_returning(tx).await? > 0;
                // Not asked for nothing: the public portal's role changes no key.
                if new && version > 1 {
                    let older = Entity::update_many()
                        .col_expr(Column::State, Expr::value(RETIRED))
                        .filter(Column::Domain.eq(domain))
                        .filter(Column::Segment.eq(segment))
                        .filter(Column::Version.lt(version));
                    older.exec(tx).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Replaces the wrapping of a key, unless somebody else has: `false` then.
pub(crate) async fn wrapped_anew(
    store: &Store,
    old: &KekRow,
    (root, wrapped): (String, String),
) -> Result<bool, EnvelopeError> {
    let change = Entity::update_many()
        .col_expr(Column::Wrapped, Expr::value(wrapped))
        .col_expr(Column::Root, Expr::value(root))
        .filter(Column::Id.eq(old.id).and(Column::Wrapped.eq(old.wrapped.clone())));
    store
        .write::<_, EnvelopeError, _>(move |tx| Box::pin(async move { Ok(change.exec(tx).await?.rows_affected == 1) }))
        .await
}

/// Opens a wrapped key and makes sure that it is the one.
pub(crate) async fn unwrapped(root: &dyn RootKeys, domain: KeyDomain, row: &KekRow) -> Result<Kek, EnvelopeError> {
    let key = root.unwrap_key(&aad(row), &row.wrapped).await.map_err(failed(root))?;
    let kek = Kek { id: row.id, domain, segment: row.segment.clone(), version: row.version, key };
    check(root, &kek, row)?;
    Ok(kek)
}

/// Wraps a key under `root`. What comes of it is opened before anybody relies on it.
pub(crate) async fn rewrapped(root: &dyn RootKeys, kek: &Kek, row: &KekRow) -> Result<String, EnvelopeError> {
    let wrapped = root.wrap_key(&aad(row), &kek.key).await.map_err(failed(root))?;
    let trial = Model { wrapped: wrapped.clone(), ..row.clone() };
    unwrapped(root, kek.domain, &trial).await?;
    Ok(wrapped)
}

fn check(root: &dyn RootKeys, kek: &Kek, row: &KekRow) -> Result<(), EnvelopeError> {
    if kek.key.print(CHECK) == row.check_value {
        return Ok(());
    }
    Err(EnvelopeError::CheckValue {
        told: root.told().to_owned(),
        domain: kek.domain,
        segment: row.segment.clone(),
        version: row.version,
    })
}

/// Is the root key there, and may it do both things?
pub(crate) async fn probe(root: &dyn RootKeys, ambient: Ambient) -> Result<(), EnvelopeError> {
    let aad = fields(&[b"portal-envelope-probe"]);
    let key = Key::random(ambient.random)?;
    let wrapped = root.wrap_key(&aad, &key).await.map_err(failed(root))?;
    let back = root.unwrap_key(&aad, &wrapped).await.map_err(failed(root))?;
    // Compared by what is derived of both, as every key is.
    if back.print(CHECK) == key.print(CHECK) { Ok(()) } else { Err(failed(root)(RootError::Foreign)) }
}

/// What a wrapped key is bound to.
fn aad(row: &KekRow) -> Vec<u8> {
    let (domain, segment) = (row.domain.as_bytes(), row.segment.as_bytes());
    fields(&[b"portal-envelope-1", b"kek", domain, segment, row.id.as_bytes(), &row.version.to_be_bytes()])
}
