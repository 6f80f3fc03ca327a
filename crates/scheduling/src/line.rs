//! Who wants tickets of a session when all want them.
//!
//! Whoever comes right after the release waits until all have come who are as quick as people are, and then has their turn in
//! an order that is drawn by lot ([`wait`]). The lot is a function of session and person: every replica draws the same one
//! and keeps nothing for it, and whoever sends a thousand requests has the same moment in each. Later requests have their
//! turns in the order in which they come ([`Line::turn`]): few at a time ask the database, and what these find out is told to
//! those behind them from memory.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use access::PersonId;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use store::Backend;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::Rules;

/// Sessions with a line before those without are looked for and forgotten.
const MANY: usize = 1_024;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Line {
    /// Whoever is in it keeps it.
    sessions: Arc<Mutex<HashMap<Uuid, Weak<Semaphore>>>>,
    at_a_time: usize,
}

/// The session is asked about as long as this is kept.
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
    /// They stood in line.
    pub has_waited: bool,
}

impl Line {
    pub fn new(backend: Backend) -> Self {
        // The one writer commits many at once. PostgreSQL's connections are everybody's: half of them are left to others.
        let at_a_time = match backend {
            Backend::Sqlite => 64,
            Backend::Postgres => 8,
        };
        Self { sessions: Arc::default(), at_a_time }
    }

    /// Waits until those before are through.
    pub async fn turn(&self, session: Uuid) -> Turn {
        let line = self.of(session);
        if let Ok(permit) = line.clone().try_acquire_owned() {
            return Turn { _permit: Some(permit), has_waited: false };
        }
        // It is never closed.
        Turn { _permit: line.acquire_owned().await.ok(), has_waited: true }
    }

    fn of(&self, session: Uuid) -> Arc<Semaphore> {
        let mut sessions = self.sessions.lock();
        if let Some(line) = sessions.get(&session).and_then(Weak::upgrade) {
            return line;
        }
        if sessions.len() >= MANY {
            sessions.retain(|_, line| line.strong_count() > 0);
        }
        let line = Arc::new(Semaphore::new(self.at_a_time));
        sessions.insert(session, Arc::downgrade(&line));
        line
    }
}

/// How long a person's request waits at `now`; none: it does not.
pub(crate) fn wait(
    (session, person): (Uuid, PersonId),
    release_at: Timestamp,
    rules: &Rules,
    now: Timestamp,
) -> Option<SignedDuration> {
    // Before it nothing is given out, and a request says so.
    let since = now.duration_since(release_at);
    if since < SignedDuration::ZERO || since >= rules.gathered + rules.drawn {
        return None;
    }
    let wait = rules.gathered + rules.drawn.mul_f64(lot(session, person)) - since;
    (wait > SignedDuration::ZERO).then_some(wait)
}

/// Between 0 and 1, for each session anew.
fn lot(session: Uuid, person: PersonId) -> f64 {
    let digest = Sha256::new().chain_update(session.as_bytes()).chain_update(person.0.as_bytes()).finalize();
    let first = digest.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    f64::from(first) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> impl Iterator<Item = PersonId> {
        (0..1_000).map(|number| PersonId(Uuid::from_u128(number)))
    }

    #[test]
    fn lots_are_even_and_drawn_anew_for_each_session() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let early = people().filter(|person| lot(one, *person) < 0.5).count();
        assert!((400..600).contains(&early), "{early}");
        let twice = people().filter(|person| lot(one, *person) < 0.5 && lot(other, *person) < 0.5).count();
        assert!((180..320).contains(&twice), "{twice}");
        assert!(people().all(|person| (0.0..1.0).contains(&lot(one, person))));
    }

    /// However early and often somebody comes, their moment is the same; whoever comes after it does not wait.
    #[test]
    fn a_moment_is_the_same_whenever_one_comes() {
        let release: Timestamp = "2026-11-24T12:00:00Z".parse().expect("time");
        let rules = Rules::default();
        let session = Uuid::from_u128(1);
        let all = rules.gathered + rules.drawn;
        for person in people() {
            let wait = |after: SignedDuration| wait((session, person), release, &rules, release + after);
            let whole = wait(SignedDuration::ZERO).expect("waits");
            assert!(whole >= rules.gathered && whole < all, "{whole:?}");
            let after = SignedDuration::from_millis(700);
            assert_eq!(wait(after), Some(whole - after));
            assert_eq!(wait(whole), None);
            assert_eq!(wait(all), None);
            assert_eq!(wait(-after), None, "before it nobody waits");
        }
    }
}
