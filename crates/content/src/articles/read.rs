//! What is shown: by newest, topic, words; and one in full.

use access::Object;
use jiff::{Timestamp, civil::Date};
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait as _, LikeExpr, Order};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait as _, PaginatorTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use store::from_millis;
use uuid::Uuid;

use super::{ArticleImage, Articles, Bilingual, Overdue, Wording, today};
use crate::{ContentError, Reader, entity::published};

/// An article in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// In its address.
    pub slug: String,
    /// One of [`super::TOPICS`].
    pub topic: String,
    /// In the languages it is written in.
    pub title: Bilingual,
    /// In the languages it is written in.
    pub summary: Bilingual,
    /// Since when this version is shown.
    pub published_at: Timestamp,
    /// Its review-by date has passed.
    pub is_due: bool,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPage {
    /// On this page.
    pub items: Vec<Card>,
    /// On all pages.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// At least 1.
    pub pages: u64,
}

/// Which articles.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One of [`super::TOPICS`].
    pub topic: Option<String>,
    /// Each of them has to be in title, summary or text of either language, whatever its case.
    pub words: String,
    /// From 1; beyond the end is the last.
    pub page: u64,
}

/// An article in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Number of the version, from 1.
    pub number: i64,
    /// In its address.
    pub slug: String,
    /// One of [`super::TOPICS`].
    pub topic: String,
    /// In Chinese, if it is.
    pub zh: Option<Wording>,
    /// In English, if it is.
    pub en: Option<Wording>,
    /// The pictures it may show.
    pub images: Vec<ArticleImage>,
    /// Who wrote it.
    pub author: String,
    /// Who has reviewed it.
    pub reviewer: String,
    /// When that was.
    pub published_at: Timestamp,
    /// Until when it holds without being looked at again.
    pub review_by: Option<Date>,
    /// That date has passed.
    pub is_due: bool,
}

/// On a page.
const PAGE: u64 = 12;
/// Words that are looked for; further ones narrow nothing.
const MOST_WORDS: usize = 6;
/// In characters, all of them.
const LONGEST_QUERY: usize = 100;

#[derive(sea_orm::FromQueryResult)]
struct Row {
    slug: String,
    topic: String,
    review_by: Option<String>,
    zh_title: String,
    zh_summary: String,
    en_title: String,
    en_summary: String,
    published_at: i64,
}

/// Has the date passed? One that can't be read has.
fn is_due(review_by: Option<&str>, today: Date) -> bool {
    review_by.is_some_and(|date| date.parse::<Date>().is_ok_and(|date| date < today))
}

impl Row {
    fn card(self, today: Date) -> Card {
        Card {
            is_due: is_due(self.review_by.as_deref(), today),
            slug: self.slug,
            topic: self.topic,
            title: Bilingual::new(&self.zh_title, &self.en_title),
            summary: Bilingual::new(&self.zh_summary, &self.en_summary),
            published_at: from_millis(self.published_at),
        }
    }
}

/// What words are looked for in.
pub(super) fn searched(row: &published::Model) -> String {
    [&row.zh_title, &row.en_title, &row.zh_summary, &row.en_summary, &row.zh_body, &row.en_body]
        .map(|text| text.to_lowercase())
        .join("\n")
}

fn like(word: &str) -> LikeExpr {
    // `%` and `_` of a visitor are letters.
    let literal = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{literal}%")).escape('\\')
}

fn split(words: &str) -> Vec<String> {
    let short: String = words.chars().filter(|char| *char != '\0').take(LONGEST_QUERY).collect();
    short.split_whitespace().take(MOST_WORDS).map(str::to_lowercase).collect()
}

impl Articles {
    /// What `reader` is shown on this day.
    fn shown(&self, reader: Reader<'_>, today: Date) -> sea_orm::Select<published::Entity> {
        let shown = published::Entity::find().filter(published::Column::Audience.is_in(reader.audiences()));
        match self.overdue {
            Overdue::Mark => shown,
            Overdue::Hide => {
                let holds = published::Column::ReviewBy.gte(today.to_string());
                shown.filter(Condition::any().add(published::Column::ReviewBy.is_null()).add(holds))
            }
        }
    }

    async fn cards(
        &self,
        wanted: sea_orm::Select<published::Entity>,
        (from, most): (u64, u64),
        today: Date,
    ) -> Result<Vec<Card>, ContentError> {
        let rows = wanted
            .select_only()
            .columns([
                published::Column::Slug,
                published::Column::Topic,
                published::Column::ReviewBy,
                published::Column::ZhTitle,
                published::Column::ZhSummary,
                published::Column::EnTitle,
                published::Column::EnSummary,
                published::Column::PublishedAt,
            ])
            .order_by_desc(published::Column::PublishedAt)
            .order_by_asc(published::Column::Slug)
            .offset(from)
            .limit(most)
            .into_model::<Row>()
            .all(self.store.reader())
            .await?;
        Ok(rows.into_iter().map(|row| row.card(today)).collect())
    }

