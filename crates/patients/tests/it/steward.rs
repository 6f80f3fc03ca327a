//! Pairs, decisions and their taking back, on both databases.

use std::collections::BTreeSet;

use super::*;
use access::{Classify as _, Fault, PersonId};
use patients::{Decision, IndexError, LinkedBy, Lookup, PairConflict, Queue};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};
use uuid::Uuid;

const REASON: &str = "电话核实：本人";

/// Everybody is compared with everybody they may be.
async fn match_all(index: &Index) {
    while index.match_due(50, now()).await.expect("matched") > 0 {}
}

async fn queue(stewardship: &Stewardship) -> Queue {
    stewardship.queue(&steward(), 50, now()).await.expect("queue")
}

/// `a/1 b/2` of each pair that waits.
async fn waiting(stewardship: &Stewardship) -> Vec<String> {
    let side = |one: &patients::Side| format!("{}/{}", one.source, one.patient);
    queue(stewardship).await.items.iter().map(|pair| format!("{} {}", side(&pair.a), side(&pair.b))).collect()
}

fn conflict(result: Result<(), IndexError>) -> Option<PairConflict> {
    match result {
        Err(IndexError::Conflict(conflict)) => Some(conflict),
        _ => None,
    }
}

#[tokio::test]
async fn weak_evidence_makes_pairs_and_never_links() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let seen = [
            identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}|13800000526|柳岸路18号")),
            identity("b", "1", "陈玉兰|female|1964-03-18|-|13800000526|柳岸路81号"),
            identity("b", "2", "马思源|male|2010-02-28|-|13911112222|-"),
            identity("a", "2", "马思远|male|2010-02-28|-|13911112222|-"),
            identity("a", "3", "王强|male|1985-07-12|-|-|-"),
        ];
        let people = index.observe(&system(), &seen, now()).await.expect("observed");
        match_all(&index).await;
        assert_eq!(people.iter().collect::<BTreeSet<_>>().len(), 5, "{:?}: linked by weak evidence", db.kind);
        let stewardship = stewardship(&store, &index).await;
        assert_eq!(waiting(&stewardship).await, ["a/1 b/1", "a/2 b/2"], "{:?}", db.kind);
        let first = &queue(&stewardship).await.items[0];
        assert!(first.score >= patients::FIRST, "{}", first.score);
        assert_eq!(first.a.phones, ["138****0526"], "{:?}: a phone in full", db.kind);
        assert_eq!(first.score, first.evidence.iter().map(|one| one.weight).sum::<i32>());
        // Seen again as before, nothing is compared again; seen otherwise, the pair goes.
        assert_eq!(index.match_due(50, now()).await.expect("matched"), 0);
        let corrected = [identity("b", "1", "陈玉兰|female|1979-11-30|-|-|-")];
        index.observe(&system(), &corrected, now()).await.expect("observed");
        match_all(&index).await;
        assert_eq!(waiting(&stewardship).await, ["a/2 b/2"], "{:?}", db.kind);
    }
}

#[tokio::test]
async fn a_contested_number_waits_for_a_steward() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let holder = identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}"));
        let claimant = identity("b", "9", &format!("王秀英|female|1964-03-18|{YULAN}"));
        index.observe(&system(), &[holder], now()).await.expect("holder");
        index.observe(&system(), &[claimant], now()).await.expect("claimant");
        match_all(&index).await;
        let stewardship = stewardship(&store, &index).await;
        let pairs = queue(&stewardship).await.items;
        assert!(pairs.len() == 1 && pairs[0].contested, "{:?}: {pairs:?}", db.kind);
        let settled = async || {
            let rows = Query::select()
                .column(Alias::new("id"))
                .from(Alias::new("patient_contested"))
                .and_where(Expr::col(Alias::new("settled_at")).is_not_null())
                .to_owned();
            store.reader().query_all(&rows).await.expect("rows").len()
        };
        stewardship.decide(&steward(), pairs[0].id, Decision::DoNotLink, REASON, now()).await.expect("decided");
        assert_eq!((settled().await, waiting(&stewardship).await.len()), (1, 0), "{:?}", db.kind);
        stewardship.decide(&steward(), pairs[0].id, Decision::Undo, REASON, now()).await.expect("undone");
        assert_eq!((settled().await, waiting(&stewardship).await.len()), (0, 1), "{:?}", db.kind);
    }
}

