//! Buttons and drags of the designer as changes of a draft. A button says what and on what (`do=up:ID`), a drag says it in
//! fields of its own; both become the same [`Op`]s, which name what they are about by its id.

use pages::{
    Op, OwnTemplate, Page, Template,
    model::{
        COLUMNS, Config, Container, Flow, InstanceId, Item, Locks, Node, NodeId, Region, Span, WidgetKind, WidgetRef,
    },
};

use super::typed::Typed;

/// Nothing is narrower than this, so that it can be seen and taken hold of.
pub const LEAST_COLUMNS: u8 = 2;
const MOST_ROWS: u8 = 12;

/// What is to be done, and what the page shows as chosen afterwards (`""`: the page itself).
pub struct Act {
    pub ops: Vec<Op>,
    pub chosen: String,
}

impl Act {
    fn on(id: impl ToString, op: Op) -> Self {
        Self { ops: vec![op], chosen: id.to_string() }
    }

    fn nothing(id: impl ToString) -> Self {
        Self { ops: Vec::new(), chosen: id.to_string() }
    }
}

/// Reads a form; `fresh` gives the version and first settings of a widget, `own` are the arrangements saved here. `None`: it
/// names no act, or something that is not on the page.
pub fn read(
    typed: &Typed,
    page: &Page,
    own: &[OwnTemplate],
    fresh: impl Fn(&str) -> Option<(u16, Config)>,
) -> Option<Act> {
    let (act, node) = typed.get("do").split_once(':').unwrap_or((typed.get("op"), typed.get("node")));
    let root = &page.root;
    let step = |by| shift(root, &InstanceId::parse(node)?, by);
    let grow = |columns, rows| {
        let id = InstanceId::parse(node)?;
        let span = root.item(&id)?.1.span;
        Some(resize(id, i16::from(span.columns) + columns, i16::from(span.rows) + rows))
    };
    match act {
        "up" => step(-1),
        "down" => step(1),
        "next" => next(root, InstanceId::parse(node)?),
        "move" => {
            move_to(root, InstanceId::parse(node)?, NodeId::parse(typed.get("to"))?, typed.get("at").parse().ok()?)
        }
        "remove" => {
            let item = InstanceId::parse(node)?;
            let region = root.item(&item)?.0.id.clone();
            Some(Act::on(region, Op::RemoveItem { item }))
        }
        "add" => {
            let (major, config) = fresh(node)?;
            let widget = WidgetRef { kind: WidgetKind::parse(node)?, major };
            add(root, (widget, config), NodeId::parse(typed.get("to")), typed.get("at").parse().ok())
        }
        "size" => {
            let id = InstanceId::parse(node)?;
            let (columns, rows) = typed.get("to").split_once('x')?;
            Some(resize(id, columns.parse().ok()?, rows.parse().ok()?))
        }
        "columns-more" => grow(1, 0),
        "columns-less" => grow(-1, 0),
        "rows-more" => grow(0, 1),
        "rows-less" => grow(0, -1),
        "width" => {
            let to = typed.get("at").parse().ok()?;
            width(root, &NodeId::parse(node)?, |_| to)
        }
        "wider" => width(root, &NodeId::parse(node)?, |now| now + 1),
        "narrower" => width(root, &NodeId::parse(node)?, |now| now - 1),
        "divide" => {
            let saved = || own.iter().find(|one| one.id == node).map(|one| one.root.clone());
            let root = Template::parse(node).map(Template::root).or_else(saved)?;
            Some(Act::on("", Op::ApplyLayout { root }))
        }
        "split-columns" => split(NodeId::parse(node)?, Flow::Columns),
        "split-rows" => split(NodeId::parse(node)?, Flow::Rows),
        "add-region" => {
            let region = Region::new(NodeId::fresh());
            Some(Act::on(region.id.clone(), Op::AddRegion { container: root.id.clone(), region, before: None }))
        }
        "hide" => on_item(node, |item| Op::Hide { item }),
        "show" => on_item(node, |item| Op::Show { item }),
        "collapse" => on_item(node, |item| Op::Collapse { item }),
        "expand" => on_item(node, |item| Op::Expand { item }),
        "remove-region" => remove_region(root, NodeId::parse(node)?),
        _ => None,
    }
}

/// The changes that one person can make for themselves.
pub fn is_personal(op: &Op) -> bool {
    matches!(
        op,
        Op::MoveItem { .. }
            | Op::ResizeItem { .. }
            | Op::Hide { .. }
            | Op::Show { .. }
            | Op::Collapse { .. }
            | Op::Expand { .. }
    )
}

fn on_item(id: &str, op: impl Fn(InstanceId) -> Op) -> Option<Act> {
    InstanceId::parse(id).map(|id| Act::on(id.clone(), op(id)))
}

