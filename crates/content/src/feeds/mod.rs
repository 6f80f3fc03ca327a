//! What other sites of the region have new: RSS and Atom, read in the background by one replica, the last good answer kept
//! with its age.
//!
//! A page never waits for another site: it shows what was kept, and says how old it is and what went wrong since.

mod parse;
mod reading;

use access::{Object, Policy};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde::{Deserialize, Serialize};
use store::{Store, from_millis};
use url::Url;

pub use reading::FeedReader;

use crate::{Audience, ContentError, Reader, articles::Bilingual, entity::feed};

/// What a feed is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedKind {
    /// A forum.
    Forum,
    /// Blogs.
    Blog,
    /// Health knowledge of others.
    Knowledge,
}

impl FeedKind {
    /// As in configuration, the database and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forum => "forum",
            Self::Blog => "blog",
            Self::Knowledge => "knowledge",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Forum, Self::Blog, Self::Knowledge].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A feed of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSettings {
    /// Lower-case letters, digits and `-`.
    pub id: String,
    /// As shown.
    pub name: FeedName,
    /// Where it is; nothing is asked of any other origin.
    pub url: Url,
    /// What it is of.
    pub kind: FeedKind,
    /// For whom; staff unless said.
    #[serde(default = "staff")]
    pub audience: Audience,
    /// How often it is read: 1 to 1440; 15 unless said.
    #[serde(default = "quarter_of_an_hour")]
    pub refresh_minutes: i32,
}

/// A feed's name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedName {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

const fn staff() -> Audience {
    Audience::Staff
}

const fn quarter_of_an_hour() -> i32 {
    15
}

/// Why the last try brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedProblem {
    /// No connection, or it broke off.
    Unreachable,
    /// No answer in time, or one that came too slowly.
    Slow,
    /// An answer beyond what is read.
    TooLarge,
    /// It answered, but not with a feed.
    NotAFeed,
    /// It answered that the feed is somewhere else; nobody is sent there.
    Moved,
    /// It answered with an error.
    Refused,
}

impl FeedProblem {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Unreachable, Self::Slow, Self::TooLarge, Self::NotAFeed, Self::Moved, Self::Refused];

    /// As in the database, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::TooLarge => "too-large",
            Self::NotAFeed => "not-a-feed",
            Self::Moved => "moved",
            Self::Refused => "refused",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.as_str() == text)
    }
}

/// Something new on another site. Text is text: markup of others was taken out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedItem {
    /// One line.
    pub title: String,
    /// `http` or `https`; leads out of the portal, to be shown as such and with `rel="noopener noreferrer"`.
    pub link: Option<String>,
    /// Who wrote it, as the site says.
    pub author: Option<String>,
    /// When, as the site says; never later than when it was read.
    pub at: Option<Timestamp>,
}

/// A feed as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedView {
    /// Of the configuration.
    pub id: String,
    /// What it is of.
    pub kind: FeedKind,
    /// Its name.
    pub name: Bilingual,
    /// What came last and was good; newest first.
    pub items: Vec<FeedItem>,
    /// When that came; `None` while nothing has come yet.
    pub read_at: Option<Timestamp>,
    /// Why the last try brought nothing.
    pub problem: Option<FeedProblem>,
    /// Read in the time that the configuration gives, and nothing went wrong since.
    pub is_fresh: bool,
}

/// What is kept of the feeds. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    store: Store,
    policy: Policy,
}

impl Feeds {
    /// Kept in `store` by a [`FeedReader`], of this program or of another replica.
    pub fn new(store: Store, policy: Policy) -> Self {
        Self { store, policy }
    }

    /// The feeds of this kind that are for `reader`, each with its newest `most` items and how it stands.
    ///
    /// # Errors
    /// The policy's, for staff who may not see other sites' news; the database's.
    pub async fn latest(
        &self,
        reader: Reader<'_>,
        kind: FeedKind,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<FeedView>, ContentError> {
        reader.admit(&self.policy, &Object::SECTION_CONTENT)?;
        let rows = feed::Entity::find()
            .filter(feed::Column::Kind.eq(kind.as_str()))
            .filter(feed::Column::Audience.is_in(reader.audiences()))
            .order_by_asc(feed::Column::Id)
            .all(self.store.reader())
            .await?;
        rows.into_iter().map(|row| view(row, most, now)).collect()
    }
}

fn view(row: feed::Model, most: usize, now: Timestamp) -> Result<FeedView, ContentError> {
    let mut items: Vec<FeedItem> = serde_json::from_str(&row.items).map_err(|_| ContentError::Row("feed"))?;
    items.truncate(most);
    let problem = row.problem.as_deref().and_then(FeedProblem::parse);
    let read_at = row.read_at.map(from_millis);
    // One turn may be late.
    let lasts = SignedDuration::from_mins(2 * i64::from(row.refresh_minutes) + 1);
    Ok(FeedView {
        id: row.id,
        kind: FeedKind::parse(&row.kind).ok_or(ContentError::Row("feed"))?,
        name: Bilingual::new(&row.name_zh, &row.name_en),
        items,
        is_fresh: problem.is_none() && read_at.is_some_and(|at| now.duration_since(at) <= lasts),
        read_at,
        problem,
    })
}
