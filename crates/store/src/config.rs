//! `[database]` of the configuration.

use sea_orm::ConnectOptions;
use std::time::Duration;

use crate::Backend;

/// How long a statement waits for one of the pool's connections: a burst may take seconds on a small machine. It says
/// nothing of an outage: that the server is away is known sooner, and those who wait are let go, see [`crate::reader`].
pub(crate) const ACQUIRE: Duration = Duration::from_secs(5);
/// A server that is silent for so long is away.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);

/// Where the database is. `password` is read from `password_file` by whoever reads the configuration.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `sqlite://path/to/file` or `postgres://user@host:port/name`.
    pub url: String,
    /// PostgreSQL password, kept apart from the address so that neither a log nor an error shows it.
    pub password: Option<String>,
    /// Readers (both databases) and concurrent transactions (PostgreSQL).
    pub max_connections: u32,
}

impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseConfig").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why a database address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// Neither of the two databases we run on.
    #[error("database url must begin with sqlite:// or postgres://")]
    Scheme,
    /// A secret in the configuration file.
    #[error("database url holds a password; put it in password_file")]
    PasswordInUrl,
    /// `sqlite::memory:` has no file to share between the two portals.
    #[error("an in-memory database can't be shared by the portals; name a file")]
    Memory,
}

impl DatabaseConfig {
    /// A configuration with the usual number of connections.
    pub fn new(url: impl Into<String>, password: Option<String>) -> Self {
        Self { url: url.into(), password, max_connections: 16 }
    }

    /// Which database the address names.
    ///
    /// # Errors
    /// [`UrlProblem`] when the address is of another kind or holds a password.
    pub fn backend(&self) -> Result<Backend, UrlProblem> {
        if self.url.starts_with("sqlite:") {
            if self.url.contains(":memory:") || self.sqlite_path().is_empty() {
                return Err(UrlProblem::Memory);
            }
            return Ok(Backend::Sqlite);
        }
        let parsed = url::Url::parse(&self.url).map_err(|_| UrlProblem::Scheme)?;
        match parsed.scheme() {
            "postgres" | "postgresql" if parsed.password().is_some() => Err(UrlProblem::PasswordInUrl),
            "postgres" | "postgresql" => Ok(Backend::Postgres),
            _ => Err(UrlProblem::Scheme),
        }
    }

    /// The file of a SQLite database; none on PostgreSQL.
    pub fn sqlite_file(&self) -> Option<&std::path::Path> {
        (self.backend() == Ok(Backend::Sqlite)).then(|| std::path::Path::new(self.sqlite_path()))
    }

    /// The file behind a SQLite address.
    pub(crate) fn sqlite_path(&self) -> &str {
        let path = self.url.trim_start_matches("sqlite://").trim_start_matches("sqlite:");
        path.split('?').next().unwrap_or(path)
    }

    /// Options common to every pool. Statements are never logged: bound values are health data.
    pub(crate) fn options(&self, url: String, connections: u32) -> ConnectOptions {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(ACQUIRE)
            .connect_timeout(ACQUIRE)
            .sqlx_logging(false)
            .record_stmt_in_spans(false);
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expect: Result<Backend, UrlProblem>) {
        assert_eq!(DatabaseConfig::new(url, None).backend(), expect, "{url}");
    }

    #[test]
    fn addresses() {
        check("sqlite://data/portal.db", Ok(Backend::Sqlite));
        check("postgres://portal@db/portal", Ok(Backend::Postgres));
        check("postgres://portal:secret@db/portal", Err(UrlProblem::PasswordInUrl));
        check("sqlite::memory:", Err(UrlProblem::Memory));
        check("sqlite://", Err(UrlProblem::Memory));
        check("mysql://db/portal", Err(UrlProblem::Scheme));
        check("portal.db", Err(UrlProblem::Scheme));
    }

    #[test]
    fn password_is_not_shown() {
        let config = DatabaseConfig::new("postgres://p@h/d", Some("hunter2".into()));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
