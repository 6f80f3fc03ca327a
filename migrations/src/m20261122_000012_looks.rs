//! What each reader has looked at in a record, and the words they look for in it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum RecordLook {
    Table,
    /// `internal` or `external`: each portal reads and writes its own.
    Domain,
    /// A policy subject: `u:region/8f3c…`.
    Reader,
    Person,
    /// Slug of the section.
    Section,
    LookedAt,
    /// Items that were new at that look and were not on the page.
    Waiting,
    /// What was there: eight bytes for each original.
    Seen,
}

#[derive(DeriveIden)]
enum RecordSearch {
    Table,
    Id,
    Domain,
    Owner,
    Person,
    Words,
    CreatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let look = Table::create()
            .table(RecordLook::Table)
            .col(ColumnDef::new(RecordLook::Domain).string_len(16).not_null())
            .col(ColumnDef::new(RecordLook::Reader).string().not_null())
            .col(ColumnDef::new(RecordLook::Person).uuid().not_null())
            .col(ColumnDef::new(RecordLook::Section).string_len(32).not_null())
            .col(ColumnDef::new(RecordLook::LookedAt).big_integer().not_null())
            .col(ColumnDef::new(RecordLook::Waiting).integer().not_null())
            .col(ColumnDef::new(RecordLook::Seen).blob().not_null())
            .primary_key(Index::create().col(RecordLook::Reader).col(RecordLook::Person).col(RecordLook::Section))
            .to_owned();
        manager.create_table(look).await?;
        // What nobody came back to for long is forgotten.
        let oldest =
            Index::create().name("record_look_looked_at").table(RecordLook::Table).col(RecordLook::LookedAt).to_owned();
        manager.create_index(oldest).await?;
        let search = Table::create()
            .table(RecordSearch::Table)
            .col(ColumnDef::new(RecordSearch::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(RecordSearch::Domain).string_len(16).not_null())
            .col(ColumnDef::new(RecordSearch::Owner).string().not_null())
            .col(ColumnDef::new(RecordSearch::Person).uuid().not_null())
            .col(ColumnDef::new(RecordSearch::Words).text().not_null())
            .col(ColumnDef::new(RecordSearch::CreatedAt).big_integer().not_null())
            .to_owned();
        manager.create_table(search).await?;
        let created = Index::create()
            .name("record_search_created_at")
            .table(RecordSearch::Table)
            .col(RecordSearch::CreatedAt)
            .to_owned();
        manager.create_index(created).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RecordSearch::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(RecordLook::Table).to_owned()).await
    }
}
