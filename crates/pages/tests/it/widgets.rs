//! Widgets that hang, fail, panic, are denied or set wrongly: what becomes of the others, and of themselves.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::{Duration, Instant};

use access::{
    AuditKey, AuditLog, Context, Domain, Grant, Object, Policy, RequestId, Role, Ruleset, StaffContext, SubjectId,
    policy::{Placement, RoleSet},
};
use async_trait::async_trait;
use pages::{
    Page,
    model::Item,
    render::{Drawn, Engine, FAILURES, Patience, Trimmer, Trouble, page_view, to_draw},
    widget::{
        Audience, CacheScope, Category, Declaration, Drawing, Field, FieldKind, Fragment, Loading, Placed, Registry,
        Viewing, Widget, WidgetError,
    },
};
use serde_json::{Value, json};
use store::{DatabaseConfig, Store};

struct Viewer {
    who: StaffContext,
    language: &'static str,
}

impl Viewing for Viewer {
    fn context(&self) -> &dyn Context {
        &self.who
    }

    fn language(&self) -> &'static str {
        self.language
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Draws,
    Hangs,
    Fails,
    Panics,
    Blocks,
    Nothing,
}

/// Draws who looks and how often it was drawn, so that a drawing tells whose it is.
struct Made {
    declaration: Declaration,
    does: Does,
    drawn: Arc<AtomicUsize>,
}

#[async_trait]
#[expect(clippy::disallowed_methods, reason = "a worker that is blocked is what is tried")]
impl Widget<Viewer> for Made {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    async fn draw(&self, viewing: &Arc<Viewer>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let nth = self.drawn.fetch_add(1, Ordering::SeqCst) + 1;
        match self.does {
            Does::Draws => {}
            Does::Hangs => std::future::pending().await,
            Does::Fails => return Err(WidgetError::new("on purpose")),
            Does::Panics => panic!("on purpose"),
            Does::Blocks => std::thread::sleep(Duration::from_millis(600)),
            Does::Nothing => return Ok(None),
        }
        let who = viewing.who.name();
        let most = placed.settings.number("most");
        Ok(Some(Drawing::of(Fragment::from_escaped(format!("{who} {} {most} #{nth}", viewing.language)))))
    }

    fn migrate(&self, from_major: u16, settings: &Value) -> Option<Value> {
        (from_major == 1).then(|| json!({ "most": settings["rows"] }))
    }
}

const FIELDS: &[Field] = &[Field::optional("most", FieldKind::Number { least: 1, most: 9, otherwise: 5 })];
const MINUTE: Duration = Duration::from_secs(60);

fn declared(kind: &'static str) -> Declaration {
    Declaration {
        fields: FIELDS,
        deadline: Duration::from_millis(400),
        ..Declaration::of(kind, Category::Portal, "house", &[Domain::Internal])
    }
}

fn made(declaration: Declaration, does: Does) -> (Arc<dyn Widget<Viewer>>, Arc<AtomicUsize>) {
    let drawn = Arc::new(AtomicUsize::new(0));
    (Arc::new(Made { declaration, does, drawn: drawn.clone() }), drawn)
}

fn engine(widgets: Vec<(Declaration, Does)>) -> Engine<Viewer> {
    let widgets = widgets.into_iter().map(|(declaration, does)| made(declaration, does).0).collect();
    Engine::new(Registry::new(Domain::Internal, widgets).expect("good names"))
}

fn staff(name: &str, groups: &[&str]) -> Arc<Viewer> {
    let groups = groups.iter().map(|group| SubjectId::group(group)).collect();
    let subject = SubjectId::staff("region", name);
    let who = StaffContext::establish(subject, name.to_owned(), "region".to_owned(), groups, RequestId("r".into()));
    Arc::new(Viewer { who, language: "en" })
}

/// A page whose only region holds an item of each kind, in this order.
fn page(kinds: &[&str]) -> Page {
    let items: Vec<Value> =
        kinds.iter().map(|kind| json!({ "instance": kind, "widget": { "kind": kind, "major": 1 } })).collect();
    let page = json!({
        "id": "p-test", "portal": "internal", "slug": "test", "title": { "zh": "测试", "en": "Test" },
        "root": { "id": "root", "flow": "rows", "children": [{ "node": "region", "id": "main", "max": 24, "items": items }] },
    });
    serde_json::from_value(page).expect("a page")
}

