//! What can go wrong with a secret.

use store::StoreError;

use crate::{
    KeyDomain,
    root::{NoRandom, RootError},
};

/// Why a secret was not sealed or opened. Texts name keys and places, and hold nothing of what is or was to be sealed.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// This portal has no root key for such secrets.
    #[error("this program has no root key for secrets of `{0}`")]
    NoRoot(KeyDomain),
    /// The database's keys are under another root key.
    #[error(
        "[keys] {told} is not the root key that secrets of `{domain}` are sealed under: it is {has}, the database needs \
         {needs}; put that key back, or name it as [keys] {domain}_previous_root_file until `vault rewrap` has run"
    )]
    WrongRoot {
        /// Of which secrets.
        domain: KeyDomain,
        /// What is configured, for people.
        told: String,
        /// Its id.
        has: String,
        /// The id of the one that is needed.
        needs: String,
    },
    /// A root key gave something that is not the key it had wrapped, or none.
    #[error("[keys] {told}: {error}; {}", .error.cure())]
    Root {
        /// What is configured, for people.
        told: String,
        /// What it said.
        error: RootError,
    },
    /// What came out of a wrapped key is not that key.
    #[error(
        "[keys] {told} unwraps another key than the one of `{domain}/{segment}` version {version}: put the right root key back"
    )]
    CheckValue {
        /// What is configured, for people.
        told: String,
        /// Of which secrets.
        domain: KeyDomain,
        /// Of which kind.
        segment: String,
        /// Which key of that kind.
        version: i32,
    },
    /// The sealed text was changed, belongs elsewhere, or never was one.
    #[error("a sealed secret can't be opened: it was changed, or stands where it does not belong")]
    Unreadable,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandom),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EnvelopeError {
    /// Is something away that may come back: the database, or the service that keeps a root key?
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_outage(),
            Self::Root { error, .. } => matches!(error, RootError::Unavailable(_)),
            _ => false,
        }
    }
}

impl From<sea_orm::DbErr> for EnvelopeError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}
