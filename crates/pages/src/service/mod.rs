//! Pages in the database: who may do what to them, drafts, revisions, layers.
//!
//! What is published is in memory, read anew within a quarter of a second after any replica changed it; everything that is
//! edited is read and written in one transaction with its audit row.

mod answers;
mod drafts;
mod exchange;
mod history;
mod layers;
mod places;
mod publishing;
mod rows;
mod shown;
mod templates;

use std::sync::{Arc, PoisonError, RwLock};

use access::{Act, AuditLog, Context, Event, Object, Outcome, Policy, SubjectId, audit::AuditError};
use jiff::Timestamp;
use serde_json::Value;
use store::{Store, Tx};

pub use answers::{Draft, DraftState, Listed, NewPage, OwnTemplate, Published, Revision, Saved, Source};

use crate::model::{PageId, Portal, page_object};
use crate::{PageError, Presets, Widgets};
use shown::Shown;

/// The pages of one portal, kept up to date in the background while a clone of this handle lives; the intranet's edits
/// those of both. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    audit: AuditLog,
    policy: Policy,
    widgets: Arc<dyn Widgets>,
    presets: Presets,
    shown: RwLock<Arc<Shown>>,
}

/// What pages of a portal stand below when they stand below no other page.
pub const fn section(portal: Portal) -> Object {
    match portal {
        Portal::Internal => Object::SECTION_PAGES,
        Portal::External => Object::SECTION_PUBLIC_PAGES,
    }
}

/// The object that a page with this parent lies below.
fn above(portal: Portal, parent: Option<&PageId>) -> Object {
    parent.map_or_else(|| section(portal), page_object)
}

/// Who does it and what is remembered of it, for a job that can't take the context along.
struct Deed {
    subject: String,
    name: String,
    audit: AuditLog,
    draft: access::audit::Draft,
    now: Timestamp,
}

impl Deed {
    async fn remember(self, tx: &Tx) -> Result<(), AuditError> {
        self.audit.append(tx, self.draft).await.map(drop)
    }
}

impl Pages {
    /// Reads what is published on the portal of `policy`. Where nothing is, `presets` are shown.
    ///
    /// # Errors
    /// [`PageError`] when it can't be read: a portal must not start so.
    pub async fn open(
        store: Store,
        audit: AuditLog,
        policy: Policy,
        (widgets, presets): (Arc<dyn Widgets>, Presets),
    ) -> Result<Self, PageError> {
        let first = Shown::read(&store, Portal::from(policy.domain()), &Shown::default()).await?;
        let inner = Arc::new(Inner { store, audit, policy, widgets, presets, shown: RwLock::new(Arc::new(first)) });
        tokio::spawn(shown::follow(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Which portal's pages are shown.
    pub fn portal(&self) -> Portal {
        Portal::from(self.inner.policy.domain())
    }

    /// Reads now what is published, if it has changed.
    ///
    /// # Errors
    /// The database's; what was shown before stays.
    pub async fn reload(&self) -> Result<(), PageError> {
        self.inner.reload().await
    }

    /// After a change: this process need not wait to see it.
    async fn changed(&self) {
        let (pages, policy) = (self.inner.reload().await, self.inner.policy.reload().await);
        if let Err(error) = pages.and(policy.map_err(PageError::from)) {
            // It was committed: it is seen when the database can be read again.
            tracing::warn!(%error, "a change of pages is not seen yet");
        }
    }

    fn shown(&self) -> Arc<Shown> {
        self.inner.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn require(&self, ctx: &dyn Context, object: &Object, act: Act) -> Result<(), PageError> {
        Ok(self.inner.policy.require(ctx, object, act)?)
    }

    /// Pages are edited on the intranet alone, those of the public portal too.
    fn require_editing(&self, ctx: &dyn Context, object: &Object, act: Act) -> Result<(), PageError> {
        match self.portal() {
            Portal::Internal => self.require(ctx, object, act),
            Portal::External => Err(PageError::NotFound),
        }
    }

    /// The same for a page. One that is not shown is not there for whoever may not do this to it.
    fn require_page(&self, ctx: &dyn Context, id: &PageId, act: Act) -> Result<(), PageError> {
        match self.require_editing(ctx, &page_object(id), act) {
            Err(PageError::Forbidden) if self.shown().get(id).is_none() => Err(PageError::NotFound),
            decided => decided,
        }
    }

    fn deed(&self, ctx: &dyn Context, now: Timestamp, action: &'static str, page: &str, detail: Value) -> Deed {
        let actor = ctx.actor();
        let event = Event::new(action, "page", Outcome::Ok).on(page).with(detail);
        Deed {
            subject: actor.subject.to_string(),
            name: actor.name.to_owned(),
            audit: self.inner.audit.clone(),
            draft: AuditLog::draft(ctx, now, event),
            now,
        }
    }
}

/// Names of a person's groups, with the one of their kind.
fn groups(ctx: &dyn Context) -> Vec<String> {
    let actor = ctx.actor();
    let kind = match actor.subject.as_str().split_once(':') {
        Some(("u", _)) => Some(SubjectId::everyone()),
        Some(("p", _)) => Some(SubjectId::patients()),
        _ => None,
    };
    let named = |subject: &SubjectId| subject.as_str().strip_prefix("g:").map(str::to_owned);
    actor.groups.iter().chain(&kind).filter_map(named).collect()
}

/// Names of deeds in the audit log.
mod action {
    pub const CREATED: &str = "page.create";
    pub const SAVED: &str = "page.save";
    pub const UNDONE: &str = "page.undo";
    pub const REDONE: &str = "page.redo";
    pub const IMPORTED: &str = "page.import";
    pub const EXPORTED: &str = "page.export";
    pub const PUBLISHED: &str = "page.publish";
    pub const ROLLED_BACK: &str = "page.roll-back";
    pub const DELETED: &str = "page.delete";
    pub const RESTORED: &str = "page.restore";
    pub const PERSONALIZED: &str = "page.personalize";
    pub const RESET: &str = "page.personalize.reset";
    pub const ARRANGED: &str = "page.arrange";
    pub const TEMPLATE_SAVED: &str = "page.template.save";
    pub const TEMPLATE_REMOVED: &str = "page.template.remove";
}
