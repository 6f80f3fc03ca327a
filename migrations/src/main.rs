//! `portal-migrate`: the only program that changes the schema.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use migrations::Migrator;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait as _;

/// Brings a portal's database to the schema that its programs need, and back.
#[derive(Parser)]
#[command(name = "portal-migrate", version)]
struct Arguments {
    /// A portal's configuration file; only `[database]` is read.
    #[arg(long)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Apply every step that is missing.
    Up,
    /// Take steps back, the newest first. What only they hold is lost.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List the steps and whether each is applied. Exit code 1 when one is missing.
    Status,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("portal-migrate: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let db = connect(&arguments.config).await?;
    match arguments.command {
        Command::Up => Migrator::up(&db, None).await?,
        Command::Down { steps } => Migrator::down(&db, Some(steps)).await?,
        Command::Status => return status(&db).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(db: &DatabaseConnection) -> Result<ExitCode> {
    let pending: Vec<String> =
        Migrator::get_pending_migrations(db).await?.iter().map(|step| step.name().to_owned()).collect();
    for step in Migrator::migrations() {
        let state = if pending.iter().any(|name| name == step.name()) { "missing" } else { "applied" };
        writeln(&format!("{state}  {}", step.name()))?;
    }
    Ok(ExitCode::from(u8::from(!pending.is_empty())))
}

fn writeln(line: &str) -> Result<()> {
    use std::io::Write as _;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

#[expect(clippy::disallowed_methods, reason = "the schema's own program; statement logging is off in the options")]
async fn connect(config: &Path) -> Result<DatabaseConnection> {
    let (url, password) = address(config)?;
    let url = match url.strip_prefix("sqlite://") {
        Some(file) => {
            if let Some(folder) = Path::new(file).parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            }
            format!("{url}?mode=rwc")
        }
        None => url,
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    options.map_sqlx_postgres_opts(move |connect| match &password {
        Some(secret) => connect.password(secret),
        None => connect,
    });
    Database::connect(options).await.context("connecting to the database")
}

/// Address and password of `[database]`, the environment laid over the file as the portals do it.
fn address(config: &Path) -> Result<(String, Option<String>)> {
    let text = std::fs::read_to_string(config).with_context(|| format!("reading {}", config.display()))?;
    let table: toml::Table = text.parse().with_context(|| format!("reading {}", config.display()))?;
    let key = |name: &str| {
        let over = std::env::var(format!("PORTAL__DATABASE__{}", name.to_uppercase())).ok();
        over.or_else(|| table.get("database")?.get(name)?.as_str().map(str::to_owned))
    };
    let folder = config.parent().unwrap_or(Path::new("."));
    let Some(url) = key("url") else { bail!("database.url is missing in {}", config.display()) };
    let url = match url.strip_prefix("sqlite://") {
        Some(file) => format!("sqlite://{}", folder.join(file).display()),
        None => url,
    };
    let password = key("password_file")
        .map(|file| std::fs::read_to_string(folder.join(&file)).with_context(|| format!("reading {file}")))
        .transpose()?
        .map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    Ok((url, password))
}
