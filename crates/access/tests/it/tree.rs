//! Pages in the tree: placed by their crate, gone and back again, with grants and blocks where they were.

use access::{
    AccessError, Act, Domain, Grant, Object, Policy, Role,
    policy::{Placement, RoleSet, tree},
};
use store::Store;

use crate::{
    grants::log,
    people::{noon, open, staff, system, who},
};

fn page() -> Object {
    Object::of_page("ward").unwrap()
}

fn item(node: &str) -> Object {
    Object::of_item("ward", node).unwrap()
}

fn below(object: Object, parent: Object) -> Placement {
    Placement { object, parent, blocked: RoleSet::NONE }
}

async fn place(store: &Store, object: Object, parent: Object) -> Result<(), AccessError> {
    store.write(move |tx| Box::pin(async move { tree::place(tx, &object, &parent).await })).await
}

async fn children(store: &Store, placements: Vec<Placement>) -> Result<(), AccessError> {
    store.write(move |tx| Box::pin(async move { tree::set_children(tx, &page(), &placements).await })).await
}

#[tokio::test]
async fn what_goes_away_has_no_effect_and_comes_back_with_its_grants() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let policy = Policy::open(store.clone(), Domain::Internal).await.unwrap();
        let (audit, root) = (log(), staff("root", &[]));
        policy.bootstrap_administrator(&system(), &audit, who("root"), noon()).await.unwrap();
        place(&store, page(), Object::SITE_INTERNAL).await.unwrap();
        let region = Object::of_region("ward", "left").unwrap();
        let whole = vec![below(region.clone(), page()), below(item("a"), region.clone()), below(item("b"), page())];
        children(&store, whole.clone()).await.unwrap();
        policy.reload().await.unwrap();

        // A visitor of the site sees it all, and whom the administrator names edits an item of it.
        assert!(policy.decide(&staff("v", &[]), &item("a"), Act::View));
        let grant = Grant::allow(who("ed"), Domain::Internal, Role::Editor, item("a"));
        policy.grant(&root, &audit, grant, noon()).await.unwrap();
        assert!(policy.decide(&staff("ed", &[]), &item("a"), Act::Edit));
        assert!(!policy.decide(&staff("ed", &[]), &item("b"), Act::Edit));

        let version = policy.version();
        children(&store, whole.clone()).await.unwrap();
        policy.reload().await.unwrap();
        assert_eq!(policy.version(), version, "nothing changed");
        children(&store, vec![below(item("b"), page())]).await.unwrap();
        policy.reload().await.unwrap();
        for act in [Act::View, Act::Edit] {
            assert!(!policy.decide(&staff("ed", &[]), &item("a"), act), "{act}");
        }
        assert!(policy.decide(&staff("v", &[]), &item("b"), Act::View));
        children(&store, whole).await.unwrap();
        policy.reload().await.unwrap();
        assert!(policy.decide(&staff("ed", &[]), &item("a"), Act::Edit));

        let gone = store.write(|tx| Box::pin(async move { tree::remove(tx, &page()).await })).await;
        assert!(gone.is_ok(), "{gone:?}");
        policy.reload().await.unwrap();
        for object in [page(), region, item("a"), item("b")] {
            assert!(!policy.decide(&root, &object, Act::View), "{object}");
        }
    }
}

#[tokio::test]
async fn a_page_takes_only_what_is_its_own() {
    let database = testbed::Database::sqlite().await.unwrap();
    let store = open(&database).await;
    place(&store, page(), Object::SITE_INTERNAL).await.unwrap();
    let other = Object::of_item("other", "a").unwrap();
    let blocked = Placement { blocked: RoleSet::of(&[Role::User]), ..below(item("a"), page()) };
    for wrong in [
        vec![below(other, page())],
        vec![below(Object::PAGE_AUDIT, page())],
        vec![below(item("a"), Object::SECTION_RECORD)],
        vec![below(item("a"), item("b"))],
        vec![below(item("a"), item("b")), below(item("b"), item("a"))],
        vec![below(item("a"), page()), below(item("a"), page())],
        vec![blocked],
    ] {
        let outcome = children(&store, wrong.clone()).await;
        assert!(matches!(outcome, Err(AccessError::Misplaced(_))), "{wrong:?}: {outcome:?}");
    }
    for (object, parent) in [(Object::PAGE_AUDIT, page()), (Object::SITE_INTERNAL, page()), (page(), page())] {
        let outcome = place(&store, object, parent).await;
        assert!(matches!(outcome, Err(AccessError::Misplaced(_))), "{outcome:?}");
    }
    let below_itself = place(&store, Object::of_page("inner").unwrap(), page()).await;
    assert!(below_itself.is_ok());
    let ring = place(&store, page(), Object::of_page("inner").unwrap()).await;
    assert!(matches!(ring, Err(AccessError::Misplaced(_))), "{ring:?}");
}
