//! A hundred thousand random sequences of changes lose nothing.

use std::collections::BTreeSet;

use pages::model::{Flow, InstanceId, Locks, NodeId, Region, Span};
use pages::{Layer, Merged, Op, Page, Template, apply, compact, merge};
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::stage::{instance, item, node, sample};

const SEQUENCES: u64 = 100_000;

/// An id that is likely on the page, but not always.
fn some_item(dice: &mut ChaCha8Rng) -> InstanceId {
    instance(&dice.random_range(1..=8).to_string())
}

fn some_node(dice: &mut ChaCha8Rng) -> NodeId {
    node(["a", "b", "c", "row", "root", "n1", "n2", "gone"][dice.random_range(0..8)])
}

fn perhaps<T>(dice: &mut ChaCha8Rng, make: impl FnOnce(&mut ChaCha8Rng) -> T) -> Option<T> {
    dice.random_bool(0.5).then(|| make(dice))
}

fn locks(dice: &mut ChaCha8Rng) -> Locks {
    Locks { arrange: dice.random_bool(0.3), hide: dice.random_bool(0.3), settings: false }
}

fn span(dice: &mut ChaCha8Rng) -> Span {
    Span { columns: dice.random_range(0..=13), rows: dice.random_range(1..=3) }
}

fn of_items(dice: &mut ChaCha8Rng) -> Op {
    let item_id = some_item(dice);
    match dice.random_range(0..9) {
        0 => Op::PlaceWidget {
            region: some_node(dice),
            item: item(item_id.as_str(), "notices"),
            before: perhaps(dice, some_item),
        },
        1 => Op::RemoveItem { item: item_id },
        2 => Op::ResizeItem { item: item_id, span: span(dice) },
        3 => Op::Hide { item: item_id },
        4 => Op::Show { item: item_id },
        5 => Op::Collapse { item: item_id },
        6 => Op::LockItem { item: item_id, locks: locks(dice) },
        _ => Op::MoveItem { item: item_id, region: some_node(dice), before: perhaps(dice, some_item) },
    }
}

fn of_base(dice: &mut ChaCha8Rng) -> Op {
    match dice.random_range(0..14) {
        0 => Op::AddRegion {
            container: some_node(dice),
            region: Region::new(some_node(dice)),
            before: perhaps(dice, some_node),
        },
        1 => Op::SplitRegion {
            region: some_node(dice),
            container: some_node(dice),
            added: some_node(dice),
            flow: if dice.random_bool(0.5) { Flow::Columns } else { Flow::Rows },
        },
        2 => Op::MergeRegions { into: some_node(dice), from: some_node(dice) },
        3 => Op::RemoveNode { node: some_node(dice), items_to: perhaps(dice, some_node) },
        4 => Op::MoveNode { node: some_node(dice), container: some_node(dice), before: perhaps(dice, some_node) },
        5 => {
            let left = dice.random_range(0..=12);
            Op::ResizeTracks { container: some_node(dice), tracks: vec![left, 12 - left] }
        }
        6 => Op::LockNode { node: some_node(dice), locks: locks(dice) },
        7 => Op::ApplyLayout { root: Template::ALL[dice.random_range(0..6)].root() },
        8 => Op::SetRegionRules { region: some_node(dice), accepts: Vec::new(), max: dice.random_range(0..=4) },
        _ => of_items(dice),
    }
}

fn several(dice: &mut ChaCha8Rng, most: usize, mut one: impl FnMut(&mut ChaCha8Rng) -> Op) -> Vec<Op> {
    let count = dice.random_range(0..=most);
    (0..count).map(|_| one(dice)).collect()
}

fn ids(page: &Page) -> BTreeSet<&InstanceId> {
    let all: Vec<&InstanceId> = page.root.items().map(|item| &item.instance).collect();
    let once: BTreeSet<&InstanceId> = all.iter().copied().collect();
    assert_eq!(all.len(), once.len(), "twice on the page: {all:?}");
    once
}

