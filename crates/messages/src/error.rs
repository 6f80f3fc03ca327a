//! What can go wrong with messages.

use access::{Classify, Fault};
use store::StoreError;

/// Why messages were not read or marked.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// None of this reader's.
    #[error("no such message for this reader")]
    NotFound,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that this program did not write so.
    #[error("a message can't be read")]
    Row,
}

impl From<sea_orm::DbErr> for MessageError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for MessageError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Store(error) => error.fault(),
            Self::Row => Fault::Internal,
        }
    }
}
