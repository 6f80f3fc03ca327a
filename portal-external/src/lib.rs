//! The public portal: for patients and the people who care for them.
//!
//! `routes` is the table of everything it answers; `portal` is built once at start-up; `pages` and `api` call the
//! domain crates and draw what they return. It never links the staff directory and never builds a `StaffContext`.

mod api;
pub mod commands;
pub mod config;
mod pages;
mod portal;
mod program;
mod routes;
mod sign_in;
mod who;
mod widgets;

pub use program::run;
