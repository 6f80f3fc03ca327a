//! `practitioner_identity`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "practitioner_identity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub staff: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    pub token: String,
    pub outcome: String,
    pub practitioner: Option<String>,
    pub roles: String,
    pub checked_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
