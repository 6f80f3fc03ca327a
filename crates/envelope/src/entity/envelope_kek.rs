use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "envelope_kek")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub domain: String,
    pub segment: String,
    pub version: i32,
    /// The key, wrapped by the root key that `root` names.
    pub wrapped: String,
    pub root: String,
    /// By which the unwrapped key is known to be this one.
    pub check_value: String,
    /// `active`: new secrets are sealed under it; `retired`: it opens older ones.
    pub state: String,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
