//! The widgets of patients' pages. [`all`] is the list; [`Front`] is what they work with.

mod health_education;
mod hospitals;
mod new_results;
mod next_visit;
mod notices;
mod reading;
mod text;
mod what_to_do;

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Context, Domain, Fault, PersonId, Ruleset};
use content::Language;
use ehr::Reader;
use jiff::civil::Date;
use pages::{
    Page, PageId, Presets,
    model::InstanceId,
    render::{Drawn, Engine, ItemView, PageView, Patience, Trimmer, one_item, page_view, to_draw},
    standard::{Applications, Calendar, Links, Templates},
    widget::{Fragment, Registry, RegistryError, Viewing, Widget, WidgetError},
};
use record_view::Scene;
use serde::Serialize;
use web::{Failure, Visit, render::local};

use crate::{portal::Portal, who::Patient};

#[derive(rust_embed::RustEmbed)]
#[folder = "presets"]
struct PresetFiles;

/// What a patient's widgets work with.
pub struct Front {
    pub portal: Arc<Portal>,
    pub visit: Arc<Visit>,
    pub patient: Patient,
}

impl Viewing for Front {
    fn context(&self) -> &dyn Context {
        &self.patient.context
    }

    fn language(&self) -> &'static str {
        self.visit.lang.tag()
    }
}

impl Templates for Front {
    fn today(&self) -> Date {
        local(self.visit.now).date()
    }

    fn template<T: Serialize>(&self, name: &str, view: &T) -> Result<Fragment, WidgetError> {
        let markup = self.portal.pages.shared_part(&self.visit, name, view);
        markup.map(Fragment::from_escaped).map_err(failed)
    }
}

impl Front {
    /// A template that knows who reads: never for what is kept.
    fn personal<T: Serialize>(&self, name: &str, view: &T) -> Result<Fragment, WidgetError> {
        let markup = self.portal.pages.part(&self.visit, name, view);
        markup.map(Fragment::from_escaped).map_err(failed)
    }

    fn scene(&self) -> Scene<'_> {
        Scene::for_patient(self.portal.pages.renderer().words(self.visit.lang), self.visit.now)
    }

    fn language(&self) -> Language {
        if Viewing::language(self) == Language::En.tag() { Language::En } else { Language::Zh }
    }

    /// Who reads, and their own record, where the account has one.
    fn own(&self) -> Option<(Reader<'_>, PersonId)> {
        Some((Reader::Patient(&self.patient.context), self.patient.context.own()?))
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
fn all() -> Vec<Arc<dyn Widget<Front>>> {
    vec![
        Arc::new(Applications),
        Arc::new(Calendar),
        Arc::new(health_education::HealthEducation),
        Arc::new(hospitals::Hospitals),
        Arc::new(Links),
        Arc::new(new_results::NewResults),
        Arc::new(next_visit::NextVisit),
        Arc::new(notices::Notices),
        Arc::new(reading::Reading),
        Arc::new(text::Text),
        Arc::new(what_to_do::WhatToDo),
    ]
}

/// The widgets and the pages that the portal brings along.
pub struct Board {
    pub engine: Engine<Front>,
    pub presets: Presets,
}

/// What is embedded, before there is a policy: it is part of it.
pub struct Embedded {
    registry: Registry<Front>,
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
        self.registry.rules(Domain::External).and(self.presets.rules(&pages::section(pages::Portal::External)))
    }

    /// Widgets that can be drawn.
    pub fn board(self) -> Board {
        Board { engine: Engine::new(self.registry), presets: self.presets }
    }
}

impl Board {
    /// What the keeper of pages must know: which widgets there are, and what is shown where nobody has published a page.
    pub fn brought_along(&self) -> (Arc<dyn pages::Widgets>, Presets) {
        (Arc::new(Known(self.engine.clone())), self.presets.clone())
    }
}

struct Known(Engine<Front>);

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

fn registry() -> Result<Registry<Front>, RegistryError> {
    Registry::new(Domain::External, all())
}

fn presets() -> anyhow::Result<Presets> {
    let files: Vec<_> = PresetFiles::iter().filter_map(|name| Some((PresetFiles::get(&name)?.data, name))).collect();
    let files = files.iter().map(|(text, name)| (name.as_ref(), text.as_ref()));
    Ok(Presets::read(files, pages::Portal::External)?)
}

/// A page as somebody sees it, what of it they collapsed, and where its colours are.
type Seen = (Page, BTreeSet<InstanceId>, Option<String>);

/// Somebody's first page or another one, as far as they see it: a published one, else one that the portal brings
/// along, with what they made of it; `None` when there is none for them.
async fn seen(portal: &Portal, patient: &Patient, id: Option<&PageId>) -> Result<Option<Seen>, Failure> {
    let ctx = &patient.context;
    let shown = match id {
        Some(id) => portal.layouts.published(ctx, id).ok(),
        None => portal.layouts.home(ctx),
    };
    let Some(shown) = shown else { return Ok(None) };
    let (_, merged) = portal.layouts.view(ctx, None, &shown.page.id).await?;
    let trimmed = Trimmer::new(&portal.policy, ctx).page(&merged.page, portal.board.engine.registry());
    Ok(trimmed.map(|page| (page, merged.collapsed, shown.stylesheet())))
}

/// Draws somebody's first page, or another one; with the address of its style sheet, if it has one.
///
/// # Errors
/// [`Fault::NotFound`] when there is none for them.
pub async fn page(
    portal: &Arc<Portal>,
    visit: &Arc<Visit>,
    patient: Patient,
    (id, patience): (Option<&PageId>, Patience),
) -> Result<(PageView, Option<String>), Failure> {
    // Before anything is decided: what is drawn now is never kept for a later policy.
    let policy = portal.policy.version();
    let found = seen(portal, &patient, id).await?;
    let (page, collapsed, sheet) = found.ok_or_else(|| Failure::new(Fault::NotFound))?;
    let front = Arc::new(Front { portal: portal.clone(), visit: visit.clone(), patient });
    let engine = &portal.board.engine;
    let drawn = engine.draw(&front, (&page.id, &to_draw(&page, &collapsed)), patience, policy).await;
    Ok((page_view(&page, &collapsed, drawn, (engine.registry(), Viewing::language(&*front))), sheet))
}

/// Draws one widget of a page, for as long as it takes; `None` when it has nothing to show.
///
/// # Errors
/// [`Fault::NotFound`] for what is not there, or not for them.
pub async fn one(
    portal: &Arc<Portal>,
    visit: &Arc<Visit>,
    patient: Patient,
    (page, instance): (&str, &str),
) -> Result<Option<ItemView>, Failure> {
    let policy = portal.policy.version();
    let missing = || Failure::new(Fault::NotFound);
    let id = PageId::parse(page).ok_or_else(missing)?;
    let instance = InstanceId::parse(instance).ok_or_else(missing)?;
    let (page, ..) = seen(portal, &patient, Some(&id)).await?.ok_or_else(missing)?;
    let (_, item) = page.root.item(&instance).ok_or_else(missing)?;
    let front = Arc::new(Front { portal: portal.clone(), visit: visit.clone(), patient });
    let engine = &portal.board.engine;
    let mut drawn = engine.draw(&front, (&id, &[item]), Patience::Whole, policy).await;
    let drawn = drawn.pop().unwrap_or(Drawn::Nothing);
    Ok(one_item((&page, item), drawn, (engine.registry(), Viewing::language(&*front))))
}

#[cfg(test)]
mod tests;
