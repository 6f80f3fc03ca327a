//! The FHIR client against servers of every kind, and the reader against messy bundles.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test program: nobody imports it, and a panic is a failed test")]

mod aside;
mod examples;
mod mutations;
mod outcomes;
mod quality;
mod references;
#[path = "../../../outbound/tests/it/server.rs"]
#[allow(dead_code, reason = "a test program: nobody imports it, and a panic is a failed test")]
mod server;
mod shipped_platforms;
