//! `portal-external`: the public portal's program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    portal_external::run().await
}
