//! What may not be saved, with its place.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    COLUMNS, Config, Container, Flow, InstanceId, Item, LowContrast, Node, NodeId, Page, Region, Skin, WidgetRef,
    unreadable,
};
use crate::fit::{Misfit, Widgets};

/// How much a page may hold.
pub struct Bounds;

impl Bounds {
    /// Containers within containers.
    pub const DEPTH: usize = 4;
    /// Containers and regions.
    pub const NODES: usize = 48;
    /// Placed widgets.
    pub const ITEMS: usize = 96;
    /// Items of one region.
    pub const REGION_ITEMS: u8 = 24;
    /// Settings of one item, as JSON, in bytes.
    pub const CONFIG: usize = 8 * 1024;
    /// Objects and lists within the settings of one item.
    pub const CONFIG_DEPTH: usize = 6;
    /// Groups whose first page one page is.
    pub const GROUPS: usize = 16;
}

/// Where on a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize, JsonSchema)]
#[serde(tag = "on", content = "id", rename_all = "kebab-case")]
pub enum Target {
    /// The page itself.
    Page,
    /// A container or region.
    Node(NodeId),
    /// A placed widget.
    Item(InstanceId),
}

/// Why a page can't be saved.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Problem {
    /// Where.
    pub place: Target,
    /// What.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// Containers stand too deep within one another.
    TooDeep,
    /// More containers and regions than a page may have.
    TooManyNodes,
    /// More items than a page or this region may have.
    TooManyItems,
    /// The same id twice.
    Duplicate,
    /// A container without children.
    Empty,
    /// Widths are not one for each child, of one to twelve twelfths, together twelve.
    Tracks,
    /// A region that may hold nothing, or too much.
    RegionMaximum,
    /// The region does not take this kind of widget.
    NotAccepted,
    /// A width or height that is none of 1 to 12.
    Span,
    /// A version below 1.
    Version,
    /// A text that is empty in a language, too long, or not one line of visible characters.
    Text,
    /// Settings are too large or too deep.
    Settings,
    /// A page that is the first page of nobody, or of too many groups.
    Home,
    /// Words could not be read on what is behind them.
    Contrast(LowContrast),
}

/// What is saved and shown to whoever edits: the page works without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Warning {
    /// The item.
    pub item: InstanceId,
    /// Its widget.
    pub widget: WidgetRef,
    /// What does not fit.
    #[serde(flatten)]
    pub misfit: Misfit,
}

impl Page {
    /// Everything that forbids saving; empty for a sound page.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Check { page: self, problems: Vec::new(), nodes: BTreeSet::new(), items: BTreeSet::new() };
        if !self.title.is_sound() {
            found.add(Target::Page, Fault::Text);
        }
        if self.home.as_ref().is_some_and(|home| home.groups.is_empty() || home.groups.len() > Bounds::GROUPS) {
            found.add(Target::Page, Fault::Home);
        }
        found.contrast(&Target::Page, &[]);
        found.container(&self.root, 1);
        if found.nodes.len() > Bounds::NODES {
            found.add(Target::Page, Fault::TooManyNodes);
        }
        if found.items.len() > Bounds::ITEMS {
            found.add(Target::Page, Fault::TooManyItems);
        }
        found.problems
    }

    /// Items that this installation can't show as they are: they stay, and whoever edits is told.
    pub fn warnings(&self, widgets: &dyn Widgets) -> Vec<Warning> {
        let judged = self.root.items().filter_map(|item| {
            let misfit = widgets.check(self.portal, &item.widget, &item.config).err()?;
            Some(Warning { item: item.instance.clone(), widget: item.widget.clone(), misfit })
        });
        judged.collect()
    }
}

struct Check<'p> {
    page: &'p Page,
    problems: Vec<Problem>,
    nodes: BTreeSet<&'p NodeId>,
    items: BTreeSet<&'p InstanceId>,
}

impl<'p> Check<'p> {
    fn add(&mut self, place: Target, fault: Fault) {
        self.problems.push(Problem { place, fault });
    }

