//! What the program `portal-internal` is told on its command line.

use std::{path::PathBuf, process::ExitCode};

use crate::commands;
use clap::{Parser, Subcommand};

/// The intranet portal of a region's health information sharing platform.
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
    /// Give a member of staff, by their sign-in name, the first administrator's rights.
    BootstrapAdmin {
        /// Sign-in name in the directory.
        user: String,
        /// The directory's id, when there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Sessions of staff.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The staff directory.
    #[command(subcommand)]
    Directory(DirectoryCommand),
}

#[derive(Subcommand)]
enum SessionsCommand {
    /// End all sessions of somebody, at once and on every replica.
    End {
        /// Sign-in name, or the subject in the audit log (`u:…`) of somebody who has left the directory.
        user: String,
        /// The directory's id, when there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check every row, number, link of the chain and published head.
    Verify,
}

#[derive(Subcommand)]
enum DirectoryCommand {
    /// Look a user up, step by step.
    Test {
        /// Sign-in name in the directory.
        user: String,
    },
}

/// Does what the command line says.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let file = &arguments.config;
    match arguments.command {
        Command::Serve => commands::serve(file).await,
        Command::Routes => commands::routes(),
        Command::Check { create_keys } => commands::check(file, create_keys),
        Command::BootstrapAdmin { user, organisation } => {
            commands::bootstrap_admin(file, &user, organisation.as_deref()).await
        }
        Command::Sessions(SessionsCommand::End { user, organisation }) => {
            commands::sessions_end(file, &user, organisation.as_deref()).await
        }
        Command::Audit(AuditCommand::Verify) => commands::audit_verify(file).await,
        Command::Directory(DirectoryCommand::Test { user }) => commands::directory_test(file, &user).await,
    }
}
