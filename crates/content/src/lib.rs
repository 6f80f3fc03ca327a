//! What the region tells people: articles, notices, and what other sites of the region have new.
//!
//! - [`Articles`]: written by one person, published by another, kept in every published version; [`markdown`] makes HTML
//!   of them.
//! - [`Notices`]: a few lines on the first pages, from one time until another.
//! - [`Feeds`]: RSS and Atom of the forum and the blogs, read in the background, the last good answer kept.
//!
//! Reading takes a [`Reader`]: who reads decides what there is. No patient's data is here, and no page is drawn here.

mod articles;
mod audience;
mod entity;
mod error;
mod feeds;
pub mod markdown;
mod notices;
mod text;

pub use articles::{
    Article, ArticleImage, ArticleState, Articles, Bilingual, Card, CardPage, Desk, DeskRow, Draft, Filter,
    LONGEST_BODY, LONGEST_SUMMARY, LONGEST_TITLE, LineChange, MOST_IMAGE_BYTES, NewImage, Overdue, Revision, Step,
    StoredImage, TOPICS, Wording, Working, compare,
};
pub use audience::{Audience, Language, Reader};
pub use error::{ContentError, Problem};
pub use feeds::{FeedItem, FeedKind, FeedName, FeedProblem, FeedReader, FeedSettings, FeedView, Feeds};
pub use notices::{LONGEST_NOTICE, NewNotice, Notice, NoticeRow, Notices, Severity};
