//! `page_published`: which revision is shown.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page_published")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub page: String,
    pub portal: String,
    pub parent: String,
    pub slug: String,
    pub number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
