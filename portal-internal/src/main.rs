//! `portal-internal`: the intranet portal's program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    portal_internal::run().await
}
