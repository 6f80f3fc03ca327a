//! Changes of a page: one [`Op`] for each thing a person can do, on stable ids.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::model::Target;
use crate::model::{
    Bilingual, Config, Container, Flow, Home, InstanceId, Item, Locks, NodeId, PageId, Region, Skin, Slug, Span, Theme,
    WidgetKind, WidgetRef,
};

/// Whose change it is. Lower layers bind upper ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The page itself, for everybody.
    Base,
    /// For all of an organisation.
    Organisation,
    /// For oneself.
    User,
}

impl Layer {
    /// As in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Organisation => "organisation",
            Self::User => "user",
        }
    }
}

/// A change. `before` names the sibling that comes next; without one, or when it is no longer there, it is the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Op {
    /// Places a widget. Its instance id is new. Every layer; above the base without skin and locks.
    PlaceWidget {
        /// Where.
        region: NodeId,
        /// What.
        item: Item,
        /// Before which item.
        #[serde(default)]
        before: Option<InstanceId>,
    },
    /// Takes a widget away: from the base in the base; above it only what was placed in the same layer.
    RemoveItem {
        /// Which.
        item: InstanceId,
    },
    /// Moves a widget. Every layer.
    MoveItem {
        /// Which.
        item: InstanceId,
        /// To which region.
        region: NodeId,
        /// Before which item there.
        #[serde(default)]
        before: Option<InstanceId>,
    },
    /// Every layer.
    ResizeItem {
        /// Which.
        item: InstanceId,
        /// How much room.
        span: Span,
    },
    /// Settings. The base, and above it what was placed in the same layer; an organisation may also change the base's.
    SetConfig {
        /// Which.
        item: InstanceId,
        /// All of them.
        config: Config,
    },
    /// A title in place of the widget's own. As [`Op::SetConfig`].
    SetItemTitle {
        /// Which.
        item: InstanceId,
        /// None: the widget's own.
        title: Option<Bilingual>,
    },
    /// Base alone.
    SetItemSkin {
        /// Which.
        item: InstanceId,
        /// None: as its region.
        skin: Option<Skin>,
    },
    /// Another version of the widget, or another widget, with its settings. Base alone.
    ReplaceWidget {
        /// Which.
        item: InstanceId,
        /// By what.
        widget: WidgetRef,
        /// All settings.
        config: Config,
    },
    /// The base, and organisations.
    LockItem {
        /// Which.
        item: InstanceId,
        /// All locks.
        locks: Locks,
    },
    /// Not shown to whom the layer is for. Above the base alone.
    Hide {
        /// Which.
        item: InstanceId,
    },
    /// Takes [`Op::Hide`] of the same layer back.
    Show {
        /// Which.
        item: InstanceId,
    },
    /// Only its head is shown. Above the base alone.
    Collapse {
        /// Which.
        item: InstanceId,
    },
    /// Takes [`Op::Collapse`] of this layer or one below back.
    Expand {
        /// Which.
        item: InstanceId,
    },
    /// An empty region within a container. Beside others, it takes its width from the widest. Base alone, as all below.
    AddRegion {
        /// Within which container.
        container: NodeId,
        /// The region, without items.
        region: Region,
        /// Before which child.
        #[serde(default)]
        before: Option<NodeId>,
    },
    /// Puts a container in the place of a region, with the region and a new one after it inside.
    SplitRegion {
        /// Which.
        region: NodeId,
        /// The new container.
        container: NodeId,
        /// The new region.
        added: NodeId,
        /// Side by side, or one below the other.
        flow: Flow,
    },
    /// Moves all items of a region to the end of another one and removes it.
    MergeRegions {
        /// Stays.
        into: NodeId,
        /// Goes.
        from: NodeId,
    },
    /// Removes a region or container. Items within go to the end of `items_to`; without one there must be none.
    RemoveNode {
        /// Which.
        node: NodeId,
        /// Where its items go.
        #[serde(default)]
        items_to: Option<NodeId>,
    },
    /// Moves a region or container, with all in it.
    MoveNode {
        /// Which.
        node: NodeId,
        /// To within which container.
        container: NodeId,
        /// Before which child.
        #[serde(default)]
        before: Option<NodeId>,
    },
    /// Widths of a container's children, in twelfths.
    ResizeTracks {
        /// Which.
        container: NodeId,
        /// One for each child.
        tracks: Vec<u8>,
    },
    /// What a region takes.
    SetRegionRules {
        /// Which.
        region: NodeId,
        /// Kinds; empty: any.
        accepts: Vec<WidgetKind>,
        /// How many.
        max: u8,
    },
    /// For the designer.
    NameRegion {
        /// Which.
        region: NodeId,
        /// None: by its place.
        name: Option<Bilingual>,
    },
    /// Colours of a region.
    SetRegionSkin {
        /// Which.
        region: NodeId,
        /// None: as the page.
        skin: Option<Skin>,
    },
    /// Locks a region or container against the layers above. The root: the whole page.
    LockNode {
        /// Which.
        node: NodeId,
        /// All locks.
        locks: Locks,
    },
    /// Another arrangement of regions: items move into them in order, nothing is lost. See [`crate::Template`].
    ApplyLayout {
        /// Regions without items.
        root: Container,
    },
    /// What the page is called.
    Rename {
        /// In both languages.
        title: Bilingual,
    },
    /// The page's part of its address.
    SetSlug {
        /// One of its kind below its parent.
        slug: Slug,
    },
    /// The page it stands below.
    SetParent {
        /// None: at the top.
        parent: Option<PageId>,
    },
    /// Whose first page it is.
    SetHome {
        /// None: nobody's.
        home: Option<Home>,
    },
    /// Colours of the page.
    SetTheme {
        /// All of them.
        theme: Theme,
    },
}

