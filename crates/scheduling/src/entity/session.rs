//! The `clinic_session` table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clinic_session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub schedule: Uuid,
    pub local_date: String,
    pub half_day: String,
    pub kind: String,
    pub fee_fen: i64,
    pub from_at: i64,
    pub to_at: i64,
    pub release_at: i64,
    pub cutoff_at: i64,
    pub cancel_until: i64,
    pub state: String,
    pub why: Option<String>,
    pub substitute_zh: Option<String>,
    pub substitute_en: Option<String>,
    pub rev: i64,
    pub held: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
