//! Pages: what no sequence of changes may lose, the service on both databases, and widgets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drafts;
mod layers;
mod properties;
mod stage;
mod trees;
mod widgets;
