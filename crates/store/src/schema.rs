//! Is the schema the one this program was built for?

use std::cmp::Ordering;

use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Order, Query},
};

use crate::{Reader, StoreError};

/// The newest migration these programs were built for. A test of `migrations` holds it to the newest there is.
pub const SCHEMA: &str = "m20261124_000027_family";

/// Where sea-orm-migration keeps what was applied.
const APPLIED: &str = "seaql_migrations";

pub(crate) async fn check(db: &Reader) -> Result<(), StoreError> {
    let newest = Query::select()
        .column(Alias::new("version"))
        .from(Alias::new(APPLIED))
        .order_by(Alias::new("version"), Order::Desc)
        .limit(1)
        .to_owned();
    db.ping().await?;
    let (found, needed) = match db.query_one(&newest).await.map_err(StoreError::from) {
        Ok(Some(row)) => (row.try_get::<String>("", "version")?, SCHEMA.to_owned()),
        Err(error) if error.is_outage() => return Err(error),
        // The table itself is missing in an empty database: the same cure, so the same answer.
        Ok(None) | Err(_) => ("empty".to_owned(), SCHEMA.to_owned()),
    };
    match found.as_str().cmp(SCHEMA) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::SchemaNewer { found, needed }),
        Ordering::Less => Err(StoreError::Schema { found, needed }),
    }
}
