//! `portal-external-unguarded`: the same program for the test that takes each guard away. Never released: it is built with
//! `guard-switches` alone, which no release build accepts.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    portal_external::run().await
}
