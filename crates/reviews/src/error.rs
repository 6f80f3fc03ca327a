//! What can go wrong with a mark.

use access::{Classify, Fault, audit::AuditError};
use envelope::EnvelopeError;
use store::StoreError;

/// Why a mark was not kept, read or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// There is no such mark of this person, or it is somebody else's.
    #[error("no such mark of this clinician")]
    NotFound,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The act could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// What is kept sealed can't be sealed or opened.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A row that this program did not write so.
    #[error("a mark can't be read: {0}")]
    Row(#[from] serde_json::Error),
    /// A row of a kind that this program does not know.
    #[error("a mark can't be read: result_review {0}")]
    Unreadable(uuid::Uuid),
}

impl From<sea_orm::DbErr> for ReviewError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl Classify for ReviewError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Store(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Envelope(error) if error.is_outage() => Fault::Unavailable,
            Self::Envelope(_) | Self::Row(_) | Self::Unreadable(_) => Fault::Internal,
        }
    }
}
