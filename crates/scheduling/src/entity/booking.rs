//! The `booking` table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub person: Uuid,
    pub clinic_session: Uuid,
    pub ticket: Uuid,
    pub seq: i32,
    pub from_at: i64,
    pub to_at: i64,
    pub state: String,
    pub why: Option<String>,
    pub code: String,
    pub booked_by: String,
    pub idempotency_key: String,
    pub held_ticket: Option<Uuid>,
    pub held_day: Option<String>,
    pub in_place_of: Option<Uuid>,
    pub made_at: i64,
    pub ended_at: Option<i64>,
    pub told_state: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
