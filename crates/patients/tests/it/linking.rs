use super::*;
use patients::{IndexNumber, LinkedBy};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};
use uuid::Uuid;

/// Two identities seen one after the other: one person, or two?
async fn check(one: &str, other: &str, expect_one: bool) {
    for db in testbed::databases().await {
        let (_, index) = index(&db).await;
        let first = index.observe(&system(), &[identity("a", "1", one)], now()).await.expect("first");
        let second = index.observe(&system(), &[identity("b", "9", other)], now()).await.expect("second");
        assert_eq!(first == second, expect_one, "{one} / {other} on {:?}", db.kind);
    }
}

#[tokio::test]
async fn the_strong_key_links() {
    check("陈玉兰|female|1964-03-18|999009196403180328", "陈 玉兰|female|1964-03-18|999009640318032", true).await;
}

#[tokio::test]
async fn nothing_weaker_links_by_itself() {
    // A mother's number on her newborn, a twin's, a mistyped sex, a date known to the month, the same name without number.
    check("陈玉兰|female|1964-03-18|999009196403180328", "陈玉兰之女|female|1964-03-18|999009196403180328", false)
        .await;
    check("陈玉兰|female|1964-03-18|999009196403180328", "陈玉兰|male|1964-03-18|999009196403180328", false).await;
    check("陈玉兰|female|1964-03-18|999009196403180328", "陈玉兰|female|1964-03|999009196403180328", false).await;
    check("陈玉兰|female|1964-03-18|999009196403180328", "陈玉兰|female|1964-03-18|-", false).await;
    check("陈玉兰|female|1964-03-18|999009196403180328", "Chen Yulan|female|1964-03-18|999009196403180328", false)
        .await;
    check("陈玉兰|female|1964-03-18|-", "陈玉兰|female|1964-03-18|-", false).await;
    // Newborn twins under one number: the name is their mother's.
    check("王丽之女|female|1964-03-18|999009196403180328", "王丽之女|female|1964-03-18|999009196403180328", false)
        .await;
    check("王丽之女1|female|1964-03-18|999009196403180328", "王丽之女2|female|1964-03-18|999009196403180328", false)
        .await;
    check("-|female|1964-03-18|999009196403180328", "-|female|1964-03-18|999009196403180328", false).await;
}

#[tokio::test]
async fn an_identity_keeps_its_person_and_the_links_say_why() {
    for db in testbed::databases().await {
        let (_, index) = index(&db).await;
        let told = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let seen = [identity("a", "1", &told), identity("b", "9", &told)];
        let people = index.observe(&system(), &seen, now()).await.expect("observe");
        assert_eq!(people[0], people[1]);
        // Married, moved, mistyped: one thing changed, and the identity is the same one.
        let changed = [identity("b", "9", "陈玉蓝|female|1964-03-18|-")];
        assert_eq!(index.observe(&system(), &changed, now()).await.expect("again"), [people[0]]);

        let person = index.person(people[0]).await.expect("person");
        assert_eq!(
            (person.name.as_str(), person.resident_id_masked.as_deref()),
            ("陈玉兰", Some("999***********0328"))
        );
        let links: Vec<_> = person.links.iter().map(|link| (link.source.as_str(), link.how)).collect();
        assert_eq!(links, [("a", LinkedBy::StrongKey), ("b", LinkedBy::StrongKey)]);
        assert_eq!(person.links[0].evidence, ["resident-id", "birth-date", "sex", "name"]);
        assert_eq!(person.links[0].identifiers[0].shown, "MR-1");

        let number = IndexNumber::parse(&person.number).expect("number");
        assert_eq!(index.by_number(number).await.expect("by number"), Some(person.id));
        let held = ResidentId::parse(YULAN).expect("valid");
        assert_eq!(index.holder(&held).await.expect("holder"), Some(person.id));
        assert!(index.is_held_by(&person, &held));
        assert!(!index.is_held_by(&person, &ResidentId::parse(MALE_1985).expect("valid")));
    }
}

#[tokio::test]
async fn links_are_in_the_audit_and_a_second_look_is_not() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let told = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let seen = [identity("a", "1", &told), identity("b", "9", &told)];
        for _ in 0..3 {
            index.observe(&system(), &seen, now()).await.expect("observe");
        }
        let rows =
            Query::select().columns(["action", "detail"].map(Alias::new)).from(Alias::new("audit_event")).to_owned();
        let rows = store.reader().query_all(&rows).await.expect("audit rows");
        assert_eq!(rows.len(), 2, "{:?}", db.kind);
        for row in rows {
            assert_eq!(row.try_get::<String>("", "action").expect("action"), "index.link");
        }
    }
}

