//! `audit_event`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub writer: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub at: i64,
    pub actor: String,
    pub actor_name: String,
    pub domain: String,
    pub groups: String,
    pub action: String,
    pub object_kind: String,
    pub object_id: Option<String>,
    pub person: Option<Uuid>,
    pub outcome: String,
    pub reason: Option<String>,
    pub detail: String,
    pub request_id: Option<String>,
    pub format: i16,
    pub mac: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
