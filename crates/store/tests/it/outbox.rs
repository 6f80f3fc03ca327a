//! The outbox: with the act or not at all, in order, at least once.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::json;
use store::{
    Store, StoreError,
    jobs::{Failure, jitter_of},
    outbox::{self, Deliveries, Event, Subscriber},
};
use uuid::Uuid;

use crate::{
    jobs::{Working, quick, runner},
    open, until,
};

/// Writes down what it is told; what is in `cut_off` it takes and then fails, once.
#[derive(Clone, Default)]
struct Told {
    events: Arc<Mutex<Vec<(Uuid, i64)>>>,
    cut_off: Arc<Mutex<Vec<i64>>>,
}

#[async_trait::async_trait]
impl Subscriber for Told {
    fn topic(&self) -> &'static str {
        "told"
    }

    async fn deliver(&self, event: &Event) -> Result<(), Failure> {
        self.events.lock().expect("not poisoned").push((event.id, event.number));
        let mut cut_off = self.cut_off.lock().expect("not poisoned");
        if let Some(place) = cut_off.iter().position(|number| *number == event.number) {
            cut_off.remove(place);
            return Err(Failure::passing("cut-off"));
        }
        Ok(())
    }
}

async fn tell(store: &Store, keep: bool) -> Result<Uuid, StoreError> {
    let now = Timestamp::now();
    let act = store.write(move |tx| {
        Box::pin(async move {
            let id = outbox::append(tx, "told", json!({ "id": 1 }), now).await?;
            if keep { Ok(id) } else { Err(StoreError::Panicked) }
        })
    });
    act.await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_the_order_of_their_acts_and_none_without_one() {
    for database in testbed::databases().await {
        let (store, told) = (open(&database).await, Told::default());
        let deliveries = Deliveries::new(store.clone()).to(told.clone());
        let working = Working::begin(runner(&store, Arc::new(Timestamp::now), quick()).with(deliveries));
        // Eight at a time, every fourth rolled back, while they are being delivered.
        let acts = (0..8).map(|_| async {
            let mut kept = 0;
            for n in 0..12 {
                kept += i64::from(tell(&store, n % 4 != 0).await.is_ok());
            }
            kept
        });
        let kept: i64 = futures_util::future::join_all(acts).await.into_iter().sum();
        assert_eq!(kept, 72, "{:?}", database.kind);
        until(async || told.events.lock().expect("not poisoned").len() >= 72).await;
        working.stop().await;
        let numbers: Vec<i64> = told.events.lock().expect("not poisoned").iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, (1..=72).collect::<Vec<_>>(), "{:?}", database.kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_comes_again_with_the_same_id_before_what_is_behind_it() {
    for database in testbed::databases().await {
        let (store, told) = (open(&database).await, Told::default());
        told.cut_off.lock().expect("not poisoned").push(2);
        for _ in 0..3 {
            tell(&store, true).await.expect("told");
        }
        // A clock that runs: the second try is five seconds later on it.
        let begun = std::time::Instant::now();
        let clock = Arc::new(move || {
            Timestamp::now() + jiff::SignedDuration::from_millis(40 * begun.elapsed().as_millis() as i64)
        });
        let deliveries = Deliveries::new(store.clone()).to(told.clone());
        let timing = store::jobs::Timing { lease: jiff::SignedDuration::from_secs(60), ..quick() };
        let working = Working::begin(runner(&store, clock, timing).with(deliveries));
        until(async || told.events.lock().expect("not poisoned").len() >= 4).await;
        working.stop().await;
        let events = told.events.lock().expect("not poisoned").clone();
        assert_eq!(events.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [1, 2, 2, 3], "{:?}", database.kind);
        assert_eq!(events[1].0, events[2].0);
    }
}

#[test]
fn chance_is_between_nothing_and_one() {
    assert_eq!(jitter_of(0), 0.0);
    assert!(jitter_of(u64::MAX) < 1.0 && jitter_of(u64::MAX) > 0.999);
}
