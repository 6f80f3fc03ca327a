//! When a server asks to be left alone for a while (`Retry-After`), no question at all is sent to it until then: not only the
//! one that was told so.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::patience::LEFT_FOR_AN_ANSWER;

/// A server that asks for more is asked again after this all the same: one wrong number must not take a hospital away for a
/// day.
pub(super) const LONGEST: Duration = Duration::from_secs(300);

/// What one server asked for. Shared by everybody who asks it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Nothing is sent before.
    until: Mutex<Option<Instant>>,
    throttled: AtomicU64,
}

impl Pace {
    /// It said `Retry-After`. What it asked for longest counts.
    pub(super) fn wait(&self, wait: Duration, now: Instant) {
        let until = now + wait.min(LONGEST);
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = (*known).max(Some(until));
    }

    /// It said 429 (RFC 6585, 4).
    pub(super) fn count_throttled(&self, source: &str) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("portal_source_rate_limited_total", "source" => source.to_owned()).increment(1);
    }

    /// How often it said 429.
    pub(super) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// How long nothing is sent yet; `None` when it may be asked.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        Some(self.ready(now)?.duration_since(now))
    }

    fn ready(&self, now: Instant) -> Option<Instant> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).filter(|until| *until > now)
    }

    /// Forgets what it asked for.
    pub(super) fn clear(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits until it may be asked. False, at once, where no time for an answer would be left then.
    pub(super) async fn turn(&self, deadline: Instant) -> bool {
        // Somebody else may be told to wait meanwhile.
        while let Some(ready) = self.ready(Instant::now()) {
            if ready + LEFT_FOR_AN_ANSWER >= deadline {
                return false;
            }
            sleep_until(ready).await;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn who_has_no_time_to_wait_is_told_at_once() {
        let (pace, begun) = (Pace::default(), Instant::now());
        assert!(pace.turn(begun).await);
        pace.wait(seconds(60), begun);
        // Asking for less does not take back what was asked for.
        pace.wait(seconds(1), begun);
        assert_eq!(pace.left(begun), Some(seconds(60)));
        assert!(!pace.turn(begun + seconds(60)).await);
        assert_eq!(pace.left(begun + seconds(60)), None);
        pace.clear();
        assert!(pace.turn(begun).await);
        assert!(begun.elapsed() < seconds(30), "waited {:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn who_has_time_waits_until_it_may_be() {
        let (pace, begun) = (Pace::default(), Instant::now());
        let moment = Duration::from_millis(50);
        pace.wait(moment, begun);
        assert!(pace.turn(begun + seconds(60)).await);
        assert!(begun.elapsed() >= moment, "after {:?}", begun.elapsed());
    }

    #[test]
    fn nobody_is_left_alone_for_longer_than_five_minutes() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.wait(Duration::from_secs(u64::MAX), now);
        assert_eq!(pace.left(now), Some(LONGEST));
    }
}
