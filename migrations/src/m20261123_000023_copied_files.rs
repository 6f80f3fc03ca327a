//! Files of documents are part of a copy: how many, and what was left out.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SourceConnection {
    Table,
    /// JSON: of the copy that is made or was made last.
    CopyFiles,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Programs of the release before know nothing of it.
        let files = ColumnDef::new(SourceConnection::CopyFiles).text().to_owned();
        manager.alter_table(Table::alter().table(SourceConnection::Table).add_column(files).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table(SourceConnection::Table).drop_column(SourceConnection::CopyFiles).to_owned();
        manager.alter_table(table).await
    }
}
