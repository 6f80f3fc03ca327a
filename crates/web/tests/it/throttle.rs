//! Guessing is slowed down, on every replica.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use web::{
    keys,
    throttle::{Attempt, Origin, Population, Throttle, device::Devices},
};

const HERE: Origin<'static> = Origin { network: "192.0.2.0/24", site: "192.0.2.0/24" };

fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().expect("time")
}

/// One of many networks that have nothing in common.
fn network(n: usize) -> Origin<'static> {
    let text: &'static str = format!("10.{}.{}.0/24", n / 256, n % 256).leak();
    Origin { network: text, site: text }
}

async fn replicas(database: &testbed::Database) -> [Throttle; 2] {
    let key = keys::random().expect("random");
    let replica = async || Throttle::new(super::session::store(database).await, Population::Staff, &key);
    [replica().await, replica().await]
}

#[tokio::test]
async fn failures_delay_the_next_attempt_everywhere_and_are_forgotten() {
    for database in testbed::databases().await {
        let replicas = replicas(&database).await;
        let attempt = Attempt::new("li.wei", HERE);
        let begin = async |replica: usize, attempt: &Attempt, seconds: i64| {
            replicas[replica].begin(attempt, start() + SignedDuration::from_secs(seconds)).await.expect("asked")
        };
        for n in 0..5 {
            assert_eq!(begin(n % 2, &attempt, 0).await, SignedDuration::ZERO, "attempt {n}");
        }
        for replica in 0..2 {
            assert_eq!(begin(replica, &attempt, 0).await, SignedDuration::from_secs(1), "{:?}", database.kind);
        }
        let elsewhere = Attempt::new("li.wei", network(1));
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
        let attempt = Attempt::new("li.wei", HERE);
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
            let attempt = Attempt::new(&format!("user-{n}"), HERE);
            refused += usize::from(!throttle.begin(&attempt, start()).await.expect("asked").is_zero());
        }
        assert_eq!(refused, 29, "{:?}", database.kind);
        let later = Attempt::new("user-99", HERE);
        let minute = start() + SignedDuration::from_mins(1);
        assert!(throttle.begin(&later, minute).await.expect("asked").is_zero(), "the network recovers");
    }
}

#[tokio::test]
async fn what_was_never_checked_is_taken_back_and_old_rows_go() {
    for database in testbed::databases().await {
        let [throttle, _] = replicas(&database).await;
        let attempt = Attempt::new("li.wei", HERE);
        for _ in 0..20 {
            assert!(throttle.begin(&attempt, start()).await.expect("asked").is_zero());
            throttle.withdraw(&attempt).await.expect("taken back");
        }
        throttle.sweep(start() + SignedDuration::from_hours(25)).await.expect("swept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_guarded_against_a_thousand_networks_at_once_on_two_replicas() {
    for database in testbed::databases().await {
        let replicas = replicas(&database).await;
        let attempts: Vec<Attempt> = (0..200).map(|n| Attempt::new("li.wei", network(n))).collect();
        let guesses = attempts.iter().enumerate().map(|(n, attempt)| replicas[n % 2].begin(attempt, start()));
        let guesses = join_all(guesses).await;
        let checked = guesses.iter().filter(|wait| wait.as_ref().is_ok_and(SignedDuration::is_zero)).count();
        assert_eq!(checked, 21, "{:?}", database.kind);
        let other = Attempt::new("wang.fang", network(7));
        assert!(replicas[0].begin(&other, start()).await.expect("asked").is_zero(), "another account");
    }
}

#[tokio::test]
async fn the_owner_signs_in_on_a_known_device_while_others_guess() {
    for database in testbed::databases().await {
        let replicas = replicas(&database).await;
        let devices = Devices::new(&keys::random().expect("random"));
        let cookie = devices.remember(None, "li.wei", start()).expect("cookie");
        let known = devices.known(Some(&cookie), "li.wei", start()).expect("known");
        // From everywhere, and from the owner's own network.
        for n in 0..60 {
            for origin in [network(n), HERE] {
                replicas[n % 2].begin(&Attempt::new("li.wei", origin), start()).await.expect("asked");
            }
        }
        let unknown = Attempt::new("li.wei", network(1000));
        assert!(!replicas[0].begin(&unknown, start()).await.expect("asked").is_zero(), "the account is guarded");
        let owner = Attempt::on_known_device(&known);
        for replica in &replicas {
            assert!(replica.begin(&owner, start()).await.expect("asked").is_zero(), "{:?}", database.kind);
            replica.succeeded(&owner).await.expect("forgotten");
        }
        assert!(!replicas[1].begin(&unknown, start()).await.expect("asked").is_zero(), "others guess no faster for it");
        // A stolen cookie is no way round either.
        let mut checked = 0;
        for n in 0..50 {
            checked += usize::from(replicas[n % 2].begin(&owner, start()).await.expect("asked").is_zero());
        }
        assert_eq!(checked, 5, "{:?}", database.kind);
    }
}

#[tokio::test]
async fn a_site_of_many_ipv6_networks_is_counted_as_one() {
    for database in testbed::databases().await {
        let [throttle, _] = replicas(&database).await;
        let mut checked = 0;
        for n in 0..200 {
            let network = format!("2001:db8:7:{n:x}::/64");
            let attempt = Attempt::new(&format!("user-{n}"), Origin { network: &network, site: "2001:db8:7::/48" });
            checked += usize::from(throttle.begin(&attempt, start()).await.expect("asked").is_zero());
        }
        assert_eq!(checked, 91, "{:?}", database.kind);
    }
}

#[tokio::test]
async fn patients_do_not_slow_staff_down() {
    for database in testbed::databases().await {
        let store = super::session::store(&database).await;
        let key = keys::random().expect("random");
        let [staff, patients] =
            [Population::Staff, Population::Patients].map(|whose| Throttle::new(store.clone(), whose, &key));
        let attempt = Attempt::new("li.wei", HERE);
        for _ in 0..40 {
            patients.begin(&attempt, start()).await.expect("asked");
        }
        assert!(!patients.begin(&attempt, start()).await.expect("asked").is_zero());
        assert!(staff.begin(&attempt, start()).await.expect("asked").is_zero(), "{:?}", database.kind);
    }
}
