//! The service on both databases: two editors, publishing, rolling back, replicas, people's own arrangements.

use std::time::{Duration, Instant};

use access::{Act, Classify as _, Domain, Fault, Grant, Object, Role, StaffContext, SubjectId};
use pages::model::{Bilingual, Config, GroupName, Home, NodeId, Theme, ThemeName, item_object, region_object};
use pages::{DraftState, Layer, NewPage, Op, PageError, PageId, Portal, Source, Template};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Query},
};

use crate::stage::{Stage, boss, instance, item, name, node, noon, patient, place, staff, to, who};

/// The promise is one second; a machine that builds and tests at once is given more.
const SOON: Duration = Duration::from_secs(4);

fn regions(draft: &pages::Draft) -> [NodeId; 2] {
    let regions = draft.page.root.regions();
    [regions[0].id.clone(), regions[1].id.clone()]
}

async fn audited(stage: &Stage) -> Vec<String> {
    let query = Query::select().column(Alias::new("action")).from(Alias::new("audit_event")).to_owned();
    let rows = stage.store.reader().query_all(&query).await.unwrap();
    let mut actions: Vec<String> = rows.iter().map(|row| row.try_get("", "action").unwrap()).collect();
    actions.retain(|action| action.starts_with("page."));
    actions.sort();
    actions
}

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_and_a_draft_that_nobody_else_sees() {
    for database in testbed::databases().await {
        let stage = Stage::inside(&database).await;
        let (pages, boss) = (&stage.pages, boss());
        let draft = stage.page("ward", Portal::Internal).await;
        let (id, [left, right]) = (draft.page.id.clone(), regions(&draft));
        assert_eq!((draft.rev, draft.state, draft.can_undo), (1, DraftState::Draft, false));
        assert!(matches!(pages.published(&boss, &id), Err(PageError::NotFound)), "a draft does not show");

        let saved = pages.save(&boss, &id, 1, vec![place(&left, "one", "notices")], noon()).await.unwrap();
        assert_eq!((saved.draft.rev, saved.parked.len()), (2, 0));
        // The second editor began at the same state.
        let mine = vec![place(&right, "two", "search")];
        let Err(PageError::Conflict(conflict)) = pages.save(&boss, &id, 1, mine.clone(), noon()).await else {
            panic!("a stale save was taken")
        };
        assert_eq!((conflict.rev, conflict.theirs.len(), conflict.mine.len()), (2, 1, 1));
        assert!(conflict.mergeable, "{conflict:?}");
        let saved = pages.save(&boss, &id, conflict.rev, mine, noon()).await.unwrap();
        let ops = vec![place(&left, "one", "notices"), to("gone", &left, None)];
        let refused = pages.save(&boss, &id, saved.draft.rev, ops, noon()).await.unwrap_err();
        assert!(matches!(&refused, PageError::Parked(parked) if parked.len() == 2), "{refused}");
        assert_eq!(refused.fault(), Fault::Invalid);
        let misfit = pages.save(&boss, &id, saved.draft.rev, vec![place(&left, "x", "unknown")], noon()).await;
        assert!(matches!(misfit, Err(PageError::Misfit(_))), "{misfit:?}");

        // Undone twice, redone twice.
        let mut rev = saved.draft.rev;
        for (redo, items) in [(false, 1), (false, 0), (true, 1), (true, 2)] {
            let draft = pages.undo(&boss, &id, rev, redo, noon()).await.unwrap();
            assert_eq!(draft.page.root.items().count(), items, "{redo}");
            rev = draft.rev;
        }
        assert!(matches!(pages.undo(&boss, &id, rev, true, noon()).await, Err(PageError::NothingToUndo)));
        // Who may see the site neither edits nor learns of drafts.
        let nurse = staff("nurse", &["nurse"]);
        for refused in [
            pages.draft(&nurse, &id).await.map(drop),
            pages.save(&nurse, &id, rev, vec![], noon()).await.map(drop),
            pages.publish(&nurse, &id, rev, None, noon()).await.map(drop),
            pages.set_present(&nurse, &id, false, noon()).await,
            pages.export(&nurse, &id, noon()).await.map(drop),
        ] {
            assert!(matches!(refused, Err(PageError::Forbidden | PageError::NotFound)), "{refused:?}");
        }
        assert_eq!(pages.list(&nurse, Portal::Internal).await.unwrap(), []);
        assert_eq!(pages.list(&boss, Portal::Internal).await.unwrap().len(), 1);
        let expect = ["page.create", "page.redo", "page.redo", "page.save", "page.save", "page.undo", "page.undo"];
        assert_eq!(audited(&stage).await, expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_seen_everywhere_and_rolling_back_brings_everything_back() {
    for database in testbed::databases().await {
        let stage = Stage::inside(&database).await;
        let other = Stage::replica(&database, Domain::Internal).await;
        let (pages, boss, nurse) = (&stage.pages, boss(), staff("nurse", &["nurse"]));
        let draft = stage.page("ward", Portal::Internal).await;
        let (id, [left, _]) = (draft.page.id.clone(), regions(&draft));
        let theme = Theme { name: ThemeName::Calm, ..Theme::default() };
        let ops = vec![place(&left, "one", "notices"), Op::SetTheme { theme }];
        let saved = pages.save(&boss, &id, 1, ops, noon()).await.unwrap();
        let first = pages.publish(&boss, &id, saved.draft.rev, Some("go".to_owned()), noon()).await.unwrap();
        assert_eq!((first.number, first.of, first.note.as_deref()), (1, None, Some("go")));
        let begun = Instant::now();
        while other.pages.published(&nurse, &id).is_err() {
            assert!(begun.elapsed() < SOON, "{:?}: the other replica does not see it", database.kind);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let sheet = pages.stylesheet(&nurse, &id, 1).await.unwrap();
        assert!(sheet.contains("--brand:#1d5c3f"), "{sheet}");
        assert!(matches!(pages.stylesheet(&nurse, &id, 2).await, Err(PageError::NotFound)));

        // Somebody may edit this one item alone.
        let object = item_object(&id, &instance("one"));
        let grant = Grant::allow(who("ed"), Domain::Internal, Role::Editor, object.clone());
        stage.policy.grant(&staff("root", &[]), &stage.audit, grant, noon()).await.unwrap();
        let ed = staff("ed", &[]);
        assert!(stage.policy.decide(&ed, &object, Act::Edit));
        let before = pages.published(&nurse, &id).unwrap();

        let remove = vec![Op::RemoveItem { item: instance("one") }];
        let saved = pages.save(&boss, &id, 2, remove, noon()).await.unwrap();
        assert_eq!((saved.draft.state, pages.published(&nurse, &id).unwrap().revision), (DraftState::Changed, 1));
        pages.publish(&boss, &id, saved.draft.rev, None, noon()).await.unwrap();
        assert_eq!(pages.published(&nurse, &id).unwrap().page.root.items().count(), 0);
        assert!(!stage.policy.decide(&ed, &object, Act::View), "what is not on the page is no object");
        assert_eq!(pages.compare(&boss, &id, Some(1), Some(2)).await.unwrap().len(), 1);

        let back = pages.roll_back(&boss, &id, saved.draft.rev, 1, noon()).await.unwrap();
        assert_eq!((back.number, back.of), (3, Some(1)));
        let after = pages.published(&nurse, &id).unwrap();
        assert_eq!((after.revision, &after.page), (3, &before.page));
        assert!(stage.policy.decide(&ed, &object, Act::Edit), "the grant is there again");
        assert_eq!(pages.stylesheet(&nurse, &id, 3).await.unwrap(), sheet);
        assert_eq!(pages.draft(&boss, &id).await.unwrap().state, DraftState::Published);
        let numbers: Vec<i64> = pages.revisions(&boss, &id).await.unwrap().iter().map(|one| one.number).collect();
        assert_eq!(numbers, [3, 2, 1]);

        pages.set_present(&boss, &id, false, noon()).await.unwrap();
        assert!(pages.published(&nurse, &id).is_err(), "deleted, it is not there");
        assert!(matches!(pages.save(&boss, &id, 5, vec![], noon()).await, Err(PageError::NotFound)));
        pages.set_present(&boss, &id, true, noon()).await.unwrap();
        assert_eq!(pages.draft(&boss, &id).await.unwrap().state, DraftState::Draft);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_widget_is_for_is_said_before_anybody_sees_it() {
    for database in testbed::databases().await {
        let stage = Stage::inside(&database).await;
        let (pages, boss, nurse) = (&stage.pages, boss(), staff("nurse", &["nurse"]));
        let draft = stage.page("ward", Portal::Internal).await;
        let (id, [left, right]) = (draft.page.id.clone(), regions(&draft));
        let ops = vec![place(&left, "one", "notices"), place(&left, "two", "notices")];
        let saved = pages.save(&boss, &id, 1, ops, noon()).await.unwrap();
        let sees =
            |who: &StaffContext, item: &str| stage.policy.decide(who, &item_object(&id, &instance(item)), Act::View);
        let deny = async |object: Object| {
            let grant = Grant::deny(SubjectId::group("nurse"), Domain::Internal, Role::User, object);
            stage.policy.grant(&staff("root", &[]), &stage.audit, grant, noon()).await.unwrap();
        };
        deny(item_object(&id, &instance("one"))).await;
        deny(region_object(&id, &right)).await;
        let first = pages.publish(&boss, &id, saved.draft.rev, None, noon()).await.unwrap();
        assert_eq!(first.number, 1);
        assert_eq!([sees(&nurse, "one"), sees(&nurse, "two"), sees(&boss, "one")], [false, true, true]);

        // What everybody sees stays where it lies, whatever the draft does with it.
        let ops = vec![to("two", &right, None), place(&right, "three", "notices"), place(&left, "four", "notices")];
        let moved = pages.save(&boss, &id, saved.draft.rev, ops, noon()).await.unwrap();
        assert_eq!([sees(&nurse, "two"), sees(&nurse, "three"), sees(&nurse, "four")], [true, false, true]);
        let gone = vec![Op::RemoveItem { item: instance("two") }, Op::RemoveItem { item: instance("four") }];
        let removed = pages.save(&boss, &id, moved.draft.rev, gone, noon()).await.unwrap();
        assert_eq!([sees(&nurse, "two"), sees(&boss, "four")], [true, false], "of a draft alone, it is gone at once");
        let back = pages.undo(&boss, &id, removed.draft.rev, false, noon()).await.unwrap();
        assert_eq!([sees(&nurse, "two"), sees(&nurse, "four")], [true, true]);
        pages.publish(&boss, &id, back.rev, None, noon()).await.unwrap();
        assert_eq!([sees(&nurse, "two"), sees(&boss, "two"), sees(&nurse, "four")], [false, true, true]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_keep_what_they_arranged_on_either_portal() {
    for database in testbed::databases().await {
        let inside = Stage::inside(&database).await;
        let outside = Stage::replica(&database, Domain::External).await;
        let draft = inside.page("front", Portal::External).await;
        let (id, [left, right]) = (draft.page.id.clone(), regions(&draft));
        let ops = vec![place(&left, "one", "notices"), place(&left, "two", "search")];
        let saved = inside.pages.save(&boss(), &id, 1, ops, noon()).await.unwrap();
        inside.pages.publish(&boss(), &id, saved.draft.rev, None, noon()).await.unwrap();
        outside.pages.reload().await.unwrap();
        outside.policy.reload().await.unwrap();

        let (wang, zhao) = (patient(1), patient(2));
        let ops = vec![Op::Hide { item: instance("one") }, to("two", &right, None), to("two", &node("gone"), None)];
        let merged = outside.pages.personalize(&wang, None, &id, ops, noon()).await.unwrap();
        assert_eq!(merged.parked.len(), 1, "what can't be made is told");
        let (_, seen) = outside.pages.view(&wang, None, &id).await.unwrap();
        assert_eq!((seen.hidden.len(), seen.parked.len()), (1, 0), "and not kept");
        assert!(
            outside.pages.view(&zhao, None, &id).await.unwrap().1.hidden.is_empty(),
            "another person's is another's"
        );
        let nothing = outside.pages.personalize(&wang, None, &id, vec![to("two", &node("gone"), None)], noon()).await;
        assert!(matches!(nothing, Err(PageError::Parked(_))), "{nothing:?}");
        let unknown = vec![place(&left, "own", "unknown")];
        let unknown = outside.pages.personalize(&wang, None, &id, unknown, noon()).await;
        assert!(matches!(unknown, Err(PageError::Misfit(_))), "{unknown:?}");
        // Nobody edits from outside, whoever they say they are.
        assert!(matches!(outside.pages.draft(&boss(), &id).await, Err(PageError::NotFound)));

        // The administrator's later change leaves it.
        let ops = vec![place(&left, "three", "notices")];
        let saved = inside.pages.save(&boss(), &id, saved.draft.rev, ops, noon()).await.unwrap();
        inside.pages.publish(&boss(), &id, saved.draft.rev, None, noon()).await.unwrap();
        outside.pages.reload().await.unwrap();
        let (_, seen) = outside.pages.view(&wang, None, &id).await.unwrap();
        assert!(seen.hidden.contains_key(&instance("one")) && seen.page.root.item(&instance("three")).is_some());
        assert_eq!(seen.page.root.item(&instance("two")).unwrap().0.id, right);
        outside.pages.reset(&wang, &id, noon()).await.unwrap();
        let (published, seen) = outside.pages.view(&wang, None, &id).await.unwrap();
        assert_eq!(seen.page, published.page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_arranges_for_its_own() {
    let database = testbed::Database::sqlite().await.unwrap();
    let stage = Stage::inside(&database).await;
    let (pages, nurse) = (&stage.pages, staff("nurse", &["nurse"]));
    let draft = stage.page("ward", Portal::Internal).await;
    let (id, [left, right]) = (draft.page.id.clone(), regions(&draft));
    let saved = pages.save(&boss(), &id, 1, vec![place(&left, "one", "notices")], noon()).await.unwrap();
    pages.publish(&boss(), &id, saved.draft.rev, None, noon()).await.unwrap();
    let ops = vec![to("one", &right, None)];
    assert!(matches!(
        pages.arrange_for(&nurse, "region", &id, ops.clone(), noon()).await,
        Err(PageError::Forbidden | PageError::NotFound)
    ));
    pages.arrange_for(&boss(), "region", &id, ops, noon()).await.unwrap();
    for (organisation, expect) in [(Some("region"), &right), (Some("elsewhere"), &left), (None, &left)] {
        let (_, seen) = pages.view(&nurse, organisation, &id).await.unwrap();
        assert_eq!(&seen.page.root.item(&instance("one")).unwrap().0.id, expect, "{organisation:?}");
        assert_eq!(seen.placed.values().filter(|layer| **layer != Layer::Base).count(), 0);
    }
    pages.reset_for(&boss(), "region", &id, noon()).await.unwrap();
    assert_eq!(pages.view(&nurse, Some("region"), &id).await.unwrap().1.page.root.regions()[0].items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_takes_a_page_along_with_what_is_not_known_here() {
    let database = testbed::Database::sqlite().await.unwrap();
    let stage = Stage::inside(&database).await;
    let (pages, boss) = (&stage.pages, boss());
    let draft = stage.page("ward", Portal::Internal).await;
    let id = draft.page.id.clone();
    let file = pages.export(&boss, &id, noon()).await.unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&file).unwrap();
    let mut odd = item("odd", "unknown");
    odd.config = Config::from_iter([("kept".to_owned(), "<script>".into())]);
    let mut page: pages::Page = serde_json::from_value(value["page"].clone()).unwrap();
    page.root.regions_mut()[0].items.push(odd.clone());
    value["page"] = serde_json::to_value(&page).unwrap();
    // Onto the page that is there only at its rev.
    let stale = pages.import(&boss, &value.to_string(), None, noon()).await;
    assert!(matches!(stale, Err(PageError::Conflict(_))), "{stale:?}");
    let draft = pages.import(&boss, &value.to_string(), Some(1), noon()).await.unwrap();
    assert_eq!((draft.page, draft.warnings.len()), (page.clone(), 1), "it is kept, and said");
    // It does not hinder other work on the page, nor publishing.
    let right = page.root.regions()[1].id.clone();
    let saved = pages.save(&boss, &id, 2, vec![place(&right, "one", "notices")], noon()).await.unwrap();
    pages.publish(&boss, &id, saved.draft.rev, None, noon()).await.unwrap();
    assert!(pages.published(&boss, &id).unwrap().page.root.items().any(|item| *item == odd));

    for (change, what) in [
        (("/version", serde_json::json!(2)), "version"),
        (("/format", serde_json::json!("other")), "format"),
        (("/page/theme", serde_json::json!({ "css": "*{}" })), "theme"),
        ((concat!("/page/", "root/children/0/tracks"), serde_json::json!([1, 1])), "tracks"),
        (("/page/id", serde_json::json!("audit")), "an id of the policy"),
    ] {
        let mut bad = value.clone();
        match bad.pointer_mut(change.0) {
            Some(place) => *place = change.1,
            None => bad["page"][change.0.rsplit('/').next().unwrap()] = change.1,
        }
        let refused = pages.import(&boss, &bad.to_string(), Some(saved.draft.rev), noon()).await;
        assert_eq!(refused.err().map(|error| error.fault()), Some(Fault::Invalid), "{what}");
    }
    // What it would stand below is not there.
    value["page"]["parent"] = "p-nowhere".into();
    let nowhere = pages.import(&boss, &value.to_string(), Some(saved.draft.rev), noon()).await;
    assert!(matches!(nowhere, Err(PageError::NotFound)), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stand_below_pages_and_each_group_has_its_first_page() {
    for database in testbed::databases().await {
        let stage = Stage::inside(&database).await;
        let (pages, boss) = (&stage.pages, boss());
        let top = stage.page("departments", Portal::Internal).await.page.id;
        let below = |parent: &PageId, slug: &str| NewPage {
            portal: Portal::Internal,
            parent: Some(parent.clone()),
            slug: name(slug),
            title: Bilingual::new("科", "Department"),
            from: Source::Template(Template::Single),
        };
        let child = pages.create(&boss, below(&top, "cardiology"), noon()).await.unwrap().page.id;
        let twice = pages.create(&boss, below(&top, "cardiology"), noon()).await;
        assert!(matches!(twice, Err(PageError::AddressTaken)), "{twice:?}");
        assert!(matches!(pages.publish(&boss, &child, 1, None, noon()).await, Err(PageError::Parent)));
        pages.publish(&boss, &top, 1, None, noon()).await.unwrap();
        pages.publish(&boss, &child, 1, None, noon()).await.unwrap();
        // Published anew, the page above leaves its child in the policy.
        let renamed = vec![Op::Rename { title: Bilingual::new("各科", "All") }];
        let rev = pages.save(&boss, &top, 1, renamed, noon()).await.unwrap().draft.rev;
        pages.publish(&boss, &top, rev, None, noon()).await.unwrap();
        let nurse = staff("nurse", &["nurse"]);
        assert_eq!(pages.at(&nurse, &["departments", "cardiology"]).unwrap().page.id, child);
        assert!(pages.at(&nurse, &["cardiology"]).is_err());
        let ring = vec![Op::SetParent { parent: Some(child.clone()) }];
        assert!(matches!(pages.save(&boss, &top, rev, ring, noon()).await, Err(PageError::Parent)));
        assert!(matches!(pages.set_present(&boss, &top, false, noon()).await, Err(PageError::HasChildren)));

        for (id, rev, groups, priority) in
            [(&top, rev, vec!["everyone"], 1), (&child, 1, vec!["nurse", "clinician"], 5)]
        {
            let groups = groups.into_iter().map(|group| GroupName::parse(group).unwrap()).collect();
            let home = vec![Op::SetHome { home: Some(Home { groups, priority }) }];
            let rev = pages.save(&boss, id, rev, home, noon()).await.unwrap().draft.rev;
            pages.publish(&boss, id, rev, None, noon()).await.unwrap();
        }
        assert_eq!(pages.home(&nurse).map(|page| page.page.id.clone()), Some(child.clone()));
        assert_eq!(pages.home(&staff("t", &["teacher"])).map(|page| page.page.id.clone()), Some(top.clone()));
        // Who may not see the page of their group has the next one.
        let deny =
            Grant::deny(SubjectId::group("nurse"), Domain::Internal, Role::User, pages::model::page_object(&child));
        stage.policy.grant(&staff("root", &[]), &stage.audit, deny, noon()).await.unwrap();
        assert_eq!(pages.home(&nurse).map(|page| page.page.id.clone()), Some(top.clone()));
        assert!(matches!(pages.published(&nurse, &child), Err(PageError::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arrangement_is_saved_for_further_pages() {
    let database = testbed::Database::sqlite().await.unwrap();
    let stage = Stage::inside(&database).await;
    let (pages, boss) = (&stage.pages, boss());
    let draft = stage.page("ward", Portal::Internal).await;
    let ops = vec![place(&regions(&draft)[0], "one", "notices")];
    pages.save(&boss, &draft.page.id, 1, ops, noon()).await.unwrap();
    let own = pages.save_template(&boss, &draft.page.id, Bilingual::new("我的", "Mine"), noon()).await.unwrap();
    assert_eq!((own.root.items().count(), Template::of(&own.root)), (0, Some(Template::WideLeft)));
    let new = |slug: &str, from| NewPage {
        portal: Portal::Internal,
        parent: None,
        slug: name(slug),
        title: Bilingual::new("页", "Page"),
        from,
    };
    let made = pages.create(&boss, new("second", Source::OwnTemplate(own.id.clone())), noon()).await.unwrap();
    assert_eq!(Template::of(&made.page.root), Some(Template::WideLeft));
    let copy = pages.create(&boss, new("third", Source::Copy(draft.page.id.clone())), noon()).await.unwrap();
    assert_eq!(copy.page.root.items().count(), 1);
    assert!(copy.page.root.items().all(|item| item.instance != instance("one")), "a copy is not the same item");
    pages.remove_template(&boss, &own.id, noon()).await.unwrap();
    assert_eq!(pages.templates(&boss).await.unwrap(), []);
}
