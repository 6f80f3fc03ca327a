//! Patients' accounts.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum PatientAccount {
    Table,
    Id,
    Username,
    PasswordHash,
    Name,
    Person,
    CreatedAt,
    DisabledAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let account = Table::create()
            .table(PatientAccount::Table)
            .col(ColumnDef::new(PatientAccount::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(PatientAccount::Username).string().not_null().unique_key())
            .col(ColumnDef::new(PatientAccount::PasswordHash).string().not_null())
            .col(ColumnDef::new(PatientAccount::Name).string().not_null())
            .col(ColumnDef::new(PatientAccount::Person).uuid())
            .col(ColumnDef::new(PatientAccount::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(PatientAccount::DisabledAt).big_integer())
            .to_owned();
        manager.create_table(account).await?;
        // One person, one account of their own: others act for them by proxy, never by a second account.
        let person = Index::create()
            .name("patient_account_person")
            .table(PatientAccount::Table)
            .col(PatientAccount::Person)
            .unique()
            .to_owned();
        manager.create_index(person).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PatientAccount::Table).to_owned()).await
    }
}
