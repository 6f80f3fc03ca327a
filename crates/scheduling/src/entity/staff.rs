//! The `schedule_staff` table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "schedule_staff")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub schedule: Uuid,
    pub staff: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
