//! Each change of a page, what it refuses, and what differs afterwards.

use pages::model::{Bilingual, Colour, Colours, Flow, Palette, Region, Scheme, Span, Theme, ThemeName, Token};
use pages::{Aspect, Conflict, Op, Page, Reason, Target, Template, apply, diff};

use crate::stage::{instance, item, node, place, sample, shape, to};

/// What comes of one change: the page, or why not.
fn made(page: &Page, op: Op) -> Result<Page, Reason> {
    let mut applied = apply(page, &[op]);
    match applied.parked.pop() {
        Some(parked) => {
            assert_eq!(&applied.page, page, "refused, and yet changed");
            Err(parked.reason)
        }
        None => Ok(applied.page),
    }
}

fn check(op: Op, expect: Result<&str, Reason>) {
    let text = format!("{op:?}");
    assert_eq!(made(&sample(), op).map(|page| shape(&page)), expect.map(str::to_owned), "{text}");
}

#[test]
fn items_are_placed_moved_and_removed() {
    check(place(&node("c"), "9", "search"), Ok("a:1,2,3 b:4 c:9"));
    check(place(&node("c"), "1", "search"), Err(Reason::Duplicate));
    check(place(&node("z"), "9", "search"), Err(Reason::Gone));
    check(to("1", &node("a"), Some("3")), Ok("a:2,1,3 b:4 c:"));
    check(to("3", &node("a"), Some("1")), Ok("a:3,1,2 b:4 c:"));
    check(to("1", &node("a"), Some("1")), Ok("a:1,2,3 b:4 c:"));
    check(to("1", &node("b"), Some("4")), Ok("a:2,3 b:1,4 c:"));
    check(to("1", &node("b"), Some("gone")), Ok("a:2,3 b:4,1 c:"));
    check(to("1", &node("gone"), None), Err(Reason::Gone));
    check(to("9", &node("b"), None), Err(Reason::Gone));
    check(Op::RemoveItem { item: instance("2") }, Ok("a:1,3 b:4 c:"));
    check(Op::Hide { item: instance("2") }, Err(Reason::NotInThisLayer));
    check(Op::ResizeItem { item: instance("1"), span: Span { columns: 13, rows: 1 } }, Err(Reason::Unsound));
    check(Op::ResizeItem { item: instance("1"), span: Span { columns: 6, rows: 0 } }, Err(Reason::Unsound));
}

#[test]
fn regions_are_split_merged_moved_and_removed_without_losing_an_item() {
    let split = |flow| Op::SplitRegion { region: node("a"), container: node("k"), added: node("n"), flow };
    check(split(Flow::Columns), Ok("a:1,2,3 n: b:4 c:"));
    check(split(Flow::Rows), Ok("a:1,2,3 n: b:4 c:"));
    check(Op::MergeRegions { into: node("b"), from: node("a") }, Ok("b:4,1,2,3 c:"));
    check(Op::MergeRegions { into: node("b"), from: node("b") }, Err(Reason::Gone));
    check(Op::RemoveNode { node: node("a"), items_to: None }, Err(Reason::HasItems));
    check(Op::RemoveNode { node: node("c"), items_to: None }, Ok("a:1,2,3 b:4"));
    check(Op::RemoveNode { node: node("row"), items_to: Some(node("c")) }, Ok("c:1,2,3,4"));
    check(Op::RemoveNode { node: node("row"), items_to: Some(node("a")) }, Err(Reason::Gone));
    check(Op::RemoveNode { node: node("root"), items_to: None }, Err(Reason::Impossible));
    check(Op::MoveNode { node: node("row"), container: node("row"), before: None }, Err(Reason::Impossible));
    check(Op::MoveNode { node: node("c"), container: node("row"), before: Some(node("b")) }, Ok("a:1,2,3 c: b:4"));
    let added = |id| Op::AddRegion { container: node("row"), region: Region::new(node(id)), before: None };
    check(added("new"), Ok("a:1,2,3 b:4 new: c:"));
    check(added("root"), Err(Reason::Duplicate));
    for (tracks, good) in [(vec![6, 6], true), (vec![12], false), (vec![0, 12], false), (vec![7, 6], false)] {
        let op = Op::ResizeTracks { container: node("row"), tracks };
        assert_eq!(made(&sample(), op).is_ok(), good);
    }
    // A region that is taken out leaves its width to its neighbour, and what is empty then goes with it.
    let alone = made(&sample(), Op::MergeRegions { into: node("c"), from: node("b") }).unwrap();
    assert!(alone.problems().is_empty(), "{:?}", alone.problems());
    let none = made(&alone, Op::MergeRegions { into: node("c"), from: node("a") }).unwrap();
    assert_eq!((shape(&none).as_str(), none.root.node_ids().len()), ("c:4,1,2,3", 2));
}

#[test]
fn a_region_takes_what_it_says_and_no_more() {
    let search = pages::model::WidgetKind::parse("search").unwrap();
    let only = |max| Op::SetRegionRules { region: node("c"), accepts: vec![search.clone()], max };
    let strict = made(&sample(), only(1)).unwrap();
    assert_eq!(made(&strict, to("1", &node("c"), None)).err(), Some(Reason::NotAccepted));
    let full = made(&strict, place(&node("c"), "9", "search")).unwrap();
    assert_eq!(made(&full, place(&node("c"), "8", "search")).err(), Some(Reason::NoRoom));
    // Rules that what stands there does not meet are no rules.
    let op = Op::SetRegionRules { region: node("a"), accepts: vec![search.clone()], max: 24 };
    assert_eq!(made(&sample(), op).err(), Some(Reason::Unsound));
    assert_eq!(made(&sample(), only(0)).err(), Some(Reason::Unsound));
}

