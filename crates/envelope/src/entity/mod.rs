//! Rows of wrapped keys. No other crate sees them.

pub mod envelope_kek;
