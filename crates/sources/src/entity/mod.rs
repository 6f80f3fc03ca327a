//! Rows. No other crate sees them.

pub mod definition;
pub mod version;
