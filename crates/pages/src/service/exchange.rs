//! A page as one file.

use access::{Act, Context};
use jiff::Timestamp;
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rows::{self, Ways};
use super::{Draft, Pages, above, action, drafts};
use crate::PageError;
use crate::entity::draft;
use crate::model::{Page, PageId};

/// The largest file that is read, in bytes.
pub(super) const LARGEST: usize = 1024 * 1024;

const FORMAT: &str = "portal-page";
const VERSION: u32 = 1;

/// `{"format": "portal-page", "version": 1, "page": {…}}`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<P> {
    format: String,
    version: u32,
    page: P,
}

/// What stands in a file whatever its version.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

fn read(text: &str) -> Result<Page, PageError> {
    let wrong = |why: &dyn std::fmt::Display| PageError::File(why.to_string());
    if text.len() > LARGEST {
        return Err(PageError::TooMany);
    }
    let head: Head = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    if head.format != FORMAT || head.version != VERSION {
        return Err(wrong(&format_args!("{} {}", head.format, head.version)));
    }
    let file: File<Page> = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let problems = file.page.problems();
    if problems.is_empty() { Ok(file.page) } else { Err(PageError::Unsound(problems)) }
}

impl Pages {
    /// A page's draft as a file (JSON). Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn export(&self, ctx: &dyn Context, id: &PageId, now: Timestamp) -> Result<String, PageError> {
        let page = self.edited(ctx, id).await?.page;
        let deed = self.deed(ctx, now, action::EXPORTED, id.as_str(), json!({}));
        self.inner.store.write::<_, PageError, _>(|tx| Box::pin(async move { Ok(deed.remember(tx).await?) })).await?;
        Ok(serde_json::to_string_pretty(&File { format: FORMAT.to_owned(), version: VERSION, page })?)
    }

    /// Makes a page of a file: a new one, or a new state of the draft that is at `rev` when the page exists. Needs what
    /// creating or changing it needs. Widgets that are not known here stay, and are among the warnings.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn import(
        &self,
        ctx: &dyn Context,
        file: &str,
        rev: Option<i64>,
        now: Timestamp,
    ) -> Result<Draft, PageError> {
        let page = read(file)?;
        let there = draft::Entity::find_by_id(page.id.as_str()).one(self.inner.store.reader()).await?;
        let Some(there) = there else { return self.begin(ctx, page, action::IMPORTED, now).await };
        self.require_page(ctx, &page.id, Act::Edit)?;
        if there.portal != page.portal.as_str() {
            return Err(PageError::File("portal".to_owned()));
        }
        if there.parent.as_deref() != page.parent.as_ref().map(PageId::as_str) {
            self.require_editing(ctx, &above(page.portal, page.parent.as_ref()), Act::Manage)?;
        }
        let detail = json!({ "rev": rev });
        let deed = self.deed(ctx, now, action::IMPORTED, page.id.as_str(), detail);
        let inner = self.inner.clone();
        let imported = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                // Without a rev it is nobody's word against the draft that is there.
                let from = drafts::at(tx, &page.id, rev.unwrap_or_default(), &[]).await?;
                rows::check_place(tx, &page).await?;
                let ways = Ways { undo: Some(from.row.rev), redo: None };
                let imported = rows::advance(tx, from, page, ways, &deed).await?;
                deed.remember(tx).await?;
                imported.draft(&inner, tx).await
            })
        });
        let imported = imported.await?;
        self.changed().await;
        Ok(imported)
    }
}
