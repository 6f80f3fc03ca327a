//! What can go wrong with the definition of a hospital.

use access::{AccessError, AuditError, Classify, Fault};
use envelope::EnvelopeError;
use outbound::OutboundError;
use store::StoreError;

use crate::{Defined, FieldProblem};

/// Why a definition was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such source.
    #[error("no such source")]
    NotFound,
    /// Not understood or not complete: every field that has to be put right. Nothing was written.
    #[error("{} fields have to be put right", .0.len())]
    Invalid(Vec<FieldProblem>),
    /// Somebody else changed it meanwhile: what stands now. Nothing was written.
    #[error("changed meanwhile")]
    Stale(Box<Defined>),
    /// It is an entry of the configuration, which is changed there.
    #[error("an entry of the configuration")]
    Configured,
    /// It was taken away: restore it first.
    #[error("taken away")]
    Removed,
    /// Somebody else has made a key meanwhile. Nothing was written.
    #[error("another key was made meanwhile")]
    KeyChanged,
    /// A secret can't be sealed or opened.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The policy.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The act could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No client for one of them: the catalogue of before stays.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// A definition that can't be written as JSON.
    #[error("a definition can't be written: {0}")]
    Content(#[from] serde_json::Error),
}

impl From<sea_orm::DbErr> for SourceError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl Classify for SourceError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Invalid(_) => Fault::Invalid,
            Self::Stale(_) | Self::Configured | Self::Removed | Self::KeyChanged => Fault::Conflict,
            Self::Access(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Store(error) => error.fault(),
            Self::Outbound(_) | Self::Content(_) | Self::Envelope(_) => Fault::Internal,
        }
    }
}
