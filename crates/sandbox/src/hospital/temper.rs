//! What a vendor's server does now and then without being told to: waits, loses a connection, asks for patience.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::dice::Dice;

/// A server's temper.
#[derive(Debug, Default)]
pub(crate) struct Temper {
    /// Waited before every answer.
    pub(crate) delay: Duration,
    /// Connections lost in a thousand; never two requests in a row.
    pub(crate) drops: u16,
    /// Requests answered within a second; 0 is no limit.
    pub(crate) requests_per_second: u32,
    /// Decides which requests are lost.
    pub(crate) seed: u64,
    /// The second being counted, and the requests in it.
    counted: Mutex<(i64, u32)>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answer,
    /// The connection closes without an answer.
    Vanish,
    /// The connection closes in the middle of the body.
    BreakOff,
    /// 429 with these seconds in `Retry-After`.
    Wait(u64),
}

impl Temper {
    /// The temper of these figures.
    pub(crate) fn new(delay: Duration, drops: u16, requests_per_second: u32, seed: u64) -> Self {
        Self { delay, drops, requests_per_second, seed, counted: Mutex::default() }
    }

    /// The fate of the request of this number. Losses depend on seed and number alone.
    pub(crate) fn fate(&self, number: u64, now: Timestamp) -> Fate {
        if !self.has_room(now.as_second()) {
            return Fate::Wait(1);
        }
        match (self.is_lost(number), number % 2) {
            // an answer that was asked for again always comes
            (true, _) if number > 0 && self.is_lost(number - 1) => Fate::Answer,
            (true, 0) => Fate::Vanish,
            (true, _) => Fate::BreakOff,
            (false, _) => Fate::Answer,
        }
    }

    fn is_lost(&self, number: u64) -> bool {
        self.drops > 0 && Dice::new(self.seed, &format!("lost {number}")).between(0, 1000) < i64::from(self.drops)
    }

    fn has_room(&self, second: i64) -> bool {
        if self.requests_per_second == 0 {
            return true;
        }
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != second {
            *counted = (second, 0);
        }
        counted.1 += 1;
        counted.1 <= self.requests_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_repeat_are_rare_and_never_follow_each_other() {
        let fates = |seed| {
            let temper = Temper::new(Duration::ZERO, 40, 0, seed);
            (0..2000).map(|number| temper.fate(number, Timestamp::UNIX_EPOCH)).collect::<Vec<_>>()
        };
        let (one, same, other) = (fates(1), fates(1), fates(2));
        assert!(one == same && one != other);
        let lost = |fate: &Fate| matches!(fate, Fate::Vanish | Fate::BreakOff);
        assert!((40..120).contains(&one.iter().filter(|fate| lost(fate)).count()));
        assert!(one.contains(&Fate::Vanish) && one.contains(&Fate::BreakOff));
        assert!(one.windows(2).all(|pair| !(lost(&pair[0]) && lost(&pair[1]))));
        assert!(Temper::default().fate(7, Timestamp::UNIX_EPOCH) == Fate::Answer);
    }

    #[test]
    fn the_limit_counts_within_a_second() {
        let temper = Temper::new(Duration::ZERO, 0, 2, 1);
        let at = |second| Timestamp::from_second(second).unwrap();
        let fates: Vec<Fate> = [5, 5, 5, 6].iter().map(|second| temper.fate(0, at(*second))).collect();
        assert_eq!(fates, [Fate::Answer, Fate::Answer, Fate::Wait(1), Fate::Answer]);
    }
}
