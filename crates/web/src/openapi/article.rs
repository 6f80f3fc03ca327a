//! Articles as both portals' APIs answer with them.

use poem_openapi::Object;

/// A line in one language or both.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct BilingualText {
    /// Chinese.
    pub zh: Option<String>,
    /// English.
    pub en: Option<String>,
}

/// An article in a list.
#[derive(Debug, Object)]
pub struct ArticleSummary {
    /// In its address.
    pub slug: String,
    /// `heart`, `diabetes`, `nutrition`, `medicines`, `tests`, `children`, `older-people`, `infection` or
    /// `using-the-portal`.
    pub topic: String,
    /// Its title.
    pub title: BilingualText,
    /// What it says, in two lines.
    pub summary: BilingualText,
    /// Since when this version is shown, RFC 3339.
    pub published_at: String,
    /// Its review-by date has passed.
    pub due_for_review: bool,
}

/// A page of articles.
#[derive(Debug, Object)]
pub struct ArticleList {
    /// On this page; newest first, or those with the first word in their title first.
    pub items: Vec<ArticleSummary>,
    /// On all pages.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// At least 1.
    pub pages: u64,
}

/// An article in one language.
#[derive(Debug, Object)]
pub struct ArticleText {
    /// Its title.
    pub title: String,
    /// What it says, in two lines.
    pub summary: String,
    /// As written: Markdown, in which HTML is text.
    pub body: String,
    /// The same as sanitised HTML.
    pub body_html: String,
}

/// An article in full.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ArticleInFull {
    /// In its address.
    pub slug: String,
    /// See the list.
    pub topic: String,
    /// Number of the published version, from 1.
    pub version: i64,
    /// In Chinese, if it is.
    pub zh: Option<ArticleText>,
    /// In English, if it is.
    pub en: Option<ArticleText>,
    /// Who wrote it.
    pub author: String,
    /// Who reviewed it.
    pub reviewer: String,
    /// When, RFC 3339.
    pub published_at: String,
    /// Until when it holds without being looked at again: a date.
    pub review_by: Option<String>,
    /// That date has passed.
    pub due_for_review: bool,
}
