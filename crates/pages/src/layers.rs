//! Layers: what an organisation and a person made of a published page.
//!
//! A layer is a list of [`Op`]s on stable ids. It is made anew on whatever the base is by then, so an administrator's later
//! changes and a person's arrangement both hold: an item that is new is there, one that is gone is gone, and one that was
//! moved by the person stays where they put it, unless the place is gone or locked since.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::{change_item, room};
use crate::model::{InstanceId, Item, Locks, NodeId, Page, item_problems};
use crate::ops::{Aspect, Layer, Op, Parked, Reason, Target};

/// A page as somebody sees it, before the policy takes away what they may not see.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Merged {
    /// Without what is hidden.
    pub page: Page,
    /// What is hidden, and by which layer: the page can offer it again.
    pub hidden: BTreeMap<InstanceId, Layer>,
    /// Only their heads are shown.
    pub collapsed: BTreeSet<InstanceId>,
    /// Placed by a layer above the base.
    pub placed: BTreeMap<InstanceId, Layer>,
    /// Those of them that stand elsewhere than they were placed, and why.
    pub relocated: BTreeMap<InstanceId, Reason>,
    /// Changes that can't be made any more: reported, and kept for when they can.
    pub parked: Vec<Parked>,
}

/// The base with the changes of an organisation, then of a person. The same input gives the same page; every item of the
/// base is in it or among the hidden ones.
pub fn merge(base: &Page, organisation: &[Op], user: &[Op]) -> Merged {
    let mut merging = Merging {
        merged: Merged {
            page: base.clone(),
            hidden: BTreeMap::new(),
            collapsed: BTreeSet::new(),
            placed: BTreeMap::new(),
            relocated: BTreeMap::new(),
            parked: Vec::new(),
        },
        locks: BTreeMap::new(),
    };
    merging.layer(Layer::Organisation, organisation);
    merging.layer(Layer::User, user);
    let mut merged = merging.merged;
    for region in merged.page.root.regions_mut() {
        region.items.retain(|item| !merged.hidden.contains_key(&item.instance));
    }
    merged
}

struct Merging {
    merged: Merged,
    /// Locks that the layer sets: they bind the layers above, not itself.
    locks: BTreeMap<InstanceId, Locks>,
}

impl Merging {
    fn layer(&mut self, layer: Layer, ops: &[Op]) {
        for op in ops {
            if let Err(reason) = self.make(layer, op) {
                self.merged.parked.push(Parked { op: op.clone(), layer, reason });
            }
        }
        for (id, locks) in std::mem::take(&mut self.locks) {
            if let Some(item) = self.merged.page.root.item_mut(&id) {
                item.locks = item.locks.and(locks);
            }
        }
    }

    fn make(&mut self, layer: Layer, op: &Op) -> Result<(), Reason> {
        match op {
            Op::PlaceWidget { region, item, before } => self.place(layer, region, item, before.as_ref()),
            Op::RemoveItem { item } => {
                self.own(layer, item)?;
                self.merged.placed.remove(item);
                change_item(&mut self.merged.page.root, op)
            }
            Op::MoveItem { item, region, .. } => {
                self.free(layer, item, |locks| locks.arrange)?;
                self.open(region)?;
                change_item(&mut self.merged.page.root, op)?;
                // Whoever moves it says where it belongs.
                self.merged.relocated.remove(item);
                Ok(())
            }
            Op::ResizeItem { item, .. } => {
                self.free(layer, item, |locks| locks.arrange)?;
                self.changed(item, op)
            }
            Op::SetConfig { item, .. } | Op::SetItemTitle { item, .. } => {
                match layer {
                    Layer::User => self.own(layer, item)?,
                    Layer::Base | Layer::Organisation => self.free(layer, item, |locks| locks.settings)?,
                }
                self.changed(item, op)
            }
            Op::LockItem { item, locks } if layer == Layer::Organisation => {
                self.there(item)?;
                self.locks.insert(item.clone(), *locks);
                Ok(())
            }
            Op::Hide { item } => {
                self.free(layer, item, |locks| locks.hide)?;
                self.merged.hidden.entry(item.clone()).or_insert(layer);
                Ok(())
            }
            Op::Show { item } => {
                self.there(item)?;
                if self.merged.hidden.get(item) == Some(&layer) {
                    self.merged.hidden.remove(item);
                }
                Ok(())
            }
            Op::Collapse { item } => {
                self.free(layer, item, |locks| locks.hide)?;
                self.merged.collapsed.insert(item.clone());
                Ok(())
            }
            Op::Expand { item } => {
                self.there(item)?;
                self.merged.collapsed.remove(item);
                Ok(())
            }
            _ => Err(Reason::NotInThisLayer),
        }
    }

