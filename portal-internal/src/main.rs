//! `portal-internal`: the intranet portal's program.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use portal_internal::commands;

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
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The staff directory.
    #[command(subcommand)]
    Directory(DirectoryCommand),
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

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let file = &arguments.config;
    match arguments.command {
        Command::Serve => commands::serve(file).await,
        Command::Check { create_keys } => commands::check(file, create_keys),
        Command::BootstrapAdmin { user, organisation } => {
            commands::bootstrap_admin(file, &user, organisation.as_deref()).await
        }
        Command::Audit(AuditCommand::Verify) => commands::audit_verify(file).await,
        Command::Directory(DirectoryCommand::Test { user }) => commands::directory_test(file, &user).await,
    }
}