/// Only what was asked to go is gone, and the page is sound.
fn base_keeps(before: &Page, ops: &[Op]) -> Page {
    let after = apply(before, ops);
    assert_eq!(after.page.problems(), []);
    let removed: BTreeSet<&InstanceId> =
        ops.iter().filter_map(|op| if let Op::RemoveItem { item } = op { Some(item) } else { None }).collect();
    for id in ids(before) {
        assert!(ids(&after.page).contains(id) || removed.contains(id), "{id} is lost by {ops:?}");
    }
    let done = ops.len() - after.parked.len();
    assert!(done > 0 || after.page == *before, "nothing was made, and yet it changed");
    after.page
}

/// Every item of the base is seen, or hidden by a change that is reported.
fn layers_keep(base: &Page, organisation: &[Op], user: &[Op]) -> Merged {
    let merged = merge(base, organisation, user);
    assert_eq!(merged, merge(base, organisation, user), "the same gives the same");
    assert_eq!(merged.page.problems(), []);
    let (seen, there) = (ids(&merged.page), ids(base));
    for id in &there {
        assert!(seen.contains(*id) != merged.hidden.contains_key(*id), "{id}: {organisation:?} {user:?}");
    }
    for id in merged.hidden.keys() {
        let hides = |ops: &[Op]| ops.contains(&Op::Hide { item: id.clone() });
        assert!(hides(organisation) || hides(user), "{id} is hidden by nobody");
    }
    for id in seen {
        assert!(there.contains(id) || merged.placed.contains_key(id), "{id} comes from nowhere");
    }
    for op in user {
        if let Op::PlaceWidget { item, .. } = op {
            let reported = merged.parked.iter().any(|parked| parked.op == *op);
            let known = merged.placed.contains_key(&item.instance) || there.contains(&item.instance);
            let removed = user.contains(&Op::RemoveItem { item: item.instance.clone() })
                || organisation.contains(&Op::RemoveItem { item: item.instance.clone() });
            assert!(reported || known || removed, "{} is lost: {user:?}", item.instance);
        }
    }
    merged
}

fn order_does_not_matter(base: &Page, dice: &mut ChaCha8Rng) {
    let mut ops: Vec<Op> = (1..=4)
        .map(|id| match dice.random_range(0..3) {
            0 => Op::Hide { item: instance(&id.to_string()) },
            1 => Op::Collapse { item: instance(&id.to_string()) },
            _ => Op::ResizeItem { item: instance(&id.to_string()), span: Span { columns: 6, rows: 2 } },
        })
        .collect();
    let one = merge(base, &[], &ops);
    ops.shuffle(dice);
    let other = merge(base, &[], &ops);
    assert_eq!((one.page, one.hidden, one.collapsed), (other.page, other.hidden, other.collapsed));
}

fn sequence(seed: u64) {
    let dice = &mut ChaCha8Rng::seed_from_u64(seed);
    let ops = several(dice, 4, of_base);
    let base = base_keeps(&sample(), &ops);
    let (organisation, user) = (several(dice, 3, of_items), several(dice, 5, of_items));
    let merged = layers_keep(&base, &organisation, &user);
    let kept = compact(&base, &organisation, user.clone(), Layer::User);
    let again = merge(&base, &organisation, &kept);
    assert_eq!((&again.page, &again.hidden, &again.collapsed), (&merged.page, &merged.hidden, &merged.collapsed));
    assert_eq!(merge(&base, &[], &[]).page, base, "reset");
    // An administrator goes on: nothing is lost then either.
    let ops = several(dice, 2, of_base);
    let later = base_keeps(&base, &ops);
    layers_keep(&later, &organisation, &kept);
    order_does_not_matter(&later, dice);
}

#[test]
fn a_hundred_thousand_sequences_lose_nothing() {
    let (count, threads) = (if testbed::quick() { SEQUENCES / 10 } else { SEQUENCES }, 4);
    std::thread::scope(|scope| {
        for part in 0..threads {
            scope.spawn(move || (0..count).filter(|seed| seed % threads == part).for_each(sequence));
        }
    });
}
