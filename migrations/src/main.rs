//! `portal-migrate`: the only program that changes the schema.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use migrations::Migrator;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, DbErr,
    sea_query::{Func, Query},
};
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
        Command::Up => {
            alone(&db).await?;
            Migrator::up(&db, None).await.map_err(of_a_later_release)?;
        }
        Command::Down { steps } => {
            alone(&db).await?;
            Migrator::down(&db, Some(steps)).await.map_err(of_a_later_release)?;
        }
        Command::Status => return status(&db).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Any number that nobody else locks.
const LOCK: i64 = 0x706f_7274_616c;

/// On PostgreSQL, one `portal-migrate` at a time: two that make the same table at once stop half-way. The lock goes with
/// the connection. On SQLite the second waits for the first's transaction.
async fn alone(db: &DatabaseConnection) -> Result<()> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let lock = Query::select().expr(Func::cust("pg_advisory_lock").arg(LOCK)).to_owned();
    db.query_one(&lock).await.context("another portal-migrate is at work on this database: wait until it is done")?;
    Ok(())
}

/// sea-orm's words for a step that is applied and that this program does not have.
fn of_a_later_release(error: DbErr) -> anyhow::Error {
    let later = error.to_string().contains("file is missing");
    let error = anyhow::Error::new(error);
    if later {
        error.context("the database was migrated by a later release: use the portal-migrate of that release")
    } else {
        error
    }
}

async fn status(db: &DatabaseConnection) -> Result<ExitCode> {
    let pending: Vec<String> = Migrator::get_pending_migrations(db)
        .await
        .map_err(of_a_later_release)?
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
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
    options.map_sqlx_postgres_opts(move |connect| {
        // A step that waits for a table holds up everybody who comes after it: rather fail, and be run again.
        let connect = connect.options([("lock_timeout", "5s")]);
        match &password {
            Some(secret) => connect.password(secret),
            None => connect,
        }
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