#[tokio::test]
async fn a_merge_at_the_source_is_followed() {
    for db in testbed::databases().await {
        let (_, index) = index(&db).await;
        let mut old = identity("a", "old", "陈玉兰|female|1964-03-18|-");
        let survivor = identity("a", "new", "陈玉兰|female|1964-03-18|-");
        old.replaced_by = Some("new".into());
        let people = index.observe(&system(), &[old, survivor], now()).await.expect("observe");
        assert_eq!(people[0], people[1]);
        let links = index.links(people[0]).await.expect("links");
        let old = links.iter().find(|link| link.patient == "old").expect("old");
        assert_eq!((old.how, old.aliases.as_slice()), (LinkedBy::Merged, &["new".to_owned()][..]));
        // The same id at another hospital is somebody else.
        let mut elsewhere = identity("b", "x", "陈玉兰|female|1964-03-18|-");
        elsewhere.replaced_by = Some("new".into());
        assert_ne!(index.observe(&system(), &[elsewhere], now()).await.expect("observe")[0], people[0]);
    }
}

#[tokio::test]
async fn a_number_that_comes_later_is_claimed_once() {
    for db in testbed::databases().await {
        let (_, index) = index(&db).await;
        let told = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let without = [identity("a", "1", "陈玉兰|female|1964-03-18|-")];
        let person = index.observe(&system(), &without, now()).await.expect("observe")[0];
        assert_eq!(index.observe(&system(), &[identity("a", "1", &told)], now()).await.expect("with"), [person]);
        assert_eq!(index.observe(&system(), &[identity("b", "9", &told)], now()).await.expect("other"), [person]);
        // Somebody else's number stays with its holder.
        let taken = identity("c", "5", "陈玉兰之女|female|1964-03-18|999009196403180328");
        assert_ne!(index.observe(&system(), &[taken], now()).await.expect("taken"), [person]);
        let held = ResidentId::parse(YULAN).expect("valid");
        assert_eq!(index.holder(&held).await.expect("holder"), Some(person));
    }
}

#[tokio::test]
async fn seen_by_many_at_once_it_is_one_person() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let told = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let looks = (0..8).map(|nth| {
            let (index, seen) =
                (index.clone(), vec![identity("a", "1", &told), identity("b", &format!("{nth}"), &told)]);
            tokio::spawn(async move { index.observe(&system(), &seen, now()).await.expect("observe") })
        });
        let mut people = std::collections::HashSet::new();
        for look in looks.collect::<Vec<_>>() {
            people.extend(look.await.expect("task"));
        }
        assert_eq!(people.len(), 1, "{:?}", db.kind);
        let rows = Query::select().column(Alias::new("id")).from(Alias::new("patient")).to_owned();
        assert_eq!(store.reader().query_all(&rows).await.expect("people").len(), 1);
    }
}

#[tokio::test]
async fn no_resident_id_is_in_the_database() {
    for db in testbed::databases().await {
        let (_, index) = index(&db).await;
        let told = format!("陈玉兰|female|1964-03-18|{YULAN}");
        index.observe(&system(), &[identity("a", "1", &told)], now()).await.expect("observe");
        if let Some(file) = db.file() {
            let bytes: Vec<u8> = ["", "-wal"]
                .iter()
                .flat_map(|end| std::fs::read(format!("{}{end}", file.display())).unwrap_or_default())
                .collect();
            let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(has("陈玉兰") && !has(YULAN) && !has("999009640318032"));
        }
    }
}

#[tokio::test]
async fn a_record_that_becomes_somebody_else_s_leaves_its_person() {
    for db in testbed::databases().await {
        let (_store, index) = index(&db).await;
        let yulan = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let first = [identity("a", "1", &yulan), identity("b", "7", &yulan)];
        let chen = index.observe(&system(), &first, now()).await.expect("observed")[0];
        assert_eq!(index.links(chen).await.expect("links").len(), 2);
        for told in [format!("王强|male|1985-07-12|{MALE_1985}"), "王强|male|1985-07-12|-".to_owned()] {
            let reused = identity("b", "7", &told);
            let person = index.person(chen).await.expect("chen");
            assert!(index.is_somebody_else(&person, &reused), "{told}");
            let wang = index.observe(&system(), &[reused], now()).await.expect("observed")[0];
            assert_ne!(wang, chen, "{:?}: {told}", db.kind);
            let left: Vec<String> =
                index.links(chen).await.expect("links").into_iter().map(|link| link.source).collect();
            assert_eq!(left, ["a"], "{:?}: {told}", db.kind);
        }
        // A corrected birth date or a changed name alone is no other person.
        for told in ["陈玉兰|female|1964-03-19|-", "陈玉蘭|female|1964-03-18|-"] {
            let same = index.observe(&system(), &[identity("a", "1", told)], now()).await.expect("observed")[0];
            assert_eq!(same, chen, "{told}");
        }
    }
}

