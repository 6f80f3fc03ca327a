//! Rows. No other crate sees them.

pub mod client_key;
pub mod connection;
pub mod copy;
pub mod definition;
pub mod flow;
pub mod secret;
pub mod version;
