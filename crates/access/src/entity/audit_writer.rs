//! `audit_writer`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_writer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub writer: Uuid,
    pub sealed: i64,
    pub touched_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
