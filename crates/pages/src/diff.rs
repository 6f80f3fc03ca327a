//! What two states of a page differ in, and whether two people's changes go together.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::apply::apply;
use crate::model::{Container, Flow, InstanceId, Item, Node, NodeId, Page, Region, Target};
use crate::ops::{Aspect, Op};

/// A difference. `before` is absent for what was added, `after` for what was removed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// Where.
    pub target: Target,
    /// What about it.
    pub aspect: Aspect,
    /// As it was, as in the page's JSON.
    pub before: Option<Value>,
    /// As it is.
    pub after: Option<Value>,
}

/// Somebody saved first: both sides, for a view in which they are merged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Conflict {
    /// Where the page is now: what to send when trying again.
    pub rev: i64,
    /// Who saved last.
    pub by: String,
    /// What was to be saved.
    pub mine: Vec<Op>,
    /// What was changed meanwhile. Empty when that is too long ago to be known.
    pub theirs: Vec<Change>,
    /// What both changed.
    pub both: Vec<Touched>,
    /// May `mine` be sent again with the new rev as it is: nothing was changed by both, and everything can still be made?
    pub mergeable: bool,
    /// The page before either, while it is known.
    pub base: Option<Page>,
    /// The page now.
    pub current: Page,
}

/// A thing that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Touched {
    /// Where.
    pub target: Target,
    /// What about it.
    pub aspect: Aspect,
}

impl Conflict {
    /// Compares what was to be saved with what was changed since `base`.
    pub fn of(rev: i64, by: String, mine: Vec<Op>, base: Option<Page>, current: Page) -> Self {
        let theirs = base.as_ref().map(|base| diff(base, &current)).unwrap_or_default();
        let both = base.as_ref().map(|base| overlap(base, &mine, &theirs)).unwrap_or_default();
        let mergeable = base.is_some() && both.is_empty() && apply(&current, &mine).parked.is_empty();
        Self { rev, by, mine, theirs, both, mergeable, base, current }
    }
}

/// What both sides touch. What is done to a thing that the other side removed counts, and so does a new arrangement of all
/// regions beside any change of one.
fn overlap(base: &Page, mine: &[Op], theirs: &[Change]) -> Vec<Touched> {
    let own = diff(base, &apply(base, mine).page);
    let own = own.iter().map(|change| (&change.target, change.aspect));
    let said: Vec<(Target, Aspect)> = mine.iter().map(Op::touches).collect();
    let own: BTreeSet<_> = own.chain(said.iter().map(|(target, aspect)| (target, *aspect))).collect();
    let layout = own.contains(&(&Target::Page, Aspect::Layout));
    let clash = |change: &&Change| {
        own.iter().any(|(target, aspect)| {
            **target == change.target
                && (*aspect == change.aspect || *aspect == Aspect::Existence || change.aspect == Aspect::Existence)
        }) || (layout && matches!(change.target, Target::Node(_)))
    };
    let found: BTreeSet<Touched> = theirs
        .iter()
        .filter(clash)
        .map(|change| Touched { target: change.target.clone(), aspect: change.aspect })
        .collect();
    found.into_iter().collect()
}

/// Everything in which two states of a page differ: the page itself, its nodes, its items.
pub fn diff(before: &Page, after: &Page) -> Vec<Change> {
    let mut found = Found(Vec::new());
    let address = |page: &Page| json!({ "parent": page.parent, "slug": page.slug });
    let parts = [
        (Aspect::Title, json!(before.title), json!(after.title)),
        (Aspect::Address, address(before), address(after)),
        (Aspect::Home, json!(before.home), json!(after.home)),
        (Aspect::Colours, json!(before.theme), json!(after.theme)),
    ];
    for (aspect, one, two) in parts {
        found.compare(&Target::Page, aspect, one, two);
    }
    found.nodes(&nodes(&before.root), &nodes(&after.root));
    found.items(&items(&before.root), &items(&after.root));
    found.0
}

/// A node with where it stands.
struct Placed<'p> {
    node: Part<'p>,
    parent: Option<&'p NodeId>,
    at: usize,
}

enum Part<'p> {
    Container(&'p Container),
    Region(&'p Region),
}

fn nodes(root: &Container) -> BTreeMap<&NodeId, Placed<'_>> {
    fn walk<'p>(container: &'p Container, found: &mut BTreeMap<&'p NodeId, Placed<'p>>) {
        for (at, child) in container.children.iter().enumerate() {
            let node = match child {
                Node::Container(inner) => Part::Container(inner),
                Node::Region(region) => Part::Region(region),
            };
            found.insert(child.id(), Placed { node, parent: Some(&container.id), at });
            if let Node::Container(inner) = child {
                walk(inner, found);
            }
        }
    }
    let mut found = BTreeMap::from([(&root.id, Placed { node: Part::Container(root), parent: None, at: 0 })]);
    walk(root, &mut found);
    found
}

/// An item with where it stands.
type Standing<'p> = (&'p Item, &'p NodeId, usize);

fn items(root: &Container) -> BTreeMap<&InstanceId, Standing<'_>> {
    let mut found = BTreeMap::new();
    for region in root.regions() {
        for (at, item) in region.items.iter().enumerate() {
            found.insert(&item.instance, (item, &region.id, at));
        }
    }
    found
}

struct Found(Vec<Change>);

impl Found {
    fn compare(&mut self, target: &Target, aspect: Aspect, before: Value, after: Value) {
        if before != after {
            self.add(target.clone(), aspect, Some(before), Some(after));
        }
    }

