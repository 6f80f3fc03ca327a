//! Instants in the database: milliseconds since 1970-01-01T00:00Z in a `BIGINT`, the same on both databases.

use jiff::Timestamp;

/// An instant as the database keeps it.
pub type Millis = i64;

/// For a column.
pub fn to_millis(at: Timestamp) -> Millis {
    at.as_millisecond()
}

/// From a column. A value outside jiff's range (nobody wrote it through us) becomes the nearest end of the range.
pub fn from_millis(millis: Millis) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
