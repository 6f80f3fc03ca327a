//! Pictures of articles: added by whoever edits, shown with the version that shows them.

use access::{Act, AuditLog, Context as _, Event, Object, Outcome, StaffContext};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde_json::json;
use store::to_millis;
use uuid::Uuid;

use super::{Articles, Bilingual, picture};
use crate::{
    ContentError, Problem, Reader,
    entity::{article, image},
    text,
};

/// The longest text for those who don't see a picture, in characters.
const LONGEST_ALT: usize = 300;
/// Of one article.
const MOST_IMAGES: usize = 30;

/// A picture to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewImage<'a> {
    /// The file as it came.
    pub file: &'a [u8],
    /// What it shows, in Chinese, for those who don't see it.
    pub alt_zh: &'a str,
    /// The same in English.
    pub alt_en: &'a str,
}

/// A picture as a text names it, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleImage {
    /// In the text: `![](image:ID)`.
    pub id: Uuid,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What it shows, in both languages.
    pub alt: Bilingual,
}

/// A picture to be sent.
#[derive(Clone, Debug)]
pub struct StoredImage {
    /// What its bytes are.
    pub media_type: String,
    /// At most [`super::MOST_IMAGE_BYTES`].
    pub bytes: Vec<u8>,
}

#[derive(sea_orm::FromQueryResult)]
struct Described {
    id: Uuid,
    width: i32,
    height: i32,
    alt_zh: String,
    alt_en: String,
}

impl Articles {
    /// Adds a picture to an article. It is shown to readers with the next version that shows it.
    ///
    /// # Errors
    /// [`ContentError::Invalid`] for what is no picture, is too large, or has no text for those who don't see it.
    pub async fn add_image(
        &self,
        ctx: &StaffContext,
        article: Uuid,
        new: NewImage<'_>,
        now: Timestamp,
    ) -> Result<Uuid, ContentError> {
        self.policy.require(ctx, &Object::PAGE_ARTICLES, Act::Edit)?;
        let (alt_zh, alt_en) = (text::line(new.alt_zh), text::line(new.alt_en));
        let mut problems = Vec::new();
        for (alt, field) in [(&alt_zh, "alt_zh"), (&alt_en, "alt_en")] {
            match alt.chars().count() {
                0 => problems.push(Problem { field, what: "missing" }),
                length if length > LONGEST_ALT => problems.push(Problem { field, what: "too-long" }),
                _ => {}
            }
        }
        let picture = match picture::read(new.file) {
            Ok(picture) if problems.is_empty() => picture,
            Ok(_) => return Err(ContentError::Invalid(problems)),
            Err(problem) => {
                problems.insert(0, problem);
                return Err(ContentError::Invalid(problems));
            }
        };
        if article::Entity::find_by_id(article).one(self.store.reader()).await?.is_none() {
            return Err(ContentError::NotFound);
        }
        if self.images(article).await?.len() >= MOST_IMAGES {
            return Err(ContentError::Invalid(vec![Problem { field: "image", what: "too-many" }]));
        }
        let actor = ctx.actor();
        let side = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        let row = image::Model {
            id: Uuid::now_v7(),
            article,
            media_type: picture.media_type.to_owned(),
            width: side(picture.width),
            height: side(picture.height),
            alt_zh,
            alt_en,
            bytes: picture.bytes,
            audience: None,
            added_by: actor.subject.to_string(),
            added_by_name: actor.name.to_owned(),
            added_at: to_millis(now),
        };
        let id = row.id;
        let event = Event::new("article.image", "article", Outcome::Ok)
            .on(article.to_string())
            .with(json!({ "image": id, "bytes": row.bytes.len(), "type": row.media_type }));
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let kept = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                image::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        kept.await?;
        Ok(id)
    }

    /// The pictures of an article, oldest first, without their bytes.
    pub(super) async fn images(&self, article: Uuid) -> Result<Vec<ArticleImage>, ContentError> {
        let found = image::Entity::find()
            .select_only()
            .columns([
                image::Column::Id,
                image::Column::Width,
                image::Column::Height,
                image::Column::AltZh,
                image::Column::AltEn,
            ])
            .filter(image::Column::Article.eq(article))
            .order_by_asc(image::Column::Id)
            .into_model::<Described>()
            .all(self.store.reader())
            .await?;
        let side = |pixels: i32| u32::try_from(pixels).unwrap_or_default();
        let of = |row: Described| ArticleImage {
            id: row.id,
            width: side(row.width),
            height: side(row.height),
            alt: Bilingual::new(&row.alt_zh, &row.alt_en),
        };
        Ok(found.into_iter().map(of).collect())
    }

    /// A picture's bytes: one that a version shows that `reader` is shown, or any for whoever edits articles.
    ///
    /// # Errors
    /// [`ContentError::NotFound`] for what is not there or not published.
    pub async fn image(&self, reader: Reader<'_>, id: Uuid) -> Result<StoredImage, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_ARTICLES)?;
        let edits = match reader {
            Reader::Public => false,
            Reader::Staff(ctx) => self.policy.decide(ctx, &Object::PAGE_ARTICLES, Act::Edit),
        };
        let mut wanted = image::Entity::find_by_id(id);
        if !edits {
            wanted = wanted.filter(image::Column::Audience.is_in(reader.audiences()));
        }
        let found: Option<(String, Vec<u8>)> = wanted
            .select_only()
            .columns([image::Column::MediaType, image::Column::Bytes])
            .into_tuple()
            .one(self.store.reader())
            .await?;
        let (media_type, bytes) = found.ok_or(ContentError::NotFound)?;
        Ok(StoredImage { media_type, bytes })
    }
}