    /// Places it in its region, or, when that is gone, locked or full by now, in the first that takes it.
    fn place(&mut self, layer: Layer, region: &NodeId, item: &Item, before: Option<&InstanceId>) -> Result<(), Reason> {
        if item.skin.is_some() || item.locks != Locks::NONE {
            return Err(Reason::NotInThisLayer);
        }
        if !item_problems(item).is_empty() {
            return Err(Reason::Unsound);
        }
        let root = &self.merged.page.root;
        if root.item(&item.instance).is_some() {
            return Err(Reason::Duplicate);
        }
        let wanted = self.open(region).and_then(|()| room(root.region(region).ok_or(Reason::Gone)?, item));
        let takes =
            |id: &NodeId| root.region(id).is_some_and(|region| room(region, item).is_ok()) && self.open(id).is_ok();
        let elsewhere = || root.regions().into_iter().map(|region| region.id.clone()).find(takes);
        let target = match wanted {
            Ok(()) => region.clone(),
            Err(reason) => {
                let other = elsewhere().ok_or(reason)?;
                self.merged.relocated.insert(item.instance.clone(), reason);
                other
            }
        };
        let placed = Op::PlaceWidget { region: target, item: item.clone(), before: before.cloned() };
        change_item(&mut self.merged.page.root, &placed)?;
        self.merged.placed.insert(item.instance.clone(), layer);
        Ok(())
    }

    /// Changes an item, unless it would not be sound then.
    fn changed(&mut self, id: &InstanceId, op: &Op) -> Result<(), Reason> {
        let before = self.merged.page.root.item(id).ok_or(Reason::Gone)?.1.clone();
        change_item(&mut self.merged.page.root, op)?;
        let item = self.merged.page.root.item_mut(id).ok_or(Reason::Gone)?;
        if item_problems(item).is_empty() {
            return Ok(());
        }
        *item = before;
        Err(Reason::Unsound)
    }

    fn there(&self, id: &InstanceId) -> Result<(), Reason> {
        self.merged.page.root.item(id).map(drop).ok_or(Reason::Gone)
    }

    /// Was it placed by this layer?
    fn own(&self, layer: Layer, id: &InstanceId) -> Result<(), Reason> {
        self.there(id)?;
        if self.merged.placed.get(id) == Some(&layer) { Ok(()) } else { Err(Reason::NotInThisLayer) }
    }

    /// Do the layers below let it? What one placed oneself is one's own.
    fn free(&self, layer: Layer, id: &InstanceId, locked: impl Fn(&Locks) -> bool) -> Result<(), Reason> {
        let root = &self.merged.page.root;
        let (region, item) = root.item(id).ok_or(Reason::Gone)?;
        if self.merged.placed.get(id) == Some(&layer) {
            return Ok(());
        }
        let around = root.locks_at(&region.id).unwrap_or(Locks::ALL);
        if locked(&around.and(item.locks)) { Err(Reason::Locked) } else { Ok(()) }
    }

    /// May items be put into this region?
    fn open(&self, region: &NodeId) -> Result<(), Reason> {
        let root = &self.merged.page.root;
        root.region(region).ok_or(Reason::Gone)?;
        let locks = root.locks_at(region).ok_or(Reason::Gone)?;
        if locks.arrange { Err(Reason::Locked) } else { Ok(()) }
    }
}

/// The changes of a layer without those that later ones replace: what is kept. It gives the same page on this base.
pub fn compact(base: &Page, organisation: &[Op], user: Vec<Op>, layer: Layer) -> Vec<Op> {
    let seen = |ops: &[Op]| match layer {
        Layer::User => merge(base, organisation, ops),
        Layer::Base | Layer::Organisation => merge(base, ops, &[]),
    };
    let last = last_of_each(&user);
    // An arrangement is made step by step: one step may have made room for the next, or be what it was put beside.
    if last.len() == user.len() || seen(&last) == seen(&user) { last } else { user }
}

fn last_of_each(ops: &[Op]) -> Vec<Op> {
    let removed = |id: &InstanceId, at: usize| {
        ops[at..].iter().any(|later| matches!(later, Op::RemoveItem { item } if item == id))
    };
    let mut kept = Vec::with_capacity(ops.len());
    for (at, op) in ops.iter().enumerate() {
        let touched = op.touches();
        let own = |id: &InstanceId| {
            ops.iter().any(|other| matches!(other, Op::PlaceWidget { item, .. } if item.instance == *id))
        };
        let gone = matches!(&touched.0, Target::Item(id) if own(id) && removed(id, at));
        let replaced = touched.1 != Aspect::Existence && ops[at + 1..].iter().any(|later| later.touches() == touched);
        if !gone && !replaced {
            kept.push(op.clone());
        }
    }
    kept
}
