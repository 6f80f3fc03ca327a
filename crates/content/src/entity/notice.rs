//! `notice`: a notice on the first pages.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub zh: String,
    pub en: String,
    pub audience: String,
    pub severity: String,
    pub from_at: i64,
    pub until_at: i64,
    pub rev: i64,
    pub written_by: String,
    pub writer_name: String,
    pub written_at: i64,
    pub withdrawn_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