async fn drawn(engine: &Engine<Viewer>, viewer: &Arc<Viewer>, page: &Page, patience: Patience) -> Vec<Drawn> {
    let items: Vec<&Item> = page.root.items().collect();
    engine.draw(viewer, (&page.id, &items), patience, 1).await
}

fn text(drawn: &Drawn) -> &str {
    match drawn {
        Drawn::Content(drawing) => drawing.body.as_str(),
        _ => "",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twelve_widgets_one_that_hangs_costs_the_others_nothing() {
    const KINDS: [&str; 12] = ["a", "b", "c", "d", "e", "hung", "g", "h", "i", "j", "k", "l"];
    let does = |kind| if kind == "hung" { Does::Hangs } else { Does::Draws };
    let widgets = KINDS.map(|kind| {
        let declaration = Declaration { deadline: Duration::from_secs(30), ..declared(kind) };
        (declaration, does(kind))
    });
    let engine = engine(widgets.to_vec());
    let began = Instant::now();
    let all = drawn(&engine, &staff("li", &[]), &page(&KINDS), Patience::AtOnce).await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(300), "{took:?}");
    for (kind, one) in KINDS.iter().zip(&all) {
        match *kind {
            "hung" => assert_eq!(*one, Drawn::Later),
            _ => assert_eq!(text(one), "li en 5 #1", "{kind}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_panics_or_takes_too_long_is_named_and_the_rest_stands() {
    let kinds = ["fails", "panics", "hangs", "nothing", "draws"];
    let does = [Does::Fails, Does::Panics, Does::Hangs, Does::Nothing, Does::Draws];
    let engine = engine(kinds.iter().zip(does).map(|(kind, does)| (declared(kind), does)).collect());
    let page = page(&["fails", "panics", "hangs", "nothing", "draws", "gone"]);
    let all = drawn(&engine, &staff("li", &[]), &page, Patience::Whole).await;
    let troubles: Vec<Option<&str>> = all
        .iter()
        .map(|one| match one {
            Drawn::Trouble(trouble) => Some(trouble.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(troubles, [Some("failed"), Some("failed"), Some("too-slow"), None, None, Some("unknown")]);
    assert_eq!((&all[3], text(&all[4])), (&Drawn::Nothing, "li en 5 #1"));
    // As the template sees it: the widget is named, and trying again is offered where it makes sense.
    let view = page_view(&page, &Default::default(), all, (engine.registry(), "en"));
    let shown: Vec<_> =
        view.root.children[0].items.iter().map(|one| (one.kind.as_str(), one.state, one.retry)).collect();
    let expected = [
        ("fails", "trouble", true),
        ("panics", "trouble", true),
        ("hangs", "trouble", true),
        ("draws", "drawn", false),
        ("gone", "trouble", false),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_keeps_a_thread_busy_does_not_keep_the_page() {
    let engine = engine(vec![(declared("blocks"), Does::Blocks), (declared("draws"), Does::Draws)]);
    let began = Instant::now();
    let all = drawn(&engine, &staff("li", &[]), &page(&["blocks", "draws"]), Patience::AtOnce).await;
    assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!((&all[0], text(&all[1])), (&Drawn::Later, "li en 5 #1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_keeps_failing_is_put_out_of_service_alone() {
    let (bad, tried) = made(declared("bad"), Does::Fails);
    let (good, _) = made(declared("good"), Does::Draws);
    let engine = Engine::new(Registry::new(Domain::Internal, vec![bad, good]).expect("good names"));
    let (viewer, page) = (staff("li", &[]), page(&["bad", "good"]));
    for _ in 0..FAILURES {
        let all = drawn(&engine, &viewer, &page, Patience::Whole).await;
        assert_eq!(all[0], Drawn::Trouble(Trouble::Failed));
    }
    let all = drawn(&engine, &viewer, &page, Patience::Whole).await;
    assert_eq!(all[0], Drawn::Trouble(Trouble::OutOfService));
    assert!(text(&all[1]).starts_with("li en 5"), "{all:?}");
    assert_eq!(tried.load(Ordering::SeqCst), FAILURES as usize, "out of service is not drawn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_shown_to_its_scope_alone_and_never_under_another_policy() {
    let scoped = |kind, cache| (Declaration { cache, ..declared(kind) }, Does::Draws);
    let engine = engine(vec![
        scoped("never", CacheScope::Never),
        scoped("person", CacheScope::Person(MINUTE)),
        scoped("roles", CacheScope::RoleSet(MINUTE)),
        scoped("all", CacheScope::Everybody(MINUTE)),
    ]);
    let page = page(&["never", "person", "roles", "all"]);
    let items: Vec<&Item> = page.root.items().collect();
    let mut seen = Vec::new();
    let nurse = Arc::new(Viewer { who: staff("an", &["nurse"]).who.clone(), language: "zh-CN" });
    for (viewer, policy) in [
        (staff("li", &["nurse", "teacher"]), 1),
        (staff("li", &["nurse", "teacher"]), 1),
        (staff("wang", &["teacher", "nurse"]), 1),
        (staff("an", &["nurse"]), 1),
        (nurse, 1),
        (staff("li", &["nurse", "teacher"]), 2),
    ] {
        let all = engine.draw(&viewer, (&page.id, &items), Patience::Whole, policy).await;
        seen.push(all.iter().map(|one| text(one).to_owned()).collect::<Vec<_>>());
    }
    let expected = [
        ["li en 5 #1", "li en 5 #1", "li en 5 #1", "li en 5 #1"],
        ["li en 5 #2", "li en 5 #1", "li en 5 #1", "li en 5 #1"],
        ["wang en 5 #3", "wang en 5 #2", "li en 5 #1", "li en 5 #1"],
        ["an en 5 #4", "an en 5 #3", "an en 5 #2", "li en 5 #1"],
        ["an zh-CN 5 #5", "an zh-CN 5 #4", "an zh-CN 5 #3", "an zh-CN 5 #2"],
        ["li en 5 #6", "li en 5 #5", "li en 5 #4", "li en 5 #3"],
    ];
    assert_eq!(seen, expected);
    // Other settings are another drawing.
    let mut other = page.clone();
    for region in other.root.regions_mut() {
        region.items[3].config = json!({ "most": 7 }).as_object().cloned().expect("an object");
    }
    let all = drawn(&engine, &staff("li", &[]), &other, Patience::Whole).await;
    assert_eq!(text(&all[3]), "li en 7 #4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_no_longer_fit_are_said_and_kept() {
    let second = Declaration { major: 2, ..declared("moved") };
    let engine = engine(vec![(declared("set"), Does::Draws), (second, Does::Draws)]);
    let with = |kind: &str, major: u16, config: Value| {
        let mut page = page(&[kind]);
        for region in page.root.regions_mut() {
            region.items[0].widget.major = major;
            region.items[0].config = config.as_object().cloned().expect("an object");
        }
        page
    };
    let viewer = staff("li", &[]);
    let misfit = with("set", 1, json!({ "most": 99, "old": true }));
    let all = drawn(&engine, &viewer, &misfit, Patience::Whole).await;
    let Drawn::Trouble(Trouble::Settings(misfits)) = &all[0] else { panic!("{all:?}") };
    let named: Vec<_> = misfits.iter().map(|one| (one.field.as_str(), one.reason.as_str())).collect();
    assert_eq!(named, [("old", "unknown"), ("most", "out-of-bounds")]);
    let kept = misfit.root.items().next().expect("one");
    assert_eq!(json!(kept.config), json!({ "most": 99, "old": true }));
    // Of version 1 it is known what they were; what comes of them is checked too; of version 7 nothing is known.
    let moved = drawn(&engine, &viewer, &with("moved", 1, json!({ "rows": 3 })), Patience::Whole).await;
    assert_eq!(text(&moved[0]), "li en 3 #1");
    let wrong = drawn(&engine, &viewer, &with("moved", 1, json!({ "rows": "x" })), Patience::Whole).await;
    assert!(matches!(&wrong[0], Drawn::Trouble(Trouble::Settings(_))), "{wrong:?}");
    let unknown = drawn(&engine, &viewer, &with("moved", 7, json!({})), Patience::Whole).await;
    assert_eq!(unknown[0], Drawn::Trouble(Trouble::OtherVersion));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_hospitals_is_not_begun_with_the_page() {
    let after = Declaration { loading: Loading::AfterPage, ..declared("after") };
    let (widget, begun) = made(after, Does::Draws);
    let engine = Engine::new(Registry::new(Domain::Internal, vec![widget]).expect("good names"));
    let (viewer, page) = (staff("li", &[]), page(&["after"]));
    assert_eq!(drawn(&engine, &viewer, &page, Patience::AtOnce).await, [Drawn::Later]);
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    assert_eq!(text(&drawn(&engine, &viewer, &page, Patience::Whole).await[0]), "li en 5 #1");
}

fn object(name: &str) -> Object {
    Object::parse(name).expect("a name")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_denied_is_absent() {
    let database = testbed::Database::sqlite().await.expect("a database");
    let store = Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("open");
    let managers = Declaration { audience: Audience::Groups(&["manager"]), ..declared("managers") };
    let records =
        Declaration { needs: Some((|| Object::SECTION_RECORD, access::Act::ReadRecord)), ..declared("records") };
    let engine = engine(vec![(declared("open"), Does::Draws), (managers, Does::Draws), (records, Does::Draws)]);
    let place = |name: &str, parent| Placement { object: object(name), parent, blocked: RoleSet::NONE };
    let rules = Ruleset {
        placements: vec![place("page:p-test", Object::SITE_INTERNAL), place("item:p-test/open", object("page:p-test"))],
        ..Ruleset::default()
    };
    let policy = Policy::open_with(
        store,
        Domain::Internal,
        Ruleset::presets().and(rules).and(engine.registry().rules(Domain::Internal)),
    )
    .await
    .expect("a policy");
    let whole = page(&["open", "managers", "records", "gone"]);
    let sees = |viewer: &Arc<Viewer>| -> Option<Vec<String>> {
        let page = Trimmer::new(&policy, &viewer.who).page(&whole, engine.registry())?;
        Some(to_draw(&page, &Default::default()).into_iter().map(|item| item.widget.kind.to_string()).collect())
    };
    let check = |viewer: &Arc<Viewer>, expect: Option<&[&str]>| {
        let expect = expect.map(|all| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(sees(viewer), expect, "{}", viewer.who.name());
    };
    let (researcher, manager, nurse) = (staff("r", &["researcher"]), staff("m", &["manager"]), staff("n", &["nurse"]));
    check(&researcher, Some(&["open", "gone"]));
    check(&manager, Some(&["open", "managers", "gone"]));
    check(&nurse, Some(&["open", "records", "gone"]));

    let root = staff("root", &["administrator"]);
    let audit = AuditLog::new(AuditKey::new([3; 32]));
    let now = "2026-11-22T04:00:00Z".parse().expect("an instant");
    let system = access::SystemContext::new("test", Domain::Internal);
    policy.bootstrap_administrator(&system, &audit, root.who.subject().clone(), now).await.expect("the first");
    // A denial on a kind takes it from every page, one on an item from its place, one on the page takes all.
    for (denied, expect) in [
        ("widget:managers", Some(&["open", "gone"][..])),
        ("item:p-test/open", Some(&["gone"][..])),
        ("page:p-test", None),
    ] {
        let deny = Grant::deny(SubjectId::group("manager"), Domain::Internal, Role::User, object(denied));
        policy.grant(&root.who, &audit, deny, now).await.expect("granted");
        check(&manager, expect);
    }
    check(&nurse, Some(&["open", "records", "gone"]));
    // A page that nobody placed in the policy is nobody's.
    let mut unplaced = whole.clone();
    unplaced.id = pages::PageId::parse("p-other").expect("a name");
    assert!(Trimmer::new(&policy, &nurse.who).page(&unplaced, engine.registry()).is_none());
}
