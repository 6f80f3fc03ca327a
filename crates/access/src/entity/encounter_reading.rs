//! `encounter_reading`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "encounter_reading")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub staff: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    pub asked_at: i64,
    pub settled_at: Option<i64>,
    pub state: Option<String>,
    pub detail: Option<String>,
    pub answered_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
