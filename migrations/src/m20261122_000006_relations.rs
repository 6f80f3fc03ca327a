//! Treatment relations: which member of staff may open whose record, why, and until when.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum TreatmentRelation {
    Table,
    Id,
    /// A policy subject: `u:region/8f3c…`.
    Staff,
    Person,
    /// `care` or `break-glass`.
    Kind,
    /// Why, in the words of whoever made it.
    Reason,
    Since,
    /// Open until somebody ends it, when null: `care` alone.
    Until,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let relation = Table::create()
            .table(TreatmentRelation::Table)
            .col(ColumnDef::new(TreatmentRelation::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(TreatmentRelation::Staff).string().not_null())
            .col(ColumnDef::new(TreatmentRelation::Person).uuid().not_null())
            .col(ColumnDef::new(TreatmentRelation::Kind).string_len(32).not_null())
            .col(ColumnDef::new(TreatmentRelation::Reason).text().not_null())
            .col(ColumnDef::new(TreatmentRelation::Since).big_integer().not_null())
            .col(ColumnDef::new(TreatmentRelation::Until).big_integer())
            .to_owned();
        manager.create_table(relation).await?;
        // Asked before every read of a record.
        let of = Index::create()
            .name("treatment_relation_of")
            .table(TreatmentRelation::Table)
            .col(TreatmentRelation::Staff)
            .col(TreatmentRelation::Person)
            .to_owned();
        manager.create_index(of).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TreatmentRelation::Table).to_owned()).await
    }
}