    fn add(&mut self, target: Target, aspect: Aspect, before: Option<Value>, after: Option<Value>) {
        self.0.push(Change { target, aspect, before, after });
    }

    fn nodes(&mut self, before: &BTreeMap<&NodeId, Placed<'_>>, after: &BTreeMap<&NodeId, Placed<'_>>) {
        let moved = moved(before.iter().map(|(id, on)| (*id, on.parent, on.at)), after, |on| (on.parent, on.at));
        for (id, was) in before {
            let target = Target::Node((*id).clone());
            let Some(is) = after.get(id) else {
                self.add(target, Aspect::Existence, Some(node_json(was)), None);
                continue;
            };
            if moved.contains(id) {
                let place = |on: &Placed<'_>| json!({ "parent": on.parent, "at": on.at });
                self.add(target.clone(), Aspect::Place, Some(place(was)), Some(place(is)));
            }
            for ((aspect, one), (_, two)) in node_parts(was).into_iter().zip(node_parts(is)) {
                self.compare(&target, aspect, one, two);
            }
        }
        for (id, is) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
            self.add(Target::Node((*id).clone()), Aspect::Existence, None, Some(node_json(is)));
        }
    }

    fn items(&mut self, before: &BTreeMap<&InstanceId, Standing<'_>>, after: &BTreeMap<&InstanceId, Standing<'_>>) {
        let places = before.iter().map(|(id, (_, region, at))| (*id, Some(*region), *at));
        let moved = moved(places, after, |(_, region, at)| (Some(*region), *at));
        for (id, was) in before {
            let target = Target::Item((*id).clone());
            let Some(is) = after.get(id) else {
                self.add(target, Aspect::Existence, Some(json!(was.0)), None);
                continue;
            };
            if moved.contains(id) {
                let place = |on: &Standing<'_>| json!({ "region": on.1, "at": on.2 });
                self.add(target.clone(), Aspect::Place, Some(place(was)), Some(place(is)));
            }
            for ((aspect, one), (_, two)) in item_parts(was.0).into_iter().zip(item_parts(is.0)) {
                self.compare(&target, aspect, one, two);
            }
        }
        for (id, is) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
            self.add(Target::Item((*id).clone()), Aspect::Existence, None, Some(json!(is.0)));
        }
    }
}

/// Which stand elsewhere: below another parent, or among those who stayed in another order. As few as explain it: what was
/// merely pushed on by something new did not move.
fn moved<'p, K: Ord + Copy, T>(
    before: impl Iterator<Item = (K, Option<&'p NodeId>, usize)>,
    after: &BTreeMap<K, T>,
    place: impl Fn(&T) -> (Option<&NodeId>, usize),
) -> BTreeSet<K> {
    let mut moved = BTreeSet::new();
    let mut stayed: BTreeMap<Option<&NodeId>, Vec<(usize, usize, K)>> = BTreeMap::new();
    for (id, parent, at) in before {
        let Some((now, to)) = after.get(&id).map(&place) else { continue };
        if now == parent {
            stayed.entry(parent).or_default().push((at, to, id));
        } else {
            moved.insert(id);
        }
    }
    for (_, mut siblings) in stayed {
        siblings.sort_by_key(|(at, _, _)| *at);
        let order: Vec<usize> = siblings.iter().map(|(_, to, _)| *to).collect();
        let kept = longest_rising(&order);
        moved.extend(siblings.iter().enumerate().filter(|(at, _)| !kept.contains(at)).map(|(_, (_, _, id))| *id));
    }
    moved
}

/// Places of a longest rising part.
fn longest_rising(values: &[usize]) -> BTreeSet<usize> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let before = (0..at).filter(|earlier| values[*earlier] < *value).max_by_key(|earlier| best[*earlier].0);
        best.push((1 + before.map_or(0, |before| best[before].0), before));
    }
    let mut at = (0..values.len()).max_by_key(|at| (best[*at].0, std::cmp::Reverse(*at)));
    let mut kept = BTreeSet::new();
    while let Some(this) = at {
        kept.insert(this);
        at = best[this].1;
    }
    kept
}

fn item_parts(item: &Item) -> [(Aspect, Value); 6] {
    [
        (Aspect::Widget, json!(item.widget)),
        (Aspect::Config, json!(item.config)),
        (Aspect::Colours, json!(item.skin)),
        (Aspect::Title, json!(item.title)),
        (Aspect::Size, json!(item.span)),
        (Aspect::Locks, json!(item.locks)),
    ]
}

fn node_parts(on: &Placed<'_>) -> [(Aspect, Value); 5] {
    let [size, rules, colours, title, locks] = match on.node {
        Part::Container(container) => {
            let flow = if container.flow == Flow::Columns { "columns" } else { "rows" };
            [json!(container.tracks), json!(flow), Value::Null, Value::Null, json!(container.locks)]
        }
        Part::Region(region) => {
            let rules = json!({ "accepts": region.accepts, "max": region.max });
            [Value::Null, rules, json!(region.skin), json!(region.name), json!(region.locks)]
        }
    };
    [
        (Aspect::Size, size),
        (Aspect::Rules, rules),
        (Aspect::Colours, colours),
        (Aspect::Title, title),
        (Aspect::Locks, locks),
    ]
}

/// A node without what stands in it: that is told on its own.
fn node_json(on: &Placed<'_>) -> Value {
    match on.node {
        Part::Container(container) => {
            json!({ "node": "container", "flow": container.flow, "tracks": container.tracks })
        }
        Part::Region(region) => json!({ "node": "region", "name": region.name, "max": region.max }),
    }
}
