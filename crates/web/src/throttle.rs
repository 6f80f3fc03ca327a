//! Guessing: failed sign-ins slow the next one down, counted in the database so that every replica agrees.
//!
//! An attempt is counted before it is checked, and taken back when it was good: many at once are many. It is counted
//!
//! - per account and network, so that nobody can lock somebody else out from elsewhere;
//! - per account over all networks, more loosely, against guessing from many places at once;
//! - per network, and for IPv6 per site, against one password tried on many accounts.
//!
//! A browser that the account was signed in with before is known by a cookie ([`device`]) and is counted by itself alone:
//! its owner signs in while others guess.

mod account;
pub mod device;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Query},
};
use sha2::{Digest, Sha256};
use store::{Millis, Store, StoreError, Tx, from_millis, to_millis};

pub use account::canonical;
use device::{Devices, KnownDevice};

use crate::{Failure, Visit, keys::Key};

/// Rows without a failure for this long say nothing any more, whatever the limit.
const SWEPT_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What may be tried under a key before delays begin.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// Failures before delays begin.
    free: i64,
    /// One failure is forgotten every so many seconds, so that a hospital behind one address is not shut out by a shift's
    /// typing mistakes, and an account not by what was tried on it a day ago.
    leak: Option<i64>,
    /// The longest delay.
    longest: SignedDuration,
    /// All failures are forgotten after this long without another.
    forget: SignedDuration,
}

const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// One account from one network.
const ACCOUNT_HERE: Limit = Limit { free: 4, leak: None, longest: SignedDuration::from_mins(5), forget: QUARTER };
/// One account from a browser that it was signed in with before.
const DEVICE: Limit = ACCOUNT_HERE;
/// One account from wherever: 20 guesses, then one every five minutes. NIST SP 800-63B §5.2.2 asks for at most 100 in a
/// row; a guess in 5 minutes makes 288 a day.
const ACCOUNT: Limit =
    Limit { free: 20, leak: Some(300), longest: SignedDuration::from_mins(5), forget: SignedDuration::from_hours(24) };
/// One network, whatever the account.
const NETWORK: Limit = Limit { free: 30, leak: Some(10), longest: SignedDuration::from_secs(30), forget: QUARTER };
/// One IPv6 site of 65,536 networks.
const SITE: Limit = Limit { free: 90, leak: Some(5), longest: SignedDuration::from_secs(30), forget: QUARTER };

/// Whose sign-ins are counted, in a table of their own: what the public portal's visitors try is nothing to staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Population {
    /// The intranet portal.
    Staff,
    /// The public portal.
    Patients,
}

impl Population {
    const fn table(self) -> &'static str {
        match self {
            Self::Staff => "staff_sign_in_failure",
            Self::Patients => "patient_sign_in_failure",
        }
    }
}

/// Counts failed sign-ins.
#[derive(Clone)]
pub struct Throttle {
    store: Store,
    table: &'static str,
    devices: Devices,
}

/// Where an attempt comes from: [`crate::Visit::network`] and [`crate::Visit::site`].
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The subscriber's network.
    pub network: &'a str,
    /// The wider network it belongs to; the same where there is none.
    pub site: &'a str,
}

/// Somebody who wants to sign in. Only hashes are kept.
#[derive(Clone, Debug)]
pub struct Attempt {
    account: String,
    /// Locked in this order, which is the same for everybody: two attempts never wait for each other in a circle.
    keys: Vec<(String, Limit)>,
}

impl Attempt {
    /// Of `account` ([`canonical`]) from an unknown browser.
    pub fn new(account: &str, origin: Origin<'_>) -> Self {
        let mut keys = vec![
            (key("here", &[account, origin.network]), ACCOUNT_HERE),
            (key("account", &[account]), ACCOUNT),
            (key("network", &[origin.network]), NETWORK),
        ];
        if origin.site != origin.network {
            keys.push((key("site", &[origin.site]), SITE));
        }
        Self { account: account.to_owned(), keys }
    }

    /// Of an account from a browser it was signed in with before ([`device::Devices::known`]).
    pub fn on_known_device(device: &KnownDevice) -> Self {
        let keys = vec![(key("device", &[&device.account, &device.id]), DEVICE)];
        Self { account: device.account.clone(), keys }
    }