#[test]
fn every_template_takes_every_item_over_in_order() {
    for template in Template::ALL {
        let changed = made(&sample(), Op::ApplyLayout { root: template.root() }).unwrap();
        let items: Vec<&str> = changed.root.items().map(|item| item.instance.as_str()).collect();
        assert_eq!(items, ["1", "2", "3", "4"], "{template:?}");
        assert_eq!(Template::of(&changed.root), Some(template));
        // Grants and what people arranged name regions: as many as there are keep their ids.
        let regions: Vec<&str> = changed.root.regions().iter().map(|region| region.id.as_str()).collect();
        assert_eq!(regions[..regions.len().min(3)], ["a", "b", "c"][..regions.len().min(3)], "{template:?}");
    }
    let mut with_items = Template::Single.root();
    with_items.regions_mut()[0].items.push(item("9", "search"));
    assert_eq!(made(&sample(), Op::ApplyLayout { root: with_items }).err(), Some(Reason::HasItems));
}

#[test]
fn what_could_not_be_read_or_is_no_colour_is_not_saved() {
    let pale = Palette::from([(Token::Ink, Colour::parse("#c0c0c0").unwrap())]);
    let colours = Colours { light: pale, dark: Palette::new() };
    let theme = Theme { name: ThemeName::Standard, colours };
    assert_eq!(made(&sample(), Op::SetTheme { theme }).err(), Some(Reason::Unsound));
    for colour in ["red", "#fff", "#000000;}*{display:none", "url(https://evil.example)", "var(--x)", "expression(1)"] {
        let op = serde_json::json!({ "op": "set-theme", "theme": { "name": "calm", "colours": { "light": { "ink": colour } } } });
        assert!(serde_json::from_value::<Op>(op).is_err(), "{colour}");
    }
    for text in [
        r#"{"op": "set-theme", "theme": {"name": "calm; } * {"}}"#,
        r#"{"op": "set-theme", "theme": {"name": "calm", "css": "*{}"}}"#,
        r##"{"op": "set-theme", "theme": {"colours": {"light": {"--x": "#000000"}}}}"##,
        r#"{"op": "name-region", "region": "a b", "name": null}"#,
        r#"{"op": "move-item", "item": "1", "region": "</style>"}"#,
        r#"{"op": "resize-item", "item": "1", "span": {"columns": "12px", "rows": 1}}"#,
    ] {
        assert!(serde_json::from_str::<Op>(text).is_err(), "{text}");
    }
    assert_eq!(Scheme::ALL.len(), 2);
    let script = Bilingual::new("<script>alert(1)</script>", "\"><img onerror=x>");
    let named = made(&sample(), Op::Rename { title: script.clone() }).unwrap();
    assert_eq!(named.title, script, "it is text, and stays what was written");
    assert!(!pages::stylesheet(&named).contains("script"));
    assert_eq!(made(&sample(), Op::Rename { title: Bilingual::new("", "x") }).err(), Some(Reason::Unsound));
}

#[test]
fn differences_name_what_changed_and_nothing_that_was_pushed_aside() {
    let places = |ops: &[Op]| -> Vec<(Target, Aspect)> {
        let after = apply(&sample(), ops);
        assert!(after.parked.is_empty(), "{:?}", after.parked);
        diff(&sample(), &after.page).into_iter().map(|change| (change.target, change.aspect)).collect()
    };
    let on = |id: &str, aspect| (Target::Item(instance(id)), aspect);
    assert_eq!(places(&[]), []);
    let first = Op::PlaceWidget { region: node("a"), item: item("9", "search"), before: Some(instance("1")) };
    assert_eq!(places(&[first]), [on("9", Aspect::Existence)]);
    assert_eq!(places(&[to("3", &node("a"), Some("1"))]), [on("3", Aspect::Place)]);
    assert_eq!(places(&[to("1", &node("b"), None)]), [on("1", Aspect::Place)]);
    assert_eq!(places(&[Op::RemoveItem { item: instance("1") }]), [on("1", Aspect::Existence)]);
    let tracks = Op::ResizeTracks { container: node("row"), tracks: vec![6, 6] };
    assert_eq!(places(&[tracks]), [(Target::Node(node("row")), Aspect::Size)]);
    let title = Op::Rename { title: Bilingual::new("新", "New") };
    assert_eq!(places(&[title]), [(Target::Page, Aspect::Title)]);
}

#[test]
fn two_peoples_changes_go_together_unless_they_touch_the_same() {
    let conflict = |theirs: Op, mine: Op| {
        let current = apply(&sample(), &[theirs]).page;
        Conflict::of(2, "other".to_owned(), vec![mine], Some(sample()), current)
    };
    let span = |id: &str, columns| Op::ResizeItem { item: instance(id), span: Span { columns, rows: 1 } };
    let apart = conflict(span("1", 6), span("2", 6));
    assert!(apart.mergeable && apart.both.is_empty() && apart.theirs.len() == 1, "{apart:?}");
    let same = conflict(span("1", 6), span("1", 4));
    assert!(!same.mergeable && same.both.len() == 1, "{same:?}");
    let gone = conflict(Op::RemoveItem { item: instance("1") }, span("1", 4));
    assert!(!gone.mergeable && gone.both.len() == 1, "{gone:?}");
    let full = conflict(Op::RemoveNode { node: node("c"), items_to: None }, place(&node("c"), "9", "search"));
    assert!(!full.mergeable, "there is nowhere to place it");
    let long_ago = Conflict::of(9, "other".to_owned(), vec![span("1", 6)], None, sample());
    assert!(!long_ago.mergeable);
}
