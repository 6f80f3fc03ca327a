//! How a hospital behaves at the moment; switched at run time by the control listener.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A hospital's behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Answers.
    #[default]
    Ok,
    /// Answers late.
    Slow,
    /// Closes every connection at once.
    Down,
    /// Answers 403 with an OperationOutcome.
    Refusing,
    /// Cuts the connection in the middle of the body.
    Dropping,
    /// Answers 200 with a page of HTML.
    Garbage,
}

impl Mode {
    const ALL: [Self; 6] = [Self::Ok, Self::Slow, Self::Down, Self::Refusing, Self::Dropping, Self::Garbage];
}

/// The present mode, and how many requests came in so far.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    mode: AtomicU8,
    requests: AtomicU64,
}

impl Switch {
    pub(crate) fn mode(&self) -> Mode {
        Mode::ALL.get(usize::from(self.mode.load(Ordering::Relaxed))).copied().unwrap_or_default()
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// Counts a request; how many came before it.
    pub(crate) fn count(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}
