//! `page_revision`: what was published.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page_revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub page: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub portal: String,
    pub content: String,
    pub stylesheet: String,
    pub note: Option<String>,
    pub repeats: Option<i64>,
    pub published_at: i64,
    pub published_by: String,
    pub published_by_name: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
