//! A source may have a second secret: for the system that sends staff here. Its key is longer than an id.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SourceSecret {
    Table,
    Source,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        long_as(manager, 80).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The release before has no use for them, and would not change their keys.
        let launches = Query::delete()
            .from_table(SourceSecret::Table)
            .and_where(Expr::col(SourceSecret::Source).like("%/launch"))
            .to_owned();
        manager.execute(launches).await?;
        long_as(manager, 64).await
    }
}

/// SQLite holds no text to a length.
async fn long_as(manager: &SchemaManager<'_>, characters: u32) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let column = ColumnDef::new(SourceSecret::Source).string_len(characters).to_owned();
    manager.alter_table(Table::alter().table(SourceSecret::Table).modify_column(column).to_owned()).await
}
