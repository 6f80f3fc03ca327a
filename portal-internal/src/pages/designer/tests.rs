//! Buttons, drags and settings as changes, without a portal round them.

use pages::{
    Op, OwnTemplate, Page, apply,
    model::{
        Bilingual, Config, Flow, Item, Locks, NodeId, PageId, Portal, Region, Slug, Span, Theme, WidgetKind, WidgetRef,
    },
    widget::{Category, Declaration, Field, FieldKind},
};

use super::{
    acts,
    typed::{Meant, Typed},
};

fn item(id: &str) -> Item {
    Item {
        instance: id.parse().expect("a name"),
        widget: WidgetRef { kind: WidgetKind::parse("links").expect("a name"), major: 1 },
        config: Config::new(),
        skin: None,
        title: None,
        span: Span::default(),
        locks: Locks::NONE,
    }
}

/// Region a holds x, y, z; beside it stands the empty region b.
fn page() -> Page {
    use pages::model::{Container, Node};
    let id = |text: &str| NodeId::parse(text).expect("a name");
    let a = Region { items: ["x", "y", "z"].map(item).into(), ..Region::new(id("a")) };
    let children = vec![Node::Region(a), Node::Region(Region::new(id("b")))];
    Page {
        id: PageId::parse("p-test").expect("a name"),
        portal: Portal::Internal,
        parent: None,
        slug: Slug::parse("test").expect("a name"),
        title: Bilingual::new("页", "Page"),
        home: None,
        theme: Theme::default(),
        root: Container { flow: Flow::Columns, ..Container::columns(id("root"), vec![8, 4], children) },
    }
}

/// One, with three regions.
fn own() -> [OwnTemplate; 1] {
    use pages::model::{Container, Node};
    let region = |text: &str| Node::Region(Region::new(NodeId::parse(text).expect("a name")));
    let root =
        Container::columns(NodeId::parse("new").expect("a name"), vec![3, 6, 3], ["l", "m", "r"].map(region).into());
    [OwnTemplate { id: "own-1".to_owned(), name: Bilingual::new("三栏", "Three"), root }]
}

