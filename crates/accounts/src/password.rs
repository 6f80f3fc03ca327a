//! Argon2id in a pool: as many at once as there are cores, a bounded queue, and a clear "come back later" beyond it.
//! Unbounded, a thousand sign-ins at once would need 19 GB.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Sign-ins that may wait for a core before newcomers are sent away.
const QUEUE: usize = 64;
/// The longest wait for a core.
const PATIENCE: Duration = Duration::from_secs(5);
/// A longer password gains nothing and costs a client nothing to send.
pub const LONGEST_BYTES: usize = 1024;

/// The pool of one process. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    dummy: Arc<str>,
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting already.
    #[error("too many sign-ins at once")]
    Busy,
    /// Longer than [`LONGEST_BYTES`].
    #[error("the password is too long")]
    TooLong,
    /// The hash could not be made.
    #[error("argon2: {0}")]
    Hash(String),
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &[u8]) -> Result<String, PasswordError> {
    let hash = hasher()?.hash_password(password).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

impl Passwords {
    /// A pool for this machine. Makes the hash that unknown names are checked against.
    ///
    /// # Errors
    /// [`PasswordError::Hash`] when argon2 does not work here at all.
    pub fn new() -> Result<Self, PasswordError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let dummy = hash_now(uuid::Uuid::new_v4().as_bytes())?;
        Ok(Self {
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores + QUEUE)),
            dummy: dummy.into(),
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        let core = tokio::time::timeout(PATIENCE, self.cores.clone().acquire_owned()).await;
        let core = core.map_err(|_| PasswordError::Busy)?.map_err(|_| PasswordError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(core);
            outcome
        });
        done.await.map_err(|error| PasswordError::Hash(error.to_string()))?
    }

    /// A PHC string for a new password.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, PasswordError> {
        if password.len() > LONGEST_BYTES {
            return Err(PasswordError::TooLong);
        }
        self.run(move || hash_now(password.as_bytes())).await
    }

    /// Does `password` fit `hash`? Without a hash (unknown name) the same work is done and the answer is no.
    ///
    /// # Errors
    /// See [`PasswordError`]; a wrong password is `Ok(false)`.
    pub async fn fits(&self, password: Zeroizing<String>, hash: Option<String>) -> Result<bool, PasswordError> {
        if password.len() > LONGEST_BYTES {
            return Ok(false);
        }
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        self.run(move || {
            let parsed = PasswordHash::new(&hash).map_err(|error| PasswordError::Hash(error.to_string()))?;
            Ok(hasher()?.verify_password(password.as_bytes(), &parsed).is_ok() && known)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let pool = Passwords::new().expect("argon2");
        let hash = pool.hash(Zeroizing::new("正确的密码 9".to_owned())).await.expect("hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let fits = async |text: &str, hash: Option<String>| {
            pool.fits(Zeroizing::new(text.to_owned()), hash).await.expect("checked")
        };
        assert!(fits("正确的密码 9", Some(hash.clone())).await);
        assert!(!fits("正确的密码 8", Some(hash.clone())).await);
        assert!(!fits(&hash, Some(hash.clone())).await);
        assert!(!fits("", None).await);
        assert!(!fits(&"x".repeat(LONGEST_BYTES + 1), Some(hash)).await);
    }

    #[tokio::test]
    async fn a_full_queue_sends_newcomers_away() {
        let pool = Passwords::new().expect("argon2");
        let room = u32::try_from(pool.queue.available_permits()).expect("small");
        let _all = pool.queue.acquire_many(room).await.expect("permits");
        let refused = pool.fits(Zeroizing::new("x".to_owned()), None).await;
        assert!(matches!(refused, Err(PasswordError::Busy)));
    }
}
