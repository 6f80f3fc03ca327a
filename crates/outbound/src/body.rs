//! Reading a body: counted after decompression, not slower than a minimum rate, not beyond the deadline.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

/// Time before the rate counts.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes a second, on average since the end of the grace.
const MIN_RATE: u64 = 8 * 1024;
/// What is set aside at first at most, whatever a server claims to send.
const MAX_RESERVED: u64 = 1024 * 1024;

/// Why a body ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    TooLarge,
    TooSlow,
    Timeout,
    BrokeOff,
}

/// What came, and why no more came.
pub(crate) async fn read(mut response: reqwest::Response, max: u64, deadline: Instant) -> (Bytes, Option<Cut>) {
    let claimed = response.content_length().unwrap_or(0);
    if claimed > max {
        return (Bytes::new(), Some(Cut::TooLarge));
    }
    let mut body = BytesMut::with_capacity(usize::try_from(claimed.min(MAX_RESERVED)).unwrap_or(0));
    let start = Instant::now();
    let cut = loop {
        let until = latest(start, body.len() as u64);
        match timeout_at(until.min(deadline), response.chunk()).await {
            Err(_) if until < deadline => break Some(Cut::TooSlow),
            Err(_) => break Some(Cut::Timeout),
            Ok(Err(_)) => break Some(Cut::BrokeOff),
            Ok(Ok(None)) => break None,
            Ok(Ok(Some(chunk))) => {
                let room = max - body.len() as u64;
                if chunk.len() as u64 > room {
                    body.extend_from_slice(&chunk[..usize::try_from(room).unwrap_or(0)]);
                    break Some(Cut::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
        }
    };
    (body.freeze(), cut)
}

/// Until when the next piece must be here, `received` bytes having come.
fn latest(start: Instant, received: u64) -> Instant {
    start + GRACE + Duration::from_millis(received.saturating_mul(1000) / MIN_RATE)
}
