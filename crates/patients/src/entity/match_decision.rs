use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "match_decision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub pair: Uuid,
    pub kind: String,
    pub person_a: Uuid,
    pub person_b: Uuid,
    pub detail: String,
    pub reason: String,
    pub decided_by: String,
    pub decided_by_name: String,
    pub decided_at: i64,
    pub undone_at: Option<i64>,
    pub undone_by: Option<String>,
    pub undone_by_name: Option<String>,
    pub undo_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
