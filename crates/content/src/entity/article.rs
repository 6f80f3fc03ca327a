//! `article`: the working copy.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "article")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub state: String,
    pub rev: i64,
    pub editors: String,
    pub editor_name: String,
    pub edited_at: i64,
    pub note: Option<String>,
    pub last_number: i64,
    pub live: bool,
    pub topic: String,
    pub audience: String,
    pub review_by: Option<String>,
    pub zh_title: String,
    pub zh_summary: String,
    pub zh_body: String,
    pub en_title: String,
    pub en_summary: String,
    pub en_body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
