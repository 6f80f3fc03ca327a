//! `article_published`: what is shown now.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "article_published")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub article: Uuid,
    pub number: i64,
    pub slug: String,
    pub search: String,
    pub topic: String,
    pub audience: String,
    pub review_by: Option<String>,
    pub zh_title: String,
    pub zh_summary: String,
    pub zh_body: String,
    pub en_title: String,
    pub en_summary: String,
    pub en_body: String,
    pub author_name: String,
    pub reviewer_name: String,
    pub published_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
