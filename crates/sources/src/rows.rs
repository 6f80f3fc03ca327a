//! The tables.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DerivePartialModel, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use store::Tx;

use crate::{
    SourceError,
    entity::{definition, version},
};

const ONLY: i32 = 1;

/// What every portal's role may read of a definition.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "definition::Entity")]
pub(crate) struct Row {
    pub id: String,
    pub place: i64,
    pub content: String,
    pub rev: i64,
    pub removed_at: Option<i64>,
}

/// Definitions have changed as often as this.
pub(crate) async fn version(db: &impl ConnectionTrait) -> Result<i64, SourceError> {
    let row = version::Entity::find_by_id(ONLY).one(db).await?;
    Ok(row.map(|row| row.version).unwrap_or_default())
}

/// Tells every process that something has changed, and holds back every other change until the transaction ends.
pub(crate) async fn bump(tx: &Tx) -> Result<(), SourceError> {
    version::Entity::update_many()
        .col_expr(version::Column::Version, Expr::col(version::Column::Version).add(1))
        .filter(version::Column::Id.eq(ONLY))
        .exec(tx)
        .await?;
    Ok(())
}

/// All definitions, removed ones too, in their order.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Row>, SourceError> {
    let all = definition::Entity::find().order_by_asc(definition::Column::Place);
    Ok(all.into_partial_model::<Row>().all(db).await?)
}
