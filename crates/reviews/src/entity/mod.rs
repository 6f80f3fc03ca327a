//! Rows of marks. No other crate sees them.

pub mod shown;
pub mod written;
