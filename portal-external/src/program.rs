//! What the program `portal-external` is told on its command line.

use std::{path::PathBuf, process::ExitCode};

use crate::commands;
use clap::{Parser, Subcommand};

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
    /// List every route with its guard.
    Routes,
    /// List every mistake in the configuration, with its cure.
    Check {
        /// Make the key files that are missing.
        #[arg(long)]
        create_keys: bool,
    },
    /// Sessions of patients.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Make accounts that a hospital's desk has proven, from a JSON file.
    ImportAccounts {
        /// `[{"username", "password", "name", "resident_id"}]`
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum SessionsCommand {
    /// End all sessions of somebody, at once and on every replica.
    End {
        /// Sign-in name, or the subject in the audit log (`p:…`).
        user: String,
    },
}

/// Does what the command line says.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let config = &arguments.config;
    match arguments.command {
        Command::Serve => commands::serve(config).await,
        Command::Routes => commands::routes(),
        Command::Check { create_keys } => commands::check(config, create_keys).await,
        Command::Sessions(SessionsCommand::End { user }) => commands::sessions_end(config, &user).await,
        Command::ImportAccounts { file } => commands::import_accounts(config, &file).await,
    }
}
