//! `portal-external`: the public portal's program.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use portal_external::commands;

/// The public portal of a region's health information sharing platform.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file (TOML). `PORTAL__SECTION__KEY` variables override it.
    #[arg(long)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop (SIGTERM, Ctrl-C).
    Serve,
    /// List every mistake in the configuration, with its cure.
    Check {
        /// Make the key files that are missing.
        #[arg(long)]
        create_keys: bool,
    },
    /// Make accounts that a hospital's desk has proven, from a JSON file.
    ImportAccounts {
        /// `[{"username", "password", "name", "resident_id"}]`
        file: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = &arguments.config;
    match arguments.command {
        Command::Serve => commands::serve(config).await,
        Command::Check { create_keys } => commands::check(config, create_keys),
        Command::ImportAccounts { file } => commands::import_accounts(config, &file).await,
    }
}
