//! The intranet portal: for clinicians, researchers and administrators.
//!
//! `routes` is the table of everything it answers; `portal` is built once at start-up; `pages` and `api` call the
//! domain crates and draw what they return.

mod api;
mod break_glass;
pub mod commands;
pub mod config;
mod mine;
mod pages;
mod portal;
mod program;
mod routes;
mod sign_in;
mod who;

pub use program::run;
