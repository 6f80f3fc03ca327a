//! A source that fails is left alone for a while and then tried again, so that nobody waits for what won't come and a server
//! that struggles is not asked the more.
//!
//! - **Closed**: it is asked. Five failures in a row open the breaker. Failures are no connection, a broken one, silence and
//!   5xx; any answer in between begins the count anew. Questions of one second count once, since a page asks a dozen at a time
//!   and a moment's hiccup would answer them all: so it takes four seconds at least.
//! - **Open**: nothing is sent for 5 s, then 10, 20, 40, at last 60.
//! - **Half-open**: one question goes through, whoever asks it; the others are answered as before. Any answer closes the
//!   breaker, a failure opens it for longer, and a question that nobody waits for any more lets the next one try.
//!
//! In memory, like [`crate::Health`], and so of one process: another replica may reach what this one does not.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fhir::{Cause, Outcome};
use tokio::time::Instant;

/// So many failures in a row open it.
const FAILURES: u8 = 5;
/// Questions that begin within this time of the one that was counted last are not counted again.
const APART: Duration = Duration::from_secs(1);
/// How long it is open at first; each failed try doubles that.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// It is never open for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Silence of less than this is no fault of the server: the reader's time was over before it could answer.
const FAIR_WAIT: Duration = Duration::from_secs(1);

/// Is a source asked, as far as this process has seen?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// It is.
    Closed,
    /// One question is on its way to see whether it is well again.
    HalfOpen,
    /// It is not, for so long; from then on the next question tries it.
    Open(Duration),
}

impl BreakerState {
    /// In JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open(_) => "open",
        }
    }

    /// `portal_source_breaker_state`
    const fn figure(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open(_) => 2.0,
        }
    }
}

/// What an answer says about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answers; also with a refusal.
    Well,
    /// It does not.
    Failed,
    /// Neither: nothing was sent, nobody waited long enough, or what came is no FHIR.
    Unknown,
}

/// What an outcome says about a server that was waited for so long, of `timeout` at most.
pub(crate) fn verdict(outcome: Outcome, waited: Duration, timeout: Duration) -> Verdict {
    let Outcome::Unreachable(cause) = outcome else { return Verdict::Well };
    match cause {
        Cause::Timeout | Cause::TooSlow if waited < FAIR_WAIT.min(timeout / 2) => Verdict::Unknown,
        Cause::Timeout | Cause::TooSlow | Cause::Connect | Cause::Protocol | Cause::Address => Verdict::Failed,
        // 501 is what it doesn't have.
        Cause::Status(status) if status >= 500 && status != 501 => Verdict::Failed,
        Cause::NotAsked(_) | Cause::Garbage | Cause::Truncated | Cause::Origin => Verdict::Unknown,
        _ => Verdict::Well,
    }
}

#[derive(Debug)]
enum Gate {
    Closed {
        failures: u8,
        counted: Option<Instant>,
    },
    Open {
        until: Instant,
        pause: Duration,
    },
    /// The question with this number is on its way.
    Trying {
        pause: Duration,
        number: u64,
    },
}

const CLOSED: Gate = Gate::Closed { failures: 0, counted: None };

#[derive(Debug)]
struct Inner {
    gate: Gate,
    /// Tries so far: a late answer to an earlier one is not taken for the present one's.
    tries: u64,
}

/// The breaker of one source.
#[derive(Debug)]
pub(crate) struct Breaker {
    source: String,
    inner: Mutex<Inner>,
}

impl Breaker {
    /// Closed.
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), inner: Mutex::new(Inner { gate: CLOSED, tries: 0 }) }
    }

    /// May a question be sent? To be settled when it was answered; dropped when nobody waits for it any more.
    pub(crate) fn enter(&self, now: Instant) -> Option<Pass<'_>> {
        let mut inner = self.lock();
        let try_of = match inner.gate {
            Gate::Closed { .. } => None,
            Gate::Open { until, pause } if until <= now => {
                inner.tries += 1;
                let number = inner.tries;
                self.set(&mut inner, Gate::Trying { pause, number }, now);
                Some(number)
            }
            Gate::Open { .. } | Gate::Trying { .. } => return None,
        };
        Some(Pass { breaker: self, begun: now, try_of })
    }

    /// As it is now.
    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        state(&self.lock().gate, now)
    }

    /// Forgets what it has seen: the next question is sent.
    pub(crate) fn close(&self, now: Instant) {
        let mut inner = self.lock();
        self.set(&mut inner, CLOSED, now);
    }

    fn settle(&self, (begun, now): (Instant, Instant), try_of: Option<u64>, verdict: Verdict) {
        let mut inner = self.lock();
        let next = match (&inner.gate, verdict) {
            (Gate::Closed { .. }, Verdict::Unknown) => return,
            (_, Verdict::Well) => CLOSED,
            (Gate::Closed { counted: Some(counted), .. }, Verdict::Failed) if begun < *counted + APART => return,
            (Gate::Closed { failures, .. }, Verdict::Failed) => match failures + 1 {
                FAILURES.. => Gate::Open { until: now + FIRST_PAUSE, pause: FIRST_PAUSE },
                failures => Gate::Closed { failures, counted: Some(begun) },
            },
            (Gate::Trying { pause, number }, verdict) if try_of == Some(*number) => match verdict {
                Verdict::Failed => {
                    let pause = (*pause * 2).min(LONGEST_PAUSE);
                    Gate::Open { until: now + pause, pause }
                }
                // Whoever asks next finds out.
                _ => Gate::Open { until: now, pause: *pause },
            },
            // Asked before it opened, or before an administrator closed it.
            (Gate::Open { .. } | Gate::Trying { .. }, _) => return,
        };
        self.set(&mut inner, next, now);
    }

    fn set(&self, inner: &mut Inner, gate: Gate, now: Instant) {
        match (&inner.gate, &gate) {
            (Gate::Closed { .. }, Gate::Open { .. }) => {
                tracing::warn!(source = self.source, "a hospital that fails is left alone for a while");
            }
            (Gate::Open { .. } | Gate::Trying { .. }, Gate::Closed { .. }) => {
                tracing::info!(source = self.source, "a hospital that failed is asked again");
            }
            _ => {}
        }
        inner.gate = gate;
        // At every answer, since the definition may have changed meanwhile and have a new breaker under the same name.
        let gauge = metrics::gauge!("portal_source_breaker_state", "source" => self.source.clone());
        gauge.set(state(&inner.gate, now).figure());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn state(gate: &Gate, now: Instant) -> BreakerState {
    match gate {
        Gate::Closed { .. } => BreakerState::Closed,
        Gate::Trying { .. } => BreakerState::HalfOpen,
        Gate::Open { until, .. } => BreakerState::Open(until.saturating_duration_since(now)),
    }
}

/// Leave to send one question.
#[derive(Debug)]
pub(crate) struct Pass<'b> {
    breaker: &'b Breaker,
    begun: Instant,
    try_of: Option<u64>,
}

impl Pass<'_> {
    /// What came of it.
    pub(crate) fn settle(mut self, verdict: Verdict, now: Instant) {
        self.breaker.settle((self.begun, now), self.try_of.take(), verdict);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Nobody waited for what a try would have told.
        if self.try_of.is_some() {
            self.breaker.settle((self.begun, self.begun), self.try_of, Verdict::Unknown);
        }
    }
}

#[cfg(test)]
mod tests;
