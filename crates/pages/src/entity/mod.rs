//! Rows of pages. No other crate sees them.

pub mod draft;
pub mod layer;
pub mod published;
pub mod revision;
pub mod step;
pub mod template;
pub mod version;
