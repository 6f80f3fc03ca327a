//! What can go wrong with a page.

use access::{AccessError, Classify, Fault, audit::AuditError};
use store::StoreError;

use crate::diff::Conflict;
use crate::model::{Problem, Warning};
use crate::ops::Parked;

/// Why a page was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// There is no such page, revision or template, or they may not know that there is.
    #[error("no such page")]
    NotFound,
    /// They may see it, but not do this.
    #[error("may not do this to the page")]
    Forbidden,
    /// Somebody saved it first. Nothing was saved.
    #[error("the page was changed meanwhile: it is at {}", .0.rev)]
    Conflict(Box<Conflict>),
    /// None of the changes could be made.
    #[error("none of the changes can be made")]
    Parked(Vec<Parked>),
    /// The page would not be sound.
    #[error("the page would not be sound: {0:?}")]
    Unsound(Vec<Problem>),
    /// A widget that this installation does not have, or settings that it does not take.
    #[error("a widget or its settings do not fit: {0:?}")]
    Misfit(Vec<Warning>),
    /// Another page has this address.
    #[error("another page has this address")]
    AddressTaken,
    /// The page above is not there, of the other portal, or below this one.
    #[error("the page can't stand there")]
    Parent,
    /// Pages stand below it.
    #[error("pages stand below it")]
    HasChildren,
    /// A text that is empty in a language or too long: a note, a template's name.
    #[error("a text is empty or too long")]
    Text,
    /// A file that is no page, or of a version that this program does not know.
    #[error("can't be imported: {0}")]
    File(String),
    /// More changes at once, or kept for one person and page, than are taken.
    #[error("too many changes")]
    TooMany,
    /// Nothing to undo or redo.
    #[error("nothing to undo or redo")]
    NothingToUndo,
    /// A row that this program did not write so.
    #[error("a page can't be read: {0}")]
    Row(#[from] serde_json::Error),
    /// The policy.
    #[error(transparent)]
    Access(AccessError),
    /// The act could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccessError> for PageError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Hidden => Self::NotFound,
            AccessError::Forbidden => Self::Forbidden,
            error => Self::Access(error),
        }
    }
}

impl From<sea_orm::DbErr> for PageError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl Classify for PageError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Forbidden => Fault::Forbidden,
            Self::Conflict(_) | Self::AddressTaken | Self::HasChildren | Self::NothingToUndo => Fault::Conflict,
            Self::Parked(_)
            | Self::Unsound(_)
            | Self::Misfit(_)
            | Self::Parent
            | Self::Text
            | Self::File(_)
            | Self::TooMany => Fault::Invalid,
            Self::Row(_) => Fault::Internal,
            Self::Access(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Store(error) => error.fault(),
        }
    }
}