    fn contrast(&mut self, place: &Target, skins: &[&Skin]) {
        // Ready variations can be read in all combinations: a test tries them.
        if self.page.theme.colours.is_empty() && skins.iter().all(|skin| skin.colours.is_empty()) {
            return;
        }
        for low in unreadable(&self.page.theme, skins) {
            self.add(place.clone(), Fault::Contrast(low));
        }
    }

    fn node_id(&mut self, id: &'p NodeId) {
        if !self.nodes.insert(id) {
            self.add(Target::Node(id.clone()), Fault::Duplicate);
        }
    }

    fn container(&mut self, container: &'p Container, depth: usize) {
        self.node_id(&container.id);
        let place = || Target::Node(container.id.clone());
        if depth > Bounds::DEPTH {
            return self.add(place(), Fault::TooDeep);
        }
        if container.children.is_empty() {
            self.add(place(), Fault::Empty);
        }
        if !tracks_fit(container) {
            self.add(place(), Fault::Tracks);
        }
        for child in &container.children {
            match child {
                Node::Container(inner) => self.container(inner, depth + 1),
                Node::Region(region) => self.region(region),
            }
        }
    }

    fn region(&mut self, region: &'p Region) {
        self.node_id(&region.id);
        let place = Target::Node(region.id.clone());
        if region.name.as_ref().is_some_and(|name| !name.is_sound()) {
            self.add(place.clone(), Fault::Text);
        }
        if region.max == 0 || region.max > Bounds::REGION_ITEMS {
            self.add(place.clone(), Fault::RegionMaximum);
        }
        if region.items.len() > usize::from(region.max) {
            self.add(place.clone(), Fault::TooManyItems);
        }
        let outer: Vec<&Skin> = region.skin.iter().collect();
        if !outer.is_empty() {
            self.contrast(&place, &outer);
        }
        for item in &region.items {
            self.item(region, item, &outer);
        }
    }

    fn item(&mut self, region: &Region, item: &'p Item, outer: &[&Skin]) {
        let place = Target::Item(item.instance.clone());
        if !self.items.insert(&item.instance) {
            self.add(place.clone(), Fault::Duplicate);
        }
        if !region.takes(&item.widget.kind) {
            self.add(place.clone(), Fault::NotAccepted);
        }
        if let Some(skin) = &item.skin {
            let skins: Vec<&Skin> = outer.iter().copied().chain([skin]).collect();
            self.contrast(&place, &skins);
        }
        self.problems.extend(item_problems(item));
    }
}

/// What is wrong with an item wherever it stands.
pub(crate) fn item_problems(item: &Item) -> Vec<Problem> {
    let room = 1..=COLUMNS;
    let checks = [
        (room.contains(&item.span.columns) && room.contains(&item.span.rows), Fault::Span),
        (item.widget.major > 0, Fault::Version),
        (item.title.as_ref().is_none_or(super::Bilingual::is_sound), Fault::Text),
        (config_fits(&item.config), Fault::Settings),
    ];
    let place = || Target::Item(item.instance.clone());
    checks.into_iter().filter(|(good, _)| !good).map(|(_, fault)| Problem { place: place(), fault }).collect()
}

fn tracks_fit(container: &Container) -> bool {
    match container.flow {
        Flow::Rows => container.tracks.is_empty(),
        Flow::Columns => {
            let sum: u32 = container.tracks.iter().map(|track| u32::from(*track)).sum();
            container.tracks.len() == container.children.len()
                && !container.tracks.contains(&0)
                && sum == u32::from(COLUMNS)
        }
    }
}

fn config_fits(config: &Config) -> bool {
    let deep = config.values().any(|value| depth(value) >= Bounds::CONFIG_DEPTH);
    // PostgreSQL keeps no NUL in text.
    let text = serde_json::to_string(config).unwrap_or_default();
    !deep && !text.is_empty() && text.len() <= Bounds::CONFIG && !text.contains("\\u0000")
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        serde_json::Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
