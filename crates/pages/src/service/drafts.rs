//! Drafts: listed, created, changed, undone, deleted.

use access::{Act, Context};
use jiff::Timestamp;
use sea_orm::EntityTrait as _;
use serde_json::json;
use store::{from_millis, to_millis};

use super::rows::{self, Edited, Ways};
use super::{Draft, Listed, NewPage, Pages, Saved, Source, above, action, places};
use crate::diff::Conflict;
use crate::entity::published;
use crate::model::{InstanceId, Page, PageId, Portal, Theme, page_object};
use crate::{Op, PageError, Template, apply};

/// How many changes one save may have.
const OPS: usize = 500;

impl Pages {
    /// The pages of `portal` whose drafts `ctx` may edit.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, ctx: &dyn Context, portal: Portal) -> Result<Vec<Listed>, PageError> {
        let mut listed = Vec::new();
        for (row, step) in rows::all(self.inner.store.reader(), portal.as_str()).await? {
            let page: Page = serde_json::from_str(&step.content)?;
            if self.require_page(ctx, &page.id, Act::Edit).is_ok() {
                listed.push(Listed {
                    state: rows::state(&row),
                    rev: row.rev,
                    published: row.published,
                    by: step.made_by_name,
                    at: from_millis(step.made_at),
                    id: page.id,
                    title: page.title,
                    parent: page.parent,
                    slug: page.slug,
                });
            }
        }
        Ok(listed)
    }

    /// A draft. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn draft(&self, ctx: &dyn Context, id: &PageId) -> Result<Draft, PageError> {
        self.edited(ctx, id).await?.draft(&self.inner, self.inner.store.reader()).await
    }

    pub(super) async fn edited(&self, ctx: &dyn Context, id: &PageId) -> Result<Edited, PageError> {
        self.require_page(ctx, id, Act::Edit)?;
        rows::edited(self.inner.store.reader(), id).await
    }

    /// Changes a draft that is at `rev`. Needs `edit` on the page, and `manage` on the page it is moved below.
    ///
    /// # Errors
    /// [`PageError::Conflict`] with both sides when it no longer is; [`PageError::Parked`] when nothing could be changed.
    pub async fn save(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        rev: i64,
        ops: Vec<Op>,
        now: Timestamp,
    ) -> Result<Saved, PageError> {
        let before = self.edited(ctx, id).await?;
        for op in &ops {
            if let Op::SetParent { parent } = op {
                self.require_editing(ctx, &above(before.page.portal, parent.as_ref()), Act::Manage)?;
            }
        }
        if ops.len() > OPS {
            return Err(PageError::TooMany);
        }
        let deed = self.deed(ctx, now, action::SAVED, id.as_str(), json!({ "rev": rev, "changes": ops.len() }));
        let (inner, id) = (self.inner.clone(), id.clone());
        let saved = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let from = at(tx, &id, rev, &ops).await?;
                let applied = apply(&from.page, &ops);
                if applied.page == from.page {
                    if !applied.parked.is_empty() {
                        return Err(PageError::Parked(applied.parked));
                    }
                    return Ok(Saved { draft: from.draft(&inner, tx).await?, parked: Vec::new() });
                }
                let known = from.page.warnings(&*inner.widgets);
                let mut misfits = applied.page.warnings(&*inner.widgets);
                misfits.retain(|warning| !known.contains(warning));
                if !misfits.is_empty() {
                    return Err(PageError::Misfit(misfits));
                }
                if (&applied.page.parent, &applied.page.slug) != (&from.page.parent, &from.page.slug) {
                    rows::check_place(tx, &applied.page).await?;
                }
                let ways = Ways { undo: Some(rev), redo: None };
                let saved = rows::advance(tx, from, applied.page, ways, &deed).await?;
                deed.remember(tx).await?;
                Ok(Saved { draft: saved.draft(&inner, tx).await?, parked: applied.parked })
            })
        });
        let saved = saved.await?;
        self.changed().await;
        Ok(saved)
    }

    /// Takes the last save back (`redo`: the last undo), as a new one. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError::Conflict`], [`PageError::NothingToUndo`].
    pub async fn undo(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        rev: i64,
        redo: bool,
        now: Timestamp,
    ) -> Result<Draft, PageError> {
        self.edited(ctx, id).await?;
        let name = if redo { action::REDONE } else { action::UNDONE };
        let deed = self.deed(ctx, now, name, id.as_str(), json!({ "rev": rev }));
        let (inner, id) = (self.inner.clone(), id.clone());
        let undone = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let from = at(tx, &id, rev, &[]).await?;
                let to = if redo { from.step.redo } else { from.step.undo };
                let (page, step) = rows::content(tx, &id, to).await?.ok_or(PageError::NothingToUndo)?;
                // Every state knows what it was before and what was undone to come to it.
                let ways = match redo {
                    true => Ways { undo: Some(rev), redo: step.redo },
                    false => Ways { undo: step.undo, redo: Some(rev) },
                };
                rows::check_place(tx, &page).await?;
                let undone = rows::advance(tx, from, page, ways, &deed).await?;
                deed.remember(tx).await?;
                undone.draft(&inner, tx).await
            })
        });
        let undone = undone.await?;
        self.changed().await;
        Ok(undone)
    }

    /// Creates a page. Needs `manage` on the page above, or on all pages of the portal.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn create(&self, ctx: &dyn Context, new: NewPage, now: Timestamp) -> Result<Draft, PageError> {
        let (root, theme) = match &new.from {
            Source::Template(template) => (template.root(), Theme::default()),
            Source::OwnTemplate(id) => (self.template_root(id).await?, Theme::default()),
            Source::Copy(id) => {
                let copied = self.edited(ctx, id).await?.page;
                let mut root = Template::anew(&copied.root);
                for region in root.regions_mut() {
                    region.items.iter_mut().for_each(|item| item.instance = InstanceId::fresh());
                }
                (root, copied.theme)
            }
        };
        let id = PageId::fresh();
        let (portal, slug, title) = (new.portal, new.slug, new.title);
        let page = Page { id, portal, parent: new.parent, slug, title, home: None, theme, root };
        self.begin(ctx, page, action::CREATED, now).await
    }

    /// The first state of a page whose id is not taken.
    pub(super) async fn begin(
        &self,
        ctx: &dyn Context,
        page: Page,
        name: &'static str,
        now: Timestamp,
    ) -> Result<Draft, PageError> {
        let place = above(page.portal, page.parent.as_ref());
        self.require_editing(ctx, &place, Act::Manage)?;
        let problems = page.problems();
        if !problems.is_empty() {
            return Err(PageError::Unsound(problems));
        }
        let deed = self.deed(ctx, now, name, page.id.as_str(), json!({ "portal": page.portal }));
        let inner = self.inner.clone();
        let created = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                rows::check_place(tx, &page).await?;
                let created = rows::begin(tx, page, &deed).await?;
                access::policy::tree::place(tx, &page_object(&created.page.id), &place).await?;
                places::follow(tx, None, &created.page, None).await?;
                deed.remember(tx).await?;
                Ok(created.answer(&inner, false, false))
            })
        });
        let created = created.await?;
        self.changed().await;
        Ok(created)
    }

    /// Takes a page away from everybody (`false`), or brings its draft back (`true`). Needs `manage` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn set_present(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        present: bool,
        now: Timestamp,
    ) -> Result<(), PageError> {
        self.require_page(ctx, id, Act::Manage)?;
        let name = if present { action::RESTORED } else { action::DELETED };
        let deed = self.deed(ctx, now, name, id.as_str(), json!({}));
        let id = id.clone();
        let done = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let mut edited = rows::edited(tx, &id).await?;
                if present == edited.row.deleted_at.is_none() {
                    return Ok(());
                }
                if present {
                    rows::check_place(tx, &edited.page).await?;
                    edited.row.deleted_at = None;
                } else {
                    if rows::has_children(tx, &id).await? {
                        return Err(PageError::HasChildren);
                    }
                    edited.row.deleted_at = Some(to_millis(deed.now));
                    (edited.row.published, edited.row.published_rev) = (None, None);
                    published::Entity::delete_by_id(id.as_str()).exec(tx).await?;
                    rows::bump(tx).await?;
                }
                rows::put(tx, &edited.row).await?;
                deed.remember(tx).await?;
                Ok(())
            })
        });
        done.await?;
        self.changed().await;
        Ok(())
    }
}

/// The draft, held, if it is at `rev`; else both sides.
pub(super) async fn at(tx: &store::Tx, id: &PageId, rev: i64, mine: &[Op]) -> Result<Edited, PageError> {
    let edited = rows::lock(tx, id).await?;
    if edited.row.rev == rev {
        return Ok(edited);
    }
    let base = rows::content(tx, id, Some(rev)).await?.map(|(page, _)| page);
    let conflict = Conflict::of(edited.row.rev, edited.step.made_by_name, mine.to_vec(), base, edited.page);
    Err(PageError::Conflict(Box::new(conflict)))
}