    /// What a good sign-in makes forgotten: the typing mistakes before it, and nobody else's guesses.
    fn own(&self) -> &str {
        &self.keys[0].0
    }
}

fn key(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}:{hex}")
}

impl Limit {
    /// Failures that still count.
    fn counted(self, count: i64, since_last: SignedDuration) -> i64 {
        if since_last >= self.forget {
            return 0;
        }
        let leaked = self.leak.map_or(0, |seconds| Ord::max(since_last.as_secs(), 0) / seconds);
        Ord::max(count - leaked, 0)
    }

    fn wait(self, count: i64, since_last: SignedDuration) -> SignedDuration {
        let over = (self.counted(count, since_last) - self.free).clamp(0, 16);
        if over == 0 {
            return SignedDuration::ZERO;
        }
        let delay = SignedDuration::from_secs(1 << (over - 1)).min(self.longest);
        (delay - since_last).max(SignedDuration::ZERO)
    }
}

fn column(name: &'static str) -> Alias {
    Alias::new(name)
}

impl Throttle {
    /// Counts in `store`; `root` is a key of these people's.
    pub fn new(store: Store, whose: Population, root: &Key) -> Self {
        Self { store, table: whose.table(), devices: Devices::new(root) }
    }

    /// Somebody's attempt to sign in to `account` ([`canonical`]).
    pub fn attempt(&self, account: &str, visit: &Visit) -> Attempt {
        match self.devices.known(visit.browser.as_deref(), account, visit.now) {
            Some(device) => Attempt::on_known_device(&device),
            None => Attempt::new(account, Origin { network: &visit.network, site: &visit.site }),
        }
    }

    /// After a good sign-in: the browser is known for this account from now on.
    ///
    /// # Errors
    /// No random bytes.
    pub fn remember(&self, attempt: &Attempt, visit: &Visit) -> Result<(), Failure> {
        let cookie = self.devices.remember(visit.browser.as_deref(), &attempt.account, visit.now);
        visit.remember_browser(cookie.map_err(Failure::internal)?);
        Ok(())
    }

    fn table(&self) -> Alias {
        Alias::new(self.table)
    }

    /// Counts an attempt as if it failed, before anything is checked, so that many at once are many; or says how long to
    /// wait, and counts nothing. Zero: go ahead, then call [`Throttle::succeeded`] or [`Throttle::withdraw`], or neither
    /// when the credentials were wrong.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<SignedDuration, StoreError> {
        let (table, keys) = (self.table(), attempt.keys.clone());
        self.store.write(move |tx| Box::pin(async move { begin(tx, &table, &keys, now).await })).await
    }

    /// Forgets an account's failures from this network or device after a good sign-in, and takes this attempt back
    /// everywhere else: what others guessed at the account still counts.
    ///
    /// # Errors
    /// The database's.
    pub async fn succeeded(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let own = Expr::col(column("key")).eq(attempt.own());
        let forget = Query::delete().from_table(self.table()).and_where(own).to_owned();
        let others: Vec<_> = attempt.keys.iter().skip(1).map(|(key, _)| self.less_one(key)).collect();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(&forget).await.map_err(StoreError::from)?;
                    for take_back in &others {
                        tx.execute(take_back).await.map_err(StoreError::from)?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Takes an attempt back that was never checked (the directory was away).
    ///
    /// # Errors
    /// The database's.
    pub async fn withdraw(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let statements: Vec<_> = attempt.keys.iter().map(|(key, _)| self.less_one(key)).collect();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    for statement in &statements {
                        tx.execute(statement).await.map_err(StoreError::from)?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Deletes what is forgotten anyway.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let old = Expr::col(column("last_at")).lt(to_millis(now - SWEPT_AFTER));
        let delete = Query::delete().from_table(self.table()).and_where(old).to_owned();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(&delete).await.map_err(StoreError::from)?;
                    Ok(())
                })
            })
            .await
    }

    fn less_one(&self, key: &str) -> sea_orm::sea_query::UpdateStatement {
        Query::update()
            .table(self.table())
            .value(column("count"), Expr::col(column("count")).sub(1))
            .and_where(Expr::col(column("key")).eq(key))
            .and_where(Expr::col(column("count")).gt(0))
            .to_owned()
    }
}

