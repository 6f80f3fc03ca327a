//! Treatment relations on both databases: whose they are, how long they last, and that none is without its row.

use access::{
    AccessError, AuditKey, AuditLog, Care, GlassReason, Grounds, PersonId, RelationKind, Relations, SubjectId,
};
use jiff::{SignedDuration, Timestamp};
use sea_orm::ConnectionTrait as _;
use store::Store;
use testbed::Kind;
use uuid::Uuid;

use crate::people::{noon, open, staff, system, who};

const PATIENT: PersonId = PersonId(Uuid::from_u128(7));
const OTHER: PersonId = PersonId(Uuid::from_u128(8));

fn relations(store: &Store) -> Relations {
    Relations::new(store.clone(), AuditLog::new(AuditKey::new([9; 32])))
}

fn reason() -> GlassReason {
    GlassReason::new(Grounds::Emergency, "brought in at 21:10, unconscious").unwrap()
}

async fn kind(relations: &Relations, who: &SubjectId, person: PersonId, at: Timestamp) -> Option<RelationKind> {
    relations.between(who, person, at).await.unwrap().map(|relation| relation.kind)
}

#[tokio::test]
async fn a_broken_glass_is_one_persons_one_patients_and_an_hour_long() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        let opened = relations.break_glass(&staff("li.wei", &["clinician"]), PATIENT, &reason(), noon()).await.unwrap();
        assert_eq!(opened.until, Some(noon() + SignedDuration::from_mins(60)));
        let (li_wei, wang_fang) = (who("li.wei"), who("wang.fang"));
        for (seconds, expected) in [
            (-1, None),
            (0, Some(RelationKind::BreakGlass)),
            (3599, Some(RelationKind::BreakGlass)),
            (3600, None),
            (3601, None),
        ] {
            let at = noon() + SignedDuration::from_secs(seconds);
            assert_eq!(kind(&relations, &li_wei, PATIENT, at).await, expected, "{seconds} s");
        }
        assert_eq!(kind(&relations, &li_wei, OTHER, noon()).await, None);
        assert_eq!(kind(&relations, &wang_fang, PATIENT, noon()).await, None);
        assert_eq!(kind(&relations, &SubjectId::group("clinician"), PATIENT, noon()).await, None);
    }
}

#[tokio::test]
async fn care_lasts_until_it_is_ended_and_counts_before_a_broken_glass() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        relations.break_glass(&staff("li.wei", &[]), PATIENT, &reason(), noon()).await.unwrap();
        let end = noon() + SignedDuration::from_hours(48);
        relations.begin_care(&system(), &who("li.wei"), PATIENT, "admission", noon(), Some(end)).await.unwrap();
        relations.begin_care(&system(), &who("li.wei"), OTHER, "admission", noon(), None).await.unwrap();
        let later = noon() + SignedDuration::from_hours(47);
        assert_eq!(kind(&relations, &who("li.wei"), PATIENT, noon()).await, Some(RelationKind::Care));
        assert_eq!(kind(&relations, &who("li.wei"), PATIENT, later).await, Some(RelationKind::Care));
        assert_eq!(kind(&relations, &who("li.wei"), PATIENT, end).await, None);
        assert_eq!(kind(&relations, &who("li.wei"), OTHER, end).await, Some(RelationKind::Care));
    }
}

