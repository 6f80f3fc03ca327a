//! How far a source was listed, and by whom.

use super::*;
use jiff::SignedDuration;
use patients::SweepEnd;

#[tokio::test]
async fn one_replica_lists_and_another_goes_on_where_it_stopped() {
    for db in testbed::databases().await {
        let ((_, one), (_, other)) = (index(&db).await, index(&db).await);
        let later = |minutes| now() + SignedDuration::from_mins(minutes);
        assert!(one.may_sweep(now()).await.expect("lease"));
        assert!(!other.may_sweep(later(1)).await.expect("lease"), "{:?}: two at once", db.kind);
        one.sweep_begins("a", 0, now()).await.expect("begun");
        one.sweep_goes_on("a", 7, 120, Some("why-timeout")).await.expect("gone on");
        // The first is gone.
        assert!(other.may_sweep(later(11)).await.expect("lease"), "{:?}", db.kind);
        let state = other.sweep_of("a").await.expect("read").expect("there");
        assert_eq!((state.part, state.seen, state.end), (Some(7), 120, None), "{:?}", db.kind);
        other.sweep_goes_on("a", 8, 3, None).await.expect("gone on");
        other.sweep_ends("a", SweepEnd::Partial, None, later(12)).await.expect("ended");
        let state = &other.sweeps().await.expect("read")[0];
        assert_eq!((state.part, state.seen, state.end), (None, 123, Some(SweepEnd::Partial)), "{:?}", db.kind);
        assert_eq!(state.detail.as_deref(), Some("why-timeout"), "{:?}: a gap is forgotten", db.kind);
        other.sweeps_no_more(later(12)).await.expect("released");
        assert!(one.may_sweep(later(12)).await.expect("lease"), "{:?}: it waits for nobody", db.kind);
        // A new one forgets the old one's gap.
        other.sweep_begins("a", 0, later(13)).await.expect("begun");
        assert_eq!(other.sweep_of("a").await.expect("read").expect("there").detail, None, "{:?}", db.kind);
    }
}
