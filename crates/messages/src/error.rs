//! What can go wrong with messages.

use access::{Classify, Fault};
use envelope::EnvelopeError;
use store::{StoreError, jobs::Failure};

/// Why messages were not read or marked.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// None of this reader's.
    #[error("no such message for this reader")]
    NotFound,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where somebody is reached can't be sealed or opened.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
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
            Self::Envelope(error) if error.is_outage() => Fault::Unavailable,
            Self::Envelope(_) | Self::Row => Fault::Internal,
        }
    }
}

impl From<MessageError> for Failure {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Store(_) => Self::passing("database"),
            MessageError::Envelope(_) => Self::passing("contact-sealed"),
            MessageError::NotFound | MessageError::Row => Self::lasting("message-unreadable"),
        }
    }
}
