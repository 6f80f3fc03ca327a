//! Fresh databases with the newest schema.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use sea_orm::DatabaseConnection;
use sea_orm_migration::MigratorTrait as _;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::postgres;

/// Which of the two databases we run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A database of one test's own: newest schema, no rows. A SQLite file goes when the last clone is dropped, a PostgreSQL
/// database with the server.
#[derive(Clone, Debug)]
pub struct Database {
    /// Which database.
    pub kind: Kind,
    /// As in `[database] url`: `sqlite:///…/portal.db` or `postgres://postgres@127.0.0.1:…/…`.
    pub url: String,
    /// What `[database] password_file` holds; none on SQLite.
    pub password: Option<String>,
    folder: Arc<TempDir>,
}

impl Database {
    /// A new SQLite file.
    ///
    /// # Errors
    /// The temporary folder is not writable, or a migration failed.
    pub async fn sqlite() -> Result<Self> {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        let template = TEMPLATE.get_or_try_init(migrated_file).await?;
        let folder = Arc::new(TempDir::with_prefix("portal-sqlite-")?);
        let file = folder.path().join("portal.db");
        tokio::fs::write(&file, template).await?;
        Ok(Self { kind: Kind::Sqlite, url: sqlite_url(&file), password: None, folder })
    }

    /// A new database on the PostgreSQL server of this process.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start, or a migration failed.
    pub async fn postgres() -> Result<Self> {
        Self::on(postgres::server().await?).await
    }

    /// A new database on a PostgreSQL server of the caller's own, for tests that stop the server.
    ///
    /// # Errors
    /// The server refused, or a migration failed.
    pub async fn on(server: &postgres::Server) -> Result<Self> {
        let name = server.migrated_database().await?;
        Ok(Self {
            kind: Kind::Postgres,
            url: server.url(&name),
            password: Some(server.password().to_owned()),
            folder: Arc::new(TempDir::with_prefix("portal-postgres-client-")?),
        })
    }

    /// A folder that lives as long as this database, for configuration and keys of programs that use it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file, on SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        (self.kind == Kind::Sqlite).then(|| self.folder.path().join("portal.db"))
    }

    /// A plain connection, for what a test must do behind the portals' backs (change a byte of an audit row).
    ///
    /// # Errors
    /// The database can't be reached.
    pub async fn connect(&self) -> Result<DatabaseConnection> {
        postgres::connect(&self.url, self.password.as_deref()).await
    }
}

/// One fresh database of each kind: SQLite, and PostgreSQL unless [`crate::quick`]. For
/// `for db in testbed::databases().await { … }`.
///
/// # Panics
/// When one can't be made, which fails the calling test with the reason: PostgreSQL that is not installed is a failure.
#[allow(clippy::panic, reason = "the reason reaches the test's output without a `?` in every test")]
pub async fn databases() -> Vec<Database> {
    let made = async {
        let mut all = vec![Database::sqlite().await?];
        if !crate::quick() {
            all.push(Database::postgres().await?);
        }
        anyhow::Ok(all)
    };
    match made.await {
        Ok(all) => all,
        Err(error) => panic!("a test database could not be made: {error:#}"),
    }
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn migrated_file() -> Result<Vec<u8>> {
    let folder = TempDir::with_prefix("portal-template-")?;
    let file = folder.path().join("template.db");
    let db = postgres::connect(&format!("{}?mode=rwc", sqlite_url(&file)), None).await?;
    migrations::Migrator::up(&db, None).await.context("migrating SQLite")?;
    db.close().await?;
    Ok(tokio::fs::read(&file).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_database_has_the_newest_schema() -> Result<()> {
        for database in databases().await {
            let db = database.connect().await?;
            let pending = migrations::Migrator::get_pending_migrations(&db).await?;
            assert_eq!(pending.len(), 0, "{:?}", database.kind);
        }
        Ok(())
    }

    #[tokio::test]
    async fn every_step_can_be_taken_back() -> Result<()> {
        for database in databases().await {
            let db = database.connect().await?;
            migrations::Migrator::down(&db, None).await?;
            migrations::Migrator::up(&db, None).await?;
        }
        Ok(())
    }
}
