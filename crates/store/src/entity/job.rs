//! `job`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub key: String,
    pub payload: String,
    pub state: String,
    pub run_at: i64,
    pub attempt: i32,
    pub holder: Option<String>,
    pub lease_until: Option<i64>,
    pub asked: Option<String>,
    pub again: bool,
    pub done: Option<i64>,
    pub total: Option<i64>,
    pub note: Option<String>,
    pub cursor: Option<String>,
    pub last_error: Option<String>,
    pub enqueued_at: i64,
    pub started_at: Option<i64>,
    pub changed_at: i64,
    pub finished_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
