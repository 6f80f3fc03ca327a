//! What is published, in memory.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use access::{Act, Context};
use sea_orm::{ColumnTrait as _, DerivePartialModel, EntityTrait as _, QueryFilter as _};
use store::Store;

use super::{Inner, Pages, Published, groups, rows};
use crate::PageError;
use crate::entity::{published, revision};
use crate::model::{PageId, Portal, page_object};

/// How often a process looks whether something was published.
const POLL: Duration = Duration::from_millis(250);

/// All published pages of a portal.
#[derive(Default)]
pub(super) struct Shown {
    version: i64,
    pages: BTreeMap<PageId, Arc<Published>>,
}

/// What every portal's role may read of a revision.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "revision::Entity")]
struct Content {
    content: String,
}

impl Shown {
    /// Reads until no change came in between; what is in `known` already is not read again.
    pub(super) async fn read(store: &Store, portal: Portal, known: &Self) -> Result<Self, PageError> {
        let db = store.reader();
        let mut version = rows::version(db).await?;
        loop {
            let list = published::Entity::find().filter(published::Column::Portal.eq(portal.as_str())).all(db).await?;
            let mut pages = BTreeMap::new();
            for row in list {
                if let Some(page) = one(store, row, known).await? {
                    pages.insert(page.page.id.clone(), page);
                }
            }
            let after = rows::version(db).await?;
            if after == version {
                return Ok(Self { version, pages });
            }
            version = after;
        }
    }

    pub(super) fn get(&self, id: &PageId) -> Option<&Arc<Published>> {
        self.pages.get(id)
    }
}

/// A page that this program can't read is not shown, and does not take the others with it.
async fn one(store: &Store, row: published::Model, known: &Shown) -> Result<Option<Arc<Published>>, PageError> {
    let old = known.pages.iter().find(|(id, page)| id.as_str() == row.page && page.revision == row.number);
    if let Some((_, page)) = old {
        return Ok(Some(page.clone()));
    }
    let content = revision::Entity::find()
        .filter(revision::Column::Page.eq(&row.page))
        .filter(revision::Column::Number.eq(row.number))
        .into_partial_model::<Content>()
        .one(store.reader())
        .await?;
    match content.map(|content| serde_json::from_str(&content.content)) {
        None => Ok(None),
        Some(Ok(page)) => Ok(Some(Arc::new(Published { page, revision: row.number }))),
        Some(Err(error)) => {
            tracing::error!(page = row.page, revision = row.number, %error, "a published page can't be read");
            Ok(None)
        }
    }
}

impl Inner {
    pub(super) async fn reload(&self) -> Result<(), PageError> {
        let known = self.shown.read().unwrap_or_else(PoisonError::into_inner).clone();
        if rows::version(self.store.reader()).await? == known.version {
            return Ok(());
        }
        let new = Shown::read(&self.store, Portal::from(self.policy.domain()), &known).await?;
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        // Two reloads may overtake one another; versions never go back.
        if new.version > shown.version {
            *shown = Arc::new(new);
        }
        Ok(())
    }
}

/// Ends when the last handle is gone.
pub(super) async fn follow(pages: Weak<Inner>) {
    let mut failing = false;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(inner) = pages.upgrade() else { return };
        let outcome = inner.reload().await;
        if let Err(error) = &outcome
            && !failing
        {
            tracing::error!(%error, "published pages can't be read; those of before are shown");
        }
        failing = outcome.is_err();
    }
}

impl Pages {
    /// The published page of this id, else the one that the portal brings along, if `ctx` may see it. From memory.
    ///
    /// # Errors
    /// [`PageError::NotFound`].
    pub fn published(&self, ctx: &dyn Context, id: &PageId) -> Result<Arc<Published>, PageError> {
        let page = self.shown().get(id).cloned().or_else(|| self.inner.presets.get(id)).ok_or(PageError::NotFound)?;
        self.require(ctx, &page_object(id), Act::View)?;
        Ok(page)
    }

    /// The published page at this address: slugs from the top, `["departments", "cardiology"]`. From memory.
    ///
    /// # Errors
    /// [`PageError::NotFound`].
    pub fn at(&self, ctx: &dyn Context, slugs: &[&str]) -> Result<Arc<Published>, PageError> {
        let shown = self.shown();
        let mut here: Option<&PageId> = None;
        for slug in slugs {
            let below = |page: &&Arc<Published>| page.page.parent.as_ref() == here && page.page.slug.as_str() == *slug;
            let next = shown.pages.values().find(below).ok_or(PageError::NotFound)?;
            here = Some(&next.page.id);
        }
        self.published(ctx, here.ok_or(PageError::NotFound)?)
    }

    /// All published pages that `ctx` may see, by id. From memory.
    pub fn visible(&self, ctx: &dyn Context) -> Vec<Arc<Published>> {
        let shown = self.shown();
        let seen =
            shown.pages.values().filter(|page| self.inner.policy.decide(ctx, &page_object(&page.page.id), Act::View));
        seen.cloned().collect()
    }

    /// The first page of `ctx`: of the pages of their groups that they may see the one of greatest priority; where none is
    /// published, of those that the portal brings along. From memory.
    pub fn home(&self, ctx: &dyn Context) -> Option<Arc<Published>> {
        let groups = groups(ctx);
        let priority = |page: &Published| {
            let home = page.page.home.as_ref()?;
            home.groups.iter().any(|group| groups.iter().any(|own| own == group.as_str())).then_some(home.priority)
        };
        let own = self.visible(ctx).into_iter().filter_map(|page| Some((priority(&page)?, page)));
        let published =
            own.max_by_key(|(priority, page)| (*priority, Reverse(page.page.id.clone()))).map(|(_, page)| page);
        let brought_along = || {
            let page = self.inner.presets.home(ctx)?;
            self.inner.policy.decide(ctx, &page_object(&page.page.id), Act::View).then_some(page)
        };
        published.or_else(brought_along)
    }
}
