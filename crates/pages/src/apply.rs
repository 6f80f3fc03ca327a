//! Making changes: pure and total. What can't be made is parked with its reason, everything else is made.

use crate::model::{Container, InstanceId, Item, Locks, Node, NodeId, Page, Region};
use crate::ops::{Layer, Op, Parked, Reason};

/// A page after changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The page.
    pub page: Page,
    /// What was not made.
    pub parked: Vec<Parked>,
}

/// Makes changes of the base, in order. A sound page stays sound.
pub fn apply(page: &Page, ops: &[Op]) -> Applied {
    let mut applied = Applied { page: page.clone(), parked: Vec::new() };
    for op in ops {
        let mut after = applied.page.clone();
        let made = change(&mut after, op).and_then(|()| {
            let sound = after.problems().is_empty();
            if sound { Ok(()) } else { Err(Reason::Unsound) }
        });
        match made {
            Ok(()) => applied.page = after,
            Err(reason) => applied.parked.push(Parked { op: op.clone(), layer: Layer::Base, reason }),
        }
    }
    applied
}

fn change(page: &mut Page, op: &Op) -> Result<(), Reason> {
    match op {
        Op::Rename { title } => page.title = title.clone(),
        Op::SetSlug { slug } => page.slug = slug.clone(),
        Op::SetParent { parent } => page.parent = parent.clone(),
        Op::SetHome { home } => page.home = home.clone(),
        Op::SetTheme { theme } => page.theme = theme.clone(),
        op => return change_tree(&mut page.root, op),
    }
    Ok(())
}

fn change_tree(root: &mut Container, op: &Op) -> Result<(), Reason> {
    match op {
        Op::AddRegion { container, region, before } => add_region(root, container, region, before.as_ref()),
        Op::SplitRegion { region, container, added, flow } => {
            let Some(Node::Region(split)) = root.node(region) else { return Err(Reason::Gone) };
            let (old, new) = (Node::Region(split.clone()), Node::Region(Region::new(added.clone())));
            let within = match flow {
                crate::model::Flow::Columns => Container::columns(container.clone(), vec![6, 6], vec![old, new]),
                crate::model::Flow::Rows => Container::rows(container.clone(), vec![old, new]),
            };
            *root.node_mut(region).ok_or(Reason::Gone)? = Node::Container(within);
            Ok(())
        }
        Op::MergeRegions { into, from } => {
            let both = into != from && root.region(into).is_some() && root.region(from).is_some();
            if both { remove_node(root, from, Some(into)) } else { Err(Reason::Gone) }
        }
        Op::RemoveNode { node, items_to } => remove_node(root, node, items_to.as_ref()),
        Op::MoveNode { node, container, before } => move_node(root, node, container, before.as_ref()),
        Op::ResizeTracks { container, tracks } => {
            root.container_mut(container).ok_or(Reason::Gone)?.tracks.clone_from(tracks);
            Ok(())
        }
        Op::LockNode { node, locks } => lock_node(root, node, *locks),
        Op::ApplyLayout { root: new } => apply_layout(root, new),
        Op::SetRegionRules { region, accepts, max } => change_region(root, region, |region| {
            region.accepts.clone_from(accepts);
            region.max = *max;
        }),
        Op::NameRegion { region, name } => change_region(root, region, |region| region.name.clone_from(name)),
        Op::SetRegionSkin { region, skin } => change_region(root, region, |region| region.skin.clone_from(skin)),
        op => change_item(root, op),
    }
}

fn change_region(root: &mut Container, id: &NodeId, change: impl FnOnce(&mut Region)) -> Result<(), Reason> {
    root.region_mut(id).map(change).ok_or(Reason::Gone)
}

/// Changes of items that every layer may make are made here for all of them; who may is decided before.
pub(crate) fn change_item(root: &mut Container, op: &Op) -> Result<(), Reason> {
    let of = |root: &mut Container, id: &InstanceId, change: &dyn Fn(&mut Item)| {
        root.item_mut(id).map(change).ok_or(Reason::Gone)
    };
    match op {
        Op::PlaceWidget { region, item, before } => place(root, region, item, before.as_ref()),
        Op::RemoveItem { item } => root.take_item(item).map(drop).ok_or(Reason::Gone),
        Op::MoveItem { item, region, before } => move_item(root, item, region, before.as_ref()),
        Op::ResizeItem { item, span } => of(root, item, &|item| item.span = *span),
        Op::SetConfig { item, config } => of(root, item, &|item| item.config.clone_from(config)),
        Op::SetItemTitle { item, title } => of(root, item, &|item| item.title.clone_from(title)),
        Op::SetItemSkin { item, skin } => of(root, item, &|item| item.skin.clone_from(skin)),
        Op::ReplaceWidget { item, widget, config } => of(root, item, &|item| {
            item.widget = widget.clone();
            item.config.clone_from(config);
        }),
        Op::LockItem { item, locks } => of(root, item, &|item| item.locks = *locks),
        // What is hidden or collapsed is so for somebody: the base has no such thing. The rest has been dealt with.
        _ => Err(Reason::NotInThisLayer),
    }
}

