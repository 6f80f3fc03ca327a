//! `sandbox --config FILE`: the simulated region alone.

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use sandbox::{Config, Region};
use tokio::signal::unix::{SignalKind, signal};

/// A simulated health region on loopback.
#[derive(Parser)]
struct Arguments {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let config = match Config::read(&arguments.config) {
        Ok(config) => config,
        Err(fault) => {
            tracing::error!("{fault}");
            return ExitCode::from(1);
        }
    };
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            tracing::error!("{fault:#}");
            ExitCode::from(2)
        }
    }
}

/// Prints the ready line and, on the next, the region as JSON; runs until interrupted or terminated.
async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let region = Region::start(config).await?;
    let description = serde_json::to_string(region.description())?;
    let ready = format!("ready control={} directory={}\n{description}\n", region.control_url, region.directory_url);
    {
        let mut out = std::io::stdout().lock();
        out.write_all(ready.as_bytes()).and_then(|()| out.flush()).context("standard output")?;
    }
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    region.stop().await;
    Ok(())
}
