//! Articles: what is shown, and the desk where they are written.
//!
//! Three tables, three powers: the working copy, which editors change ([`desk`]); its published versions, which nobody
//! changes; and what is shown now ([`read`]), the only one that the public portal's role may read.

mod compare;
mod desk;
mod draft;
mod image;
mod picture;
mod read;
mod step;

use access::{AuditLog, Policy};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use store::Store;
use uuid::Uuid;

pub use compare::{LineChange, compare};
pub use desk::{Desk, DeskRow, Revision, Working};
pub use draft::{Draft, LONGEST_BODY, LONGEST_SUMMARY, LONGEST_TITLE, TOPICS, Wording};
pub use image::{ArticleImage, NewImage, StoredImage};
pub use picture::MOST_IMAGE_BYTES;
pub use read::{Article, Card, CardPage, Filter};
pub use step::{ArticleState, Step};

/// What happens to a published article whose review-by date has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overdue {
    /// It is shown, marked as due for review.
    #[default]
    Mark,
    /// It is not shown until somebody has reviewed it.
    Hide,
}

/// A line in one language or both. An absent one is `None`, never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bilingual {
    /// Chinese.
    pub zh: Option<String>,
    /// English.
    pub en: Option<String>,
}

impl Bilingual {
    pub(crate) fn new(zh: &str, en: &str) -> Self {
        let said = |text: &str| Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
        Self { zh: said(zh), en: said(en) }
    }

    /// In this language, or else in the other: with the language it is in.
    pub fn pick(&self, wanted: crate::Language) -> Option<(&str, crate::Language)> {
        use crate::Language::{En, Zh};
        let of = |language| if language == Zh { self.zh.as_deref() } else { self.en.as_deref() };
        let order = if wanted == Zh { [Zh, En] } else { [En, Zh] };
        order.into_iter().find_map(|language| Some((of(language)?, language)))
    }
}

/// The articles of the region. Cheap to clone.
#[derive(Clone)]
pub struct Articles {
    store: Store,
    policy: Policy,
    audit: AuditLog,
    overdue: Overdue,
}

impl Articles {
    /// Kept in `store`, remembered in `audit`; `overdue` says what happens after the review-by date.
    pub fn new(store: Store, policy: Policy, audit: AuditLog, overdue: Overdue) -> Self {
        Self { store, policy, audit, overdue }
    }
}

/// The date on the region's clocks: a review-by date ends at midnight there.
pub(crate) fn today(now: Timestamp) -> Date {
    // Without daylight saving since 1991.
    now.to_zoned(TimeZone::fixed(jiff::tz::offset(8))).date()
}

/// Pictures that a text shows: `image:` and the picture's id, as the editor's page offers it.
pub(crate) fn images_of(texts: [&str; 2]) -> Vec<Uuid> {
    let parts = texts.into_iter().flat_map(|text| text.split("image:").skip(1));
    let mut found: Vec<Uuid> = parts.filter_map(|rest| Uuid::try_parse(rest.get(..36)?).ok()).collect();
    found.sort();
    found.dedup();
    found
}
