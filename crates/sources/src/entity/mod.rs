//! Rows. No other crate sees them.

pub mod client_key;
pub mod definition;
pub mod secret;
pub mod version;
