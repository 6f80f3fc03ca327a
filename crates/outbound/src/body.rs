//! Reading a body: counted after decompression, not slower than a minimum rate, not beyond the deadline, and no two
//! large ones of one target in memory at once.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Time before the rate counts.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes a second, on average since the end of the grace.
const MIN_RATE: u64 = 8 * 1024;
/// What is set aside at first at most, whatever a server claims to send; larger bodies wait for one another.
const SMALL: u64 = 1024 * 1024;

/// The right of one body of a target to be large.
pub(crate) type Turn = Arc<Semaphore>;

/// A turn that nobody has taken.
pub(crate) fn turn() -> Turn {
    Arc::new(Semaphore::new(1))
}

/// Why a body ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    TooLarge,
    TooSlow,
    Timeout,
    BrokeOff,
}

/// A large body, which gives its turn back when it is dropped.
struct Large {
    bytes: Bytes,
    _turn: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Large {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What came, and why no more came.
pub(crate) async fn read(
    mut response: reqwest::Response,
    max: u64,
    deadline: Instant,
    turn: &Turn,
) -> (Bytes, Option<Cut>) {
    let claimed = response.content_length().unwrap_or(0);
    if claimed > max {
        return (Bytes::new(), Some(Cut::TooLarge));
    }
    let mut body = BytesMut::with_capacity(length(claimed.min(SMALL)));
    let mut large = None;
    let mut start = Instant::now();
    let cut = loop {
        let until = latest(start, body.len() as u64);
        let chunk = match timeout_at(until.min(deadline), response.chunk()).await {
            Err(_) if until < deadline => break Some(Cut::TooSlow),
            Err(_) => break Some(Cut::Timeout),
            Ok(Err(_)) => break Some(Cut::BrokeOff),
            Ok(Ok(None)) => break None,
            Ok(Ok(Some(chunk))) => chunk,
        };
        if large.is_none() && (body.len() + chunk.len()) as u64 > SMALL {
            let waiting = Instant::now();
            match timeout_at(deadline, Arc::clone(turn).acquire_owned()).await {
                Ok(Ok(own)) => large = Some(own),
                _ => break Some(Cut::Timeout),
            }
            // The server did not make us wait.
            start += waiting.elapsed();
            body.reserve(length(claimed).saturating_sub(body.len()));
        }
        let room = max - body.len() as u64;
        if chunk.len() as u64 > room {
            body.extend_from_slice(&chunk[..length(room)]);
            break Some(Cut::TooLarge);
        }
        body.extend_from_slice(&chunk);
    };
    let bytes = body.freeze();
    match large {
        Some(turn) => (Bytes::from_owner(Large { bytes, _turn: turn }), cut),
        None => (bytes, cut),
    }
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(0)
}

/// Until when the next piece must be here, `received` bytes having come.
fn latest(start: Instant, received: u64) -> Instant {
    start + GRACE + Duration::from_millis(received.saturating_mul(1000) / MIN_RATE)
}
