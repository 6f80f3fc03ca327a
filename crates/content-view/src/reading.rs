//! A list of articles, an article, a notice.

use content::{Article, ArticleImage, Bilingual, Card, CardPage, Filter, Language, Notice, Wording, markdown};
use serde::Serialize;
use web::{
    Lang,
    render::{Arg, Html, Words, local},
};

/// What a template prints, under one name.
#[derive(Debug, Serialize)]
pub struct Whole<P> {
    /// A page of this crate's.
    pub page: P,
}

/// The language that a page is wanted in.
pub fn language(lang: Lang) -> Language {
    if lang == Lang::En { Language::En } else { Language::Zh }
}

/// A text that is only to be had in the other language: what it is marked with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnlyIn {
    /// For `lang` attributes.
    pub tag: &'static str,
    /// `仅有英文`
    pub words: String,
}

fn only_in(has: Language, words: &Words) -> Option<OnlyIn> {
    let key = if has == Language::Zh { "only-in-chinese" } else { "only-in-english" };
    (has != language(words.lang())).then(|| OnlyIn { tag: has.tag(), words: words.text(key) })
}

/// An article in a list.
#[derive(Clone, Debug, Serialize)]
pub struct CardView {
    /// Where it is read.
    pub href: String,
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// What it is about, in words.
    pub topic: String,
    /// Since when it is shown: a long date.
    pub published: String,
    /// Only in the other language.
    pub only: Option<OnlyIn>,
    /// Its review-by date has passed.
    pub is_due: bool,
}

/// An article in a list, in the reader's language or else in the other.
pub fn card(card: &Card, words: &Words) -> CardView {
    let (title, has) = card.title.pick(language(words.lang())).unwrap_or(("", Language::Zh));
    // Both from one language: half of each helps nobody.
    let summary = if has == Language::Zh { &card.summary.zh } else { &card.summary.en };
    CardView {
        href: format!("/articles/{}", card.slug),
        title: title.to_owned(),
        summary: summary.clone().unwrap_or_default(),
        topic: topic(&card.topic, words),
        published: words.long_date(&local(card.published_at).date().to_string()),
        only: only_in(has, words),
        is_due: card.is_due,
    }
}

fn topic(slug: &str, words: &Words) -> String {
    let key = format!("topic-{slug}");
    if words.has(&key) { words.text(&key) } else { slug.to_owned() }
}

/// `articles.html`
#[derive(Debug, Serialize)]
pub struct ListPage {
    /// What was looked for.
    pub q: String,
    /// Something was looked for, or a topic chosen.
    pub is_filtered: bool,
    /// The topics that there are articles of.
    pub topics: Vec<TopicView>,
    /// On this page.
    pub cards: Vec<CardView>,
    /// On all pages.
    pub total: u64,
    /// Where one goes on.
    pub next: Option<String>,
    /// Where one goes back.
    pub previous: Option<String>,
    /// `2 / 3`, where there are several.
    pub place: Option<String>,
    /// The chosen topic's slug, for the form.
    pub topic: Option<String>,
}

/// A topic to choose.
#[derive(Debug, Serialize)]
pub struct TopicView {
    /// Where its articles are.
    pub href: String,
    /// In words.
    pub name: String,
    /// How many there are.
    pub count: i64,
    /// Chosen.
    pub is_current: bool,
}

fn address(topic: Option<&str>, words: &str, page: u64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(topic) = topic {
        query.append_pair("topic", topic);
    }
    if !words.is_empty() {
        query.append_pair("q", words);
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    let query = query.finish();
    if query.is_empty() { "/articles".to_owned() } else { format!("/articles?{query}") }
}

/// The page of articles.
pub fn list(found: &CardPage, topics: &[(String, i64)], filter: &Filter, words: &Words) -> ListPage {
    let (chosen, typed) = (filter.topic.as_deref(), filter.words.trim());
    let at = |page: u64| address(chosen, typed, page);
    let view = |(slug, count): &(String, i64)| TopicView {
        href: address(Some(slug), "", 1),
        name: topic(slug, words),
        count: *count,
        is_current: chosen == Some(slug.as_str()),
    };
    ListPage {
        q: typed.chars().take(100).collect(),
        is_filtered: chosen.is_some() || !typed.is_empty(),
        topics: topics.iter().map(view).collect(),
        cards: found.items.iter().map(|one| card(one, words)).collect(),
        total: found.total,
        next: (found.page < found.pages).then(|| at(found.page + 1)),
        previous: (found.page > 1).then(|| at(found.page - 1)),
        place: (found.pages > 1).then(|| format!("{} / {}", found.page, found.pages)),
        topic: chosen.map(str::to_owned),
    }
}

/// On which portal an article is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// By patients and everybody else: what a doctor says comes first.
    Public,
    /// By staff.
    Staff,
}

