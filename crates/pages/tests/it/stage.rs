//! Who acts in these tests, on what.

use std::sync::Arc;

use access::{AuditKey, AuditLog, Domain, PatientContext, Policy, RequestId, StaffContext, SubjectId, SystemContext};
use jiff::Timestamp;
use pages::model::{
    Bilingual, Config, Container, InstanceId, Item, Locks, Node, NodeId, Region, Slug, Span, WidgetKind, WidgetRef,
};
use pages::{Misfit, NewPage, Op, Page, PageId, Pages, Portal, Presets, Source, Template, Widgets};
use store::{DatabaseConfig, Store};
use testbed::Database;

/// Every kind exists but `unknown`; `strict` takes no settings but `{"n": number}`.
pub struct Known;

impl Widgets for Known {
    fn check(&self, _: Portal, widget: &WidgetRef, config: &Config) -> Result<(), Misfit> {
        match widget.kind.as_str() {
            "unknown" => Err(Misfit::Unknown),
            "strict" if !config.values().all(serde_json::Value::is_number) => {
                Err(Misfit::Settings { path: "n".to_owned() })
            }
            _ => Ok(()),
        }
    }
}

/// A portal on a database.
pub struct Stage {
    pub pages: Pages,
    pub policy: Policy,
    pub audit: AuditLog,
    pub store: Store,
}

impl Stage {
    pub async fn inside(database: &Database) -> Self {
        let stage = Self::replica(database, Domain::Internal).await;
        let root = SystemContext::new("test", Domain::Internal);
        let made = stage.policy.bootstrap_administrator(&root, &stage.audit, who("root"), noon()).await;
        assert!(matches!(made, Ok(()) | Err(access::AccessError::AdministratorExists)), "{made:?}");
        stage
    }

    pub async fn replica(database: &Database, domain: Domain) -> Self {
        let store = Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.unwrap();
        let policy = Policy::open(store.clone(), domain).await.unwrap();
        let audit = AuditLog::new(AuditKey::new([3; 32]));
        let pages = Pages::open(store.clone(), audit.clone(), policy.clone(), (Arc::new(Known), Presets::default()))
            .await
            .unwrap();
        Self { pages, policy, audit, store }
    }

    /// A page with one wide and one narrow region, not published.
    pub async fn page(&self, slug: &str, portal: Portal) -> pages::Draft {
        let from = Source::Template(Template::WideLeft);
        let new = NewPage { portal, parent: None, slug: name(slug), title: Bilingual::new("页", slug), from };
        self.pages.create(&boss(), new, noon()).await.unwrap()
    }
}

pub fn noon() -> Timestamp {
    "2026-11-22T04:00:00Z".parse().unwrap()
}

/// The subject of [`staff`].
pub fn who(name: &str) -> SubjectId {
    SubjectId::staff("region", name)
}

pub fn staff(name: &str, groups: &[&str]) -> StaffContext {
    let groups = groups.iter().map(|group| SubjectId::group(group)).collect();
    StaffContext::establish(who(name), name.to_owned(), "region".to_owned(), groups, RequestId(format!("req-{name}")))
}

/// Who administers the site.
pub fn boss() -> StaffContext {
    staff("boss", &["administrator"])
}

pub fn patient(number: u128) -> PatientContext {
    let account = SubjectId::account(uuid::Uuid::from_u128(number));
    PatientContext::establish(account, "王芳".to_owned(), None, RequestId("req-p".to_owned()))
}

pub fn name(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub fn node(text: &str) -> NodeId {
    NodeId::parse(text).unwrap()
}

pub fn instance(text: &str) -> InstanceId {
    InstanceId::parse(text).unwrap()
}

pub fn item(id: &str, kind: &str) -> Item {
    Item {
        instance: instance(id),
        widget: WidgetRef { kind: WidgetKind::parse(kind).unwrap(), major: 1 },
        config: Config::new(),
        skin: None,
        title: None,
        span: Span::default(),
        locks: Locks::NONE,
    }
}

pub fn place(region: &NodeId, id: &str, kind: &str) -> Op {
    Op::PlaceWidget { region: region.clone(), item: item(id, kind), before: None }
}

pub fn to(item: &str, region: &NodeId, before: Option<&str>) -> Op {
    Op::MoveItem { item: instance(item), region: region.clone(), before: before.map(instance) }
}

/// Regions `a` (with items 1, 2, 3) and `b` (with 4) side by side, below them `c`, empty.
pub fn sample() -> Page {
    let region = |id: &str, items: &[&str]| {
        let mut region = Region::new(node(id));
        region.items = items.iter().map(|id| item(id, "notices")).collect();
        Node::Region(region)
    };
    let row = Container::columns(node("row"), vec![8, 4], vec![region("a", &["1", "2", "3"]), region("b", &["4"])]);
    Page {
        id: PageId::parse("p-sample").unwrap(),
        portal: Portal::Internal,
        parent: None,
        slug: name("sample"),
        title: Bilingual::new("样页", "Sample"),
        home: None,
        theme: pages::model::Theme::default(),
        root: Container::rows(node("root"), vec![Node::Container(row), region("c", &[])]),
    }
}

/// Regions with their items, in order: `a:1,2,3 b:4 c:`.
pub fn shape(page: &Page) -> String {
    let regions = page.root.regions().into_iter().map(|region| {
        let items: Vec<&str> = region.items.iter().map(|item| item.instance.as_str()).collect();
        format!("{}:{}", region.id, items.join(","))
    });
    regions.collect::<Vec<String>>().join(" ")
}
