//! `source_connection`: records that patients have connected.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_connection")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub source: String,
    pub person: Uuid,
    pub patient: String,
    pub sealed: String,
    pub rev: i64,
    pub lease_until: Option<i64>,
    pub scopes: String,
    pub matched: String,
    pub why: Option<String>,
    pub connected_at: i64,
    pub renewed_at: i64,
    pub ends_at: Option<i64>,
    pub copy_state: Option<String>,
    pub copy_why: Option<String>,
    pub copy_done: i64,
    pub copy_total: Option<i64>,
    pub copy_round: i64,
    pub copy_cursor: Option<String>,
    pub copied_at: Option<i64>,
    pub copy_files: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
