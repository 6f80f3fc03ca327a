//! `result_review` in full: the public portal's role may not read it so.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "result_review")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub person: Uuid,
    pub section: String,
    pub kind: String,
    pub originals: String,
    pub print: String,
    pub staff_name: String,
    pub made_at: i64,
    pub note: Option<String>,
    pub withdrawn_at: Option<i64>,
    pub staff: String,
    /// The same mark of the same person is kept once: set while the mark stands.
    pub once: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