/// `article.html`
#[derive(Debug, Serialize)]
pub struct ArticlePage {
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// The text.
    pub body_html: Html,
    /// What it is about, in words.
    pub topic: String,
    /// The articles of this topic.
    pub topic_href: String,
    /// Who wrote it.
    pub author: String,
    /// Who reviewed it.
    pub reviewer: String,
    /// When: a long date.
    pub published: String,
    /// Until when it holds: a long date.
    pub review_by: Option<String>,
    /// That date has passed.
    pub is_due: bool,
    /// Minutes that reading it takes, about.
    pub minutes: u64,
    /// Only in the other language.
    pub only: Option<OnlyIn>,
    /// Say that a doctor's word comes first.
    pub is_public: bool,
    /// Further ones of the topic.
    pub more: Vec<CardView>,
}

/// The page of an article; `more` are others of its topic.
pub fn article(article: &Article, more: &[Card], side: Side, words: &Words) -> ArticlePage {
    let wanted = language(words.lang());
    let of = |language: Language| if language == Language::Zh { &article.zh } else { &article.en };
    let empty = Wording::default();
    let has = if of(wanted).is_some() { wanted } else { wanted.other() };
    let wording = of(has).as_ref().unwrap_or(&empty);
    ArticlePage {
        title: wording.title.clone(),
        summary: wording.summary.clone(),
        body_html: preview(&wording.body, &article.images, has),
        topic: topic(&article.topic, words),
        topic_href: address(Some(&article.topic), "", 1),
        author: article.author.clone(),
        reviewer: article.reviewer.clone(),
        published: words.long_date(&local(article.published_at).date().to_string()),
        review_by: article.review_by.map(|date| words.long_date(&date.to_string())),
        is_due: article.is_due,
        minutes: minutes(&wording.body),
        only: only_in(has, words),
        is_public: side == Side::Public,
        more: more.iter().filter(|other| other.slug != article.slug).take(3).map(|one| card(one, words)).collect(),
    }
}

/// A text as it will be shown.
pub fn preview(body: &str, images: &[ArticleImage], language: Language) -> Html {
    // The sanitiser has escaped it.
    Html::from_escaped(markdown::render(body, images, language).as_str().to_owned())
}

/// People read some 400 Chinese characters or 200 English words in a minute.
fn minutes(text: &str) -> u64 {
    let characters = text.chars().filter(|char| *char >= '\u{3400}').count();
    let words = text.split_whitespace().filter(|word| word.is_ascii()).count();
    (characters as u64).div_ceil(400).max(1) + words as u64 / 200
}

/// A notice on a first page.
#[derive(Clone, Debug, Serialize)]
pub struct NoticeView {
    /// `info` or `warning`.
    pub severity: &'static str,
    /// What it says.
    pub text: String,
    /// In the other language, where it is only there.
    pub only: Option<OnlyIn>,
    /// Until when, in words.
    pub until: String,
}

/// A notice in the reader's language.
pub fn notice(notice: &Notice, words: &Words) -> NoticeView {
    let (text, has) = pick(&notice.text, words);
    NoticeView {
        severity: notice.severity.as_str(),
        text,
        only: only_in(has, words),
        until: words.with("notice-until", &[("time", Arg::from(words.minute(notice.until)))]),
    }
}

fn pick(text: &Bilingual, words: &Words) -> (String, Language) {
    let (text, has) = text.pick(language(words.lang())).unwrap_or(("", Language::Zh));
    (text.to_owned(), has)
}
