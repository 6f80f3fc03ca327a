//! Root keys: they wrap the database's keys and never stand in it.

pub(crate) mod file;
pub(crate) mod transit;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use crate::{EnvelopeError, Key, KeyDomain};

/// Fills a buffer with random bytes of the operating system.
pub(crate) type Random = fn(&mut [u8]) -> Result<(), NoRandom>;

/// The system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes")]
pub struct NoRandom;

/// Why a root key did not wrap or unwrap. Holds nothing of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// It is away; it may come back.
    #[error("{0}")]
    Unavailable(String),
    /// It answers, and won't.
    #[error("{0}")]
    Refused(String),
    /// It did not wrap this, or not for this place.
    #[error("what is to be unwrapped was changed, or wrapped by another key")]
    Foreign,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

impl RootError {
    /// What to do, for operators.
    pub(crate) fn cure(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "see that the service runs and that this machine reaches it",
            Self::Refused(_) => "see that token_file holds a token that may encrypt and decrypt with this key",
            Self::Foreign => "put the right root key back",
            Self::Random(_) => "see that this machine gives random bytes",
        }
    }
}

/// One root key. Implementations: a file ([`crate::FileRoot`]), a transit service ([`crate::TransitRoot`]).
#[async_trait]
pub trait RootKeys: Send + Sync {
    /// Stands in the database beside what it has wrapped, and tells it from every other root key.
    fn id(&self) -> &str;

    /// For operators: which setting, which file or service.
    fn told(&self) -> &str;

    /// Wraps a key for the place that `aad` says, as printable text.
    ///
    /// # Errors
    /// [`RootError`], but never [`RootError::Foreign`].
    async fn wrap_key(&self, aad: &[u8], key: &Key) -> Result<String, RootError>;

    /// What [`RootKeys::wrap_key`] was given, for the same `aad` alone.
    ///
    /// # Errors
    /// [`RootError`].
    async fn unwrap_key(&self, aad: &[u8], wrapped: &str) -> Result<Key, RootError>;
}

/// The root keys that a portal has.
#[derive(Clone, Default)]
pub struct Roots(BTreeMap<KeyDomain, Vec<Arc<dyn RootKeys>>>);

impl Roots {
    /// Adds a root key. The first of a domain wraps; the others only open what they have wrapped, until `rewrap` has run.
    #[must_use]
    pub fn with(mut self, domain: KeyDomain, root: Arc<dyn RootKeys>) -> Self {
        self.0.entry(domain).or_default().push(root);
        self
    }

    /// The domains that there are keys for.
    pub(crate) fn domains(&self) -> impl Iterator<Item = KeyDomain> + '_ {
        self.0.keys().copied()
    }

    /// The one that wraps.
    pub(crate) fn first(&self, domain: KeyDomain) -> Result<&Arc<dyn RootKeys>, EnvelopeError> {
        self.0.get(&domain).and_then(|roots| roots.first()).ok_or(EnvelopeError::NoRoot(domain))
    }

    /// The one that has wrapped under `id`.
    pub(crate) fn named(&self, domain: KeyDomain, id: &str) -> Result<&Arc<dyn RootKeys>, EnvelopeError> {
        let first = self.first(domain)?;
        let found = self.0.get(&domain).and_then(|roots| roots.iter().find(|root| root.id() == id));
        found.ok_or_else(|| EnvelopeError::WrongRoot {
            domain,
            told: first.told().to_owned(),
            has: first.id().to_owned(),
            needs: id.to_owned(),
        })
    }
}

/// An error of `root`, with its name for people.
pub(crate) fn failed(root: &dyn RootKeys) -> impl FnOnce(RootError) -> EnvelopeError + '_ {
    |error| EnvelopeError::Root { told: root.told().to_owned(), error }
}
