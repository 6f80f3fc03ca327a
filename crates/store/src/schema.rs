//! Is the schema the one this program was built for?

use sea_orm::{
    ConnectionTrait, DatabaseConnection,
    sea_query::{Alias, Order, Query},
};

use crate::StoreError;

/// The newest migration these programs were built for. A test of `migrations` holds it to the newest there is.
pub const SCHEMA: &str = "m20261121_000005_accounts";

/// Where sea-orm-migration keeps what was applied.
const APPLIED: &str = "seaql_migrations";

pub(crate) async fn check(db: &DatabaseConnection) -> Result<(), StoreError> {
    let newest = Query::select()
        .column(Alias::new("version"))
        .from(Alias::new(APPLIED))
        .order_by(Alias::new("version"), Order::Desc)
        .limit(1)
        .to_owned();
    db.ping().await?;
    // The table itself is missing in an empty database: the same cure, so the same answer.
    let found = match db.query_one(&newest).await {
        Ok(Some(row)) => row.try_get::<String>("", "version")?,
        Ok(None) | Err(_) => "empty".to_owned(),
    };
    if found == SCHEMA {
        return Ok(());
    }
    Err(StoreError::Schema { found, needed: SCHEMA.to_owned() })
}
