//! Guessing: failed sign-ins slow the next one down, counted in the database so that every replica agrees.
//!
//! An attempt is counted before it is checked, and taken back when it was good: many at once are many. The count is per
//! (account, network), so that nobody can lock somebody else out from elsewhere; a second, looser
//! count is per network, against one password tried on many accounts.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Query},
};
use sha2::{Digest, Sha256};
use store::{Millis, Store, StoreError, Tx, from_millis, to_millis};

/// A failure is forgotten after this long without another.
const FORGET: SignedDuration = SignedDuration::from_mins(15);

/// What may be tried under a key before delays begin.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// Failures before delays begin.
    free: i64,
    /// One failure is forgotten every so many seconds, so that a hospital behind one address is not shut out by a shift's
    /// typing mistakes.
    leak: Option<i64>,
    /// The longest delay.
    longest: SignedDuration,
}

/// One account from one network.
const ACCOUNT: Limit = Limit { free: 4, leak: None, longest: SignedDuration::from_mins(5) };
/// One network, whatever the account.
const NETWORK: Limit = Limit { free: 30, leak: Some(10), longest: SignedDuration::from_secs(30) };

/// Counts failed sign-ins.
#[derive(Clone)]
pub struct Throttle {
    store: Store,
}

/// Somebody who wants to sign in.
#[derive(Clone, Debug)]
pub struct Attempt {
    keys: [(String, Limit); 2],
}

impl Attempt {
    /// `account` as typed, `network` from [`crate::network::Network::of_subscriber`]. Only hashes are kept.
    pub fn new(account: &str, network: &str) -> Self {
        let account = account.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        Self { keys: [(key("account", &[&account, network]), ACCOUNT), (key("network", &[network]), NETWORK)] }
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
        if since_last >= FORGET {
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
    /// Counts in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Counts an attempt as if it failed, before anything is checked, so that many at once are many; or says how long to
    /// wait, and counts nothing. Zero: go ahead, then call [`Throttle::succeeded`] or [`Throttle::withdraw`], or neither
    /// when the credentials were wrong.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<SignedDuration, StoreError> {
        let keys = attempt.keys.clone();
        self.store.write(move |tx| Box::pin(async move { begin(tx, &keys, now).await })).await
    }

    /// Forgets an account's failures from this network after a good sign-in, and this attempt of the network's.
    ///
    /// # Errors
    /// The database's.
    pub async fn succeeded(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let [(account, _), (network, _)] = attempt.keys.clone();
        let forget = Query::delete().from_table(table()).and_where(Expr::col(column("key")).eq(account)).to_owned();
        let take_back = less_one(network);
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(&forget).await.map_err(StoreError::from)?;
                    tx.execute(&take_back).await.map_err(StoreError::from)?;
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
        let statements = attempt.keys.clone().map(|(key, _)| less_one(key));
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
        let old = Expr::col(column("last_at")).lt(to_millis(now - FORGET));
        let delete = Query::delete().from_table(table()).and_where(old).to_owned();
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

fn table() -> Alias {
    Alias::new("sign_in_failure")
}

fn less_one(key: String) -> sea_orm::sea_query::UpdateStatement {
    Query::update()
        .table(table())
        .value(column("count"), Expr::col(column("count")).sub(1))
        .and_where(Expr::col(column("key")).eq(key))
        .and_where(Expr::col(column("count")).gt(0))
        .to_owned()
}

/// Keys are locked in the order account, network: two attempts never wait for each other in a circle.
async fn begin(tx: &Tx, keys: &[(String, Limit); 2], now: Timestamp) -> Result<SignedDuration, StoreError> {
    let (mut longest, mut counted) = (SignedDuration::ZERO, Vec::with_capacity(2));
    for (key, limit) in keys {
        let place = Query::insert()
            .into_table(table())
            .columns(["key", "count", "last_at"].map(column))
            .values_panic([key.clone().into(), 0i64.into(), to_millis(now).into()])
            .on_conflict(OnConflict::column(column("key")).do_nothing().to_owned())
            .to_owned();
        tx.execute(&place).await?;
        let held = Query::select()
            .columns(["count", "last_at"].map(column))
            .from(table())
            .and_where(Expr::col(column("key")).eq(key.clone()))
            .lock_exclusive()
            .to_owned();
        let Some(row) = tx.query_one(&held).await? else { continue };
        let (count, last): (i64, Millis) = (row.try_get("", "count")?, row.try_get("", "last_at")?);
        let since = now.duration_since(from_millis(last));
        longest = longest.max(limit.wait(count, since));
        counted.push((key, limit.counted(count, since)));
    }
    if longest.is_zero() {
        for (key, count) in counted {
            let grown = Query::update()
                .table(table())
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
        let at_once = |count| ACCOUNT.wait(count, SignedDuration::ZERO);
        assert_eq!(at_once(4), SignedDuration::ZERO);
        assert_eq!(at_once(5), SignedDuration::from_secs(1));
        assert_eq!(at_once(9), SignedDuration::from_secs(16));
        assert_eq!(at_once(1_000), ACCOUNT.longest);
        assert_eq!(ACCOUNT.wait(9, SignedDuration::from_secs(10)), SignedDuration::from_secs(6));
        assert_eq!(ACCOUNT.wait(1_000, FORGET), SignedDuration::ZERO);
    }

    #[test]
    fn a_network_recovers_by_itself() {
        assert_eq!(NETWORK.wait(40, SignedDuration::ZERO), NETWORK.longest);
        assert_eq!(NETWORK.counted(40, SignedDuration::from_secs(100)), 30);
        assert_eq!(NETWORK.wait(40, SignedDuration::from_secs(100)), SignedDuration::ZERO);
    }

    #[test]
    fn accounts_and_networks_are_counted_apart() {
        let one = Attempt::new("li.wei", "192.0.2.0/24");
        let other = Attempt::new("Li.Wei ", "192.0.2.0/24");
        let elsewhere = Attempt::new("li.wei", "198.51.100.0/24");
        assert_eq!(one.keys[0].0, other.keys[0].0);
        assert_ne!(one.keys[0].0, elsewhere.keys[0].0);
        assert!(!one.keys[0].0.contains("li.wei"));
    }
}
