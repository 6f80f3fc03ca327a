use super::*;
use access::SubjectId;
use jiff::SignedDuration;
use uuid::Uuid;

#[tokio::test]
async fn a_search_is_its_owners_for_ten_minutes() {
    for db in testbed::databases().await {
        let (_, index) = index(&db).await;
        let (owner, other) = (SubjectId::staff("region", "1"), SubjectId::staff("region", "2"));
        let id = Uuid::from_u128(7);
        index.keep_search(&owner, id, "999***********0328", "{}".into(), now()).await.expect("kept");
        let later = |minutes| now() + SignedDuration::from_mins(minutes);
        let found = index.kept_search(&owner, id, later(9)).await.expect("found").expect("there");
        assert_eq!((found.shown_query.as_str(), found.results.as_str()), ("999***********0328", "{}"));
        assert!(index.kept_search(&other, id, later(1)).await.expect("other").is_none());
        assert!(index.kept_search(&owner, id, later(11)).await.expect("late").is_none());
        // The next search forgets old ones for good.
        index.keep_search(&owner, Uuid::from_u128(8), "李", "{}".into(), later(20)).await.expect("kept");
        assert!(index.kept_search(&owner, id, now()).await.expect("gone").is_none());
    }
}

#[tokio::test]
async fn old_searches_go_without_a_new_one_on_one_replica_at_a_time() {
    for db in testbed::databases().await {
        let ((_, one), (_, other)) = (index(&db).await, index(&db).await);
        let owner = SubjectId::staff("region", "1");
        for nth in [1, 2] {
            one.keep_search(&owner, Uuid::from_u128(nth), "李", "{}".into(), now()).await.expect("kept");
        }
        let later = |minutes| now() + SignedDuration::from_mins(minutes);
        assert_eq!(one.sweep_searches(later(9)).await.expect("swept"), 0, "not due: {:?}", db.kind);
        // The other's turn comes when the first has not been there for a while.
        assert_eq!(other.sweep_searches(later(12)).await.expect("swept"), 2, "{:?}", db.kind);
        one.keep_search(&owner, Uuid::from_u128(3), "李", "{}".into(), now()).await.expect("kept");
        assert_eq!(one.sweep_searches(later(12)).await.expect("swept"), 0, "both at once: {:?}", db.kind);
        assert_eq!(one.sweep_searches(later(15)).await.expect("swept"), 1, "{:?}", db.kind);
    }
}
