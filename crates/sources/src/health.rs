//! How a source is doing, as far as this process has seen.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

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
}

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
pub(crate) struct Memory(Mutex<Health>);

impl Memory {
    pub(crate) fn get(&self) -> Health {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, bad: Option<&'static str>, waited_ms: u64, now: Timestamp) {
        let mut health = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