#[tokio::test]
async fn what_a_hospital_calls_merged_is_not_read_when_it_is_another_person_here() {
    for db in testbed::databases().await {
        let (_store, index) = index(&db).await;
        let wang = identity("a", "2", &format!("王强|male|1985-07-12|{MALE_1985}"));
        let wang = index.observe(&system(), &[wang], now()).await.expect("observed")[0];
        let mut chen = identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}"));
        chen.replaces = vec!["2".to_owned(), "3".to_owned()];
        let chen = index.observe(&system(), &[chen], now()).await.expect("observed")[0];
        assert_ne!(chen, wang, "{:?}", db.kind);
        let links = index.links(chen).await.expect("links");
        assert_eq!(links[0].aliases, ["3"], "{:?}", db.kind);
    }
}

/// What stewards have to decide: record, claimant, holder.
async fn contested(store: &Store) -> Vec<(String, Uuid, Uuid)> {
    let rows = Query::select()
        .columns(["source_patient", "claimant", "holder"].map(Alias::new))
        .from(Alias::new("patient_contested"))
        .order_by(Alias::new("source_patient"), sea_orm::Order::Asc)
        .to_owned();
    let rows = store.reader().query_all(&rows).await.expect("rows");
    let row = |row: sea_orm::QueryResult| {
        let read = (row.try_get("", "source_patient"), row.try_get("", "claimant"), row.try_get("", "holder"));
        (read.0.expect("text"), read.1.expect("id"), read.2.expect("id"))
    };
    rows.into_iter().map(row).collect()
}

async fn audited(store: &Store, action: &str) -> usize {
    let rows = Query::select()
        .column(Alias::new("number"))
        .from(Alias::new("audit_event"))
        .and_where(Expr::col(Alias::new("action")).eq(action))
        .to_owned();
    store.reader().query_all(&rows).await.expect("rows").len()
}

#[tokio::test]
async fn a_number_that_two_people_have_is_written_down_for_a_steward_once() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let yulan = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let holder = index.observe(&system(), &[identity("a", "1", &yulan)], now()).await.expect("holder")[0];
        assert_eq!(contested(&store).await, [], "nobody contests");

        // The same number, birth date and sex at another hospital, under another name.
        let other = [identity("b", "9", &format!("王秀英|female|1964-03-18|{YULAN}"))];
        let claimant = index.observe(&system(), &other, now()).await.expect("claimant")[0];
        assert_ne!(claimant, holder, "{:?}: linked in spite of the name", db.kind);
        let expect = [("9".to_owned(), claimant.0, holder.0)];
        assert_eq!(contested(&store).await, expect, "{:?}", db.kind);
        assert_eq!(audited(&store, "index.contest").await, 1, "{:?}", db.kind);

        // However often it is seen, and by however many at once.
        for _ in 0..3 {
            assert_eq!(index.observe(&system(), &other, now()).await.expect("again"), [claimant]);
        }
        assert_eq!((contested(&store).await.len(), audited(&store, "index.contest").await), (1, 1), "{:?}", db.kind);

        // A person who was known without a number, and now comes with somebody else's.
        let without = [identity("c", "5", "李秀英|female|1964-03-18|-")];
        let late = index.observe(&system(), &without, now()).await.expect("without")[0];
        let with = [identity("c", "5", &format!("李秀英|female|1964-03-18|{YULAN}"))];
        assert_eq!(index.observe(&system(), &with, now()).await.expect("with"), [late]);
        let expect = [("5".to_owned(), late.0, holder.0), ("9".to_owned(), claimant.0, holder.0)];
        assert_eq!(contested(&store).await, expect, "{:?}", db.kind);
        assert_eq!(index.holder(&ResidentId::parse(YULAN).expect("valid")).await.expect("holder"), Some(holder));
    }
}
