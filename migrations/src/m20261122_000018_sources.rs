//! Hospitals that administrators define in the portal, beside those of the configuration.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SourceDefinition {
    Table,
    Id,
    /// Its place behind the hospitals of the configuration: given once and never again.
    Place,
    /// JSON: values alone, never a secret.
    Content,
    /// Goes up with every change: who changes an older one is told.
    Rev,
    /// Taken away. The row stays: patients are linked to it, and its id names one server for ever.
    RemovedAt,
    ChangedBy,
    ChangerName,
    ChangedAt,
}

/// Goes up with every change, so that each process knows that there is something to read.
#[derive(DeriveIden)]
enum SourceVersion {
    Table,
    Id,
    Version,
}

fn definition() -> TableCreateStatement {
    Table::create()
        .table(SourceDefinition::Table)
        .col(ColumnDef::new(SourceDefinition::Id).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(SourceDefinition::Place).big_integer().not_null().unique_key())
        .col(ColumnDef::new(SourceDefinition::Content).text().not_null())
        .col(ColumnDef::new(SourceDefinition::Rev).big_integer().not_null())
        .col(ColumnDef::new(SourceDefinition::RemovedAt).big_integer())
        .col(ColumnDef::new(SourceDefinition::ChangedBy).text().not_null())
        .col(ColumnDef::new(SourceDefinition::ChangerName).text().not_null())
        .col(ColumnDef::new(SourceDefinition::ChangedAt).big_integer().not_null())
        .to_owned()
}

fn version() -> TableCreateStatement {
    Table::create()
        .table(SourceVersion::Table)
        .col(ColumnDef::new(SourceVersion::Id).integer().not_null().primary_key())
        .col(ColumnDef::new(SourceVersion::Version).big_integer().not_null())
        .to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(definition()).await?;
        manager.create_table(version()).await?;
        let first = Query::insert()
            .into_table(SourceVersion::Table)
            .columns([SourceVersion::Id, SourceVersion::Version])
            .values_panic([1.into(), 0i64.into()])
            .to_owned();
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SourceVersion::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(SourceDefinition::Table).to_owned()).await
    }
}
