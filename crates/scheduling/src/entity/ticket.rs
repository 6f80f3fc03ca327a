//! The `ticket` table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub clinic_session: Uuid,
    pub seq: i32,
    pub from_at: i64,
    pub to_at: i64,
    pub channel: String,
    pub state: String,
    pub free_at: i64,
    pub held_for: Option<Uuid>,
    pub held_until: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