/// What about a [`Target`] is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Added or removed.
    Existence,
    /// Region and order; parent and order for nodes.
    Place,
    /// Room of an item, widths of a container.
    Size,
    /// Settings.
    Config,
    /// Title or name.
    Title,
    /// Skin or theme.
    Colours,
    /// The widget or its version.
    Widget,
    /// Locks.
    Locks,
    /// What a region takes; how a container lays out.
    Rules,
    /// Hidden.
    Hidden,
    /// Collapsed.
    Collapsed,
    /// Part of the address, or the page above.
    Address,
    /// Whose first page.
    Home,
    /// The whole arrangement.
    Layout,
}

impl Op {
    /// What it changes. Two changes that touch the same thing can't be merged without asking.
    pub fn touches(&self) -> (Target, Aspect) {
        let item = |id: &InstanceId| Target::Item(id.clone());
        let node = |id: &NodeId| Target::Node(id.clone());
        match self {
            Self::PlaceWidget { item: placed, .. } => (item(&placed.instance), Aspect::Existence),
            Self::RemoveItem { item: id } => (item(id), Aspect::Existence),
            Self::MoveItem { item: id, .. } => (item(id), Aspect::Place),
            Self::ResizeItem { item: id, .. } => (item(id), Aspect::Size),
            Self::SetConfig { item: id, .. } => (item(id), Aspect::Config),
            Self::SetItemTitle { item: id, .. } => (item(id), Aspect::Title),
            Self::SetItemSkin { item: id, .. } => (item(id), Aspect::Colours),
            Self::ReplaceWidget { item: id, .. } => (item(id), Aspect::Widget),
            Self::LockItem { item: id, .. } => (item(id), Aspect::Locks),
            Self::Hide { item: id } | Self::Show { item: id } => (item(id), Aspect::Hidden),
            Self::Collapse { item: id } | Self::Expand { item: id } => (item(id), Aspect::Collapsed),
            Self::AddRegion { region, .. } => (node(&region.id), Aspect::Existence),
            Self::SplitRegion { region, .. } => (node(region), Aspect::Layout),
            Self::MergeRegions { from, .. } => (node(from), Aspect::Existence),
            Self::RemoveNode { node: id, .. } => (node(id), Aspect::Existence),
            Self::MoveNode { node: id, .. } => (node(id), Aspect::Place),
            Self::ResizeTracks { container, .. } => (node(container), Aspect::Size),
            Self::SetRegionRules { region, .. } => (node(region), Aspect::Rules),
            Self::NameRegion { region, .. } => (node(region), Aspect::Title),
            Self::SetRegionSkin { region, .. } => (node(region), Aspect::Colours),
            Self::LockNode { node: id, .. } => (node(id), Aspect::Locks),
            Self::ApplyLayout { .. } => (Target::Page, Aspect::Layout),
            Self::Rename { .. } => (Target::Page, Aspect::Title),
            Self::SetSlug { .. } | Self::SetParent { .. } => (Target::Page, Aspect::Address),
            Self::SetHome { .. } => (Target::Page, Aspect::Home),
            Self::SetTheme { .. } => (Target::Page, Aspect::Colours),
        }
    }
}

/// Why a change was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The item, region or container is no longer there.
    Gone,
    /// A layer below locked it.
    Locked,
    /// The region does not take this kind of widget.
    NotAccepted,
    /// The region is full.
    NoRoom,
    /// The id is in use on this page.
    Duplicate,
    /// This layer may not make such changes.
    NotInThisLayer,
    /// It has items, and nowhere was said where they go.
    HasItems,
    /// It would stand within itself, or the page would be without a region.
    Impossible,
    /// The page would not be sound (see [`crate::Problem`]).
    Unsound,
}

/// A change that was not made: it is kept and reported, never dropped in silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parked {
    /// Which.
    pub op: Op,
    /// Whose.
    pub layer: Layer,
    /// Why.
    pub reason: Reason,
}
