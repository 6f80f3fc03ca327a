//! All widgets of a portal.

use std::{collections::BTreeMap, sync::Arc};

use access::{Domain, Ruleset};

use super::{Declaration, Settings, Viewing, Widget};
use crate::{
    Misfit, Widgets,
    model::{Config, Portal, WidgetRef},
};

/// Widgets that can't stand beside one another.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// A kind is lower-case letters, digits and `-`; so is a field's name.
    #[error("`{0}` is no name for a widget or a setting: lower-case letters, digits and `-`")]
    Name(String),
    /// Two widgets of one kind, or two settings of one name.
    #[error("`{0}` is there twice")]
    Twice(String),
}

/// The widgets of one portal by kind.
pub struct Registry<V: Viewing> {
    domain: Domain,
    widgets: BTreeMap<&'static str, Arc<dyn Widget<V>>>,
    beside: &'static [&'static Declaration],
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn check(declaration: &Declaration) -> Result<(), RegistryError> {
    let mut names: Vec<&str> = declaration.fields.iter().map(|field| field.name).collect();
    if let Some(bad) = std::iter::once(&declaration.kind).chain(&names).find(|name| !is_name(name)) {
        return Err(RegistryError::Name((*bad).to_owned()));
    }
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(RegistryError::Twice(format!("{}.{}", declaration.kind, pair[0]))),
        None => Ok(()),
    }
}

impl<V: Viewing> Registry<V> {
    /// Those of `widgets` that the portal has.
    ///
    /// # Errors
    /// [`RegistryError`]: the portal must not start.
    pub fn new(domain: Domain, widgets: Vec<Arc<dyn Widget<V>>>) -> Result<Self, RegistryError> {
        let mut known: BTreeMap<&'static str, Arc<dyn Widget<V>>> = BTreeMap::new();
        for widget in widgets {
            let declaration = widget.declaration();
            check(declaration)?;
            let (kind, here) = (declaration.kind, declaration.portals.contains(&domain));
            if here && known.insert(kind, widget).is_some() {
                return Err(RegistryError::Twice(kind.to_owned()));
            }
        }
        Ok(Self { domain, widgets: known, beside: &[] })
    }

    /// With what the other portal's own widgets say of themselves, where its pages are laid out.
    #[must_use]
    pub fn beside(mut self, declarations: &'static [&'static Declaration]) -> Self {
        self.beside = declarations;
        self
    }

    /// Which portal's.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// A widget by kind.
    pub fn get(&self, kind: &str) -> Option<&Arc<dyn Widget<V>>> {
        self.widgets.get(kind)
    }

    /// What there is, by kind.
    pub fn declarations(&self) -> impl Iterator<Item = &Declaration> {
        self.widgets.values().map(|widget| widget.declaration())
    }

    /// What pages of a portal can hold.
    pub fn kinds(&self, domain: Domain) -> impl Iterator<Item = &Declaration> {
        let beside = if domain == self.domain { &[] } else { self.beside };
        self.declarations().filter(move |one| one.portals.contains(&domain)).chain(beside.iter().copied())
    }

    /// Every kind's place in a portal's policy: beside the presets, so that a denial on the site comes down to widgets, and
    /// one on a widget takes it from every page.
    pub fn rules(&self, domain: Domain) -> Ruleset {
        let rules = self.kinds(domain).filter_map(|one| Some(one.rules(one.object()?, domain)));
        rules.fold(Ruleset::default(), Ruleset::and)
    }
}

impl<V: Viewing> Widgets for Registry<V> {
    fn check(&self, portal: Portal, widget: &WidgetRef, config: &Config) -> Result<(), Misfit> {
        let kind = widget.kind.as_str();
        let is_it = |one: &&Declaration| one.kind == kind;
        let Some(declaration) = self.kinds(portal.domain()).find(is_it) else {
            let elsewhere = self.declarations().chain(self.beside.iter().copied()).any(|one| is_it(&one));
            return Err(if elsewhere { Misfit::OtherPortal } else { Misfit::Unknown });
        };
        let read = match self.get(kind).filter(|own| own.declaration().portals.contains(&portal.domain())) {
            Some(own) => settings_of(&**own, widget.major, config),
            None if widget.major == declaration.major => {
                Settings::read(declaration.fields, &serde_json::Value::Object(config.clone()))
            }
            // What becomes of settings of another version the other portal's program alone knows.
            None => return Ok(()),
        };
        read.map(drop).map_err(|misfits| match misfits.into_iter().next() {
            Some(first) => Misfit::Settings { path: first.field },
            None => Misfit::Unknown,
        })
    }
}

/// Settings in the form of the widget's version; of another version that can't be carried over there is no misfit to name.
pub(crate) fn settings_of<V: Viewing>(
    widget: &dyn Widget<V>,
    major: u16,
    config: &Config,
) -> Result<Settings, Vec<super::Misfit>> {
    let declaration = widget.declaration();
    let mut given = serde_json::Value::Object(config.clone());
    if major != declaration.major {
        given = widget.migrate(major, &given).ok_or_else(Vec::new)?;
    }
    Settings::read(declaration.fields, &given)
}
