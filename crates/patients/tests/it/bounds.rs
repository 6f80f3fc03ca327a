//! However much a hospital sends of somebody, looking them up and comparing them comes to its end.

use super::*;
use patients::{FIRST, Lookup};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};

/// More conditions than SQLite takes in one expression.
const MANY: usize = 1_100;

async fn rows(store: &Store, table: &str, condition: Expr) -> usize {
    let rows = Query::select().expr(Expr::val(1)).from(Alias::new(table)).and_where(condition).to_owned();
    store.reader().query_all(&rows).await.expect("rows").len()
}

async fn observe(index: &Index, seen: &[SourcePatient]) -> Vec<access::PersonId> {
    index.observe(&system(), seen, now()).await.expect("observed")
}

#[tokio::test]
async fn a_person_of_more_than_a_thousand_records_is_one_person() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let record = |nth: usize, name: &str| {
            let told = format!("{name}|female|1964-03-18|{YULAN}");
            let mut record = identity("a", &format!("{name}{nth}"), &told);
            // Each brings the ids of others.
            record.replaces = (0..16).map(|old| format!("{nth}-{old}")).collect();
            record
        };
        let seen: Vec<_> = (0..MANY).map(|nth| record(nth, "陈玉兰")).collect();
        let people = observe(&index, &seen).await;
        assert!(people.iter().all(|person| *person == people[0]), "{:?}", db.kind);
        assert_eq!(index.person(people[0]).await.expect("a person").links.len(), MANY, "{:?}", db.kind);
        // As many claim the number under another name; a second look tells the stewards nothing new.
        let claimants: Vec<_> = (0..MANY).map(|nth| record(nth + MANY, "王秀英")).collect();
        for _ in 0..2 {
            observe(&index, &claimants).await;
            let told = rows(&store, "patient_contested", Expr::val(1).eq(1)).await;
            assert_eq!(told, MANY, "{:?}", db.kind);
        }
    }
}

/// Somebody who shares a telephone or a record number, a name and a birth date with more than a thousand.
#[tokio::test]
async fn a_placeholder_that_fits_a_thousand_people_is_compared_once() {
    let db = testbed::Database::sqlite().await.expect("database");
    let (store, index) = index(&db).await;
    let phone = |nth: usize| format!("1380000{nth:04}");
    let number = |nth: usize| Identifier { system: None, kind: "record-number".into(), shown: format!("Z{nth}") };
    let told = "陈玉兰|female|1964-03-18|-";
    let mut placeholder = identity("a", "placeholder", told);
    placeholder.phones = (0..8).map(phone).collect();
    placeholder.identifiers = (0..8).map(number).collect();
    let mut seen = vec![placeholder];
    for shared in 0..8 {
        for nth in 0..63 {
            let mut by_phone = identity("b", &format!("p{shared}-{nth}"), told);
            by_phone.phones = vec![phone(shared)];
            let mut by_number = identity("b", &format!("n{shared}-{nth}"), told);
            by_number.identifiers = vec![number(shared)];
            seen.extend([by_phone, by_number]);
        }
    }
    assert!(seen.len() > 1_000);
    observe(&index, &seen).await;
    // Alone due: what is measured is its own row.
    let alone = Query::update()
        .table(Alias::new("identity_trait"))
        .value(Alias::new("due_at"), Option::<i64>::None)
        .and_where(Expr::col(Alias::new("source_patient")).ne("placeholder"))
        .to_owned();
    db.connect().await.expect("connect").execute(&alone).await.expect("updated");
    assert_eq!(index.match_due(50, now()).await.expect("matched"), 1);
    assert_eq!(rows(&store, "identity_trait", Expr::col(Alias::new("due_at")).is_not_null()).await, 0, "put off");
    let kept = rows(&store, "match_candidate", Expr::col(Alias::new("score")).gte(FIRST)).await;
    assert_eq!(kept, 100, "the best pairs");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_nobody_from_being_compared() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let told = "陈玉兰|female|1964-03-18|-|13800000526|-";
        observe(&index, &[identity("a", "0", "王伟|male|1985-07-12|-")]).await;
        let seen = [identity("a", "1", told), identity("b", "1", told)];
        index.observe(&system(), &seen, now() + jiff::SignedDuration::from_secs(1)).await.expect("observed");
        let broken = Query::update()
            .table(Alias::new("source_identity_seen"))
            .value(Alias::new("names"), "no JSON")
            .and_where(Expr::col(Alias::new("source_patient")).eq("0"))
            .to_owned();
        db.connect().await.expect("connect").execute(&broken).await.expect("updated");
        let later = |minutes: i64| now() + jiff::SignedDuration::from_mins(minutes);
        // One at a time: the broken one is the first in the row.
        let mut looks = 0;
        while index.match_due(1, later(1)).await.expect("a broken row stops all") > 0 {
            looks += 1;
            assert!(looks < 10, "{:?}: it never ends", db.kind);
        }
        let queue = stewardship(&store, &index).await.queue(&steward(), 9, now()).await.expect("queue");
        assert_eq!(queue.items.len(), 1, "{:?}", db.kind);
        // It is tried again when the others have had their turn.
        assert_eq!(index.match_due(9, later(62)).await.expect("matched"), 1, "{:?}: forgotten", db.kind);
    }
}

#[tokio::test]
async fn names_without_bound_are_found_by_their_beginning_and_cost_little() {
    let db = testbed::Database::sqlite().await.expect("database");
    let (store, index) = index(&db).await;
    let mut long = identity("a", "1", "陈玉兰|female|1964-03-18|-");
    // As many and as long as a hospital's answer lets through; each character has several readings.
    long.names = (0..16).map(|nth| "单曾解行重".chars().cycle().skip(nth).take(100).collect()).collect();
    observe(&index, &[long]).await;
    let found = index.find(&Lookup::Name("单曾解"), 9).await.expect("found");
    assert_eq!(found.people.len(), 1);
    let terms = rows(&store, "identity_term", Expr::val(1).eq(1)).await;
    assert!(terms < 50, "{terms} terms");
}

#[tokio::test]
async fn people_met_before_there_were_terms_are_caught_up_with() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let told = "陈玉兰|female|1964-03-18|-|13800000526|-";
        let seen: Vec<_> = (0..5).map(|nth| identity("a", &format!("{nth}"), told)).collect();
        observe(&index, &seen).await;
        let behind = db.connect().await.expect("connect");
        for table in ["identity_term", "identity_trait"] {
            behind.execute(Query::delete().from_table(Alias::new(table))).await.expect("deleted");
        }
        assert_eq!(index.find(&Lookup::Name("chenyulan"), 9).await.expect("found").people.len(), 0);
        let mut caught = Vec::new();
        while let 1.. = index.catch_up(2, now()).await.expect("caught up") {
            caught.push(rows(&store, "identity_trait", Expr::val(1).eq(1)).await);
        }
        assert_eq!(caught, [2, 4, 5], "{:?}", db.kind);
        assert_eq!(index.find(&Lookup::Name("chenyulan"), 9).await.expect("found").people.len(), 5, "{:?}", db.kind);
        // Telephones come when the hospital is next asked.
        assert_eq!(index.find(&Lookup::Number("0526"), 9).await.expect("found").people.len(), 0, "{:?}", db.kind);
        observe(&index, &seen).await;
        assert_eq!(index.find(&Lookup::Number("0526"), 9).await.expect("found").people.len(), 5, "{:?}", db.kind);
    }
}
