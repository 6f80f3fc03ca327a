//! `source_flow`: people on their way to a hospital's sign-in and back.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_flow")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub state_hash: String,
    pub source: String,
    pub person: Uuid,
    pub session: String,
    pub sealed: Option<String>,
    pub begun_at: i64,
    pub expires_at: i64,
    pub used_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub step: String,
    pub outcome: Option<String>,
    pub why: Option<String>,
    pub trace: String,
    pub kind: String,
    pub staff: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
