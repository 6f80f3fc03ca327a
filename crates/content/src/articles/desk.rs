//! Where articles are written, reviewed and published.

use access::{Act, AuditLog, Context as _, Event, Object, Outcome, StaffContext};
use jiff::{Timestamp, civil::Date};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};
use serde_json::json;
use store::{Tx, from_millis, to_millis};
use uuid::Uuid;

use super::{
    ArticleImage, ArticleState, Articles, Bilingual, Draft, Step, images_of, read,
    step::{By, after, editors, of_revision, of_row, write},
    today,
};
use crate::{
    ContentError, Problem,
    entity::{article, image, published, revision},
};

/// An article on the desk.
#[derive(Clone, Debug)]
pub struct DeskRow {
    /// Its own.
    pub id: Uuid,
    /// In its address.
    pub slug: String,
    /// Of the working copy.
    pub title: Bilingual,
    /// One of [`super::TOPICS`].
    pub topic: String,
    /// An [`crate::Audience`].
    pub audience: String,
    /// Of the working copy.
    pub state: ArticleState,
    /// A version of it is shown.
    pub is_live: bool,
    /// It is shown and its review-by date has passed.
    pub is_due: bool,
    /// As written.
    pub review_by: Option<String>,
    /// Who wrote on it last, and when.
    pub editor: String,
    /// When.
    pub edited_at: Timestamp,
}

/// All articles, those that somebody has to do something about first.
#[derive(Clone, Debug)]
pub struct Desk {
    /// In review, then due, then drafts, then the others; newest first in each.
    pub rows: Vec<DeskRow>,
}

/// A working copy, with all that its page shows.
#[derive(Clone, Debug)]
pub struct Working {
    /// Its own.
    pub id: Uuid,
    /// To be given back with the next change.
    pub rev: i64,
    /// Of the working copy.
    pub state: ArticleState,
    /// What stands in it.
    pub draft: Draft,
    /// A version of it is shown.
    pub is_live: bool,
    /// It is shown and its review-by date has passed.
    pub is_due: bool,
    /// The number of the newest version; 0 before the first.
    pub last_number: i64,
    /// What the reviewer said when sending it back.
    pub note: Option<String>,
    /// Who wrote on it last.
    pub editor: String,
    /// When.
    pub edited_at: Timestamp,
    /// The reader wrote on it since it was last published: they don't review it.
    pub is_own: bool,
    /// Its pictures.
    pub images: Vec<ArticleImage>,
}

/// A version as it was published.
#[derive(Clone, Debug)]
pub struct Revision {
    /// From 1.
    pub number: i64,
    /// What was shown.
    pub draft: Draft,
    /// Who wrote it.
    pub author: String,
    /// Who reviewed it.
    pub reviewer: String,
    /// When it was published.
    pub published_at: Timestamp,
}

fn is_due(row: &article::Model, today: Date) -> bool {
    let date = row.review_by.as_deref().and_then(|date| date.parse::<Date>().ok());
    row.live && date.is_some_and(|date| date < today)
}

fn desk_row(row: article::Model, today: Date) -> Result<DeskRow, ContentError> {
    Ok(DeskRow {
        is_due: is_due(&row, today),
        id: row.id,
        title: Bilingual::new(&row.zh_title, &row.en_title),
        slug: row.slug,
        topic: row.topic,
        audience: row.audience,
        state: ArticleState::parse(&row.state).ok_or(ContentError::Row("article"))?,
        is_live: row.live,
        review_by: row.review_by,
        editor: row.editor_name,
        edited_at: from_millis(row.edited_at),
    })
}

