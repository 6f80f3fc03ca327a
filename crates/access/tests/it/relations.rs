//! Treatment relations on both databases: whose they are, how long they last, and that none is without its row.

use access::{AccessError, AuditKey, AuditLog, GlassReason, Grounds, PersonId, RelationKind, Relations, SubjectId};
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
