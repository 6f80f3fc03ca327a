//! `source_secret`: what proves to a hospital that the portal asks, sealed.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_secret")]
pub struct Model {
    /// Id of the source, or that with `/launch` behind it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    pub binding: String,
    pub sealed: String,
    pub set_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
