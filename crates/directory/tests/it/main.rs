//! Staff identity against real OpenLDAP servers, and against peers that are none.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod failover;
mod groups;
mod hospital;
mod hostile;
mod literal;
mod sign_in;
mod tls;
