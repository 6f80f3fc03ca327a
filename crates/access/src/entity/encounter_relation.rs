//! `encounter_relation`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "encounter_relation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub staff: String,
    pub person: Uuid,
    pub source: String,
    pub encounter: String,
    pub patient: String,
    pub practitioner: String,
    pub status: String,
    pub class: String,
    pub place: Option<String>,
    pub started: Option<String>,
    pub since: i64,
    pub until: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
