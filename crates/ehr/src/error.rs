//! What can go wrong when a chart is asked for.

use access::{AccessError, AuditError, Classify, Fault};
use patients::IndexError;
use reviews::ReviewError;
use store::StoreError;

/// Why a chart was not opened, or a search not made.
#[derive(Debug, thiserror::Error)]
pub enum EhrError {
    /// There is no such person, or the reader may not know that there is.
    #[error("no such person for this reader")]
    NotFound,
    /// A clinician without a treatment relation; existence is no secret to one who may search.
    #[error("no treatment relation")]
    BreakGlassRequired,
    /// The reader may not do this.
    #[error("not allowed")]
    Forbidden,
    /// The search can't be made as written.
    #[error(transparent)]
    Query(#[from] QueryProblem),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The read could not be written down, so nothing was read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A result is no longer what was looked at.
    #[error("the result has changed since it was looked at")]
    Changed,
    /// Nothing that a clinician would have to acknowledge.
    #[error("the result is not critical")]
    NotCritical,
    /// A hospital that may have it does not answer.
    #[error("a hospital that may have it does not answer")]
    Silent,
    /// A kept search can't be read, or a record not be written as JSON.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A mark on a result, or a kept search, that can't be read.
    #[error("{0}")]
    Mark(ReviewError),
}

/// What is wrong with a search for patients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryProblem {
    /// One Han character, or two letters, at least.
    #[error("too short")]
    TooShort,
    /// More than anybody's name.
    #[error("too long")]
    TooLong,
    /// It looks like a resident ID, but is none: a digit is wrong.
    #[error("not a valid resident ID")]
    ResidentId,
}

impl QueryProblem {
    /// Message key.
    pub fn key(self) -> &'static str {
        match self {
            Self::TooShort => "search-too-short",
            Self::TooLong => "search-too-long",
            Self::ResidentId => "search-bad-resident-id",
        }
    }
}

impl Classify for EhrError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::BreakGlassRequired => Fault::BreakGlassRequired,
            Self::Forbidden => Fault::Forbidden,
            Self::Query(_) => Fault::Invalid,
            Self::Store(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            // The portal itself works: what is silent is a hospital.
            Self::Changed | Self::NotCritical | Self::Silent => Fault::Conflict,
            Self::Mark(error) => error.fault(),
            Self::Json(_) => Fault::Internal,
        }
    }
}

impl From<IndexError> for EhrError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::NotFound => Self::NotFound,
            IndexError::Store(error) => Self::Store(error),
            IndexError::Audit(error) => Self::Audit(error),
            IndexError::Row(error) => Self::Json(error),
            IndexError::Access(error) => error.into(),
            // Of stewards' decisions, which are not made here.
            IndexError::Reason | IndexError::Conflict(_) => Self::NotFound,
        }
    }
}

impl From<ReviewError> for EhrError {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::NotFound => Self::NotFound,
            ReviewError::Store(error) => Self::Store(error),
            ReviewError::Audit(error) => Self::Audit(error),
            ReviewError::Row(error) => Self::Json(error),
            unreadable @ (ReviewError::Unreadable(_) | ReviewError::Envelope(_)) => Self::Mark(unreadable),
        }
    }
}

impl From<AccessError> for EhrError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Forbidden => Self::Forbidden,
            AccessError::Audit(error) => Self::Audit(error),
            AccessError::Database(error) => Self::Store(StoreError::Database(error)),
            AccessError::Store(error) => Self::Store(error),
            _ => Self::NotFound,
        }
    }
}
