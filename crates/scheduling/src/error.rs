//! What can go wrong with a booking or a schedule.

use access::{AccessError, AuditError, Classify, Fault};
use jiff::Timestamp;
use store::StoreError;

/// Why a ticket is not given to somebody. Each has its own cure, so each is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is left there.
    Taken,
    /// Not given out yet.
    NotReleased,
    /// Too late to book, to cancel or to change.
    TooLate,
    /// The hospital has suspended it.
    Suspended,
    /// The person has one in this department on this day.
    SameDay,
    /// The person is elsewhere at that time.
    Overlap,
    /// The person has as many as one may have at a time.
    TooMany,
    /// The person has missed too many and may book again then.
    Barred(Timestamp),
    /// It is over, or was given back before.
    Ended,
    /// The offer has gone to the next.
    OfferOver,
}

impl Refusal {
    /// A key of words, and the `code` of a problem document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::NotReleased => "not-released",
            Self::TooLate => "too-late",
            Self::Suspended => "suspended",
            Self::SameDay => "same-day",
            Self::Overlap => "overlap",
            Self::TooMany => "too-many",
            Self::Barred(_) => "barred",
            Self::Ended => "ended",
            Self::OfferOver => "offer-over",
        }
    }
}

/// What has to be put right in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Name of the form's field.
    pub field: &'static str,
    /// What is wrong: `missing`, `too-long`, `malformed`, `before`, …
    pub what: &'static str,
}

/// Why something was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SchedulingError {
    /// Not there, or not for whoever asks.
    #[error("no such schedule, clinic session or booking for them")]
    NotFound,
    /// Not given. Nothing was written.
    #[error("refused: {}", .0.as_str())]
    Refused(Refusal),
    /// Not understood or not complete. Nothing was written.
    #[error("{} fields have to be put right", .0.len())]
    Invalid(Vec<Problem>),
    /// Somebody else was first. Nothing was written.
    #[error("changed meanwhile")]
    Stale,
    /// The policy.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The act could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that this program did not write so.
    #[error("a row of {0} can't be read")]
    Row(&'static str),
}

impl From<sea_orm::DbErr> for SchedulingError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl From<Refusal> for SchedulingError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Classify for SchedulingError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Refused(_) | Self::Stale => Fault::Conflict,
            Self::Invalid(_) => Fault::Invalid,
            Self::Access(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Store(error) => error.fault(),
            Self::Row(_) => Fault::Internal,
        }
    }
}