fn shift(root: &Container, item: &InstanceId, by: isize) -> Option<Act> {
    let (region, _) = root.item(item)?;
    let at = region.items.iter().position(|one| one.instance == *item)?;
    let others: Vec<&Item> = region.items.iter().filter(|one| one.instance != *item).collect();
    let Some(to) = at.checked_add_signed(by).filter(|to| *to <= others.len()) else { return Some(Act::nothing(item)) };
    let before = others.get(to).map(|one| one.instance.clone());
    Some(Act::on(item, Op::MoveItem { item: item.clone(), region: region.id.clone(), before }))
}

/// The next region in the order of the page that takes it, the first one after the last.
fn next(root: &Container, item: InstanceId) -> Option<Act> {
    let (from, moved) = root.item(&item)?;
    let regions = root.regions();
    let at = regions.iter().position(|region| region.id == from.id)?;
    let onward = regions.iter().cycle().skip(at + 1).take(regions.len() - 1);
    let to = onward.into_iter().find(|region| region.has_room_for(&moved.widget.kind));
    let Some(to) = to else { return Some(Act::nothing(&item)) };
    Some(Act::on(item.clone(), Op::MoveItem { item, region: to.id.clone(), before: None }))
}

fn move_to(root: &Container, item: InstanceId, to: NodeId, at: usize) -> Option<Act> {
    let others = root.region(&to)?.items.iter().filter(|one| one.instance != item);
    let before = others.map(|one| one.instance.clone()).nth(at);
    Some(Act::on(item.clone(), Op::MoveItem { item, region: to, before }))
}

fn add(root: &Container, (widget, config): (WidgetRef, Config), to: Option<NodeId>, at: Option<usize>) -> Option<Act> {
    let first = || root.regions().into_iter().find(|region| region.has_room_for(&widget.kind));
    let region = to.and_then(|to| root.region(&to)).or_else(first).or_else(|| root.regions().into_iter().next())?;
    let before = at.and_then(|at| region.items.get(at)).map(|one| one.instance.clone());
    let instance = InstanceId::fresh();
    let item = Item {
        instance: instance.clone(),
        widget,
        config,
        skin: None,
        title: None,
        span: Span::default(),
        locks: Locks::NONE,
    };
    Some(Act::on(instance, Op::PlaceWidget { region: region.id.clone(), item, before }))
}

fn bounded(value: i16, least: u8, most: u8) -> u8 {
    u8::try_from(value.clamp(i16::from(least), i16::from(most))).unwrap_or(most)
}

fn resize(item: InstanceId, columns: i16, rows: i16) -> Act {
    let span = Span { columns: bounded(columns, LEAST_COLUMNS, COLUMNS), rows: bounded(rows, 1, MOST_ROWS) };
    Act::on(item.clone(), Op::ResizeItem { item, span })
}

/// Widens a child at the cost of its right neighbour (of its left one, where it is the last).
fn width(root: &Container, node: &NodeId, to: impl Fn(i16) -> i16) -> Option<Act> {
    let parent = parent_of(root, node)?;
    let at = parent.children.iter().position(|child| child.id() == node)?;
    let mut tracks = parent.tracks.clone();
    let beside = if at + 1 < tracks.len() { at + 1 } else { at.checked_sub(1)? };
    let (now, both) = (*tracks.get(at)?, tracks[at] + *tracks.get(beside)?);
    let most = both.saturating_sub(LEAST_COLUMNS).max(1);
    tracks[at] = bounded(to(i16::from(now)), LEAST_COLUMNS.min(most), most);
    tracks[beside] = both - tracks[at];
    Some(Act::on(node, Op::ResizeTracks { container: parent.id.clone(), tracks }))
}

fn parent_of<'r>(container: &'r Container, node: &NodeId) -> Option<&'r Container> {
    if container.children.iter().any(|child| child.id() == node) {
        return Some(container);
    }
    container.children.iter().find_map(|child| match child {
        Node::Container(inner) => parent_of(inner, node),
        Node::Region(_) => None,
    })
}

fn split(region: NodeId, flow: Flow) -> Option<Act> {
    let added = NodeId::fresh();
    Some(Act::on(added.clone(), Op::SplitRegion { region, container: NodeId::fresh(), added, flow }))
}

/// What it held goes into the region before it (after it, where it is the first).
fn remove_region(root: &Container, node: NodeId) -> Option<Act> {
    let regions = root.regions();
    let at = regions.iter().position(|one| one.id == node)?;
    let heir = regions.get(if at == 0 { 1 } else { at - 1 }).map(|region| region.id.clone());
    let chosen = heir.as_ref().map(NodeId::to_string).unwrap_or_default();
    Some(Act::on(chosen, Op::RemoveNode { node, items_to: heir }))
}