#[tokio::test]
async fn one_person_is_one_everywhere_and_two_again_after_undo() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let old = identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}|13800000526|-"));
        // Married, and a slip in the birth date: as far from one another as one person's records get.
        let other = identity("b", "1", "林玉兰|female|1946-03-18|-|13800000526|-");
        let same = identity("b", "2", "陈玉兰|female|1964-03-18|-|13800000526|-");
        let people = index.observe(&system(), &[old.clone(), other, same.clone()], now()).await.expect("observed");
        match_all(&index).await;
        let stewardship = stewardship(&store, &index).await;
        let pairs = queue(&stewardship).await.items;
        let before = snapshot(&store, &index, &people).await;
        let pair = pairs.iter().find(|pair| pair.b.patient == "2").expect("a pair").id;
        stewardship.decide(&steward(), pair, Decision::Link, REASON, now()).await.expect("linked");
        let person = index.person(people[2]).await.expect("person");
        assert_eq!((person.id, person.links.len()), (people[0], 2), "{:?}", db.kind);
        assert_eq!(person.ids.len(), 2);
        // What is begun with one of them stays theirs.
        assert_eq!(index.linked_to("b", "2").await.expect("linked"), Some(people[2]), "{:?}", db.kind);
        let how: Vec<LinkedBy> = person.links.iter().map(|link| link.how).collect();
        assert!(how.contains(&LinkedBy::StrongKey) && how.contains(&LinkedBy::Steward), "{how:?}");
        assert_eq!(index.find(&Lookup::Name("陈玉兰"), 9).await.expect("found").people, [people[0]], "{:?}", db.kind);
        // Seen again they stay one, and a record of the third hospital joins whom the number belongs to.
        assert_eq!(index.observe(&system(), &[same], now()).await.expect("seen"), [people[0]], "{:?}", db.kind);
        let told = stewardship.pair(&steward(), pair, now()).await.expect("pair");
        assert_eq!(told.row.state, "linked");
        let decided = &told.decisions[0];
        assert_eq!((decided.by.as_str(), decided.reason.as_str()), ("he.jing", REASON));
        assert!(told.links_a.iter().any(|link| link.decisions.iter().any(|one| one.reason == REASON)), "unexplained");
        // Decided already; then taken back, twice.
        let again = stewardship.decide(&steward(), pair, Decision::DoNotLink, REASON, now()).await;
        assert_eq!(conflict(again), Some(PairConflict::Decided));
        stewardship.decide(&steward(), pair, Decision::Undo, "看错了，撤销", now()).await.expect("undone");
        assert_eq!(snapshot(&store, &index, &people).await, before, "{:?}", db.kind);
        let again = stewardship.decide(&steward(), pair, Decision::Undo, REASON, now()).await;
        assert_eq!(conflict(again), Some(PairConflict::NothingToUndo));
        assert_eq!(audited(&store, "index.decide").await, 4, "{:?}: two people, two decisions", db.kind);
    }
}

#[tokio::test]
async fn what_is_kept_apart_is_not_joined_by_itself_either() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let holder = identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}"));
        let without = identity("b", "1", "陈玉兰|female|1964-03-18|-");
        let people = index.observe(&system(), &[holder, without], now()).await.expect("observed");
        match_all(&index).await;
        let stewardship = stewardship(&store, &index).await;
        let pair = queue(&stewardship).await.items[0].id;
        stewardship.decide(&steward(), pair, Decision::DoNotLink, REASON, now()).await.expect("kept apart");
        assert_eq!(waiting(&stewardship).await.len(), 0);
        assert_eq!(stewardship.kept_apart(&steward()).await.expect("count"), 1);
        // Its record number is given anew, and now it comes with the number.
        let again = identity("b", "1", "王强|male|1985-07-12|-");
        index.observe(&system(), &[again], now()).await.expect("somebody else's");
        let strong = identity("b", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}"));
        let seen = index.observe(&system(), &[strong], now()).await.expect("seen")[0];
        assert_ne!(seen, people[0], "{:?}: joined in spite of the list", db.kind);
    }
}

