use sea_orm::entity::prelude::*;

/// The do-not-link list as stewards write it: with who decided and why.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_do_not_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_patient: String,
    pub decided_by: String,
    pub decided_at: i64,
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