impl Articles {
    /// Every article, for whoever edits.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn desk(&self, ctx: &StaffContext, now: Timestamp) -> Result<Desk, ContentError> {
        self.policy.require(ctx, &Object::PAGE_ARTICLES, Act::Edit)?;
        let rows = article::Entity::find().order_by_desc(article::Column::EditedAt).all(self.store.reader()).await?;
        let today = today(now);
        let mut rows = rows.into_iter().map(|row| desk_row(row, today)).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| match row.state {
            ArticleState::InReview => 0,
            _ if row.is_due => 1,
            ArticleState::Draft => 2,
            ArticleState::Published => 3,
            ArticleState::Withdrawn => 4,
        });
        Ok(Desk { rows })
    }

    /// A working copy, for whoever edits.
    ///
    /// # Errors
    /// [`ContentError::NotFound`], the policy's, the database's.
    pub async fn working(&self, ctx: &StaffContext, id: Uuid, now: Timestamp) -> Result<Working, ContentError> {
        self.policy.require(ctx, &Object::PAGE_ARTICLES, Act::Edit)?;
        let row = article::Entity::find_by_id(id).one(self.store.reader()).await?.ok_or(ContentError::NotFound)?;
        self.as_working(row, ctx, now).await
    }

    async fn as_working(
        &self,
        row: article::Model,
        ctx: &StaffContext,
        now: Timestamp,
    ) -> Result<Working, ContentError> {
        let subject = ctx.subject().as_str();
        Ok(Working {
            id: row.id,
            rev: row.rev,
            state: ArticleState::parse(&row.state).ok_or(ContentError::Row("article"))?,
            draft: of_row(&row),
            is_live: row.live,
            is_due: is_due(&row, today(now)),
            last_number: row.last_number,
            is_own: editors(&row)?.iter().any(|one| one == subject),
            note: row.note,
            editor: row.editor_name,
            edited_at: from_millis(row.edited_at),
            images: self.images(row.id).await?,
        })
    }

    /// Begins an article.
    ///
    /// # Errors
    /// [`ContentError::Invalid`] with every field that has to be put right; a slug that is taken is one.
    pub async fn create(&self, ctx: &StaffContext, draft: &Draft, now: Timestamp) -> Result<Uuid, ContentError> {
        self.policy.require(ctx, &Object::PAGE_ARTICLES, Act::Edit)?;
        let draft = checked(draft)?;
        let actor = ctx.actor();
        let mut row = article::Model {
            id: Uuid::now_v7(),
            slug: String::new(),
            state: ArticleState::Draft.as_str().to_owned(),
            rev: 1,
            editors: json!([actor.subject.as_str()]).to_string(),
            editor_name: actor.name.to_owned(),
            edited_at: to_millis(now),
            note: None,
            last_number: 0,
            live: false,
            topic: String::new(),
            audience: String::new(),
            review_by: None,
            zh_title: String::new(),
            zh_summary: String::new(),
            zh_body: String::new(),
            en_title: String::new(),
            en_summary: String::new(),
            en_body: String::new(),
        };
        write(&mut row, &draft);
        let id = row.id;
        let event = Event::new("article.create", "article", Outcome::Ok)
            .on(id.to_string())
            .with(json!({ "slug": row.slug, "rev": 1 }));
        let (line, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let created = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                let once = OnConflict::column(article::Column::Slug).do_nothing().to_owned();
                let insert = article::Entity::insert(row.into_active_model()).on_conflict(once);
                if insert.exec_without_returning(tx).await? == 0 {
                    return Err(taken());
                }
                audit.append(tx, line).await?;
                Ok(())
            })
        });
        created.await?;
        Ok(id)
    }

    /// Does one step with the working copy that has `rev`, and returns the one that comes of it. What readers are shown
    /// changes with [`Step::Publish`] and [`Step::Withdraw`] alone.
    ///
    /// # Errors
    /// [`ContentError::Stale`] with what stands now, when somebody was first; [`ContentError::Invalid`],
    /// [`ContentError::State`], [`ContentError::OwnArticle`]. Nothing has changed then.
    pub async fn step(
        &self,
        ctx: &StaffContext,
        (id, rev): (Uuid, i64),
        step: Step,
        now: Timestamp,
    ) -> Result<Working, ContentError> {
        self.policy.require(ctx, &Object::PAGE_ARTICLES, step.act())?;
        let step = match step {
            Step::Save(draft) => Step::Save(Box::new(checked(&draft)?)),
            step => step,
        };
        let actor = ctx.actor();
        let (subject, name) = (actor.subject.to_string(), actor.name.to_owned());
        let (ctx_now, audit) = (ctx.clone(), self.audit.clone());
        let done = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                let by = By { subject: &subject, name: &name, today: today(now) };
                let Some((row, event)) = carry_out(tx, (id, rev), &step, &by, now).await? else { return Ok(None) };
                audit.append(tx, AuditLog::draft(&ctx_now, now, event)).await?;
                Ok(Some(row))
            })
        });
        match done.await? {
            Some(row) => self.as_working(row, ctx, now).await,
            None => Err(ContentError::Stale(Box::new(self.working(ctx, id, now).await?))),
        }
    }

    /// Its published versions, newest first.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn revisions(&self, ctx: &StaffContext, id: Uuid) -> Result<Vec<Revision>, ContentError> {
        self.policy.require(ctx, &Object::PAGE_ARTICLES, Act::Edit)?;
        let rows = revision::Entity::find()
            .filter(revision::Column::Article.eq(id))
            .order_by_desc(revision::Column::Number)
            .all(self.store.reader())
            .await?;
        let of = |row: revision::Model| Revision {
            number: row.number,
            draft: of_revision(&row),
            author: row.author_name,
            reviewer: row.reviewer_name,
            published_at: from_millis(row.published_at),
        };
        Ok(rows.into_iter().map(of).collect())
    }
}

fn checked(draft: &Draft) -> Result<Draft, ContentError> {
    let draft = draft.cleaned();
    let problems = draft.problems();
    if problems.is_empty() { Ok(draft) } else { Err(ContentError::Invalid(problems)) }
}

fn taken() -> ContentError {
    ContentError::Invalid(vec![Problem { field: "slug", what: "taken" }])
}