#[tokio::test]
async fn a_link_made_without_a_steward_is_taken_back_and_put_back() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let strong = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let seen = [identity("a", "1", &strong), identity("b", "9", &strong)];
        let chen = index.observe(&system(), &seen, now()).await.expect("observed")[0];
        let stewardship = stewardship(&store, &index).await;
        let person = index.person(chen).await.expect("person");
        let number = patients::IndexNumber::parse(&person.number).expect("number");
        let before = snapshot(&store, &index, &[chen]).await;
        let (_, links) = stewardship.person(&steward(), number, now()).await.expect("links");
        let link = links.iter().find(|link| link.source == "b").expect("a link");
        assert!(link.separable && link.how == "strong-key", "{link:?}");
        stewardship.decide(&steward(), link.id, Decision::Undo, REASON, now()).await.expect("taken back");
        assert_eq!(index.links(chen).await.expect("links").len(), 1, "{:?}", db.kind);
        let apart = index.observe(&system(), &seen, now()).await.expect("seen again");
        assert_ne!(apart[0], apart[1], "{:?}: it came back by itself", db.kind);
        let last = stewardship.decide(&steward(), links[0].id, Decision::Undo, REASON, now()).await;
        assert_eq!(conflict(last), Some(PairConflict::NothingToUndo), "{:?}: nobody's record", db.kind);
        stewardship.decide(&steward(), link.id, Decision::Undo, REASON, now()).await.expect("put back");
        assert_eq!(snapshot(&store, &index, &[chen]).await, before, "{:?}", db.kind);
    }
}

#[tokio::test]
async fn stewards_decide_with_a_reason_and_nobody_else() {
    let db = testbed::Database::sqlite().await.expect("database");
    let (store, index) = index(&db).await;
    let seen = [
        identity("a", "1", "陈玉兰|female|1964-03-18|-|13800000526|-"),
        identity("b", "1", "陈玉兰|female|1964-03-18|-|13800000526|-"),
    ];
    index.observe(&system(), &seen, now()).await.expect("observed");
    match_all(&index).await;
    let stewardship = stewardship(&store, &index).await;
    let pair = queue(&stewardship).await.items[0].id;
    for (name, group, fault) in [
        ("li.wei", "clinician", Fault::NotFound),
        ("zhou.ming", "researcher", Fault::NotFound),
        ("ma.qiang", "manager", Fault::NotFound),
    ] {
        let who = staff(name, group);
        let refused = stewardship.decide(&who, pair, Decision::Link, REASON, now()).await.expect_err("refused");
        assert_eq!(refused.fault(), fault, "{group}");
        assert!(stewardship.queue(&who, 5, now()).await.is_err(), "{group}");
        assert!(stewardship.pair(&who, pair, now()).await.is_err(), "{group}");
    }
    for reason in ["", "   ", "ok", &"长".repeat(501)] {
        let refused = stewardship.decide(&steward(), pair, Decision::Link, reason, now()).await.expect_err("refused");
        assert_eq!(refused.fault(), Fault::Invalid, "{reason}");
    }
    let nobody = stewardship.decide(&steward(), Uuid::from_u128(1), Decision::Link, REASON, now()).await;
    assert_eq!(nobody.expect_err("refused").fault(), Fault::NotFound);
    assert_eq!(audited(&store, "index.decide").await, 0);
    stewardship.decide(&staff("admin", "administrator"), pair, Decision::Link, REASON, now()).await.expect("linked");
}

async fn audited(store: &Store, action: &str) -> usize {
    let rows = Query::select()
        .column(Alias::new("number"))
        .from(Alias::new("audit_event"))
        .and_where(Expr::col(Alias::new("action")).eq(action))
        .to_owned();
    store.reader().query_all(&rows).await.expect("rows").len()
}

/// Everything that anybody sees of these people.
async fn snapshot(store: &Store, index: &Index, people: &[PersonId]) -> String {
    let mut text = String::new();
    for id in people {
        let person = index.person(*id).await.expect("person");
        text.push_str(&format!("{id}: {person:#?}\n"));
    }
    for name in ["陈玉兰", "林玉兰", "马"] {
        text.push_str(&format!("{name}: {:?}\n", index.find(&Lookup::Name(name), 50).await.expect("found")));
    }
    let apart = Query::select()
        .columns(["person", "source", "source_patient"].map(Alias::new))
        .from(Alias::new("patient_do_not_link"))
        .to_owned();
    let rows = store.reader().query_all(&apart).await.expect("rows");
    let row = |row: sea_orm::QueryResult| -> (Uuid, String, String) {
        let person = row.try_get("", "person").expect("id");
        (person, row.try_get("", "source").expect("text"), row.try_get("", "source_patient").expect("text"))
    };
    let apart: BTreeSet<_> = rows.into_iter().map(row).collect();
    text.push_str(&format!("{apart:?}\n"));
    let stewardship = stewardship(store, index).await;
    text.push_str(&format!("{:?}\n", waiting(&stewardship).await));
    text
}

