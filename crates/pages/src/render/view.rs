//! A drawn page as templates see it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Drawn, Trouble};
use crate::{
    Page,
    model::{Container, Flow, InstanceId, Item, Node, Region},
    widget::{Declaration, Frame, Registry, Viewing, item_href},
};

/// A page, ready for a template.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageView {
    /// Its id.
    pub id: String,
    /// In the viewer's language.
    pub title: String,
    /// Its areas.
    pub root: NodeView,
    /// Widgets are still to come: without a script one has to ask for the whole page.
    pub later: bool,
}

/// An area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeView {
    /// Its id: the page's style sheet knows it by `data-node`.
    pub id: String,
    /// `columns`, `rows` or `region`.
    pub form: &'static str,
    /// Twelfths of the area it stands in.
    pub columns: u8,
    /// Areas within.
    pub children: Vec<NodeView>,
    /// Widgets of a region.
    pub items: Vec<ItemView>,
}

/// A widget.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemView {
    /// Its id on the page.
    pub instance: String,
    /// Its kind: `widget-KIND` is its name in words.
    pub kind: String,
    /// In place of the name, in the viewer's language.
    pub title: Option<String>,
    /// Name in the sprite.
    pub icon: &'static str,
    /// `card` or `hero`.
    pub frame: &'static str,
    /// Is there such a kind? Else it has no name.
    pub known: bool,
    /// Twelfths of the region.
    pub columns: u8,
    /// At least so many rows high; 1: as high as its content.
    pub rows: u8,
    /// Where the widget alone is.
    pub href: String,
    /// `drawn`, `later`, `trouble` or `collapsed`.
    pub state: &'static str,
    /// Of the trouble: `widget-trouble-…` says it.
    pub trouble: Option<&'static str>,
    /// Does it make sense to try again?
    pub retry: bool,
    /// Beside the title.
    pub note: Option<String>,
    /// At the end of the title's line.
    pub action_html: Option<String>,
    /// What the widget drew.
    pub body_html: String,
}

/// The items of a page to be drawn, in its order: those that are not collapsed.
pub fn to_draw<'p>(page: &'p Page, collapsed: &BTreeSet<InstanceId>) -> Vec<&'p Item> {
    page.root.items().filter(|item| !collapsed.contains(&item.instance)).collect()
}

/// Puts a page together: `drawn` is what came of each of [`to_draw`].
pub fn page_view<V: Viewing>(
    page: &Page,
    collapsed: &BTreeSet<InstanceId>,
    drawn: Vec<Drawn>,
    (registry, language): (&Registry<V>, &str),
) -> PageView {
    let mut builder = Builder { page, collapsed, drawn: drawn.into_iter(), registry, language, later: false };
    let root = builder.container(&page.root, 12).unwrap_or_else(|| empty(&page.root));
    let title = if language.starts_with("en") { &page.title.en } else { &page.title.zh };
    PageView { id: page.id.to_string(), title: title.clone(), root, later: builder.later }
}

fn empty(root: &Container) -> NodeView {
    NodeView { id: root.id.to_string(), form: "rows", columns: 12, children: Vec::new(), items: Vec::new() }
}

struct Builder<'p, V: Viewing> {
    page: &'p Page,
    collapsed: &'p BTreeSet<InstanceId>,
    drawn: std::vec::IntoIter<Drawn>,
    registry: &'p Registry<V>,
    language: &'p str,
    later: bool,
}

impl<V: Viewing> Builder<'_, V> {
    /// Areas without a widget take no room; what stands beside them takes theirs.
    fn container(&mut self, container: &Container, columns: u8) -> Option<NodeView> {
        let mut children = Vec::new();
        for (nth, child) in container.children.iter().enumerate() {
            let width = match container.flow {
                Flow::Columns => container.tracks.get(nth).copied().unwrap_or(12),
                Flow::Rows => 12,
            };
            children.extend(match child {
                Node::Container(inner) => self.container(inner, width),
                Node::Region(region) => self.region(region, width),
            });
        }
        if container.flow == Flow::Columns {
            let free = 12 - children.iter().map(|child| child.columns.min(12)).sum::<u8>().min(12);
            if let Some(widest) = children.iter_mut().max_by_key(|child| child.columns) {
                widest.columns += free;
            }
        }
        let form = if container.flow == Flow::Columns { "columns" } else { "rows" };
        let id = container.id.to_string();
        (!children.is_empty()).then_some(NodeView { id, form, columns, children, items: Vec::new() })
    }

    fn region(&mut self, region: &Region, columns: u8) -> Option<NodeView> {
        let items: Vec<ItemView> = region.items.iter().filter_map(|item| self.item(item)).collect();
        let id = region.id.to_string();
        (!items.is_empty()).then_some(NodeView { id, form: "region", columns, children: Vec::new(), items })
    }

    fn item(&mut self, item: &Item) -> Option<ItemView> {
        if self.collapsed.contains(&item.instance) {
            return Some(self.framed(item, "collapsed"));
        }
        // One for each item that is not collapsed, in this order.
        let drawn = self.drawn.next()?;
        self.later |= drawn == Drawn::Later;
        item_view(self.framed(item, "drawn"), drawn)
    }

    fn framed(&self, item: &Item, state: &'static str) -> ItemView {
        framed(
            self.page,
            item,
            (self.registry.get(item.widget.kind.as_str()).map(|one| one.declaration()), self.language),
            state,
        )
    }
}

/// One widget of a page; `None` when it has nothing to show.
pub fn one_item<V: Viewing>(
    (page, item): (&Page, &Item),
    drawn: Drawn,
    (registry, language): (&Registry<V>, &str),
) -> Option<ItemView> {
    let declaration = registry.get(item.widget.kind.as_str()).map(|widget| widget.declaration());
    item_view(framed(page, item, (declaration, language), "drawn"), drawn)
}

fn framed(
    page: &Page,
    item: &Item,
    (declaration, language): (Option<&Declaration>, &str),
    state: &'static str,
) -> ItemView {
    let title = item.title.as_ref().map(|title| if language.starts_with("en") { &title.en } else { &title.zh });
    ItemView {
        instance: item.instance.to_string(),
        kind: item.widget.kind.to_string(),
        title: title.cloned(),
        icon: declaration.map_or("circle-x", |declaration| declaration.icon),
        frame: declaration.map_or(Frame::Card, |declaration| declaration.frame).as_str(),
        known: declaration.is_some(),
        columns: item.span.columns.clamp(1, 12),
        rows: item.span.rows.clamp(1, 12),
        href: item_href(&page.id, &item.instance),
        state,
        trouble: None,
        retry: false,
        note: None,
        action_html: None,
        body_html: String::new(),
    }
}

fn item_view(frame: ItemView, drawn: Drawn) -> Option<ItemView> {
    Some(match drawn {
        Drawn::Nothing => return None,
        Drawn::Later => ItemView { state: "later", ..frame },
        Drawn::Content(drawing) => ItemView {
            note: drawing.note,
            action_html: drawing.action.map(|action| action.as_str().to_owned()),
            body_html: drawing.body.as_str().to_owned(),
            ..frame
        },
        Drawn::Trouble(trouble) => trouble_view(frame, &trouble),
    })
}

fn trouble_view(frame: ItemView, trouble: &Trouble) -> ItemView {
    ItemView { state: "trouble", trouble: Some(trouble.as_str()), retry: trouble.may_pass(), ..frame }
}
