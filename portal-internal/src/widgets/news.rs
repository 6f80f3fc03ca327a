//! Articles and news of other sites as lines of a list.

use content::{Bilingual, Card, FeedView, Language};
use pages::widget::Viewing as _;
use serde::Serialize;

use super::Desk;

/// An article, in the language it is there in.
#[derive(Serialize)]
pub struct ArticleLine {
    title: String,
    /// Of the title, when it is not the page's.
    lang: Option<&'static str>,
    href: String,
    at: String,
}

/// Another site.
#[derive(Serialize)]
pub struct FeedLines {
    kind: &'static str,
    name: String,
    /// Nothing came lately: how old this is stands beside it.
    stale: bool,
    read_at: Option<String>,
    items: Vec<FeedLine>,
}

#[derive(Serialize)]
struct FeedLine {
    title: String,
    link: Option<String>,
    author: Option<String>,
    at: Option<String>,
}

/// The viewer's.
pub fn language(desk: &Desk) -> Language {
    if desk.language() == Language::En.tag() { Language::En } else { Language::Zh }
}

/// A text in `language`, or in the other with that one's tag.
fn picked(text: &Bilingual, language: Language) -> Option<(String, Option<&'static str>)> {
    let (text, written) = text.pick(language)?;
    Some((text.to_owned(), (written != language).then(|| written.tag())))
}

/// The lines of these articles.
pub fn article_lines(cards: &[Card], language: Language) -> Vec<ArticleLine> {
    let line = |card: &Card| {
        let (title, lang) = picked(&card.title, language)?;
        Some(ArticleLine { title, lang, href: format!("/articles/{}", card.slug), at: card.published_at.to_string() })
    };
    cards.iter().filter_map(line).collect()
}

/// The lines of these sites.
pub fn feed_views(feeds: &[FeedView], language: Language) -> Vec<FeedLines> {
    let view = |feed: &FeedView| FeedLines {
        kind: feed.kind.as_str(),
        name: picked(&feed.name, language).map(|(name, _)| name).unwrap_or_default(),
        stale: !feed.is_fresh,
        read_at: feed.read_at.map(|at| at.to_string()),
        items: feed
            .items
            .iter()
            .map(|item| FeedLine {
                title: item.title.clone(),
                link: item.link.clone(),
                author: item.author.clone(),
                at: item.at.map(|at| at.to_string()),
            })
            .collect(),
    };
    feeds.iter().map(view).collect()
}