/// Six records of one name at two hospitals: every pair of them is a candidate.
async fn alike(index: &Index) -> Vec<PersonId> {
    let seen: Vec<_> = (0..6)
        .map(|nth| {
            let (source, patient) = (if nth % 2 == 0 { "a" } else { "b" }, format!("{nth}"));
            identity(source, &patient, "陈玉兰|female|1964-03-18|-|13800000526|-")
        })
        .collect();
    let people = index.observe(&system(), &seen, now()).await.expect("observed");
    match_all(index).await;
    people
}

/// Random decisions on random pairs: whatever was decided before, deciding and taking back changes nothing; and when all
/// is taken back, in whatever order, all is as it was.
#[test]
fn undo_restores_every_view() {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let database = runtime.block_on(testbed::Database::sqlite()).expect("database");
    let (store, index) = runtime.block_on(index(&database));
    let people = runtime.block_on(alike(&index));
    let stewardship = runtime.block_on(stewardship(&store, &index));
    let pairs = runtime.block_on(all_pairs(&store));
    assert!(pairs.len() >= 6, "{} pairs", pairs.len());
    let untouched = runtime.block_on(snapshot(&store, &index, &people));
    let step = (0..pairs.len(), 0..3usize);
    let steps = proptest::collection::vec(step, 1..10);
    let order = proptest::collection::vec(0..1000usize, 12);
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&(steps, order), |(steps, order)| {
        runtime.block_on(async {
            let mut in_force: Vec<Uuid> = Vec::new();
            for (at, what) in steps {
                let pair = pairs[at];
                let decision = [Decision::Link, Decision::DoNotLink, Decision::Undo][what];
                let before = snapshot(&store, &index, &people).await;
                let decided = stewardship.decide(&steward(), pair, decision, REASON, now()).await;
                match (decided, decision) {
                    (Ok(()), Decision::Undo) => in_force.retain(|one| *one != pair),
                    (Ok(()), _) => {
                        stewardship.decide(&steward(), pair, Decision::Undo, REASON, now()).await.expect("undone");
                        let after = snapshot(&store, &index, &people).await;
                        if after != before {
                            return Err(TestCaseError::fail(format!("{before}\nis not\n{after}")));
                        }
                        stewardship.decide(&steward(), pair, decision, REASON, now()).await.expect("decided again");
                        in_force.push(pair);
                    }
                    (Err(IndexError::Conflict(_)), _) => {
                        let after = snapshot(&store, &index, &people).await;
                        proptest::prop_assert_eq!(after, before, "a refused decision changed something");
                    }
                    (Err(error), _) => return Err(TestCaseError::fail(error.to_string())),
                }
            }
            for nth in order {
                if in_force.is_empty() {
                    break;
                }
                let pair = in_force.swap_remove(nth % in_force.len());
                stewardship.decide(&steward(), pair, Decision::Undo, REASON, now()).await.expect("undone");
            }
            for pair in in_force {
                stewardship.decide(&steward(), pair, Decision::Undo, REASON, now()).await.expect("undone");
            }
            let after = snapshot(&store, &index, &people).await;
            proptest::prop_assert_eq!(&after, &untouched);
            Ok(())
        })
    });
    tried.expect("every view is restored");
}

async fn all_pairs(store: &Store) -> Vec<Uuid> {
    let rows = Query::select().column(Alias::new("id")).from(Alias::new("match_candidate")).to_owned();
    let rows = store.reader().query_all(&rows).await.expect("rows");
    rows.into_iter().map(|row| row.try_get("", "id").expect("id")).collect()
}

/// Two people of four records each, of whom every record looks like one of the other's, and a weaker pair.
async fn two_of_many_records(index: &Index) {
    let other = corpus::number("1964-03-18", 34);
    let strong = |number: &str| format!("陈玉兰|female|1964-03-18|{number}|13800000526|-");
    let mut seen = Vec::new();
    for source in ["a", "b", "c", "d"] {
        seen.push(identity(source, "1", &strong(YULAN)));
        seen.push(identity(source, "2", &strong(&other)));
    }
    seen.push(identity("a", "8", "马思源|male|2010-02-28|-"));
    seen.push(identity("b", "9", "马思源|male|2010-02-08|-"));
    let people = index.observe(&system(), &seen, now()).await.expect("observed");
    assert_eq!(people.iter().collect::<BTreeSet<_>>().len(), 4, "people");
    match_all(index).await;
}

