//! What can go wrong with an article, a notice or a picture.

use access::{AccessError, AuditError, Classify, Fault};
use store::StoreError;

use crate::{NoticeRow, Working};

/// What has to be put right in a form: a key of the words, the field it is about first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Name of the form's field.
    pub field: &'static str,
    /// What is wrong: `missing`, `too-long`, `malformed`, `taken`, `half`, `past`, …
    pub what: &'static str,
}

/// Why something was not read, written or published.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// Not there, or not for this reader.
    #[error("no such article, notice or picture for this reader")]
    NotFound,
    /// Not understood or not complete. Nothing was written.
    #[error("{} fields have to be put right", .0.len())]
    Invalid(Vec<Problem>),
    /// Somebody else wrote meanwhile: what stands now, so that nobody's words are lost. Nothing was written.
    #[error("changed meanwhile")]
    Stale(Box<Working>),
    /// The same of a notice.
    #[error("changed meanwhile")]
    StaleNotice(Box<NoticeRow>),
    /// Not in the state for this: only what is in review is published or sent back.
    #[error("not in the state for this")]
    State,
    /// Whoever wrote on it does not publish it.
    #[error("the author does not review their own article")]
    OwnArticle,
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

impl From<sea_orm::DbErr> for ContentError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl Classify for ContentError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::Invalid(_) => Fault::Invalid,
            Self::Stale(_) | Self::StaleNotice(_) | Self::State => Fault::Conflict,
            Self::OwnArticle => Fault::Forbidden,
            Self::Access(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Store(error) => error.fault(),
            Self::Row(_) => Fault::Internal,
        }
    }
}
