//! The desk's widgets: each reads what it shows through the domain crates and draws it with a template of its own.
//!
//! [`all`] is the list; [`Desk`] is what they work with. ARCHITECTURE.md says how one is added.

mod account;
mod articles;
mod forum;
mod hospitals;
mod key_figures;
mod my_patients;
mod my_widgets;
mod news;
mod notices;
mod patient_search;
mod recent_patients;
mod record_sections;
mod search;
mod signed_in;
mod text;
mod waiting;

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Context, Domain, Policy, Ruleset};
use content::Feeds;
use jiff::civil::Date;
use pages::{
    Page, PageId, Presets,
    model::InstanceId,
    render::{Drawn, Engine, ItemView, PageView, Patience, Trimmer, one_item, page_view, to_draw},
    standard::{Applications, Calendar, Links, Templates, public},
    widget::{Fragment, Registry, RegistryError, Viewing, Widget, WidgetError},
};
use record_view::Scene;
use serde::Serialize;
use store::Store;
use web::{Failure, Visit, render::local};

pub use search::Found;

use crate::{mine::Wanted, portal::Portal, who::Staff};

#[derive(rust_embed::RustEmbed)]
#[folder = "presets"]
struct PresetFiles;

/// What a desk's widgets work with.
pub struct Desk {
    pub portal: Arc<Portal>,
    pub visit: Arc<Visit>,
    pub staff: Staff,
    /// The page as they see it: [`my_widgets`] lists what is on it.
    pub page: Page,
    /// How the list of patients is wanted.
    pub wanted: Wanted,
}

impl Viewing for Desk {
    fn context(&self) -> &dyn Context {
        &self.staff.context
    }

    fn language(&self) -> &'static str {
        self.visit.lang.tag()
    }
}

impl Templates for Desk {
    fn today(&self) -> Date {
        local(self.visit.now).date()
    }

    fn template<T: Serialize>(&self, name: &str, view: &T) -> Result<Fragment, WidgetError> {
        let markup = self.portal.pages.shared_part(&self.visit, name, view);
        markup.map(Fragment::from_escaped).map_err(failed)
    }
}

impl Desk {
    /// A template that holds forms, or asks again by itself: never for what is kept.
    fn personal<T: Serialize>(&self, name: &str, view: &T) -> Result<Fragment, WidgetError> {
        let markup = self.portal.pages.part(&self.visit, name, view);
        markup.map(Fragment::from_escaped).map_err(failed)
    }

    fn scene(&self) -> Scene<'_> {
        Scene::new(self.portal.pages.renderer().words(self.visit.lang), self.visit.now)
    }
}

/// A failed call as a widget that can't be drawn.
fn failed(failure: Failure) -> WidgetError {
    match failure.cause() {
        Some(cause) => WidgetError::new(cause.to_string()),
        None => WidgetError::new(failure.problem()),
    }
}

/// Every widget of this portal.
fn all() -> Vec<Arc<dyn Widget<Desk>>> {
    vec![
        Arc::new(account::Account),
        Arc::new(Applications),
        Arc::new(Calendar),
        Arc::new(forum::ForumAndBlogs),
        Arc::new(articles::HealthKnowledge),
        Arc::new(hospitals::Hospitals),
        Arc::new(key_figures::KeyFigures),
        Arc::new(Links),
        Arc::new(my_patients::MyPatients),
        Arc::new(my_widgets::MyWidgets),
        Arc::new(notices::Notices),
        Arc::new(patient_search::PatientSearch),
        Arc::new(recent_patients::RecentPatients),
        Arc::new(record_sections::RecordSections),
        Arc::new(search::Search),
        Arc::new(signed_in::SignedIn),
        Arc::new(text::Text),
        Arc::new(waiting::Waiting::CRITICAL),
        Arc::new(waiting::Waiting::REVIEW),
    ]
}

/// The widgets and the pages that the portal brings along.
pub struct Board {
    pub engine: Engine<Desk>,
    pub presets: Presets,
    pub feeds: Feeds,
}

/// What is embedded, before there is a policy: it is part of it.
pub struct Embedded {
    registry: Registry<Desk>,
    presets: Presets,
}

impl Embedded {
    /// Reads what is embedded.
    ///
    /// # Errors
    /// A widget or a page that must not be.
    pub fn read() -> anyhow::Result<Self> {
        Ok(Self { registry: registry()?, presets: presets()? })
    }

    /// Where widgets and pages stand in the policy.
    pub fn rules(&self) -> Ruleset {
        self.registry.rules(Domain::Internal).and(self.presets.rules(&pages::section(pages::Portal::Internal)))
    }

    /// Where the public portal's widgets stand in its policy.
    pub fn public_rules(&self) -> Ruleset {
        self.registry.rules(Domain::External)
    }

    /// Widgets that can be drawn.
    pub fn board(self, store: &Store, policy: &Policy) -> Board {
        let feeds = Feeds::new(store.clone(), policy.clone());
        Board { engine: Engine::new(self.registry), presets: self.presets, feeds }
    }
}

