//! How a source is doing, as far as this process has seen.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::trend::{HealthSpan, Trend};

/// What is known of a source since this process started. Nothing until it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Last answer in full.
    pub last_good: Option<Timestamp>,
    /// How long that answer took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Last time there was none, or not in full.
    pub last_bad: Option<Timestamp>,
    /// Why, as a message key of the record's words (`why-timeout`, …).
    pub last_bad_why: Option<&'static str>,
    /// Questions asked.
    pub asked: u64,
    /// How many of them were not answered in full.
    pub failed: u64,
    /// How often it said that it was asked too often (429).
    pub rate_limited: u64,
    /// Half of the last answers in full took no longer, in milliseconds.
    pub median_ms: Option<u64>,
    /// Nineteen of twenty of the last answers in full took no longer, in milliseconds.
    pub p95_ms: Option<u64>,
}

/// Answers that the figures of times are made of.
const LATELY: usize = 200;

impl Health {
    /// Did the newest answer come in full? `None` when the source was never asked.
    pub fn is_good(&self) -> Option<bool> {
        match (self.last_good, self.last_bad) {
            (None, None) => None,
            (good, bad) => Some(good >= bad),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    health: Health,
    /// In milliseconds.
    lately: VecDeque<u64>,
    trend: Trend,
}

impl Memory {
    pub(crate) fn get(&self) -> Health {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut times: Vec<u64> = seen.lately.iter().copied().collect();
        times.sort_unstable();
        let at = |of_twenty: usize| times.get((times.len() * of_twenty).div_ceil(20).saturating_sub(1)).copied();
        Health { median_ms: at(10), p95_ms: at(19), ..seen.health.clone() }
    }

    /// The last six hours.
    pub(crate) fn trend(&self, now: Timestamp) -> Vec<HealthSpan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trend.spans(now)
    }

    /// Nothing was sent, because its breaker was open.
    pub(crate) fn left_alone(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trend.left_alone(now);
    }

    pub(crate) fn note(&self, bad: Option<&'static str>, waited_ms: u64, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bad.is_none() {
            if seen.lately.len() == LATELY {
                seen.lately.pop_front();
            }
            seen.lately.push_back(waited_ms);
            seen.trend.answered(waited_ms, now);
        } else {
            seen.trend.failed(now);
        }
        let health = &mut seen.health;
        health.asked += 1;
        health.failed += u64::from(bad.is_some());
        match bad {
            None => {
                health.last_good = health.last_good.max(Some(now));
                health.latency_ms = Some(waited_ms);
            }
            Some(why) => {
                health.last_bad = health.last_bad.max(Some(now));
                health.last_bad_why = Some(why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_answers_and_failures_are_counted_beside() {
        let memory = Memory::default();
        assert_eq!((memory.get().median_ms, memory.get().p95_ms, memory.get().asked), (None, None, 0));
        for ms in 1..=100 {
            memory.note(None, ms, Timestamp::UNIX_EPOCH);
        }
        for _ in 0..25 {
            memory.note(Some("why-timeout"), 8_000, Timestamp::UNIX_EPOCH);
        }
        let health = memory.get();
        assert_eq!((health.median_ms, health.p95_ms, health.asked, health.failed), (Some(50), Some(95), 125, 25));
        for _ in 0..1_000 {
            memory.note(None, 7, Timestamp::UNIX_EPOCH);
        }
        assert_eq!((memory.get().p95_ms, memory.0.lock().expect("lock").lately.len()), (Some(7), LATELY));
    }
}
