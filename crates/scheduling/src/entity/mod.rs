//! Rows. No other crate sees them.

pub mod booking;
pub mod penalty;
pub mod person;
pub mod schedule;
pub mod session;
pub mod staff;
pub mod ticket;
pub mod wait;
