//! When a page is asked for again: never for ever, and only while there is time for an answer.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Cause, Platform};

/// Longer than this before the deadline, an answer may still come.
pub(super) const LEFT_FOR_AN_ANSWER: Duration = Duration::from_millis(500);
/// How often a server that counts requests (429) is waited for: several sections ask it at once.
const THROTTLED: u8 = 3;
/// How often one that is away for a moment (503) is waited for.
const AWAY: u8 = 1;

/// What is still forgiven on one page.
pub(super) struct Patience {
    deadline: Instant,
    lost: u8,
    throttled: u8,
    away: u8,
}

impl Patience {
    /// For one page of a server of this platform.
    pub(super) fn new(platform: &Platform, deadline: Instant) -> Self {
        let lost = platform.lost_connections.as_ref().map_or(0, |rule| rule.again);
        Self { deadline, lost, throttled: THROTTLED, away: AWAY }
    }

    /// Is it worth asking again after this failure? Only connections that broke are, and only where that is known of the
    /// platform: elsewhere a fault is told at once.
    pub(super) fn after_loss(&mut self, cause: Cause) -> bool {
        let lost = matches!(cause, Cause::Protocol | Cause::Connect);
        lost && self.lost > 0 && self.has_time(Duration::ZERO) && {
            self.lost -= 1;
            true
        }
    }

    /// How long to wait before asking again, when the server said 429 or 503 with `Retry-After` (RFC 6585, 4; RFC 9110,
    /// 10.2.3).
    pub(super) fn after_busy(&mut self, status: u16, wait: Duration) -> Option<Duration> {
        let left = match status {
            429 => &mut self.throttled,
            503 => &mut self.away,
            _ => return None,
        };
        *left = left.checked_sub(1)?;
        self.has_time(wait).then_some(wait)
    }

    fn has_time(&self, wait: Duration) -> bool {
        Instant::now() + wait + LEFT_FOR_AN_ANSWER < self.deadline
    }
}
