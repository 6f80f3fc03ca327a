//! Lists are weaker than what a hospital said itself: they fill what is absent, and end nothing.

use super::*;
use access::PersonId;
use patients::Lookup;

/// All that is known of a person, and who is found by what.
async fn view(index: &Index, person: PersonId) -> String {
    let person = index.person(person).await.expect("a person");
    let mut found = Vec::new();
    for lookup in [Lookup::Number("0526"), Lookup::Number("2222"), Lookup::Number("mr1"), Lookup::Name("chenyulan")] {
        found.push(index.find(&lookup, 9).await.expect("found").people);
    }
    format!("{person:#?} {found:?}")
}

fn known() -> SourcePatient {
    let mut known = identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}|13800000526|柳岸路18号"));
    known.replaces = vec!["0".to_owned()];
    known
}

/// As a list has them that says no more than this.
fn row(told: &str) -> SourcePatient {
    SourcePatient { identifiers: Vec::new(), ..identity("a", "1", told) }
}

#[tokio::test]
async fn what_is_known_stays_as_it_is() {
    for db in testbed::databases().await {
        let (_store, index) = index(&db).await;
        let person = index.observe(&system(), &[known()], now()).await.expect("observed")[0];
        while index.match_due(9, now()).await.expect("matched") > 0 {}
        let before = view(&index, person).await;
        for told in [
            "陈玉兰|-|-|-",
            "陈玉莲|female|1964-03-18|-|13911112222|人民路1号",
            // Somebody else, as the hospital itself would say of a record that it gave away.
            "王强|male|1985-07-12|-",
            &format!("王强|male|1985-07-12|{MALE_1985}"),
        ] {
            assert_eq!(index.import(&system(), &[row(told)], now()).await.expect("imported"), [person], "{told}");
            assert_eq!(view(&index, person).await, before, "{:?}: {told}", db.kind);
            assert_eq!(index.match_due(9, now()).await.expect("matched"), 0, "{:?}: {told}: written anew", db.kind);
        }
        // The hospital's own word does both.
        let other = index.observe(&system(), &[row("王强|male|1985-07-12|-")], now()).await.expect("observed")[0];
        assert_ne!(other, person, "{:?}", db.kind);
    }
}

#[tokio::test]
async fn what_is_absent_is_filled() {
    for db in testbed::databases().await {
        let (_store, index) = index(&db).await;
        let bare = row("陈玉兰|female|1964-03-18|-");
        let person = index.observe(&system(), &[bare], now()).await.expect("observed")[0];
        let listed = [known()];
        assert_eq!(index.import(&system(), &listed, now()).await.expect("imported"), [person]);
        for lookup in [Lookup::Number("0526"), Lookup::Number("mr1"), Lookup::Name("chenyulan")] {
            let found = index.find(&lookup, 9).await.expect("found");
            assert_eq!(found.people, [person], "{:?}: {lookup:?}", db.kind);
        }
        let number = ResidentId::parse(YULAN).expect("valid");
        assert_eq!(index.holder(&number).await.expect("holder"), Some(person), "{:?}", db.kind);
        let found = index.find(&Lookup::ResidentId(&number), 9).await.expect("found");
        assert_eq!(found.people, [person], "{:?}", db.kind);
        assert_eq!(index.links(person).await.expect("links")[0].aliases, ["0"], "{:?}", db.kind);
        // Nobody knew them: as when a hospital shows them.
        let new = identity("b", "7", &format!("陈玉兰|female|1964-03-18|{YULAN}"));
        assert_eq!(index.import(&system(), &[new], now()).await.expect("imported"), [person], "{:?}", db.kind);
    }
}
