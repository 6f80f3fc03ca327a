//! `page_draft`: what is edited. Its content is the step of its rev.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page_draft")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub page: String,
    pub portal: String,
    pub parent: Option<String>,
    pub slug: String,
    pub rev: i64,
    pub published: Option<i64>,
    pub published_rev: Option<i64>,
    pub deleted_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
