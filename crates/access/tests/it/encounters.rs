//! Relations of encounters on both databases: they follow their encounter, are one patient's, and none is without its row.

use access::{
    AuditKey, AuditLog, EncounterSeen, Kept, KnownAs, PersonId, Practitioners, Recognition, RelationKind, Relations,
};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Order, Query},
};
use store::Store;
use testbed::Database;
use uuid::Uuid;

use crate::people::{noon, open, staff, system, who};

const PATIENT: PersonId = PersonId(Uuid::from_u128(7));
const OTHER: PersonId = PersonId(Uuid::from_u128(8));

fn audit() -> AuditLog {
    AuditLog::new(AuditKey::new([9; 32]))
}

fn relations(store: &Store) -> Relations {
    Relations::new(store.clone(), audit())
}

fn day(days: i64) -> Timestamp {
    noon() + SignedDuration::from_hours(24 * days)
}

fn seen(encounter: &str, person: PersonId, until: Timestamp) -> EncounterSeen {
    EncounterSeen {
        source: "city-first".to_owned(),
        encounter: encounter.to_owned(),
        patient: format!("p-{}", person.0.as_u128()),
        person,
        practitioner: "pr-1".to_owned(),
        status: "in-progress".to_owned(),
        class: "inpatient".to_owned(),
        place: Some("肾病科 7 床".to_owned()),
        started: Some("2026-11-18".to_owned()),
        until,
    }
}

/// Actions about relations in the audit log, oldest first.
async fn written(database: &Database) -> Vec<String> {
    let rows = Query::select()
        .columns(["action"].map(Alias::new))
        .from(Alias::new("audit_event"))
        .order_by(Alias::new("number"), Order::Asc)
        .to_owned();
    let rows = database.connect().await.unwrap().query_all(&rows).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", "action").unwrap()).collect()
}

async fn open_to(relations: &Relations, name: &str, person: PersonId, at: Timestamp) -> bool {
    !relations.by_encounters(&who(name), &[person], at).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_relation_follows_its_encounter() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        let keep = async |seen: EncounterSeen, at: Timestamp| {
            relations.keep_encounter(&system(), &who("li.wei"), seen, at).await.unwrap()
        };
        assert_eq!(keep(seen("e1", PATIENT, day(30)), noon()).await, Kept::Begun);
        // The same answer, and one a quarter of an hour later, write nothing down.
        for minutes in [0, 15] {
            let at = noon() + SignedDuration::from_mins(minutes);
            let later = day(30) + SignedDuration::from_mins(minutes);
            assert_eq!(keep(seen("e1", PATIENT, later), at).await, Kept::Standing);
        }
        assert_eq!(keep(seen("e1", PATIENT, day(32)), day(2)).await, Kept::Extended, "it goes on");
        assert!(open_to(&relations, "li.wei", PATIENT, day(31)).await);
        assert!(!open_to(&relations, "li.wei", PATIENT, day(32)).await, "its end");
        let discharged = EncounterSeen { status: "finished".to_owned(), ..seen("e1", PATIENT, day(20)) };
        assert_eq!(keep(discharged, day(3)).await, Kept::Ended, "sooner than it was");
        assert!(open_to(&relations, "li.wei", PATIENT, day(19)).await);
        assert!(!open_to(&relations, "li.wei", PATIENT, day(20)).await);
        let cancelled = EncounterSeen { status: "cancelled".to_owned(), ..seen("e1", PATIENT, day(4)) };
        assert_eq!(keep(cancelled.clone(), day(4)).await, Kept::Ended, "at once");
        assert!(!open_to(&relations, "li.wei", PATIENT, day(4)).await);
        assert_eq!(keep(cancelled, day(5)).await, Kept::Standing, "over is over");
        assert_eq!(keep(seen("e2", OTHER, day(-1)), noon()).await, Kept::Standing, "one that is over begins none");
        let begun = ["relation.care", "relation.care.extended", "relation.care.ended", "relation.care.ended"];
        assert_eq!(written(&database).await, begun);
    }
}

#[tokio::test]
async fn a_relation_is_one_clinicians_to_one_patient() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        let li_wei = who("li.wei");
        relations.keep_encounter(&system(), &li_wei, seen("e1", PATIENT, day(30)), noon()).await.unwrap();
        assert!(open_to(&relations, "li.wei", PATIENT, noon()).await);
        assert!(!open_to(&relations, "li.wei", OTHER, noon()).await);
        assert!(!open_to(&relations, "wang.fang", PATIENT, noon()).await);
        let before = noon() - SignedDuration::from_secs(1);
        assert!(!open_to(&relations, "li.wei", PATIENT, before).await, "before it was seen");
        // The hospital has corrected whose encounter it is: the first one's record closes.
        let moved = relations.keep_encounter(&system(), &li_wei, seen("e1", OTHER, day(30)), day(1)).await.unwrap();
        assert_eq!(moved, Kept::Ended);
        assert!(!open_to(&relations, "li.wei", PATIENT, day(1)).await);
        assert!(open_to(&relations, "li.wei", OTHER, day(1)).await);
        assert_eq!(written(&database).await, ["relation.care", "relation.care.ended", "relation.care"]);
        let kinds = relations.among(&li_wei, &[PATIENT, OTHER], day(1)).await.unwrap();
        assert_eq!(kinds, [(OTHER, RelationKind::Encounter)].into_iter().collect());
        let glass = access::GlassReason::new(access::Grounds::OnDuty, "on duty tonight for a colleague").unwrap();
        relations.break_glass(&staff("li.wei", &[]), OTHER, &glass, day(1)).await.unwrap();
        let kinds = relations.among(&li_wei, &[OTHER], day(1)).await.unwrap();
        assert_eq!(kinds[&OTHER], RelationKind::Encounter, "an encounter counts more than a broken glass");
    }
}

