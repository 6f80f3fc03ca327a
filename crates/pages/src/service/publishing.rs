//! Publishing: an immutable revision with its style sheet, and the page's place in the policy.

use access::{Act, Context, policy::tree};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, SqlErr,
};
use serde_json::json;
use store::{StoreError, Tx, from_millis, to_millis};

use super::rows::{self, Edited, Ways};
use super::{Deed, Pages, Revision, above, action, drafts, history, places};
use crate::entity::{published, revision};
use crate::model::{Page, PageId, page_object};
use crate::{PageError, stylesheet};

/// The longest note, in characters.
const NOTE: usize = 500;

/// What every portal's role may read of a revision.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "revision::Entity")]
struct Sheet {
    stylesheet: String,
}

impl Pages {
    /// Makes the draft that is at `rev` an immutable revision that everybody sees. Needs `manage` on the page and on the
    /// one above.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn publish(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        rev: i64,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<Revision, PageError> {
        self.require_page(ctx, id, Act::Manage)?;
        let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if note.as_ref().is_some_and(|note| note.chars().count() > NOTE || note.contains('\0')) {
            return Err(PageError::Text);
        }
        let before = rows::edited(self.inner.store.reader(), id).await?;
        self.may_stand(ctx, &before.page)?;
        let deed = self.deed(ctx, now, action::PUBLISHED, id.as_str(), json!({ "rev": rev }));
        let id = id.clone();
        let made = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let edited = drafts::at(tx, &id, rev, &[]).await?;
                let made = reveal(tx, edited, note, None, &deed).await?;
                deed.remember(tx).await?;
                Ok(made)
            })
        });
        let made = made.await.map_err(taken)?;
        self.changed().await;
        Ok(made)
    }

    /// Publishes an old revision anew; it becomes the draft as well. Needs `manage` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn roll_back(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        rev: i64,
        to: i64,
        now: Timestamp,
    ) -> Result<Revision, PageError> {
        self.require_page(ctx, id, Act::Manage)?;
        let page = history::content(self.inner.store.reader(), id, to).await?;
        self.may_stand(ctx, &page)?;
        let deed = self.deed(ctx, now, action::ROLLED_BACK, id.as_str(), json!({ "rev": rev, "to": to }));
        let id = id.clone();
        let made = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let edited = drafts::at(tx, &id, rev, &[]).await?;
                rows::check_place(tx, &page).await?;
                let ways = Ways { undo: Some(rev), redo: None };
                let edited = rows::advance(tx, edited, page, ways, &deed).await?;
                let made = reveal(tx, edited, None, Some(to), &deed).await?;
                deed.remember(tx).await?;
                Ok(made)
            })
        });
        let made = made.await.map_err(taken)?;
        self.changed().await;
        Ok(made)
    }

    /// Whoever puts a page below another gives it what is held there.
    fn may_stand(&self, ctx: &dyn Context, page: &Page) -> Result<(), PageError> {
        let shown = self.shown();
        let stays = shown.get(&page.id).is_some_and(|shown| shown.page.parent == page.parent);
        if !stays { self.require_editing(ctx, &above(page.portal, page.parent.as_ref()), Act::Manage) } else { Ok(()) }
    }

    /// The style sheet of a published revision, if `ctx` may see the page. It never changes.
    ///
    /// # Errors
    /// [`PageError::NotFound`]; the database's.
    pub async fn stylesheet(&self, ctx: &dyn Context, id: &PageId, number: i64) -> Result<String, PageError> {
        self.published(ctx, id)?;
        let sheet = revision::Entity::find()
            .filter(revision::Column::Page.eq(id.as_str()))
            .filter(revision::Column::Number.eq(number))
            .into_partial_model::<Sheet>()
            .one(self.inner.store.reader())
            .await?;
        sheet.map(|sheet| sheet.stylesheet).ok_or(PageError::NotFound)
    }

    /// The style sheet of the draft, if it is at `rev`. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn draft_stylesheet(&self, ctx: &dyn Context, id: &PageId, rev: i64) -> Result<String, PageError> {
        let edited = self.edited(ctx, id).await?;
        if edited.row.rev == rev { Ok(stylesheet(&edited.page)) } else { Err(PageError::NotFound) }
    }
}

/// Two pages of one address are refused by the table itself when both are published at once.
fn taken(error: PageError) -> PageError {
    match &error {
        PageError::Store(StoreError::Database(cause))
            if matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
        {
            PageError::AddressTaken
        }
        _ => error,
    }
}

/// Makes the revision, shows it, and tells the policy.
async fn reveal(
    tx: &Tx,
    mut edited: Edited,
    note: Option<String>,
    repeats: Option<i64>,
    deed: &Deed,
) -> Result<Revision, PageError> {
    let page = &edited.page;
    let problems = page.problems();
    if !problems.is_empty() {
        return Err(PageError::Unsound(problems));
    }
    if let Some(parent) = &page.parent {
        published::Entity::find_by_id(parent.as_str()).one(tx).await?.ok_or(PageError::Parent)?;
    }
    let last: Option<Option<i64>> = revision::Entity::find()
        .select_only()
        .column_as(revision::Column::Number.max(), "last")
        .filter(revision::Column::Page.eq(page.id.as_str()))
        .into_tuple()
        .one(tx)
        .await?;
    let row = revision::Model {
        page: page.id.to_string(),
        number: last.flatten().unwrap_or_default() + 1,
        portal: page.portal.as_str().to_owned(),
        content: serde_json::to_string(page)?,
        stylesheet: stylesheet(page),
        note,
        repeats,
        published_at: to_millis(deed.now),
        published_by: deed.subject.clone(),
        published_by_name: deed.name.clone(),
    };
    revision::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    show(tx, page, row.number).await?;
    let object = page_object(&page.id);
    tree::place(tx, &object, &above(page.portal, page.parent.as_ref())).await?;
    tree::set_children(tx, &object, &places::of(page)).await?;
    (edited.row.published, edited.row.published_rev) = (Some(row.number), Some(edited.row.rev));
    rows::put(tx, &edited.row).await?;
    rows::bump(tx).await?;
    Ok(answer(row))
}

async fn show(tx: &Tx, page: &Page, number: i64) -> Result<(), PageError> {
    let row = published::Model {
        page: page.id.to_string(),
        portal: page.portal.as_str().to_owned(),
        parent: page.parent.as_ref().map(PageId::to_string).unwrap_or_default(),
        slug: page.slug.to_string(),
        number,
    };
    published::Entity::delete_by_id(page.id.as_str()).exec(tx).await?;
    let there = published::Entity::find()
        .filter(published::Column::Portal.eq(&row.portal))
        .filter(published::Column::Parent.eq(&row.parent))
        .filter(published::Column::Slug.eq(&row.slug))
        .one(tx)
        .await?;
    if there.is_some() {
        return Err(PageError::AddressTaken);
    }
    published::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) fn answer(row: revision::Model) -> Revision {
    Revision {
        number: row.number,
        at: from_millis(row.published_at),
        by: row.published_by_name,
        note: row.note,
        of: row.repeats,
    }
}

/// Newest first.
pub(super) fn newest() -> sea_orm::Select<revision::Entity> {
    revision::Entity::find().order_by_desc(revision::Column::Number)
}
