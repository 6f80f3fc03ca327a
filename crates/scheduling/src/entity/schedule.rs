//! The `schedule` table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "schedule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub hospital: String,
    pub hospital_zh: String,
    pub hospital_en: String,
    pub department: String,
    pub department_zh: String,
    pub department_en: String,
    pub doctor: Option<String>,
    pub doctor_zh: String,
    pub doctor_en: String,
    pub title_zh: String,
    pub title_en: String,
    pub about_zh: String,
    pub about_en: String,
    pub place_zh: String,
    pub place_en: String,
    pub zone: String,
    pub closed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
