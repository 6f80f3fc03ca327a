//! Sessions on the server: the browser holds a random id, the database its SHA-256.
//!
//! A session row is only ever *updated where it is not revoked*, so a request in flight can't bring a signed-out session
//! back. Every request reads the row, so a revocation holds on every replica at once.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use sha2::{Digest, Sha256};
use store::{Store, StoreError, Tx, from_millis, to_millis};

use crate::keys;

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Without a request.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
}

impl Lifetimes {
    /// 15 minutes idle, 12 hours in all: the intranet portal.
    pub const INTERNAL: Self = Self { idle: Duration::from_secs(15 * 60), absolute: Duration::from_secs(12 * 3600) };
    /// 30 minutes idle, 12 hours in all: the public portal.
    pub const EXTERNAL: Self = Self { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(12 * 3600) };
}

/// Requests closer together than this don't write: `last_seen_at` is that much too early at most.
const TOUCH_EVERY: Duration = Duration::from_secs(30);

/// The sessions of one portal.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    table: &'static str,
    lifetimes: Lifetimes,
}

/// A live session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Key of the row; safe to keep, useless as a cookie.
    pub id_hash: String,
    /// The subject that signed in.
    pub subject: String,
    /// What the crate that signed them in wants to find again (JSON).
    pub identity: String,
    /// What CSRF tokens of this session are made from.
    pub csrf_secret: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last request, half a minute exact.
    pub last_seen_at: Timestamp,
}

/// A session to begin.
pub struct NewSession {
    /// The subject that signed in.
    pub subject: String,
    /// See [`Session::identity`].
    pub identity: String,
    /// The client's network.
    pub network: String,
    /// The client's `User-Agent`, shortened.
    pub device: String,
}

fn hash(id: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(id.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl Sessions {
    /// Sessions in `table` (`staff_session` or `patient_session`).
    pub fn new(store: Store, table: &'static str, lifetimes: Lifetimes) -> Self {
        Self { store, table, lifetimes }
    }

    /// How long sessions live.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    fn column(name: &'static str) -> Alias {
        Alias::new(name)
    }

    /// Begins a session within the caller's transaction (so that it is audited with it); returns the cookie's value.
    ///
    /// # Errors
    /// The database's, or no random bytes.
    pub async fn begin(&self, tx: &Tx, new: NewSession, now: Timestamp) -> Result<String, StoreError> {
        let random = |_| StoreError::Database(DbErr::Custom("no random bytes".to_owned()));
        let id = URL_SAFE_NO_PAD.encode(*keys::random().map_err(random)?);
        let csrf_secret = URL_SAFE_NO_PAD.encode(*keys::random().map_err(random)?);
        let expires = now + self.lifetimes.absolute;
        let insert = Query::insert()
            .into_table(Alias::new(self.table))
            .columns(
                [
                    "id_hash",
                    "subject",
                    "identity",
                    "csrf_secret",
                    "created_at",
                    "last_seen_at",
                    "expires_at",
                    "network",
                    "device",
                ]
                .map(Self::column),
            )
            .values_panic([
                hash(&id).into(),
                new.subject.into(),
                new.identity.into(),
                csrf_secret.into(),
                to_millis(now).into(),
                to_millis(now).into(),
                to_millis(expires).into(),
                new.network.into(),
                new.device.chars().take(200).collect::<String>().into(),
            ])
            .to_owned();
        tx.execute(&insert).await?;
        Ok(id)
    }

    /// The live session behind a cookie; `None` when unknown, revoked, idle for too long or too old.
    ///
    /// # Errors
    /// The database's.
    pub async fn load(&self, cookie: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        if cookie.len() != 43 {
            return Ok(None);
        }
        let id_hash = hash(cookie);
        let idle_since = to_millis(now - self.lifetimes.idle);
        let select = Query::select()
            .columns(["subject", "identity", "csrf_secret", "created_at", "last_seen_at"].map(Self::column))
            .from(Alias::new(self.table))
            .and_where(Expr::col(Self::column("id_hash")).eq(id_hash.clone()))
            .and_where(Expr::col(Self::column("revoked_at")).is_null())
            .and_where(Expr::col(Self::column("expires_at")).gt(to_millis(now)))
            .and_where(Expr::col(Self::column("last_seen_at")).gt(idle_since))
            .to_owned();
        let Some(row) = self.store.reader().query_one(&select).await? else { return Ok(None) };
        let session = Session {
            id_hash,
            subject: row.try_get("", "subject")?,
            identity: row.try_get("", "identity")?,
            csrf_secret: row.try_get("", "csrf_secret")?,
            created_at: from_millis(row.try_get("", "created_at")?),
            last_seen_at: from_millis(row.try_get("", "last_seen_at")?),
        };
        if now.duration_since(session.last_seen_at) >= jiff::SignedDuration::try_from(TOUCH_EVERY).unwrap_or_default() {
            self.touch(&session.id_hash, now).await?;
        }
        Ok(Some(session))
    }

    async fn touch(&self, id_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let update = Query::update()
            .table(Alias::new(self.table))
            .value(Self::column("last_seen_at"), to_millis(now))
            .and_where(Expr::col(Self::column("id_hash")).eq(id_hash))
            .and_where(Expr::col(Self::column("revoked_at")).is_null())
            .to_owned();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(&update).await.map_err(StoreError::from)?;
                    Ok(())
                })
            })
            .await
    }

    /// Revokes one session within the caller's transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, tx: &Tx, id_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        self.revoke(tx, Expr::col(Self::column("id_hash")).eq(id_hash), now).await
    }

    /// Revokes every session of a subject within the caller's transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_all(&self, tx: &Tx, subject: &str, now: Timestamp) -> Result<(), StoreError> {
        self.revoke(tx, Expr::col(Self::column("subject")).eq(subject), now).await
    }

    async fn revoke(&self, tx: &Tx, which: sea_orm::sea_query::SimpleExpr, now: Timestamp) -> Result<(), StoreError> {
        let update = Query::update()
            .table(Alias::new(self.table))
            .value(Self::column("revoked_at"), to_millis(now))
            .and_where(which)
            .and_where(Expr::col(Self::column("revoked_at")).is_null())
            .to_owned();
        tx.execute(&update).await?;
        Ok(())
    }

    /// Deletes sessions that ended a day ago or more: they serve nobody, the audit log has their beginning and end.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let day_ago = to_millis(now - Duration::from_secs(24 * 3600));
        let delete = Query::delete()
            .from_table(Alias::new(self.table))
            .and_where(
                Expr::col(Self::column("expires_at")).lt(day_ago).or(Expr::col(Self::column("revoked_at")).lt(day_ago)),
            )
            .to_owned();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(&delete).await.map_err(StoreError::from)?;
                    Ok(())
                })
            })
            .await
    }
}
