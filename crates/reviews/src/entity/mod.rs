//! Rows of marks, looks and kept searches. No other crate sees them.

pub mod record_look;
pub mod record_search;
pub mod shown;
pub mod written;
