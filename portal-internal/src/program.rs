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
    /// Who treats whom.
    #[command(subcommand)]
    Relations(RelationsCommand),
    /// The regional patient index.
    #[command(subcommand)]
    Index(IndexCommand),
    /// Clinics that patients book.
    #[command(subcommand)]
    Schedules(SchedulesCommand),
    /// Articles and notices.
    #[command(subcommand)]
    Articles(ArticlesCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Secrets in the database, and the keys that they are sealed under. Portals at work go on meanwhile.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// The staff directory.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// The hospitals.
    #[command(subcommand)]
    Source(SourceCommand),
}

#[derive(Subcommand)]
enum SchedulesCommand {
    /// Make the schedules and clinic sessions of a hospital's list. What is there already is left as it is.
    ///
    /// A CSV file in UTF-8, first line the names of its columns: `hospital`, `department` and `doctor` (ids; a clinic without a
    /// doctor leaves it empty), each with its names `…_zh` and `…_en`; `title_…`, `expertise_…`, `place_…`; `zone` (IANA, Asia/Shanghai
    /// when left out); `kind` (general, expert, special), `half_day` (morning, afternoon, evening), `weekdays` (`1 3 5`, Monday
    /// is 1), `from` and `to` (dates; today and two weeks), `except` (dates), `begins`, `ends` (`08:00`), `minutes` (of a time that is
    /// chosen), `fee` (yuan), `portal`, `desk` and `phone` (tickets each gives out), `release` and `cancel` (`7 20:00`: so many days
    /// before, at this time), `cutoff` (minutes before it begins).
    Import {
        /// The list.
        file: PathBuf,
        /// Say what is wrong in it; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Subcommand)]
enum SourceCommand {
    /// Test the connection to a hospital, paused or not: name, TLS, clock, discovery, capabilities, a patient, and one search
    /// for each type of each section, each with its time, outcome and cure.
    Test {
        /// The source's id.
        id: String,
        /// Id of a patient there; without, the server's first one is asked for. Of the record only types and numbers are told.
        #[arg(long)]
        patient: Option<String>,
    },
    /// Look for hospitals in a vendor's file of User-access Brands and Endpoints (SMART App Launch 2.2), and print each as an
    /// entry of `sources.toml`. Nothing is fetched and nothing is written.
    Brands {
        /// The bundle, as JSON.
        file: PathBuf,
        /// Words that are all in a hospital's names, places or portal's name.
        #[arg(long, default_value = "")]
        search: String,
        /// Id of a platform file: whose servers they are.
        #[arg(long, default_value = "plain")]
        platform: String,
    },
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
enum RelationsCommand {
    /// Print whose records somebody may open just now, by encounters and lists, and who they are at the hospitals.
    List {
        /// Sign-in name in the directory.
        user: String,
        /// The directory's id, when there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Begin the treatment relations of a hospital's list. What stands already is left as it is.
    ///
    /// A CSV file in UTF-8, first line the names of its columns: `staff` (sign-in name), `until` (a date, included, at most
    /// a year away), and for the patient either `source` and `patient` (the id of the FHIR `Patient` there), or
    /// `resident_id` and `name`. `name` may stand beside `patient` too and is then compared. `how` is `encounter`,
    /// `referral`, `consultation` or `list`, which it is when left out.
    Import {
        /// The list.
        file: PathBuf,
        /// Say what would come of each line; write nothing and ask no hospital.
        #[arg(long)]
        dry_run: bool,
        /// The directory's id, when there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Subcommand)]
enum IndexCommand {
    /// Take a hospital's list of patients into the index. Of who is known already only what is absent is filled in: the
    /// hospital's own answer is the stronger word.
    ///
    /// A CSV file in UTF-8, first line the names of its columns: `patient` (the id of the FHIR `Patient` there) and `name`,
    /// and of `source`, `sex`, `birth_date`, `resident_id`, `phone`, `address` and `record_number` those there are; or, in a
    /// file whose name ends in `.ndjson`, FHIR `Patient` resources, one a line.
    Import {
        /// The list.
        file: PathBuf,
        /// The source of every line that names none; FHIR resources name none.
        #[arg(long)]
        source: Option<String>,
        /// Say which lines are wrong; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// List the patients of every hospital with `sweep = true`, or of one, into the index. A sweep that was broken off goes
    /// on where it stopped.
    Sweep {
        /// The source's id.
        source: Option<String>,
    },
}

#[derive(Subcommand)]
enum ArticlesCommand {
    /// Publish the articles and notices of a file, as if two members of staff had: one may edit articles, the other publish
    /// them. What stands already, by its address, is left as it is.
    ///
    /// A TOML file: `[[article]]` with `slug`, `topic`, `audience` (`public`, `staff` or `both`), `review_in_days`, and `zh`
    /// and `en` with `title`, `summary` and `body` (Markdown); `[[notice]]` with `zh`, `en`, `audience`, `severity` (`info`
    /// or `warning`), `from_in_hours` and `days`.
    Import {
        /// The file.
        file: PathBuf,
        /// Sign-in name of whoever wrote them.
        #[arg(long)]
        author: String,
        /// Sign-in name of whoever has reviewed them.
        #[arg(long)]
        reviewer: String,
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
enum VaultCommand {
    /// After a change of root keys in `[keys]`: wrap the database's keys anew, so that the old root keys can go. No secret is
    /// touched. Start every portal with the new and the old keys configured before. Broken off, it goes on when run again.
    Rewrap {
        /// Every key, also under the same root key: after a transit service has rotated it.
        #[arg(long)]
        all: bool,
        /// Say what would be done; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Make a new key for every kind of secret and seal every secret of it anew. Broken off, it goes on when run again, with
    /// the key that the first run has made.
    Reencrypt {
        /// Say what would be done; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Subcommand)]
enum DirectoryCommand {
    /// Look a user up, step by step, and at the hospitals that know staff by a number of the directory.
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
        Command::Check { create_keys } => commands::check(file, create_keys).await,
        Command::BootstrapAdmin { user, organisation } => {
            commands::bootstrap_admin(file, &user, organisation.as_deref()).await
        }
        Command::Sessions(SessionsCommand::End { user, organisation }) => {
            commands::sessions_end(file, &user, organisation.as_deref()).await
        }
        Command::Relations(RelationsCommand::Import { file: list, dry_run, organisation }) => {
            commands::relations_import(file, &list, organisation.as_deref(), dry_run).await
        }
        Command::Relations(RelationsCommand::List { user, organisation }) => {
            commands::relations_list(file, &user, organisation.as_deref()).await
        }
        Command::Index(IndexCommand::Import { file: list, source, dry_run }) => {
            commands::index_import(file, &list, source.as_deref(), dry_run).await
        }
        Command::Schedules(SchedulesCommand::Import { file: list, dry_run }) => {
            commands::schedules_import(file, &list, dry_run).await
        }
        Command::Index(IndexCommand::Sweep { source }) => commands::index_sweep(file, source.as_deref()).await,
        Command::Articles(ArticlesCommand::Import { file: list, author, reviewer, organisation }) => {
            let organisation = organisation.as_deref();
            let signatures = commands::Signatures { author: &author, reviewer: &reviewer, organisation };
            commands::articles_import(file, &list, signatures).await
        }
        Command::Audit(AuditCommand::Verify) => commands::audit_verify(file).await,
        Command::Vault(VaultCommand::Rewrap { all, dry_run }) => commands::vault_rewrap(file, all, dry_run).await,
        Command::Vault(VaultCommand::Reencrypt { dry_run }) => commands::vault_reencrypt(file, dry_run).await,
        Command::Source(SourceCommand::Test { id, patient }) => {
            commands::source_test(file, &id, patient.as_deref()).await
        }
        Command::Source(SourceCommand::Brands { file: bundle, search, platform }) => {
            commands::source_brands(file, &bundle, &search, &platform)
        }
        Command::Directory(DirectoryCommand::Test { user }) => commands::directory_test(file, &user).await,
    }
}
