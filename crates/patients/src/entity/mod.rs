//! Rows of the index. No other crate sees them.

pub mod contested;
pub mod do_not_link;
pub mod identity_seen;
pub mod link;
pub mod patient;
pub mod search;
