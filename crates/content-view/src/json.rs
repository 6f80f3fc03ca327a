//! Articles as the API answers with them.

use content::{Article, Bilingual, Card, CardPage, Language, Wording};
use web::openapi::article::{ArticleInFull, ArticleList, ArticleSummary, ArticleText, BilingualText};

use crate::preview;

fn bilingual(text: Bilingual) -> BilingualText {
    BilingualText { zh: text.zh, en: text.en }
}

fn summary(card: Card) -> ArticleSummary {
    ArticleSummary {
        slug: card.slug,
        topic: card.topic,
        title: bilingual(card.title),
        summary: bilingual(card.summary),
        published_at: card.published_at.to_string(),
        due_for_review: card.is_due,
    }
}

/// An article in full, with its text as sanitised HTML too.
pub fn in_full(article: Article) -> ArticleInFull {
    let text = |wording: Option<Wording>, language: Language| {
        let wording = wording?;
        let body_html = preview(&wording.body, &article.images, language).as_str().to_owned();
        Some(ArticleText { title: wording.title, summary: wording.summary, body: wording.body, body_html })
    };
    ArticleInFull {
        version: article.number,
        zh: text(article.zh, Language::Zh),
        en: text(article.en, Language::En),
        slug: article.slug,
        topic: article.topic,
        author: article.author,
        reviewer: article.reviewer,
        published_at: article.published_at.to_string(),
        review_by: article.review_by.map(|date| date.to_string()),
        due_for_review: article.is_due,
    }
}

/// A page of articles.
pub fn page(found: CardPage) -> ArticleList {
    let items = found.items.into_iter().map(summary).collect();
    ArticleList { items, total: found.total, page: found.page, pages: found.pages }
}