    /// The newest `most` that `reader` is shown.
    ///
    /// # Errors
    /// The policy's, for staff who may not see articles; the database's.
    pub async fn recent(&self, reader: Reader<'_>, most: u64, now: Timestamp) -> Result<Vec<Card>, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_ARTICLES)?;
        let today = today(now);
        self.cards(self.shown(reader, today), (0, most), today).await
    }

    /// The first `most` that hold every one of `words`; those with the first word in their title first. Nothing is found by
    /// no words.
    ///
    /// # Errors
    /// As [`Articles::recent`].
    pub async fn search(
        &self,
        reader: Reader<'_>,
        words: &str,
        most: u64,
        now: Timestamp,
    ) -> Result<Vec<Card>, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_ARTICLES)?;
        let (today, words) = (today(now), split(words));
        if words.is_empty() {
            return Ok(Vec::new());
        }
        self.cards(holding(self.shown(reader, today), &words), (0, most), today).await
    }

    /// A page of what `filter` leaves; newest first, or as [`Articles::search`] where there are words.
    ///
    /// # Errors
    /// As [`Articles::recent`].
    pub async fn list(&self, reader: Reader<'_>, filter: &Filter, now: Timestamp) -> Result<CardPage, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_ARTICLES)?;
        let (today, words) = (today(now), split(&filter.words));
        let mut wanted = self.shown(reader, today);
        if let Some(topic) = &filter.topic {
            wanted = wanted.filter(published::Column::Topic.eq(topic.as_str()));
        }
        let wanted = holding(wanted, &words);
        let total = PaginatorTrait::count(wanted.clone(), self.store.reader()).await?;
        let pages = Ord::max(total.div_ceil(PAGE), 1);
        let page = Ord::clamp(filter.page, 1, pages);
        let items = self.cards(wanted, ((page - 1) * PAGE, PAGE), today).await?;
        Ok(CardPage { items, total, page, pages })
    }

    /// How many there are of each topic; topics without any are left out.
    ///
    /// # Errors
    /// As [`Articles::recent`].
    pub async fn topics(&self, reader: Reader<'_>, now: Timestamp) -> Result<Vec<(String, i64)>, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_ARTICLES)?;
        let counted = self
            .shown(reader, today(now))
            .select_only()
            .column(published::Column::Topic)
            .column_as(ColumnTrait::count(&published::Column::Article), "many")
            .group_by(published::Column::Topic)
            .into_tuple::<(String, i64)>()
            .all(self.store.reader())
            .await?;
        let place = |topic: &str| super::TOPICS.iter().position(|known| *known == topic);
        let mut counted = counted;
        counted.sort_by_key(|(topic, _)| place(topic).unwrap_or(usize::MAX));
        Ok(counted)
    }

    /// One in full, with its pictures.
    ///
    /// # Errors
    /// [`ContentError::NotFound`] for what is not there, not published or for others.
    pub async fn read(&self, reader: Reader<'_>, slug: &str, now: Timestamp) -> Result<Article, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_ARTICLES)?;
        let today = today(now);
        let wanted = self.shown(reader, today).filter(published::Column::Slug.eq(slug));
        let row = wanted.one(self.store.reader()).await?.ok_or(ContentError::NotFound)?;
        let images = self.shown_images(row.article, [&row.zh_body, &row.en_body]).await?;
        let wording = |title: String, summary: String, body: String| {
            Some(Wording { title, summary, body }).filter(|wording| !wording.is_empty())
        };
        Ok(Article {
            number: row.number,
            slug: row.slug,
            topic: row.topic,
            zh: wording(row.zh_title, row.zh_summary, row.zh_body),
            en: wording(row.en_title, row.en_summary, row.en_body),
            images,
            author: row.author_name,
            reviewer: row.reviewer_name,
            published_at: from_millis(row.published_at),
            is_due: is_due(row.review_by.as_deref(), today),
            review_by: row.review_by.and_then(|date| date.parse().ok()),
        })
    }

    async fn shown_images(&self, article: Uuid, texts: [&str; 2]) -> Result<Vec<ArticleImage>, ContentError> {
        let named = super::images_of(texts);
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.images(article).await?;
        Ok(all.into_iter().filter(|image| named.contains(&image.id)).collect())
    }
}

/// Those that hold every word; with the first one in a title first.
fn holding(wanted: sea_orm::Select<published::Entity>, words: &[String]) -> sea_orm::Select<published::Entity> {
    let Some(first) = words.first() else { return wanted };
    let in_title = ["zh_title", "en_title"].map(|title| {
        let lower = sea_orm::sea_query::Func::lower(Expr::col((Alias::new("article_published"), Alias::new(title))));
        Expr::expr(lower).like(like(first))
    });
    let [zh, en] = in_title;
    let rank = CaseStatement::new().case(zh.or(en), 0).finally(1);
    let narrowed = words.iter().fold(wanted, |wanted, word| wanted.filter(published::Column::Search.like(like(word))));
    narrowed.order_by(Expr::Case(Box::new(rank)), Order::Asc)
}