fn place(root: &mut Container, region: &NodeId, item: &Item, before: Option<&InstanceId>) -> Result<(), Reason> {
    if root.item(&item.instance).is_some() {
        return Err(Reason::Duplicate);
    }
    let region = root.region_mut(region).ok_or(Reason::Gone)?;
    room(region, item)?;
    region.put(item.clone(), before);
    Ok(())
}

/// Is there room for one more such item?
pub(crate) fn room(region: &Region, item: &Item) -> Result<(), Reason> {
    match region.takes(&item.widget.kind) {
        false => Err(Reason::NotAccepted),
        true if !region.has_room_for(&item.widget.kind) => Err(Reason::NoRoom),
        true => Ok(()),
    }
}

fn move_item(root: &mut Container, id: &InstanceId, to: &NodeId, before: Option<&InstanceId>) -> Result<(), Reason> {
    let (from, item) = root.item(id).ok_or(Reason::Gone)?;
    let target = root.region(to).ok_or(Reason::Gone)?;
    if from.id != *to {
        room(target, item)?;
    }
    if before == Some(id) {
        return Ok(());
    }
    let item = root.take_item(id).ok_or(Reason::Gone)?;
    root.region_mut(to).ok_or(Reason::Gone)?.put(item, before);
    Ok(())
}

fn add_region(
    root: &mut Container,
    container: &NodeId,
    region: &Region,
    before: Option<&NodeId>,
) -> Result<(), Reason> {
    if root.node_ids().contains(&&region.id) {
        return Err(Reason::Duplicate);
    }
    if !region.items.is_empty() {
        return Err(Reason::HasItems);
    }
    let within = root.container_mut(container).ok_or(Reason::Gone)?;
    if within.put(Node::Region(region.clone()), before, None) { Ok(()) } else { Err(Reason::Impossible) }
}

fn remove_node(root: &mut Container, id: &NodeId, items_to: Option<&NodeId>) -> Result<(), Reason> {
    let taken = root.take_node(id).ok_or(if root.id == *id { Reason::Impossible } else { Reason::Gone })?;
    let items: Vec<Item> = match taken.node {
        Node::Region(region) => region.items,
        Node::Container(mut container) => {
            container.regions_mut().into_iter().flat_map(|region| std::mem::take(&mut region.items)).collect()
        }
    };
    if root.regions().is_empty() {
        return Err(Reason::Impossible);
    }
    if !items.is_empty() {
        let to = root.region_mut(items_to.ok_or(Reason::HasItems)?).ok_or(Reason::Gone)?;
        for item in items {
            room(to, &item)?;
            to.items.push(item);
        }
    }
    root.prune();
    Ok(())
}

fn move_node(root: &mut Container, id: &NodeId, container: &NodeId, before: Option<&NodeId>) -> Result<(), Reason> {
    if before == Some(id) {
        return Err(Reason::Impossible);
    }
    let taken = root.take_node(id).ok_or(if root.id == *id { Reason::Impossible } else { Reason::Gone })?;
    let inside = matches!(&taken.node, Node::Container(moved) if moved.node_ids().contains(&container));
    let within = root.container_mut(container).ok_or(if inside { Reason::Impossible } else { Reason::Gone })?;
    if !within.put(taken.node, before, taken.track) {
        return Err(Reason::Impossible);
    }
    root.prune();
    Ok(())
}

fn lock_node(root: &mut Container, id: &NodeId, locks: Locks) -> Result<(), Reason> {
    if let Some(container) = root.container_mut(id) {
        container.locks = locks;
        return Ok(());
    }
    change_region(root, id, |region| region.locks = locks)
}

/// Regions of the new arrangement that are on the page already keep what they hold. The others take over, in order, from
/// the regions that the new arrangement does not name: id, rules, colours, locks and items, so that what people arranged
/// and what the policy says still finds them. What is left over goes where there is room, from the last region on.
fn apply_layout(root: &mut Container, new: &Container) -> Result<(), Reason> {
    if new.items().next().is_some() {
        return Err(Reason::HasItems);
    }
    let mut new = new.clone();
    let mut old: Vec<Region> = root.regions().into_iter().cloned().collect();
    let named = |old: &[Region], id: &NodeId| old.iter().position(|region| region.id == *id);
    let kept: Vec<NodeId> = new.regions().iter().map(|region| region.id.clone()).collect();
    for region in new.regions_mut() {
        let at = named(&old, &region.id).or_else(|| old.iter().position(|region| !kept.contains(&region.id)));
        if let Some(at) = at {
            let name = region.name.take();
            *region = old.remove(at);
            region.name = name.or(region.name.take());
        }
    }
    for item in old.into_iter().flat_map(|region| region.items) {
        let mut regions = new.regions_mut();
        let free = regions.iter_mut().rev().find(|region| room(region, &item).is_ok());
        free.ok_or(Reason::NoRoom)?.items.push(item);
    }
    *root = new;
    Ok(())
}
