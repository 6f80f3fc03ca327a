//! Guessing: failed sign-ins slow the next one down, counted in the database so that every replica agrees.
//!
//! The count is per (account, network), so that nobody can lock somebody else out from elsewhere; a second, looser
//! count is per network, against one password tried on many accounts.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Query},
};
use sha2::{Digest, Sha256};
use store::{Millis, Store, StoreError, from_millis, to_millis};

/// A failure is forgotten after this long without another.
const FORGET: SignedDuration = SignedDuration::from_mins(15);
/// Failures on one account from one network before delays begin.
const FREE_ACCOUNT: i64 = 4;
/// Failures from one network before delays begin.
const FREE_NETWORK: i64 = 30;
/// The longest delay.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// Counts failed sign-ins.
#[derive(Clone)]
pub struct Throttle {
    store: Store,
}

/// Somebody who wants to sign in.
#[derive(Clone, Debug)]
pub struct Attempt {
    keys: [(String, i64); 2],
}

impl Attempt {
    /// `account` as typed, `network` from [`crate::network::Network::of_subscriber`]. Only hashes are kept.
    pub fn new(account: &str, network: &str) -> Self {
        let account = account.trim().to_lowercase();
        Self {
            keys: [(key("account", &[&account, network]), FREE_ACCOUNT), (key("network", &[network]), FREE_NETWORK)],
        }
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

fn delay(count: i64, free: i64) -> SignedDuration {
    let over = (count - free).clamp(0, 16);
    if over == 0 {
        return SignedDuration::ZERO;
    }
    SignedDuration::from_secs(1 << (over - 1)).min(LONGEST)
}

fn column(name: &'static str) -> Alias {
    Alias::new(name)
}

impl Throttle {
    /// Counts in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// How long this attempt has to wait; zero when it may go ahead.
    ///
    /// # Errors
    /// The database's.
    pub async fn wait(&self, attempt: &Attempt, now: Timestamp) -> Result<SignedDuration, StoreError> {
        let mut longest = SignedDuration::ZERO;
        for (key, free) in &attempt.keys {
            let select = Query::select()
                .columns(["count", "last_at"].map(column))
                .from(Alias::new("sign_in_failure"))
                .and_where(Expr::col(column("key")).eq(key.clone()))
                .to_owned();
            let Some(row) = self.store.reader().query_one(&select).await? else { continue };
            let (count, last): (i64, Millis) = (row.try_get("", "count")?, row.try_get("", "last_at")?);
            let last = from_millis(last);
            if now.duration_since(last) < FORGET {
                longest = longest.max(delay(count, *free) - now.duration_since(last));
            }
        }
        Ok(longest.max(SignedDuration::ZERO))
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// The database's.
    pub async fn failed(&self, attempt: &Attempt, now: Timestamp) -> Result<(), StoreError> {
        let forgotten = to_millis(now - FORGET);
        let table = Alias::new("sign_in_failure");
        let statements = attempt.keys.clone().map(|(key, _)| {
            let old = |name| Expr::col((table.clone(), column(name)));
            let grown = Expr::case(old("last_at").lt(forgotten), 1).finally(old("count").add(1));
            Query::insert()
                .into_table(table.clone())
                .columns(["key", "count", "last_at"].map(column))
                .values_panic([key.into(), 1i64.into(), to_millis(now).into()])
                .on_conflict(
                    OnConflict::column(column("key"))
                        .values([(column("count"), grown.into()), (column("last_at"), to_millis(now).into())])
                        .to_owned(),
                )
                .to_owned()
        });
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

    /// Forgets an account's failures from this network after a good sign-in; the network's own count stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn succeeded(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let [(account, _), _] = attempt.keys.clone();
        let delete = Query::delete()
            .from_table(Alias::new("sign_in_failure"))
            .and_where(Expr::col(column("key")).eq(account))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_begin_late_grow_and_end() {
        assert_eq!(delay(4, 4), SignedDuration::ZERO);
        assert_eq!(delay(5, 4), SignedDuration::from_secs(1));
        assert_eq!(delay(9, 4), SignedDuration::from_secs(16));
        assert_eq!(delay(1_000, 4), LONGEST);
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
