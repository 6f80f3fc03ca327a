//! What can go wrong in the index.

use access::{Classify, Fault, audit::AuditError};
use store::StoreError;

/// Why the index did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Nobody has this id.
    #[error("no such person in the index")]
    NotFound,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The act could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A row that this program did not write so.
    #[error("a row of the index can't be read: {0}")]
    Row(#[from] serde_json::Error),
}

impl From<sea_orm::DbErr> for IndexError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl Classify for IndexError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Store(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Row(_) => Fault::Internal,
        }
    }
}
