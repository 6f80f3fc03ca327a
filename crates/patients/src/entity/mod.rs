//! Rows of the index. No other crate sees them.

pub mod contested;
pub mod do_not_link;
pub mod do_not_link_reason;
pub mod identity_seen;
pub mod identity_term;
pub mod identity_trait;
pub mod link;
pub mod match_candidate;
pub mod match_decision;
pub mod patient;
pub mod search;
pub mod sweep;
