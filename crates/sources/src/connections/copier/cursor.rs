//! Where a copy that is being made goes on.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::{
    ConnectError, CopiedFiles,
    seal::{open_next, seal_next},
};
use crate::Secrets;

/// Where a copy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub round: i64,
    /// Of the [`Plan`](super::Plan).
    pub step: usize,
    /// The page that comes next, where a step has several.
    pub next: Option<String>,
    /// The last file that was asked for, in their order.
    #[serde(default)]
    pub after: Option<String>,
    /// Resources of this step that were longer than what is kept of one.
    #[serde(default)]
    pub too_large: u64,
    /// Pages of this step in a row that brought nothing.
    #[serde(default)]
    pub empty: u32,
    #[serde(default)]
    pub files: CopiedFiles,
}

impl Cursor {
    pub fn begin(round: i64) -> Self {
        Self { round, step: 0, next: None, after: None, too_large: 0, empty: 0, files: CopiedFiles::default() }
    }

    /// At the beginning of the next step.
    pub fn next_step(&self) -> Self {
        let files = CopiedFiles { too_large: self.files.too_large + self.too_large, ..self.files.clone() };
        Self { step: self.step + 1, files, ..Self::begin(self.round) }
    }

    /// As it is kept: what leads to a hospital's next page may open it to whoever reads it.
    pub async fn sealed(&self, secrets: &Secrets, connection: Uuid) -> Result<Self, ConnectError> {
        let next = match &self.next {
            Some(next) => Some(seal_next(secrets, connection, next).await?),
            None => None,
        };
        Ok(Self { next, ..self.clone() })
    }

    /// `None` where the key of it is gone meanwhile: the copy begins anew, which costs time and nothing else.
    pub async fn opened(self, secrets: &Secrets, connection: Uuid) -> Option<Self> {
        let next = match &self.next {
            Some(next) => Some(open_next(secrets, connection, next).await?),
            None => None,
        };
        Some(Self { next, ..self })
    }
}