/// The step in its transaction; `None` when somebody was first.
async fn carry_out(
    tx: &Tx,
    (id, rev): (Uuid, i64),
    step: &Step,
    by: &By<'_>,
    now: Timestamp,
) -> Result<Option<(article::Model, Event)>, ContentError> {
    let row = article::Entity::find_by_id(id).one(tx).await?.ok_or(ContentError::NotFound)?;
    if row.rev != rev {
        return Ok(None);
    }
    let earlier = match step {
        Step::Restore(number) => revision::Entity::find_by_id((id, *number)).one(tx).await?,
        _ => None,
    };
    let author = (editors(&row)?.join(" "), row.editor_name.clone());
    let moved_from = row.slug.clone();
    let mut new = after(row, step, by, earlier.as_ref())?;
    if matches!(step, Step::Save(_) | Step::Restore(_)) {
        new.edited_at = to_millis(now);
    }
    if new.slug != moved_from {
        let other = article::Entity::find().filter(article::Column::Slug.eq(new.slug.as_str())).one(tx).await?;
        if other.is_some() {
            return Err(taken());
        }
    }
    // On PostgreSQL two may have read the same row: the second changes nothing.
    let mut change = new.clone().into_active_model().reset_all();
    change.id = sea_orm::ActiveValue::Unchanged(id);
    let updated = article::Entity::update_many()
        .set(change)
        .filter(article::Column::Id.eq(id))
        .filter(article::Column::Rev.eq(rev));
    if updated.exec(tx).await?.rows_affected == 0 {
        return Ok(None);
    }
    match step {
        Step::Publish => publish(tx, &new, &author, by, now).await?,
        Step::Withdraw => {
            published::Entity::delete_by_id(id).exec(tx).await?;
            show_images(tx, id, None).await?;
        }
        Step::Save(_) | Step::Submit | Step::SendBack(_) | Step::Restore(_) => {}
    }
    let version = match step {
        Step::Restore(number) => *number,
        _ => new.last_number,
    };
    let event = Event::new(step.action(), "article", Outcome::Ok)
        .on(id.to_string())
        .with(json!({ "slug": new.slug, "rev": new.rev, "version": version }));
    Ok(Some((new, event)))
}

/// Keeps the version, and shows it.
async fn publish(
    tx: &Tx,
    row: &article::Model,
    (author, author_name): &(String, String),
    by: &By<'_>,
    now: Timestamp,
) -> Result<(), ContentError> {
    let kept = revision::Model {
        article: row.id,
        number: row.last_number,
        slug: row.slug.clone(),
        author: author.clone(),
        reviewer: by.subject.to_owned(),
        topic: row.topic.clone(),
        audience: row.audience.clone(),
        review_by: row.review_by.clone(),
        zh_title: row.zh_title.clone(),
        zh_summary: row.zh_summary.clone(),
        zh_body: row.zh_body.clone(),
        en_title: row.en_title.clone(),
        en_summary: row.en_summary.clone(),
        en_body: row.en_body.clone(),
        author_name: author_name.clone(),
        reviewer_name: by.name.to_owned(),
        published_at: to_millis(now),
    };
    let mut shown = published::Model {
        article: row.id,
        number: row.last_number,
        slug: row.slug.clone(),
        search: String::new(),
        topic: row.topic.clone(),
        audience: row.audience.clone(),
        review_by: row.review_by.clone(),
        zh_title: row.zh_title.clone(),
        zh_summary: row.zh_summary.clone(),
        zh_body: row.zh_body.clone(),
        en_title: row.en_title.clone(),
        en_summary: row.en_summary.clone(),
        en_body: row.en_body.clone(),
        author_name: author_name.clone(),
        reviewer_name: by.name.to_owned(),
        published_at: to_millis(now),
    };
    shown.search = read::searched(&shown);
    revision::Entity::insert(kept.into_active_model()).exec_without_returning(tx).await?;
    published::Entity::delete_by_id(row.id).exec(tx).await?;
    published::Entity::insert(shown.into_active_model()).exec_without_returning(tx).await?;
    show_images(tx, row.id, Some((&row.audience, images_of([&row.zh_body, &row.en_body])))).await
}

/// Shows these pictures of an article to this audience, and none of its others to anybody.
async fn show_images(tx: &Tx, article: Uuid, shown: Option<(&str, Vec<Uuid>)>) -> Result<(), ContentError> {
    let set = |audience: Option<&str>| {
        image::Entity::update_many()
            .col_expr(image::Column::Audience, Expr::value(audience.map(str::to_owned)))
            .filter(image::Column::Article.eq(article))
    };
    set(None).exec(tx).await?;
    if let Some((audience, named)) = shown.filter(|(_, named)| !named.is_empty()) {
        set(Some(audience)).filter(image::Column::Id.is_in(named)).exec(tx).await?;
    }
    Ok(())
}
