//! Resident IDs that two people claim, for a steward: written by both portals, decided inside.
//!
//! The rights of the portals' roles are in `deploy/postgres/grants.sql`, to be run after this as after every step.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum PatientContested {
    Table,
    Id,
    /// The record at a hospital that has the number.
    Source,
    SourcePatient,
    /// Whose record that is here.
    Claimant,
    /// Who holds the number.
    Holder,
    FoundBy,
    FoundAt,
    /// Set by a steward, with the decision.
    SettledAt,
    SettledBy,
    Decision,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contested = Table::create()
            .table(PatientContested::Table)
            .col(ColumnDef::new(PatientContested::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(PatientContested::Source).string().not_null())
            .col(ColumnDef::new(PatientContested::SourcePatient).string().not_null())
            .col(ColumnDef::new(PatientContested::Claimant).uuid().not_null())
            .col(ColumnDef::new(PatientContested::Holder).uuid().not_null())
            .col(ColumnDef::new(PatientContested::FoundBy).string().not_null())
            .col(ColumnDef::new(PatientContested::FoundAt).big_integer().not_null())
            .col(ColumnDef::new(PatientContested::SettledAt).big_integer())
            .col(ColumnDef::new(PatientContested::SettledBy).string())
            .col(ColumnDef::new(PatientContested::Decision).text())
            .to_owned();
        manager.create_table(contested).await?;
        // Once for a record and a holder, however often it is seen; also after it was settled.
        let once = Index::create()
            .unique()
            .name("patient_contested_once")
            .table(PatientContested::Table)
            .col(PatientContested::Source)
            .col(PatientContested::SourcePatient)
            .col(PatientContested::Holder)
            .to_owned();
        manager.create_index(once).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PatientContested::Table).to_owned()).await
    }
}
