//! What a widget is: a [`Declaration`] and a way to draw itself.
//!
//! A portal puts its widgets into a [`Registry`]; [`crate::render::Engine`] draws them. A widget's words are Fluent messages
//! of the portal: `widget-KIND` (its name), `widget-KIND-hint`, and `widget-KIND-FIELD` for each of its settings.

mod declaration;
mod registry;
mod schema;
mod search;
mod settings;

use std::sync::Arc;

use access::Context;
use async_trait::async_trait;

use crate::model::{InstanceId, PageId};

pub use declaration::{Audience, CacheScope, Category, Declaration, Frame, Loading};
pub(crate) use registry::settings_of;
pub use registry::{Registry, RegistryError};
pub use schema::{Field, FieldKind};
pub use search::{Hit, SearchProvider, search_all};
pub use settings::{Bilingual, Misfit, MisfitReason, Settings};

/// What a page is drawn for: who looks, and in which language. Portals add what their widgets work with.
pub trait Viewing: Send + Sync + 'static {
    /// Who looks.
    fn context(&self) -> &dyn Context;
    /// Language of the answer, as a tag (`zh-CN`, `en`).
    fn language(&self) -> &'static str;
}

/// HTML that is safe to print: drawn by a template that escapes, or by code that escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment(Arc<str>);

impl Fragment {
    /// Takes markup whose every piece of outside text was escaped.
    pub fn from_escaped(markup: impl Into<Arc<str>>) -> Self {
        Self(markup.into())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What stands in a widget. Its frame, with its title or the one that somebody gave it, is the page's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Beside the title: a number, a date.
    pub note: Option<String>,
    /// At the end of the title's line: a link, a button.
    pub action: Option<Fragment>,
    /// Below.
    pub body: Fragment,
}

impl Drawing {
    /// Nothing beside the title.
    pub fn of(body: Fragment) -> Self {
        Self { note: None, action: None, body }
    }

    /// Length of its markup and texts, in bytes.
    pub(crate) fn len(&self) -> usize {
        let action = self.action.as_ref().map_or(0, |action| action.as_str().len());
        self.body.as_str().len() + action + self.note.as_ref().map_or(0, String::len)
    }
}

/// A widget where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The page.
    pub page: &'a PageId,
    /// The item; its frame has the id `w-INSTANCE`.
    pub instance: &'a InstanceId,
    /// What is set on it, and what stands for what is not.
    pub settings: &'a Settings,
}

impl Placed<'_> {
    /// Where the widget alone is drawn, for as long as it takes.
    pub fn href(&self) -> String {
        item_href(self.page, self.instance)
    }
}

/// Where a widget alone is drawn.
pub(crate) fn item_href(page: &PageId, instance: &InstanceId) -> String {
    format!("/pages/{page}/items/{instance}")
}

/// Why a widget could not be drawn. For the log; people read which widget it is and that it can be tried again.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct WidgetError(Box<dyn std::error::Error + Send + Sync>);

impl WidgetError {
    /// For whatever went wrong.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// A kind of widget.
#[async_trait]
pub trait Widget<V: Viewing>: Send + Sync + 'static {
    /// What it is; always the same.
    fn declaration(&self) -> &Declaration;

    /// What stands in the widget, below its title; `None` when there is nothing to show and the widget is to be left out.
    /// Runs in a task of its own, until [`Declaration::deadline`] at the longest.
    ///
    /// What it draws under a [`CacheScope`] is shown to everybody of that scope: it must not depend on anything narrower.
    ///
    /// # Errors
    /// Whatever keeps it from being drawn; counted against its kind.
    async fn draw(&self, viewing: &Arc<V>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError>;

    /// Settings of an earlier major version in today's form; `None` where somebody has to look at them. What is returned is
    /// checked like settings that somebody typed.
    fn migrate(&self, from_major: u16, settings: &serde_json::Value) -> Option<serde_json::Value> {
        let _ = (from_major, settings);
        None
    }
}