#[tokio::test]
async fn a_practitioner_is_one_person_of_the_directory() {
    for database in testbed::databases().await {
        let practitioners = Practitioners::new(open(&database).await, audit());
        let known =
            |id: &str| Recognition::Known(KnownAs { practitioner: id.to_owned(), roles: vec!["r1".to_owned()] });
        let say = async |name: &str, source: &str, found: Recognition, at: Timestamp| {
            practitioners.recognise(&system(), &who(name), source, "urn:staff|C1001", found, at).await.unwrap()
        };
        assert_eq!(say("li.wei", "a", known("pr-1"), noon()).await, known("pr-1"));
        assert_eq!(say("li.wei", "a", known("pr-1"), day(1)).await, known("pr-1"), "again");
        assert_eq!(say("li.wei", "b", known("pr-1"), noon()).await, known("pr-1"), "another hospital's pr-1");
        // Somebody else of the directory bears the same number: nobody is guessed at.
        assert_eq!(say("wang.fang", "a", known("pr-1"), noon()).await, Recognition::Shared);
        assert_eq!(say("wang.fang", "b", known("pr-2"), noon()).await, known("pr-2"));
        // The hospital has given the number to another: who was known by it is not any more, and the other may be.
        assert_eq!(say("li.wei", "a", Recognition::NameDiffers, day(2)).await, Recognition::NameDiffers);
        assert_eq!(say("wang.fang", "a", known("pr-1"), day(2)).await, known("pr-1"));
        let kept = practitioners.of(&who("li.wei")).await.unwrap();
        let told: Vec<_> = kept.iter().map(|one| (one.source.as_str(), one.recognition.clone())).collect();
        assert_eq!(told, [("a", Recognition::NameDiffers), ("b", known("pr-1"))]);
        assert_eq!((kept[0].checked_at, kept[0].token.as_str()), (day(2), "urn:staff|C1001"));
        // Said again it is not written down again.
        assert_eq!(written(&database).await, ["practitioner.recognise"; 6]);
    }
}

#[tokio::test]
async fn a_hospital_is_asked_once_in_a_while_whoever_asks() {
    for database in testbed::databases().await {
        let practitioners = Practitioners::new(open(&database).await, audit());
        let (li_wei, every) = (who("li.wei"), SignedDuration::from_mins(10));
        let at = |minutes: i64| noon() + SignedDuration::from_mins(minutes);
        let claim =
            async |source: &str, minutes: i64| practitioners.claim(&li_wei, source, every, at(minutes)).await.unwrap();
        assert!(claim("a", 0).await);
        assert!(!claim("a", 0).await && !claim("a", 9).await, "asked already");
        assert!(claim("b", 1).await, "another hospital");
        let waiting = practitioners.readings(&li_wei, at(0)).await.unwrap();
        assert!(waiting.iter().all(|one| one.waiting && one.state.is_none() && one.answered_at.is_none()));
        assert!(!practitioners.readings(&li_wei, at(5)).await.unwrap()[0].waiting, "lost with who asked");
        practitioners.settle(&li_wei, "a", ("answered", None), true, at(0)).await.unwrap();
        assert!(claim("a", 10).await, "due again");
        practitioners.settle(&li_wei, "a", ("unreachable", Some("why-timeout")), false, at(10)).await.unwrap();
        let told = practitioners.readings(&li_wei, at(10)).await.unwrap().remove(0);
        assert_eq!(told.state, Some(("unreachable".to_owned(), Some("why-timeout".to_owned()))));
        assert_eq!((told.answered_at, told.waiting), (Some(at(0)), false), "when it last answered is kept");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a log that is full")]
async fn a_relation_that_can_not_be_written_down_does_not_begin() {
    let database = Database::sqlite().await.unwrap();
    let relations = relations(&open(&database).await);
    let db = database.connect().await.unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END";
    db.execute_unprepared(full).await.unwrap();
    let kept = relations.keep_encounter(&system(), &who("li.wei"), seen("e1", PATIENT, day(30)), noon()).await;
    assert!(kept.is_err(), "{kept:?}");
    assert!(!open_to(&relations, "li.wei", PATIENT, noon()).await);
}
