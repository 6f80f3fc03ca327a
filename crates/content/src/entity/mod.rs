//! Rows. No other crate sees them.

pub mod article;
pub mod feed;
pub mod image;
pub mod notice;
pub mod published;
pub mod revision;
