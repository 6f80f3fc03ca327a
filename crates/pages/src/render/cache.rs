//! Drawings that may be shown again: to the same person, to people of the same groups, or to everybody.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use access::{Actor, SubjectId};
use tokio::time::Instant;

use crate::{
    model::{InstanceId, PageId},
    widget::{CacheScope, Drawing},
};

/// Drawings kept at most.
const MOST: usize = 4096;
/// And their markup together, in bytes.
const BYTES: usize = 16 << 20;

/// Who may be shown a drawing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Person(SubjectId),
    /// In order.
    Groups(Vec<SubjectId>),
    Everybody,
}

/// What a drawing is of. Two drawings of one key are alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    kind: &'static str,
    major: u16,
    /// Markup holds the widget's own ids and addresses.
    place: (PageId, InstanceId),
    settings: [u8; 32],
    language: &'static str,
    whose: Whose,
    /// Taken before the drawing began: what was decided by an older policy is never shown under a newer one.
    policy: i64,
}

impl Key {
    /// `None` for what is never kept.
    pub fn new(
        (kind, major): (&'static str, u16),
        place: (PageId, InstanceId),
        settings: [u8; 32],
        (scope, actor): (CacheScope, &Actor<'_>),
        language: &'static str,
        policy: i64,
    ) -> Option<Self> {
        let whose = match scope {
            CacheScope::Never => return None,
            CacheScope::Person(_) => Whose::Person(actor.subject.clone()),
            CacheScope::RoleSet(_) => {
                let mut groups = actor.groups.to_vec();
                groups.sort_unstable();
                Whose::Groups(groups)
            }
            CacheScope::Everybody(_) => Whose::Everybody,
        };
        Some(Self { kind, major, place, settings, language, whose, policy })
    }
}

struct Kept {
    /// `None`: there was nothing to show.
    drawing: Option<Drawing>,
    until: Instant,
}

#[derive(Default)]
struct Inner {
    kept: HashMap<Key, Kept>,
    bytes: usize,
}

fn size(drawing: Option<&Drawing>) -> usize {
    // The key and the places in the table weigh something too.
    256 + drawing.map_or(0, |drawing| drawing.len())
}

impl Inner {
    fn remove(&mut self, key: &Key) {
        if let Some(old) = self.kept.remove(key) {
            self.bytes -= size(old.drawing.as_ref());
        }
    }

    fn make_room(&mut self, now: Instant, most: usize, bytes: usize) {
        let over: Vec<Key> =
            self.kept.iter().filter(|(_, kept)| kept.until <= now).map(|(key, _)| key.clone()).collect();
        over.iter().for_each(|key| self.remove(key));
        while self.kept.len() >= most || self.bytes > bytes {
            let next = self.kept.iter().min_by_key(|(_, kept)| kept.until).map(|(key, _)| key.clone());
            let Some(key) = next else { return };
            self.remove(&key);
        }
    }
}

/// Drawings of one process.
#[derive(Default)]
pub(super) struct Cache(Mutex<Inner>);

impl Cache {
    /// The outer `None`: nothing is kept.
    pub fn get(&self, key: &Key, now: Instant) -> Option<Option<Drawing>> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.kept.get(key).filter(|kept| now < kept.until).map(|kept| kept.drawing.clone())
    }

    pub fn keep(&self, key: Key, drawing: Option<Drawing>, until: Instant, now: Instant) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.remove(&key);
        let bytes = size(drawing.as_ref());
        inner.bytes += bytes;
        if inner.kept.len() >= MOST || inner.bytes > BYTES {
            inner.make_room(now, MOST, BYTES.saturating_sub(bytes));
        }
        inner.kept.insert(key, Kept { drawing, until });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::widget::Fragment;

    fn key(n: usize) -> Key {
        let mut settings = [0; 32];
        settings[..8].copy_from_slice(&n.to_le_bytes());
        let place = (PageId::parse("p-x").expect("a name"), InstanceId::parse("x").expect("a name"));
        Key { kind: "x", major: 1, place, settings, language: "en", whose: Whose::Everybody, policy: 1 }
    }

    #[tokio::test]
    async fn it_never_grows_beyond_its_bounds() {
        let (cache, now) = (Cache::default(), Instant::now());
        let drawing = |length: usize| Some(Drawing::of(Fragment::from_escaped("x".repeat(length))));
        for n in 0..MOST + 100 {
            cache.keep(key(n), drawing(10), now + Duration::from_millis(1000 + n as u64), now);
        }
        assert_eq!(cache.0.lock().expect("no panic").kept.len(), MOST);
        assert_eq!((cache.get(&key(0), now), cache.get(&key(MOST + 99), now)), (None, Some(drawing(10))));
        for n in 0..64 {
            cache.keep(key(n), drawing(1 << 20), now + Duration::from_secs(60), now);
        }
        let inner = cache.0.lock().expect("no panic");
        let counted: usize = inner.kept.values().map(|kept| size(kept.drawing.as_ref())).sum();
        assert_eq!(counted, inner.bytes);
        assert!(inner.bytes <= BYTES, "{}", inner.bytes);
    }

    #[tokio::test]
    async fn what_is_too_old_is_not_shown() {
        let (cache, now) = (Cache::default(), Instant::now());
        cache.keep(key(1), None, now + Duration::from_secs(1), now);
        assert_eq!(cache.get(&key(1), now), Some(None));
        assert_eq!(cache.get(&key(1), now + Duration::from_secs(1)), None);
    }
}