#[tokio::test]
async fn a_list_that_is_read_twice_begins_care_once() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        let day = |days: i64| noon() + SignedDuration::from_hours(24 * days);
        let begin = async |person, at, until| {
            relations.begin_care(&system(), &who("li.wei"), person, "list", at, until).await.unwrap()
        };
        let Care::Begun(first) = begin(PATIENT, noon(), Some(day(30))).await else { panic!("begun") };
        // The same list, and one that says less.
        for until in [day(30), day(7)] {
            assert_eq!(begin(PATIENT, day(1), Some(until)).await, Care::Standing(first.clone()), "{until}");
        }
        assert_eq!(relations.care(&who("li.wei"), PATIENT, day(1), Some(day(30))).await.unwrap(), Some(first));
        // A later one says more; another patient's, another's of the staff and one that ended are others.
        assert_eq!(relations.care(&who("li.wei"), PATIENT, day(1), Some(day(31))).await.unwrap(), None);
        assert!(matches!(begin(PATIENT, day(1), Some(day(60))).await, Care::Begun(_)));
        assert!(matches!(begin(OTHER, day(1), Some(day(30))).await, Care::Begun(_)));
        assert_eq!(relations.care(&who("wang.fang"), PATIENT, day(1), Some(day(2))).await.unwrap(), None);
        assert!(matches!(begin(PATIENT, day(61), Some(day(90))).await, Care::Begun(_)));
        // Open to the end of time: no end is longer.
        assert!(matches!(begin(OTHER, day(1), None).await, Care::Begun(_)));
        assert!(matches!(begin(OTHER, day(1), None).await, Care::Standing(_)));
    }
}

#[tokio::test]
async fn a_broken_glass_is_no_care() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        relations.break_glass(&staff("li.wei", &[]), PATIENT, &reason(), noon()).await.unwrap();
        let soon = Some(noon() + SignedDuration::from_mins(5));
        assert_eq!(relations.care(&who("li.wei"), PATIENT, noon(), soon).await.unwrap(), None);
        let begun = relations.begin_care(&system(), &who("li.wei"), PATIENT, "list", noon(), soon).await.unwrap();
        assert!(matches!(begun, Care::Begun(_)));
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a log that is full")]
async fn what_can_not_be_written_down_does_not_happen() {
    for database in testbed::databases().await {
        if database.kind != Kind::Sqlite {
            continue;
        }
        let relations = relations(&open(&database).await);
        let db = database.connect().await.unwrap();
        let full = "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END";
        db.execute_unprepared(full).await.unwrap();
        let refused = relations.break_glass(&staff("li.wei", &[]), PATIENT, &reason(), noon()).await;
        assert!(matches!(refused, Err(AccessError::Audit(_) | AccessError::Database(_))), "{refused:?}");
        assert_eq!(kind(&relations, &who("li.wei"), PATIENT, noon()).await, None);
        db.execute_unprepared("DROP TRIGGER full").await.unwrap();
        relations.break_glass(&staff("li.wei", &[]), PATIENT, &reason(), noon()).await.unwrap();
        assert_eq!(kind(&relations, &who("li.wei"), PATIENT, noon()).await, Some(RelationKind::BreakGlass));
    }
}

#[tokio::test]
async fn a_list_says_whom_one_has_a_relation_to_and_care_counts_more_than_a_broken_glass() {
    for database in testbed::databases().await {
        let relations = relations(&open(&database).await);
        let li_wei = staff("li.wei", &["clinician"]);
        relations.break_glass(&li_wei, PATIENT, &reason(), noon()).await.unwrap();
        relations.break_glass(&li_wei, OTHER, &reason(), noon()).await.unwrap();
        relations.begin_care(&system(), &who("li.wei"), OTHER, "admitted", noon(), None).await.unwrap();
        let people = [PATIENT, OTHER, PersonId(Uuid::from_u128(9))];
        let at = async |who: &SubjectId, seconds: i64| {
            let at = noon() + SignedDuration::from_secs(seconds);
            relations.among(who, &people, at).await.unwrap()
        };
        let both = [(PATIENT, RelationKind::BreakGlass), (OTHER, RelationKind::Care)];
        assert_eq!(at(&who("li.wei"), 1).await, both.into_iter().collect());
        assert_eq!(at(&who("li.wei"), 3600).await, [(OTHER, RelationKind::Care)].into_iter().collect(), "an hour");
        assert!(at(&who("li.wei"), -1).await.is_empty() && at(&who("wang.fang"), 1).await.is_empty());
    }
}