fn typed(fields: &[(&str, &str)]) -> Typed {
    Typed::new(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// Regions with what is in them, after a form: `a:xyz b:`.
fn after(fields: &[(&str, &str)]) -> String {
    let page = page();
    let act = acts::read(&typed(fields), &page, &own(), |_| Some((1, Config::new()))).expect("an act");
    let page = apply(&page, &act.ops).page;
    let region = |region: &Region| {
        let items: String = region.items.iter().map(|item| item.instance.as_str()).collect();
        format!("{}:{items}", region.id)
    };
    page.root.regions().into_iter().map(region).collect::<Vec<_>>().join(" ")
}

#[test]
fn buttons_and_drags_do_the_same() {
    for (fields, expect) in [
        (vec![("do", "up:y")], "a:yxz b:"),
        (vec![("do", "up:x")], "a:xyz b:"),
        (vec![("do", "down:x")], "a:yxz b:"),
        (vec![("do", "down:y")], "a:xzy b:"),
        (vec![("do", "down:z")], "a:xyz b:"),
        (vec![("do", "next:y")], "a:xz b:y"),
        (vec![("do", "remove:y")], "a:xz b:"),
        (vec![("op", "move"), ("node", "z"), ("to", "a"), ("at", "0")], "a:zxy b:"),
        (vec![("op", "move"), ("node", "x"), ("to", "a"), ("at", "1")], "a:yxz b:"),
        (vec![("op", "move"), ("node", "x"), ("to", "a"), ("at", "2")], "a:yzx b:"),
        (vec![("op", "move"), ("node", "x"), ("to", "b"), ("at", "0")], "a:yz b:x"),
        (vec![("do", "remove-region:a")], "b:xyz"),
        (vec![("op", "divide"), ("node", "single")], "a:xyz"),
        (vec![("op", "divide"), ("node", "own-1")], "a:xyz b: r:"),
        (vec![("do", "divide:own-1")], "a:xyz b: r:"),
    ] {
        assert_eq!(after(&fields), expect, "{fields:?}");
    }
}

#[test]
fn widths_stay_together_twelve() {
    for (fields, expect) in [
        (vec![("do", "wider:a")], [9, 3]),
        (vec![("do", "narrower:a")], [7, 5]),
        (vec![("do", "wider:b")], [7, 5]),
        (vec![("op", "width"), ("node", "a"), ("at", "99")], [10, 2]),
        (vec![("op", "width"), ("node", "a"), ("at", "-3")], [2, 10]),
    ] {
        let page = page();
        let act = acts::read(&typed(&fields), &page, &own(), |_| None).expect("an act");
        assert_eq!(apply(&page, &act.ops).page.root.tracks, expect, "{fields:?}");
    }
}

#[test]
fn what_is_not_on_the_page_is_no_act() {
    for fields in [
        [("do", "up:nobody")],
        [("do", "remove:nobody")],
        [("do", "wider:nobody")],
        [("do", "add:links")],
        [("do", "explode:x")],
        [("do", "divide:own-2")],
        [("do", "up:<script>")],
    ] {
        assert!(acts::read(&typed(&fields), &page(), &own(), |_| None).is_none(), "{fields:?}");
    }
}

static FIELDS: &[Field] = &[
    Field::required("text", FieldKind::Text { longest: 5, lines: false }),
    Field::optional("most", FieldKind::Number { least: 1, most: 9, otherwise: 3 }),
];

/// The settings of x as the form shows them, with some fields typed anew.
fn settings(changed: &[(&str, &str)]) -> Meant {
    let mut fields = vec![("columns", "12"), ("rows", "1"), ("region", "a"), ("skin", "plain"), ("c.text", "hello")];
    fields.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    fields.extend_from_slice(changed);
    let declaration = Declaration { fields: FIELDS, ..Declaration::of("links", Category::Ways, "x", &[]) };
    let mut page = page();
    page.root.regions_mut()[0].items[0].config.insert("text".to_owned(), "hello".into());
    typed(&fields).item(&page, &"x".parse().expect("a name"), Some(&declaration)).expect("it is there")
}

#[test]
fn only_what_was_changed_is_meant() {
    assert_eq!(settings(&[]).ops, []);
    let renamed = settings(&[("title-zh", "链接"), ("title-en", "Links")]);
    assert!(matches!(renamed.ops[..], [Op::SetItemTitle { .. }]), "{:?}", renamed.ops);
    let moved = settings(&[("region", "b"), ("columns", "6")]);
    assert!(matches!(moved.ops[..], [Op::ResizeItem { .. }, Op::MoveItem { .. }]), "{:?}", moved.ops);
    assert!(renamed.wrong.is_empty() && moved.wrong.is_empty());
}

#[test]
fn what_does_not_fit_is_named_at_its_field() {
    for (changed, field, said) in [
        (vec![("columns", "many")], "columns", "number"),
        (vec![("columns", "13")], "columns", "span"),
        (vec![("title-zh", "链接")], "title-zh", "text"),
        (vec![("c.text", "")], "c.text", "missing"),
        (vec![("c.text", "too long")], "c.text", "too-long"),
        (vec![("c.most", "few")], "c.most", "wrong-type"),
        (vec![("c.most", "10")], "c.most", "out-of-bounds"),
        (vec![("light-ink", "red")], "light-ink", "colour"),
    ] {
        let meant = settings(&changed);
        assert_eq!(meant.wrong.get(field).map(String::as_str), Some(said), "{changed:?}: {:?}", meant.wrong);
    }
}

#[test]
fn words_that_could_not_be_read_are_refused_with_their_contrast() {
    let meant = settings(&[("light-ink", "#dddddd")]);
    assert!(meant.wrong.get("colours").is_some_and(|said| said.starts_with("ink:")), "{:?}", meant.wrong);
}
