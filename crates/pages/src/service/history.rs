//! What was published, and what differs.

use access::{Act, Context};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use super::{Pages, Revision, publishing};
use crate::entity::revision;
use crate::model::{Page, PageId};
use crate::{Change, PageError, diff};

/// How many revisions are listed.
const LISTED: u64 = 200;

/// A revision's page.
pub(super) async fn content(db: &impl ConnectionTrait, id: &PageId, number: i64) -> Result<Page, PageError> {
    let row = revision::Entity::find_by_id((id.to_string(), number)).one(db).await?.ok_or(PageError::NotFound)?;
    Ok(serde_json::from_str(&row.content)?)
}

impl Pages {
    /// Published revisions, newest first, at most 200. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn revisions(&self, ctx: &dyn Context, id: &PageId) -> Result<Vec<Revision>, PageError> {
        self.require_page(ctx, id, Act::Edit)?;
        let rows = publishing::newest()
            .filter(revision::Column::Page.eq(id.as_str()))
            .limit(LISTED)
            .all(self.inner.store.reader())
            .await?;
        Ok(rows.into_iter().map(publishing::answer).collect())
    }

    /// A published revision's page. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn revision(&self, ctx: &dyn Context, id: &PageId, number: i64) -> Result<Page, PageError> {
        self.require_page(ctx, id, Act::Edit)?;
        content(self.inner.store.reader(), id, number).await
    }

    /// What differs between two revisions; `None` is the draft. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn compare(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<Vec<Change>, PageError> {
        let [from, to] = [self.state_of(ctx, id, from).await?, self.state_of(ctx, id, to).await?];
        Ok(diff(&from, &to))
    }

    async fn state_of(&self, ctx: &dyn Context, id: &PageId, number: Option<i64>) -> Result<Page, PageError> {
        match number {
            Some(number) => self.revision(ctx, id, number).await,
            None => Ok(self.edited(ctx, id).await?.page),
        }
    }
}
