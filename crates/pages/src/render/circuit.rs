//! A kind of widget that keeps failing is put out of service, so that it costs no page anything; now and then one drawing of
//! it is tried.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Failures one after another that put a kind out of service.
pub const FAILURES: u32 = 5;
/// For how long, before one drawing is tried.
pub const REST: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Default)]
struct State {
    failures: u32,
    /// Set when the kind is out of service: when it may be tried again.
    rests_until: Option<Instant>,
}

/// The state of every kind that has failed.
#[derive(Default)]
pub(super) struct Circuits(Mutex<HashMap<&'static str, State>>);

impl Circuits {
    /// May the kind be drawn now? When its rest is over one caller may, and the others only after that one's success.
    pub fn admit(&self, kind: &'static str, now: Instant) -> bool {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = states.get_mut(kind) else { return true };
        match state.rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // Whoever tries has this long; should nothing be heard of them, another one tries.
                state.rests_until = Some(now + REST);
                true
            }
        }
    }

    pub fn succeeded(&self, kind: &'static str) {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(kind);
        if ended.is_some_and(|state| state.rests_until.is_some()) {
            tracing::info!(kind, "the widget is in service again");
            metrics::gauge!("portal_widget_out_of_service", "kind" => kind).set(0.0);
        }
    }

    pub fn failed(&self, kind: &'static str, now: Instant) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(kind).or_default();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            if state.rests_until.is_none() {
                tracing::warn!(kind, failures = state.failures, "the widget is out of service");
                metrics::gauge!("portal_widget_out_of_service", "kind" => kind).set(1.0);
            }
            state.rests_until = Some(now + REST);
        }
    }
}
