//! The intranet portal: for clinicians, researchers and administrators.
//!
//! `routes` is the table of everything it answers; `portal` is built once at start-up; `pages` and `api` call the
//! domain crates and draw what they return; `widgets` does so for a part of a page each.

mod api;
mod break_glass;
pub mod commands;
pub mod config;
mod delivery;
mod jobs;
mod mine;
mod pages;
mod portal;
mod program;
mod roles;
mod routes;
mod schedules;
mod sign_in;
mod who;
mod widgets;

pub use program::run;
