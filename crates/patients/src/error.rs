//! What can go wrong in the index.

use access::{AccessError, Classify, Fault, audit::AuditError};
use store::StoreError;

/// Why the index did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Nobody has this id.
    #[error("no such person in the index")]
    NotFound,
    /// They may not decide who is whom.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A decision needs a reason that somebody else can follow.
    #[error("a decision needs a reason of {} to {} characters", crate::SHORTEST_REASON, crate::LONGEST_REASON)]
    Reason,
    /// The pair is not in the state for this decision.
    #[error("the decision is not possible: {}", .0.as_str())]
    Conflict(PairConflict),
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

/// Why a decision on a pair is not possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairConflict {
    /// Somebody decided meanwhile; that has to be undone first.
    Decided,
    /// Both are one person already.
    SamePerson,
    /// Of the people concerned, some were kept apart by another decision.
    KeptApart,
    /// There is nothing to be undone, or what was decided no longer stands as it was.
    NothingToUndo,
    /// One of the two records is nobody's any more.
    Gone,
}

impl PairConflict {
    /// In message keys and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::SamePerson => "same-person",
            Self::KeptApart => "kept-apart",
            Self::NothingToUndo => "nothing-to-undo",
            Self::Gone => "gone",
        }
    }
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
            Self::Access(error) => error.fault(),
            Self::Reason => Fault::Invalid,
            Self::Conflict(_) => Fault::Conflict,
            Self::Store(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Row(_) => Fault::Internal,
        }
    }
}
