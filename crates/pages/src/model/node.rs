//! The tree of a page: containers, regions, items.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bilingual, InstanceId, NodeId, Skin, WidgetKind};

/// Columns that every container and every region is divided into.
pub const COLUMNS: u8 = 12;

/// Settings of a widget: a JSON object that the widget's own schema describes.
pub type Config = serde_json::Map<String, serde_json::Value>;

/// What the layers above may not do to a node, all below it, or an item. A lock of the base binds organisations and
/// people, a lock of an organisation binds people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Locks {
    /// Nothing is moved within, into or out of it, nor changed in size.
    pub arrange: bool,
    /// Nothing is hidden or collapsed.
    pub hide: bool,
    /// Titles and settings stay.
    pub settings: bool,
}

impl Locks {
    /// Nothing is locked.
    pub const NONE: Self = Self { arrange: false, hide: false, settings: false };
    /// Everything is.
    pub const ALL: Self = Self { arrange: true, hide: true, settings: true };

    /// What either locks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            arrange: self.arrange || other.arrange,
            hide: self.hide || other.hide,
            settings: self.settings || other.settings,
        }
    }
}

/// A widget and the major version that its settings are for: `{"kind": "notices", "major": 1}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WidgetRef {
    /// Which.
    pub kind: WidgetKind,
    /// From 1.
    pub major: u16,
}

/// How much room an item takes: columns of its region (of twelve), and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// 1 to 12.
    #[schemars(range(min = 1, max = 12))]
    pub columns: u8,
    /// 1 to 12.
    #[schemars(range(min = 1, max = 12))]
    pub rows: u8,
}

impl Default for Span {
    /// The whole width, as high as its content.
    fn default() -> Self {
        Self { columns: COLUMNS, rows: 1 }
    }
}

/// A placed widget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its own, for ever.
    pub instance: InstanceId,
    /// What is placed. It may be unknown to this installation: then it stays, and is reported.
    pub widget: WidgetRef,
    /// Its settings.
    #[serde(default, skip_serializing_if = "Config::is_empty")]
    pub config: Config,
    /// Colours of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skin: Option<Skin>,
    /// In place of the widget's own title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Bilingual>,
    /// Its room.
    #[serde(default)]
    pub span: Span,
    /// What the layers above may not do to it.
    #[serde(default)]
    pub locks: Locks,
}

/// An area that holds items, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its own, for ever.
    pub id: NodeId,
    /// For the designer; the page does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Bilingual>,
    /// Kinds that may be placed here; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<WidgetKind>,
    /// How many items it may hold.
    #[schemars(range(min = 1, max = 24))]
    pub max: u8,
    /// Colours of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skin: Option<Skin>,
    /// What the layers above may not do here.
    #[serde(default)]
    pub locks: Locks,
    /// In order.
    #[serde(default)]
    pub items: Vec<Item>,
}

impl Region {
    /// An empty region that takes anything.
    pub fn new(id: NodeId) -> Self {
        Self { id, name: None, accepts: Vec::new(), max: 24, skin: None, locks: Locks::NONE, items: Vec::new() }
    }

    /// May one more of this kind be placed here?
    pub fn has_room_for(&self, kind: &WidgetKind) -> bool {
        self.items.len() < usize::from(self.max) && self.takes(kind)
    }

    /// May this kind stand here at all?
    pub fn takes(&self, kind: &WidgetKind) -> bool {
        self.accepts.is_empty() || self.accepts.contains(kind)
    }
}

/// How a container lays out its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// Side by side, by [`Container::tracks`].
    Columns,
    /// One below the other, each over the whole width.
    Rows,
}

/// An area that is divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its own, for ever.
    pub id: NodeId,
    /// Side by side or stacked.
    pub flow: Flow,
    /// Width of each child in twelfths, together twelve; empty when stacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<u8>,
    /// What the layers above may not do to anything within.
    #[serde(default)]
    pub locks: Locks,
    /// In order.
    pub children: Vec<Node>,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "node", rename_all = "kebab-case")]
pub enum Node {
    /// Divided further.
    Container(Container),
    /// Holds items.
    Region(Region),
}

impl Node {
    /// Its id.
    pub fn id(&self) -> &NodeId {
        match self {
            Self::Container(container) => &container.id,
            Self::Region(region) => &region.id,
        }
    }

    /// What it locks.
    pub fn locks(&self) -> Locks {
        match self {
            Self::Container(container) => container.locks,
            Self::Region(region) => region.locks,
        }
    }
}

impl Container {
    /// Stacked children.
    pub fn rows(id: NodeId, children: Vec<Node>) -> Self {
        Self { id, flow: Flow::Rows, tracks: Vec::new(), locks: Locks::NONE, children }
    }

    /// Children side by side; `tracks` in twelfths.
    pub fn columns(id: NodeId, tracks: Vec<u8>, children: Vec<Node>) -> Self {
        Self { id, flow: Flow::Columns, tracks, locks: Locks::NONE, children }
    }

    /// All regions below, in the order of the page.
    pub fn regions(&self) -> Vec<&Region> {
        let mut found = Vec::new();
        for child in &self.children {
            match child {
                Node::Container(container) => found.extend(container.regions()),
                Node::Region(region) => found.push(region),
            }
        }
        found
    }

    /// All regions below, in the order of the page, to be changed.
    pub fn regions_mut(&mut self) -> Vec<&mut Region> {
        let mut found = Vec::new();
        for child in &mut self.children {
            match child {
                Node::Container(container) => found.extend(container.regions_mut()),
                Node::Region(region) => found.push(region),
            }
        }
        found
    }

    /// All items below, in the order of the page.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.regions().into_iter().flat_map(|region| &region.items)
    }

    /// The region of this id.
    pub fn region(&self, id: &NodeId) -> Option<&Region> {
        self.regions().into_iter().find(|region| region.id == *id)
    }

    /// The item of this id, with the region that holds it.
    pub fn item(&self, id: &InstanceId) -> Option<(&Region, &Item)> {
        self.regions().into_iter().find_map(|region| {
            let item = region.items.iter().find(|item| item.instance == *id)?;
            Some((region, item))
        })
    }

    /// Ids of all nodes, this one first.
    pub fn node_ids(&self) -> Vec<&NodeId> {
        let mut found = vec![&self.id];
        for child in &self.children {
            match child {
                Node::Container(container) => found.extend(container.node_ids()),
                Node::Region(region) => found.push(&region.id),
            }
        }
        found
    }

    /// What the nodes above a region or container and it itself lock together. `None` when it is not here.
    pub fn locks_at(&self, id: &NodeId) -> Option<Locks> {
        if self.id == *id {
            return Some(self.locks);
        }
        self.children.iter().find_map(|child| match child {
            Node::Container(container) => container.locks_at(id).map(|locks| locks.and(self.locks)),
            Node::Region(region) => (region.id == *id).then(|| region.locks.and(self.locks)),
        })
    }
}
