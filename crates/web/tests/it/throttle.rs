//! Guessing is slowed down, on every replica.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use web::throttle::{Attempt, Throttle};

fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().expect("time")
}

async fn replicas(database: &testbed::Database) -> [Throttle; 2] {
    [Throttle::new(super::session::store(database).await), Throttle::new(super::session::store(database).await)]
}

#[tokio::test]
async fn failures_delay_the_next_attempt_everywhere_and_are_forgotten() {
    for database in testbed::databases().await {
        let replicas = replicas(&database).await;
        let attempt = Attempt::new("li.wei", "192.0.2.0/24");
        let begin = async |replica: usize, attempt: &Attempt, seconds: i64| {
            replicas[replica].begin(attempt, start() + SignedDuration::from_secs(seconds)).await.expect("asked")
        };
        for n in 0..5 {
            assert_eq!(begin(n % 2, &attempt, 0).await, SignedDuration::ZERO, "attempt {n}");
        }
        for replica in 0..2 {
            assert_eq!(begin(replica, &attempt, 0).await, SignedDuration::from_secs(1), "{:?}", database.kind);
        }
        let elsewhere = Attempt::new("li.wei", "198.51.100.0/24");
        assert_eq!(begin(0, &elsewhere, 0).await, SignedDuration::ZERO, "the owner elsewhere is not locked out");
        assert_eq!(begin(0, &attempt, 2).await, SignedDuration::ZERO, "after the delay");
        assert_eq!(begin(1, &attempt, 2).await, SignedDuration::from_secs(2), "and a longer one");
        replicas[0].succeeded(&attempt).await.expect("forgotten");
        assert_eq!(begin(1, &attempt, 2).await, SignedDuration::ZERO);
        assert_eq!(begin(1, &attempt, 2 + 16 * 60).await, SignedDuration::ZERO);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_guesses_at_once_on_two_replicas_are_fifty_guesses() {
    for database in testbed::databases().await {
        let replicas = replicas(&database).await;
        let attempt = Attempt::new("li.wei", "192.0.2.0/24");
        let guesses = join_all((0..50).map(|n| replicas[n % 2].begin(&attempt, start()))).await;
        let let_through = guesses.into_iter().filter(|wait| wait.as_ref().is_ok_and(SignedDuration::is_zero)).count();
        assert_eq!(let_through, 5, "{:?}", database.kind);
    }
}

#[tokio::test]
async fn one_network_cannot_try_one_password_on_everybody() {
    for database in testbed::databases().await {
        let [throttle, _] = replicas(&database).await;
        let mut refused = 0;
        for n in 0..60 {
            let attempt = Attempt::new(&format!("user-{n}"), "192.0.2.0/24");
            refused += usize::from(!throttle.begin(&attempt, start()).await.expect("asked").is_zero());
        }
        assert_eq!(refused, 29, "{:?}", database.kind);
        let later = Attempt::new("user-99", "192.0.2.0/24");
        let minute = start() + SignedDuration::from_mins(1);
        assert!(throttle.begin(&later, minute).await.expect("asked").is_zero(), "the network recovers");
    }
}

#[tokio::test]
async fn what_was_never_checked_is_taken_back_and_old_rows_go() {
    for database in testbed::databases().await {
        let [throttle, _] = replicas(&database).await;
        let attempt = Attempt::new("li.wei", "192.0.2.0/24");
        for _ in 0..20 {
            assert!(throttle.begin(&attempt, start()).await.expect("asked").is_zero());
            throttle.withdraw(&attempt).await.expect("taken back");
        }
        throttle.sweep(start() + SignedDuration::from_mins(16)).await.expect("swept");
    }
}