async fn begin(tx: &Tx, table: &Alias, keys: &[(String, Limit)], now: Timestamp) -> Result<SignedDuration, StoreError> {
    let (mut longest, mut counted) = (SignedDuration::ZERO, Vec::with_capacity(keys.len()));
    for (key, limit) in keys {
        let place = Query::insert()
            .into_table(table.clone())
            .columns(["key", "count", "last_at"].map(column))
            .values_panic([key.clone().into(), 0i64.into(), to_millis(now).into()])
            .on_conflict(OnConflict::column(column("key")).do_nothing().to_owned())
            .to_owned();
        tx.execute(&place).await?;
        let held = Query::select()
            .columns(["count", "last_at"].map(column))
            .from(table.clone())
            .and_where(Expr::col(column("key")).eq(key.clone()))
            .lock_exclusive()
            .to_owned();
        // Swept in this very moment: it said nothing.
        let (count, last): (i64, Millis) = match tx.query_one(&held).await? {
            Some(row) => (row.try_get("", "count")?, row.try_get("", "last_at")?),
            None => (0, to_millis(now)),
        };
        let since = now.duration_since(from_millis(last));
        longest = longest.max(limit.wait(count, since));
        counted.push((key, limit.counted(count, since)));
    }
    if longest.is_zero() {
        for (key, count) in counted {
            let grown = Query::update()
                .table(table.clone())
                .values([(column("count"), (count + 1).into()), (column("last_at"), to_millis(now).into())])
                .and_where(Expr::col(column("key")).eq(key.clone()))
                .to_owned();
            tx.execute(&grown).await?;
        }
    }
    Ok(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_begin_late_grow_and_end() {
        let at_once = |count| ACCOUNT_HERE.wait(count, SignedDuration::ZERO);
        assert_eq!(at_once(4), SignedDuration::ZERO);
        assert_eq!(at_once(5), SignedDuration::from_secs(1));
        assert_eq!(at_once(9), SignedDuration::from_secs(16));
        assert_eq!(at_once(1_000), ACCOUNT_HERE.longest);
        assert_eq!(ACCOUNT_HERE.wait(9, SignedDuration::from_secs(10)), SignedDuration::from_secs(6));
        assert_eq!(ACCOUNT_HERE.wait(1_000, ACCOUNT_HERE.forget), SignedDuration::ZERO);
    }

    #[test]
    fn a_network_recovers_by_itself() {
        assert_eq!(NETWORK.wait(40, SignedDuration::ZERO), NETWORK.longest);
        assert_eq!(NETWORK.counted(40, SignedDuration::from_secs(100)), 30);
        assert_eq!(NETWORK.wait(40, SignedDuration::from_secs(100)), SignedDuration::ZERO);
    }

    #[test]
    fn patient_guessing_from_everywhere_is_bounded_by_the_day() {
        // Somebody who tries as soon as they may, each time from another network.
        let (mut count, mut since_last, mut tried, mut at) = (0, SignedDuration::ZERO, 0, SignedDuration::ZERO);
        while at < SignedDuration::from_hours(24) {
            let wait = ACCOUNT.wait(count, since_last);
            if wait.is_zero() {
                count = ACCOUNT.counted(count, since_last) + 1;
                (tried, since_last) = (tried + 1, SignedDuration::ZERO);
            } else {
                (at, since_last) = (at + wait, since_last + wait);
            }
        }
        assert!((200..=330).contains(&tried), "{tried}");
    }

    #[test]
    fn accounts_and_networks_are_counted_apart() {
        let here = Origin { network: "192.0.2.0/24", site: "192.0.2.0/24" };
        let elsewhere = Origin { network: "198.51.100.0/24", site: "198.51.100.0/24" };
        let (one, other) = (Attempt::new("li.wei", here), Attempt::new("li.wei", elsewhere));
        assert_ne!(one.own(), other.own());
        assert_eq!(one.keys[1].0, other.keys[1].0, "the account as a whole is one");
        assert!(one.keys.iter().all(|(key, _)| !key.contains("li.wei")));
        assert_eq!(one.keys.len(), 3);
        assert_eq!(Attempt::new("li.wei", Origin { network: "2001:db8::/64", site: "2001:db8::/48" }).keys.len(), 4);
    }
}
