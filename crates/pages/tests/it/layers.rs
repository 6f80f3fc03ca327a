//! What organisations and people made of a page, and administrators' later changes.

use pages::model::{Locks, Span};
use pages::{Layer, Op, Page, Parked, Reason, apply, compact, merge};

use crate::stage::{instance, node, place, sample, shape, to};

fn hide(id: &str) -> Op {
    Op::Hide { item: instance(id) }
}

fn locked(op: Op) -> Page {
    let applied = apply(&sample(), &[op]);
    assert!(applied.parked.is_empty(), "{:?}", applied.parked);
    applied.page
}

fn reasons(parked: &[Parked]) -> Vec<(Layer, Reason)> {
    parked.iter().map(|parked| (parked.layer, parked.reason)).collect()
}

#[test]
fn people_hide_move_and_collapse_what_is_not_locked() {
    let ops = [hide("2"), to("1", &node("b"), None), Op::Collapse { item: instance("4") }];
    let merged = merge(&sample(), &[], &ops);
    assert_eq!(shape(&merged.page), "a:3 b:4,1 c:");
    assert_eq!(merged.hidden.get(&instance("2")), Some(&Layer::User));
    assert!(merged.collapsed.contains(&instance("4")) && merged.parked.is_empty());
    assert_eq!(merge(&sample(), &[], &[]).page, sample(), "taken back, it is the page again");
    let shown = merge(&sample(), &[], &[hide("2"), Op::Show { item: instance("2") }]);
    assert_eq!(shape(&shown.page), "a:1,2,3 b:4 c:");
}

#[test]
fn locks_hold_for_the_layers_above_alone() {
    let arrange = Locks { arrange: true, ..Locks::NONE };
    for op in [
        Op::LockNode { node: node("root"), locks: arrange },
        Op::LockNode { node: node("row"), locks: arrange },
        Op::LockNode { node: node("a"), locks: arrange },
        Op::LockItem { item: instance("1"), locks: arrange },
    ] {
        let base = locked(op);
        let merged = merge(&base, &[], &[to("1", &node("c"), None)]);
        assert_eq!(merged.page, base);
        assert_eq!(reasons(&merged.parked), [(Layer::User, Reason::Locked)]);
        // The page itself is changed by those who edit it.
        assert!(apply(&base, &[to("1", &node("c"), None)]).parked.is_empty());
    }
    // Into a locked region neither.
    let base = locked(Op::LockNode { node: node("c"), locks: arrange });
    assert_eq!(reasons(&merge(&base, &[], &[to("1", &node("c"), None)]).parked), [(Layer::User, Reason::Locked)]);
    let base = locked(Op::LockItem { item: instance("1"), locks: Locks { hide: true, ..Locks::NONE } });
    assert_eq!(reasons(&merge(&base, &[], &[hide("1")]).parked), [(Layer::User, Reason::Locked)]);
    // An organisation's lock binds its people, not itself.
    let lock = Op::LockItem { item: instance("1"), locks: Locks::ALL };
    let merged = merge(&sample(), &[lock, to("1", &node("c"), None)], &[hide("1"), to("1", &node("b"), None)]);
    assert_eq!(shape(&merged.page), "a:2,3 b:4 c:1");
    assert_eq!(reasons(&merged.parked), [(Layer::User, Reason::Locked); 2]);
}

#[test]
fn nobody_above_the_base_changes_what_is_not_theirs() {
    let span = |columns| Op::ResizeItem { item: instance("1"), span: Span { columns, rows: 1 } };
    let ops = [
        Op::RemoveItem { item: instance("1") },
        Op::SetItemTitle { item: instance("1"), title: None },
        Op::LockItem { item: instance("1"), locks: Locks::NONE },
        Op::RemoveNode { node: node("c"), items_to: None },
        Op::LockNode { node: node("a"), locks: Locks::NONE },
        Op::ResizeTracks { container: node("row"), tracks: vec![6, 6] },
    ];
    let merged = merge(&sample(), &[], &ops);
    assert_eq!(merged.page, sample());
    assert_eq!(reasons(&merged.parked), [(Layer::User, Reason::NotInThisLayer); 6]);
    assert_eq!(reasons(&merge(&sample(), &[], &[span(0)]).parked), [(Layer::User, Reason::Unsound)]);
    // One's own widgets are.
    let own = [place(&node("c"), "9", "search"), Op::RemoveItem { item: instance("9") }];
    assert_eq!(merge(&sample(), &[], &own[..1]).placed.get(&instance("9")), Some(&Layer::User));
    assert_eq!(merge(&sample(), &[], &own).page, sample());
    assert_eq!(compact(&sample(), &[], own.to_vec(), Layer::User), []);
}

#[test]
fn what_administrators_change_later_keeps_what_people_arranged() {
    let own = [hide("2"), to("1", &node("c"), None), place(&node("b"), "9", "search"), to("3", &node("b"), None)];
    let later = |ops: &[Op]| {
        let base = apply(&sample(), ops);
        assert!(base.parked.is_empty(), "{:?}", base.parked);
        merge(&base.page, &[], &own)
    };
    assert_eq!(shape(&later(&[]).page), "a: b:4,9,3 c:1");
    // Something new is there for everybody.
    assert_eq!(shape(&later(&[place(&node("a"), "8", "search")]).page), "a:8 b:4,9,3 c:1");
    // What was moved by both stays where its owner put it.
    assert_eq!(shape(&later(&[to("1", &node("b"), None)]).page), "a: b:4,9,3 c:1");
    // A region that is gone takes nothing with it: what was put there is where the page has it, one's own where there is room.
    let merged = later(&[Op::MergeRegions { into: node("a"), from: node("b") }]);
    assert_eq!(shape(&merged.page), "a:3,4,9 c:1");
    assert_eq!(reasons(&merged.parked), [(Layer::User, Reason::Gone)]);
    assert_eq!(merged.relocated.get(&instance("9")), Some(&Reason::Gone));
    // An item that is gone is gone, and the rest stays.
    let merged = later(&[Op::RemoveItem { item: instance("2") }]);
    assert_eq!(shape(&merged.page), "a: b:4,9,3 c:1");
    assert_eq!(reasons(&merged.parked), [(Layer::User, Reason::Gone)]);
    // Locked since: it is as the page says, until the lock is taken away again.
    let lock = |locks| Op::LockItem { item: instance("2"), locks };
    assert_eq!(shape(&later(&[lock(Locks::ALL)]).page), "a:2 b:4,9,3 c:1");
    assert_eq!(shape(&later(&[lock(Locks::ALL), lock(Locks::NONE)]).page), "a: b:4,9,3 c:1");
}
