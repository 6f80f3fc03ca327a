//! What the service answers.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Bilingual, Container, Page, PageId, Portal, Slug, Warning};
use crate::{Parked, Template};

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DraftState {
    /// Never published.
    Draft,
    /// What is drafted is what is published.
    Published,
    /// The draft has changes that are not published.
    Changed,
    /// Deleted; it can be restored.
    Deleted,
}

/// A page in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Listed {
    /// Which.
    pub id: PageId,
    /// What it is called in the draft.
    pub title: Bilingual,
    /// The page above.
    pub parent: Option<PageId>,
    /// Its part of the address.
    pub slug: Slug,
    /// Where it stands.
    pub state: DraftState,
    /// The draft's.
    pub rev: i64,
    /// The published revision's number.
    pub published: Option<i64>,
    /// Who saved last.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A page as it is edited.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Draft {
    /// The page.
    pub page: Page,
    /// Grows with every save: what a save must name.
    pub rev: i64,
    /// Where it stands.
    pub state: DraftState,
    /// The published revision's number.
    pub published: Option<i64>,
    /// Is there something to undo?
    pub can_undo: bool,
    /// Is there something to redo?
    pub can_redo: bool,
    /// Who saved last.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Items that this installation can't show as they are.
    pub warnings: Vec<Warning>,
}

/// What came of a save.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Saved {
    /// The page now.
    pub draft: Draft,
    /// Changes that could not be made.
    pub parked: Vec<Parked>,
}

/// A published revision: it never changes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Revision {
    /// From 1, for each page.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// By whom, as shown then.
    pub by: String,
    /// Why.
    pub note: Option<String>,
    /// The revision it repeats, when it is a return to that.
    pub of: Option<i64>,
}

/// A published page as every replica has it in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The page.
    pub page: Page,
    /// Its revision, from 1; [`BROUGHT_ALONG`](Self::BROUGHT_ALONG) for what nobody has published.
    pub revision: i64,
}

impl Published {
    /// The revision of a page that the portal brings along.
    pub const BROUGHT_ALONG: i64 = 0;

    /// Where its style sheet is: `/pages/p-home/3.css`. What the portal brings along has the portal's own alone.
    pub fn stylesheet(&self) -> Option<String> {
        (self.revision != Self::BROUGHT_ALONG).then(|| format!("/pages/{}/{}.css", self.page.id, self.revision))
    }
}

/// What a new page begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A ready arrangement.
    Template(Template),
    /// An arrangement that was saved here.
    OwnTemplate(String),
    /// Another page's draft: its regions and items with new ids, its colours.
    Copy(PageId),
}

/// A page to be created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPage {
    /// Which portal shows it.
    pub portal: Portal,
    /// The page above.
    #[serde(default)]
    pub parent: Option<PageId>,
    /// Its part of the address.
    pub slug: Slug,
    /// What it is called.
    pub title: Bilingual,
    /// What it begins with.
    pub from: Source,
}

/// An arrangement that was saved for further pages.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OwnTemplate {
    /// Its own.
    pub id: String,
    /// What it is called.
    pub name: Bilingual,
    /// Its regions, empty.
    pub root: Container,
}
