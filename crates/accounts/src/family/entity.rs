//! The `patient_proxy` and `patient_proxy_invitation` tables.

pub mod proxy {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "patient_proxy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub subject: Uuid,
        pub account: Uuid,
        pub called: String,
        pub trusts: String,
        pub sections: Option<String>,
        pub until: Option<i64>,
        pub by_age: bool,
        pub since: i64,
        pub ended_at: Option<i64>,
        pub ended_by: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod invitation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "patient_proxy_invitation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code_hash: String,
        pub subject: Uuid,
        pub called: String,
        pub trusts: String,
        pub sections: Option<String>,
        pub until: Option<i64>,
        pub by_age: bool,
        pub created_at: i64,
        pub expires_at: i64,
        pub used_at: Option<i64>,
        pub withdrawn_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
