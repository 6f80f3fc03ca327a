//! Sessions on the server: the browser holds a random id, the database its SHA-256.
//!
//! A session row is only ever *updated where it is not revoked*, so a request in flight can't bring a signed-out session
//! back. Every request reads the row, so a revocation holds on every replica at once.
//!
//! Ending all sessions of a person also ends those that are just being begun: a sign-in takes the [`Epoch`] before it
//! checks anything, and a session of an epoch before the person's is no session.

use std::time::Duration;

use access::Safeguard;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Order, Query, SelectStatement},
};
use sha2::{Digest, Sha256};
use store::{Store, StoreError, Tx, from_millis, to_millis};

use crate::keys;

/// Live sessions of one person; a further one ends the one that was begun first. A ward's clinician has a few
/// workstations and a telephone.
pub const LIVE_SESSIONS: u64 = 10;

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

/// How often people's sessions had all been ended when a sign-in began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(i64);

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// From [`Sessions::epoch`], taken before the credentials were checked.
    pub epoch: Epoch,
    /// The session the browser had until now ([`Session::id_hash`]); it ends.
    pub replaces: Option<String>,
    /// The subject that signed in.
    pub subject: String,
    /// See [`Session::identity`].
    pub identity: String,
    /// The client's network.
    pub network: String,
    /// The client's `User-Agent`, shortened.
    pub device: String,
}

const COLUMNS: [&str; 10] = [
    "id_hash",
    "subject",
    "epoch",
    "identity",
    "csrf_secret",
    "created_at",
    "last_seen_at",
    "expires_at",
    "network",
    "device",
];

/// The row of epochs that counts; no subject is empty.
const COUNTER: &str = "";

