//! Guessing is slowed down, on every replica.

use jiff::{SignedDuration, Timestamp};
use web::throttle::{Attempt, Throttle};

#[tokio::test]
async fn failures_delay_the_next_attempt_everywhere_and_are_forgotten() {
    for database in testbed::databases().await {
        let replicas = [
            Throttle::new(super::session::store(&database).await),
            Throttle::new(super::session::store(&database).await),
        ];
        let start: Timestamp = "2026-11-21T08:00:00Z".parse().expect("time");
        let attempt = Attempt::new("li.wei", "192.0.2.0/24");
        let wait = async |replica: usize, attempt: &Attempt, at: Timestamp| {
            replicas[replica].wait(attempt, at).await.expect("asked")
        };
        for n in 0..7 {
            replicas[n % 2].failed(&attempt, start).await.expect("counted");
        }
        for replica in 0..2 {
            assert_eq!(wait(replica, &attempt, start).await, SignedDuration::from_secs(4), "{:?}", database.kind);
        }
        let elsewhere = Attempt::new("li.wei", "198.51.100.0/24");
        assert_eq!(wait(0, &elsewhere, start).await, SignedDuration::ZERO, "the owner elsewhere is not locked out");
        assert_eq!(wait(0, &attempt, start + SignedDuration::from_secs(5)).await, SignedDuration::ZERO);
        assert_eq!(wait(0, &attempt, start + SignedDuration::from_mins(16)).await, SignedDuration::ZERO);
        replicas[0].succeeded(&attempt).await.expect("forgotten");
        assert_eq!(wait(1, &attempt, start).await, SignedDuration::ZERO);
    }
}

#[tokio::test]
async fn one_network_cannot_try_one_password_on_everybody() {
    for database in testbed::databases().await {
        let throttle = Throttle::new(super::session::store(&database).await);
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().expect("time");
        for n in 0..40 {
            throttle.failed(&Attempt::new(&format!("user-{n}"), "192.0.2.0/24"), now).await.expect("counted");
        }
        let fresh = throttle.wait(&Attempt::new("user-99", "192.0.2.0/24"), now).await.expect("asked");
        assert!(fresh > SignedDuration::ZERO);
    }
}
