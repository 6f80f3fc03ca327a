//! The policy against casbin and a reference model; the policy and the audit log on both databases.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod delegation;
mod encounters;
mod grants;
mod oracle;
mod people;
mod reference;
mod relations;
mod role_matrix;
mod tampering;
mod tree;