fn column(name: &'static str) -> Alias {
    Alias::new(name)
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

    fn epochs(&self) -> Alias {
        Alias::new(format!("{}_epoch", self.table))
    }

    /// Where the count of ended sessions stands: taken when a sign-in begins, see [`NewSession::epoch`].
    ///
    /// # Errors
    /// The database's.
    pub async fn epoch(&self) -> Result<Epoch, StoreError> {
        let select = self.epoch_of(COUNTER);
        let row = self.store.reader().query_one(&select).await?;
        Ok(Epoch(row.map(|row| row.try_get("", "epoch")).transpose()?.unwrap_or_default()))
    }

    fn epoch_of(&self, subject: &str) -> SelectStatement {
        let which = Expr::col(column("subject")).eq(subject);
        Query::select().column(column("epoch")).from(self.epochs()).and_where(which).to_owned()
    }

    /// Begins a session within the caller's transaction (so that it is audited with it); returns the cookie's value.
    /// The session it replaces ends, and so does the oldest one when the person has [`LIVE_SESSIONS`].
    ///
    /// # Errors
    /// The database's, or no random bytes.
    pub async fn begin(&self, tx: &Tx, new: NewSession, now: Timestamp) -> Result<String, StoreError> {
        let random = |_| StoreError::Database(DbErr::Custom("no random bytes".to_owned()));
        let id = URL_SAFE_NO_PAD.encode(*keys::random().map_err(random)?);
        let csrf_secret = URL_SAFE_NO_PAD.encode(*keys::random().map_err(random)?);
        let expires = now + self.lifetimes.absolute;
        // One at a time per person, and the person before their sessions: whoever ends them all takes the same order.
        self.hold(tx, &new.subject, now).await?;
        if let Some(old) = &new.replaces {
            self.end(tx, old, now).await?;
        }
        self.end_oldest(tx, &new.subject, now).await?;
        let insert = Query::insert()
            .into_table(Alias::new(self.table))
            .columns(COLUMNS.map(column))
            .values_panic([
                hash(&id).into(),
                new.subject.into(),
                new.epoch.0.into(),
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

    /// Locks a person's row of epochs, which is made when there is none.
    async fn hold(&self, tx: &Tx, subject: &str, now: Timestamp) -> Result<(), StoreError> {
        let hold = Query::insert()
            .into_table(self.epochs())
            .columns(["subject", "epoch", "changed_at"].map(column))
            .values_panic([subject.into(), 0i64.into(), to_millis(now).into()])
            .on_conflict(OnConflict::column(column("subject")).update_column(column("changed_at")).to_owned())
            .to_owned();
        tx.execute(&hold).await?;
        Ok(())
    }

    /// Makes room for one more session of a person.
    async fn end_oldest(&self, tx: &Tx, subject: &str, now: Timestamp) -> Result<(), StoreError> {
        let of_subject = || Expr::col(column("subject")).eq(subject).and(self.live(now));
        let newest = Query::select()
            .column(column("id_hash"))
            .from(Alias::new(self.table))
            .and_where(of_subject())
            .order_by(column("created_at"), Order::Desc)
            .order_by(column("id_hash"), Order::Desc)
            .limit(LIVE_SESSIONS - 1)
            .to_owned();
        let older = Expr::col(column("id_hash")).not_in_subquery(newest);
        self.revoke(tx, of_subject().and(older), now).await?;
        Ok(())
    }

    /// Neither revoked nor too old nor idle for too long.
    fn live(&self, now: Timestamp) -> Expr {
        let idle_since = to_millis(now - self.lifetimes.idle);
        let guarded = |by: Safeguard, rule: Expr| if by.stands() { rule } else { Expr::val(1).eq(1) };
        guarded(Safeguard::SessionRevoked, not_revoked())
            .and(guarded(Safeguard::SessionAge, Expr::col(column("expires_at")).gt(to_millis(now))))
            .and(guarded(Safeguard::SessionIdle, Expr::col(column("last_seen_at")).gt(idle_since)))
    }

    /// Begun before all sessions of its subject were ended?
    fn of_an_ended_epoch(&self) -> Expr {
        let same_subject =
            Expr::col((self.epochs(), column("subject"))).equals((Alias::new(self.table), column("subject")));
        let later =
            Expr::col((self.epochs(), column("epoch"))).gt(Expr::col((Alias::new(self.table), column("epoch"))));
        let ended =
            Query::select().expr(Expr::val(1)).from(self.epochs()).and_where(same_subject).and_where(later).to_owned();
        Expr::exists(ended)
    }

    /// The live session behind a cookie; `None` when unknown, revoked, idle for too long or too old.
    ///
    /// # Errors
    /// The database's.
    pub async fn load(&self, cookie: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let Some(session) = self.find(cookie, now).await? else { return Ok(None) };
        let seen_before = now.duration_since(session.last_seen_at);
        if seen_before < SignedDuration::try_from(TOUCH_EVERY).unwrap_or_default() {
            return Ok(Some(session));
        }
        // Revoked since it was read: refused, like every request after the sign-out.
        Ok(self.touch(&session.id_hash, now).await?.then_some(session))
    }

    async fn find(&self, cookie: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        if cookie.len() != 43 {
            return Ok(None);
        }
        let id_hash = hash(cookie);
        let select = Query::select()
            .columns(["subject", "identity", "csrf_secret", "created_at", "last_seen_at"].map(column))
            .from(Alias::new(self.table))
            .and_where(Expr::col(column("id_hash")).eq(id_hash.clone()))
            .and_where(self.live(now))
            .and_where(self.of_an_ended_epoch().not())
            .to_owned();
        let Some(row) = self.store.reader().query_one(&select).await? else { return Ok(None) };
        Ok(Some(Session {
            id_hash,
            subject: row.try_get("", "subject")?,
            identity: row.try_get("", "identity")?,
            csrf_secret: row.try_get("", "csrf_secret")?,
            created_at: from_millis(row.try_get("", "created_at")?),
            last_seen_at: from_millis(row.try_get("", "last_seen_at")?),
        }))
    }

    /// Whose live sessions made a request since, the latest first: what is kept of each person's identity, `most` at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn seen_since(&self, since: Timestamp, most: usize, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let select = Query::select()
            .columns(["subject", "identity"].map(column))
            .from(Alias::new(self.table))
            .and_where(Expr::col(column("last_seen_at")).gte(to_millis(since)))
            .and_where(self.live(now))
            .and_where(self.of_an_ended_epoch().not())
            .order_by(column("last_seen_at"), Order::Desc)
            .order_by(column("id_hash"), Order::Asc)
            // One person has several sessions at most.
            .limit(u64::try_from(most).unwrap_or(u64::MAX).saturating_mul(LIVE_SESSIONS))
            .to_owned();
        let mut seen = std::collections::HashSet::new();
        let mut identities = Vec::new();
        for row in self.store.reader().query_all(&select).await? {
            if identities.len() < most && seen.insert(row.try_get::<String>("", "subject")?) {
                identities.push(row.try_get("", "identity")?);
            }
        }
        Ok(identities)
    }

    /// Notes a request of a session, unless it was revoked: then nothing is written and the answer is no. Whoever writes
    /// to a session's row has to ask this way.
    ///
    /// # Errors
    /// The database's.
    pub async fn touch(&self, id_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        let update = Query::update()
            .table(Alias::new(self.table))
            .value(column("last_seen_at"), to_millis(now))
            .and_where(Expr::col(column("id_hash")).eq(id_hash))
            .and_where(not_revoked())
            .to_owned();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let done = tx.execute(&update).await.map_err(StoreError::from)?;
                    Ok(done.rows_affected() == 1)
                })
            })
            .await
    }

    /// Revokes one session within the caller's transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, tx: &Tx, id_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        self.revoke(tx, Expr::col(column("id_hash")).eq(id_hash), now).await?;
        Ok(())
    }

    /// Ends every session of a subject within the caller's transaction, those that are being begun included; returns how
    /// many were live.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_all(&self, tx: &Tx, subject: &str, now: Timestamp) -> Result<u64, StoreError> {
        let next = Query::update()
            .table(self.epochs())
            .value(column("epoch"), Expr::col(column("epoch")).add(1))
            .and_where(Expr::col(column("subject")).eq(COUNTER))
            .to_owned();
        // Locks the counter: whoever reads it from now on begins after this end.
        tx.execute(&next).await?;
        let counted = tx.query_one(&self.epoch_of(COUNTER)).await?;
        let epoch: i64 = counted.map(|row| row.try_get("", "epoch")).transpose()?.unwrap_or_default();
        self.hold(tx, subject, now).await?;
        let set = Query::update()
            .table(self.epochs())
            .value(column("epoch"), epoch)
            .and_where(Expr::col(column("subject")).eq(subject))
            .to_owned();
        tx.execute(&set).await?;
        self.revoke(tx, Expr::col(column("subject")).eq(subject).and(self.live(now)), now).await
    }

    async fn revoke(&self, tx: &Tx, which: Expr, now: Timestamp) -> Result<u64, StoreError> {
        let update = Query::update()
            .table(Alias::new(self.table))
            .value(column("revoked_at"), to_millis(now))
            .and_where(which)
            .and_where(not_revoked())
            .to_owned();
        Ok(tx.execute(&update).await?.rows_affected())
    }

    /// Deletes sessions that ended a day ago or more: they serve nobody, the audit log has their beginning and end.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let day = Duration::from_secs(24 * 3600);
        let day_ago = to_millis(now - day);
        let ended = Expr::col(column("expires_at")).lt(day_ago).or(Expr::col(column("revoked_at")).lt(day_ago));
        let sessions = Query::delete().from_table(Alias::new(self.table)).and_where(ended).to_owned();
        // An epoch is of use as long as a session begun before it could live.
        let over = to_millis(now - self.lifetimes.absolute - day);
        let epochs = Query::delete()
            .from_table(self.epochs())
            .and_where(Expr::col(column("changed_at")).lt(over))
            .and_where(Expr::col(column("subject")).ne(COUNTER))
            .to_owned();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(&sessions).await.map_err(StoreError::from)?;
                    tx.execute(&epochs).await.map_err(StoreError::from)?;
                    Ok(())
                })
            })
            .await
    }
}

/// What "update only where not revoked" means.
fn not_revoked() -> Expr {
    Expr::col(column("revoked_at")).is_null()
}

/// Once an hour, sessions that ended a day ago and forgotten failures go, until `stop`.
pub async fn sweep(
    sessions: Sessions,
    throttle: crate::throttle::Throttle,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let mut every = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let now = Timestamp::now();
        if let Err(error) = sessions.sweep(now).await {
            tracing::warn!(%error, "sweeping sessions");
        }
        if let Err(error) = throttle.sweep(now).await {
            tracing::warn!(%error, "sweeping failed sign-ins");
        }
    }
}