#[tokio::test]
async fn what_waits_behind_pairs_that_are_settled_is_shown() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        two_of_many_records(&index).await;
        let stewardship = stewardship(&store, &index).await;
        let first = async || stewardship.queue(&steward(), 1, now()).await.expect("queue");
        let before = waiting(&stewardship).await;
        assert_eq!(before.len(), 2, "{:?}: {before:?}", db.kind);
        for decision in [Decision::Link, Decision::DoNotLink] {
            let pair = first().await.items[0].id;
            stewardship.decide(&steward(), pair, decision, REASON, now()).await.expect("decided");
            for when in ["at once", "after another look"] {
                let queue = first().await;
                let names: Vec<_> = queue.items.iter().map(|pair| pair.a.names[0].clone()).collect();
                assert_eq!(
                    (names, queue.more),
                    (vec!["马思源".to_owned()], false),
                    "{decision:?} {when}, {:?}",
                    db.kind
                );
                // Every record is compared anew: nobody is asked again what was decided.
                let seen = identity("d", "2", "陈玉兰|female|1964-03-18|-|13800000527|-");
                index.observe(&system(), &[seen], now()).await.expect("observed");
                match_all(&index).await;
            }
            stewardship.decide(&steward(), pair, Decision::Undo, REASON, now()).await.expect("undone");
            assert_eq!(waiting(&stewardship).await, before, "{decision:?} undone, {:?}", db.kind);
            match_all(&index).await;
            assert_eq!(waiting(&stewardship).await.len(), 2, "{decision:?} undone and compared, {:?}", db.kind);
        }
    }
}

/// A record of a settled pair becomes somebody else's: the two were never decided on.
#[tokio::test]
async fn a_settled_pair_of_new_people_waits_again() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        two_of_many_records(&index).await;
        let stewardship = stewardship(&store, &index).await;
        let pair = queue(&stewardship).await.items[0].id;
        stewardship.decide(&steward(), pair, Decision::DoNotLink, REASON, now()).await.expect("kept apart");
        let sides = |row: &str| row.contains("/1 ") && row.ends_with("/2");
        assert!(!waiting(&stewardship).await.iter().any(|row| sides(row)));
        // Of each person one record is given to somebody else, and these two look like one.
        let third = corpus::number("1985-07-12", 13);
        let given = |source: &str, id: &str, number: &str| {
            identity(source, id, &format!("王强|male|1985-07-12|{number}|13911112222|-"))
        };
        let reused = [given("c", "1", MALE_1985), given("d", "2", &third)];
        let people = index.observe(&system(), &reused, now()).await.expect("observed");
        assert_ne!(people[0], people[1]);
        match_all(&index).await;
        assert!(waiting(&stewardship).await.contains(&"c/1 d/2".to_owned()), "{:?}", db.kind);
    }
}

/// Detail of the newest row of an action.
async fn told(store: &Store, action: &str) -> serde_json::Value {
    let rows = Query::select()
        .column(Alias::new("detail"))
        .from(Alias::new("audit_event"))
        .and_where(Expr::col(Alias::new("action")).eq(action))
        .order_by(Alias::new("number"), sea_orm::Order::Desc)
        .to_owned();
    let row = store.reader().query_one(&rows).await.expect("rows").expect("a row");
    serde_json::from_str(&row.try_get::<String>("", "detail").expect("text")).expect("JSON")
}

#[tokio::test]
async fn whose_names_a_steward_was_shown_is_written_down() {
    for db in testbed::databases().await {
        let (store, index) = index(&db).await;
        let seen = [
            identity("a", "1", "陈玉兰|female|1964-03-18|-|13800000526|-"),
            identity("b", "1", "陈玉兰|female|1964-03-18|-|13800000526|-"),
        ];
        let people = index.observe(&system(), &seen, now()).await.expect("observed");
        match_all(&index).await;
        let mut ids: Vec<String> = people.iter().map(PersonId::to_string).collect();
        ids.sort();
        let stewardship = stewardship(&store, &index).await;
        let pair = queue(&stewardship).await.items[0].id;
        let expect = serde_json::json!({ "shown": 1, "people": ids });
        assert_eq!(told(&store, "index.queue.shown").await, expect, "{:?}", db.kind);
        assert!(stewardship.recent(&steward(), 20, now()).await.expect("decisions").is_empty());
        assert_eq!(audited(&store, "index.decisions.shown").await, 0, "nobody was shown");
        stewardship.decide(&steward(), pair, Decision::DoNotLink, REASON, now()).await.expect("decided");
        assert_eq!(stewardship.recent(&steward(), 20, now()).await.expect("decisions").len(), 1);
        assert_eq!(told(&store, "index.decisions.shown").await, expect, "{:?}", db.kind);
    }
}
