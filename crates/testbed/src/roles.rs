//! A PostgreSQL database as production has it: each portal with a role of its own (`deploy/postgres/grants.sql`).

use anyhow::{Context as _, Result};
use tokio::sync::Mutex;

use crate::{Database, postgres};

const GRANTS: &str = include_str!("../../../deploy/postgres/grants.sql");

/// One database seen by the two portals.
pub struct SplitDatabase {
    /// As the superuser, for what a test does behind the portals' backs.
    pub all: Database,
    /// As role `portal_internal`.
    pub internal: Database,
    /// As role `portal_external`.
    pub external: Database,
    /// As role `portal_desk`, which `import-accounts` runs as.
    pub desk: Database,
}

impl SplitDatabase {
    /// A fresh database with the grants applied. The roles have the superuser's password: it is the server's only one.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or the grants do not fit the schema.
    pub async fn new() -> Result<Self> {
        // Roles belong to the server, not to a database: two tests must not make them at once.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let all = Database::postgres().await?;
        let password = all.password.clone().context("a password")?;
        let db = all.connect().await?;
        {
            let _held = ONE_AT_A_TIME.lock().await;
            postgres::run(&db, GRANTS).await.context("deploy/postgres/grants.sql")?;
            for role in ["portal_owner", "portal_internal", "portal_external", "portal_desk"] {
                postgres::run(&db, &format!("ALTER ROLE {role} PASSWORD '{password}'")).await?;
            }
        }
        let role = |name: &str| {
            let mut database = all.clone();
            database.url = all.url.replacen("//postgres@", &format!("//{name}@"), 1);
            database
        };
        let (internal, external, desk) = (role("portal_internal"), role("portal_external"), role("portal_desk"));
        Ok(Self { internal, external, desk, all })
    }
}

#[cfg(test)]
mod rights;

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements that `database`'s role is refused.
    async fn refused<'a>(database: &Database, statements: &[&'a str]) -> Result<Vec<&'a str>> {
        let db = database.connect().await?;
        let mut refused = Vec::new();
        for statement in statements {
            let outcome = postgres::run(&db, statement).await;
            if let Err(error) = outcome {
                let why = format!("{error:#}");
                anyhow::ensure!(why.contains("permission denied") || why.contains("must be owner"), "{why}");
                refused.push(*statement);
            }
        }
        Ok(refused)
    }

    #[tokio::test]
    async fn the_public_portal_can_not_touch_what_is_the_staff_s() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let split = SplitDatabase::new().await?;
        let statements = [
            "SELECT * FROM staff_session",
            "SELECT * FROM audit_event",
            "DELETE FROM staff_session",
            "INSERT INTO role_grant SELECT * FROM role_grant",
            "UPDATE role_grant SET role = role",
            "DELETE FROM role_grant",
            "UPDATE policy_version SET version = version",
            "DELETE FROM policy_object",
            "CREATE TABLE mine (id integer)",
            "DROP TABLE lease",
        ];
        assert_eq!(refused(&split.external, &statements).await?, statements);
        Ok(())
    }

    #[tokio::test]
    async fn grants_fit_a_database_without_a_table_that_goes() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let split = SplitDatabase::new().await?;
        let db = split.all.connect().await?;
        // One that an earlier build migrated never had it again.
        postgres::run(&db, "DROP TABLE sign_in_failure").await?;
        postgres::run(&db, GRANTS).await.context("a second time, without the table")?;
        let internal = split.internal.connect().await?;
        postgres::run(&internal, "SELECT * FROM staff_sign_in_failure").await
    }

    #[tokio::test]
    async fn nobody_changes_an_audit_row() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let split = SplitDatabase::new().await?;
        let statements = [
            "UPDATE audit_event SET mac = mac",
            "DELETE FROM audit_event",
            "TRUNCATE audit_event",
            "UPDATE audit_seal SET hash = hash",
            "DELETE FROM audit_seal",
            "DELETE FROM audit_writer",
            "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        ];
        for database in [&split.internal, &split.external] {
            assert_eq!(refused(database, &statements).await?, statements, "{}", database.url);
        }
        Ok(())
    }

    #[tokio::test]
    async fn the_public_portal_sees_grants_of_its_own_domain_alone() -> Result<()> {
        use sea_orm::ConnectionTrait as _;
        use sea_orm::sea_query::{Alias, Asterisk, Expr, Func, Query};

        if crate::quick() {
            return Ok(());
        }
        let split = SplitDatabase::new().await?;
        let db = split.all.connect().await?;
        for (id, domain) in [(1, "internal"), (2, "external")] {
            let grant = format!(
                "INSERT INTO role_grant (id, subject, domain, role, object, effect, created_by, created_at) VALUES \
                 ('00000000-0000-0000-0000-00000000000{id}', 'u:a', '{domain}', 'user', 'site', 'allow', 'u:b', 0)"
            );
            postgres::run(&db, &grant).await?;
        }
        let count = Query::select().expr(Func::count(Expr::col(Asterisk))).from(Alias::new("role_grant")).to_owned();
        let mut seen = Vec::new();
        for database in [&split.all, &split.internal, &split.external] {
            let row = database.connect().await?.query_one(&count).await?.context("a row")?;
            seen.push(row.try_get_by_index::<i64>(0)?);
        }
        assert_eq!(seen, [2, 2, 1]);
        Ok(())
    }
}