impl Board {
    /// What the keeper of pages must know: which widgets there are, and what is shown where nobody has published a page.
    pub fn brought_along(&self) -> (Arc<dyn pages::Widgets>, Presets) {
        (Arc::new(Known(self.engine.clone())), self.presets.clone())
    }
}

struct Known(Engine<Desk>);

impl pages::Widgets for Known {
    fn check(
        &self,
        portal: pages::Portal,
        widget: &pages::model::WidgetRef,
        config: &pages::model::Config,
    ) -> Result<(), pages::Misfit> {
        self.0.registry().check(portal, widget, config)
    }
}

fn registry() -> Result<Registry<Desk>, RegistryError> {
    Ok(Registry::new(Domain::Internal, all())?.beside(public::ALL))
}

fn presets() -> anyhow::Result<Presets> {
    let files: Vec<_> = PresetFiles::iter().filter_map(|name| Some((PresetFiles::get(&name)?.data, name))).collect();
    let files = files.iter().map(|(text, name)| (name.as_ref(), text.as_ref()));
    Ok(Presets::read(files, pages::Portal::Internal)?)
}

/// A page as somebody sees it, what of it they collapsed, and where its colours are.
type Seen = (Page, BTreeSet<InstanceId>, Option<String>);

/// Somebody's desk or another page, as far as they see it: a published one, else one that the portal brings
/// along, with what they made of it; `None` when there is none for them.
async fn seen(portal: &Portal, staff: &Staff, id: Option<&PageId>) -> Result<Option<Seen>, Failure> {
    let ctx = &staff.context;
    let shown = match id {
        Some(id) => portal.layouts.published(ctx, id).ok(),
        None => portal.layouts.home(ctx),
    };
    let Some(shown) = shown else { return Ok(None) };
    let organisation = Some(ctx.organisation());
    let (_, merged) = portal.layouts.view(ctx, organisation, &shown.page.id).await?;
    let trimmed = Trimmer::new(&portal.policy, ctx).page(&merged.page, portal.board.engine.registry());
    Ok(trimmed.map(|page| (page, merged.collapsed, shown.stylesheet())))
}

/// Draws somebody's desk, or another page; with the address of its style sheet, if it has one.
///
/// # Errors
/// [`access::Fault::NotFound`] when there is none for them.
pub async fn page(
    portal: &Arc<Portal>,
    visit: &Arc<Visit>,
    staff: Staff,
    (id, wanted, patience): (Option<&PageId>, Wanted, Patience),
) -> Result<(PageView, Option<String>), Failure> {
    // Before anything is decided: what is drawn now is never kept for a later policy.
    let policy = portal.policy.version();
    let found = seen(portal, &staff, id).await?;
    let (page, collapsed, sheet) = found.ok_or_else(|| Failure::new(access::Fault::NotFound))?;
    let desk = Arc::new(Desk { portal: portal.clone(), visit: visit.clone(), staff, page, wanted });
    let engine = &portal.board.engine;
    let drawn = engine.draw(&desk, (&desk.page.id, &to_draw(&desk.page, &collapsed)), patience, policy).await;
    Ok((page_view(&desk.page, &collapsed, drawn, (engine.registry(), desk.language())), sheet))
}

/// Draws one widget of a page, for as long as it takes; `None` when it has nothing to show.
///
/// # Errors
/// [`access::Fault::NotFound`] for what is not there, or not for them.
pub async fn one(
    portal: &Arc<Portal>,
    visit: &Arc<Visit>,
    staff: Staff,
    (page, instance, wanted): (&str, &str, Wanted),
) -> Result<Option<ItemView>, Failure> {
    let policy = portal.policy.version();
    let missing = || Failure::new(access::Fault::NotFound);
    let id = PageId::parse(page).ok_or_else(missing)?;
    let instance = InstanceId::parse(instance).ok_or_else(missing)?;
    let (page, ..) = seen(portal, &staff, Some(&id)).await?.ok_or_else(missing)?;
    let desk = Arc::new(Desk { portal: portal.clone(), visit: visit.clone(), staff, page, wanted });
    let (_, item) = desk.page.root.item(&instance).ok_or_else(missing)?;
    let engine = &portal.board.engine;
    let mut drawn = engine.draw(&desk, (&id, &[item]), Patience::Whole, policy).await;
    let drawn = drawn.pop().unwrap_or(Drawn::Nothing);
    Ok(one_item((&desk.page, item), drawn, (engine.registry(), desk.language())))
}

/// What is found for `typed` everywhere: the words as they were looked for, and what of each kind the viewer may see.
///
/// # Errors
/// [`access::Fault::NotFound`] for whoever has no desk.
pub async fn search(
    portal: &Arc<Portal>,
    visit: &Arc<Visit>,
    staff: Staff,
    typed: &str,
) -> Result<(String, Vec<Found>), Failure> {
    let found = seen(portal, &staff, None).await?;
    let (page, ..) = found.ok_or_else(|| Failure::new(access::Fault::NotFound))?;
    let wanted = Wanted::AtOnce;
    let desk = Arc::new(Desk { portal: portal.clone(), visit: visit.clone(), staff, page, wanted });
    Ok(search::find(&desk, typed).await)
}

#[cfg(test)]
mod tests;
