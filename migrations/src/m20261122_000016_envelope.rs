//! Keys of sealed secrets, and the first secrets: words that a record is searched for.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum EnvelopeKek {
    Table,
    Id,
    /// `staff`, `patient` or `region`.
    Domain,
    /// The kind of secret.
    Segment,
    Version,
    /// By the root key that `root` names.
    Wrapped,
    Root,
    CheckValue,
    /// `active` or `retired`.
    State,
    CreatedAt,
}

#[derive(DeriveIden)]
enum RecordSearch {
    Table,
    Sealed,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table(EnvelopeKek::Table)
            .col(ColumnDef::new(EnvelopeKek::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(EnvelopeKek::Domain).string_len(16).not_null())
            .col(ColumnDef::new(EnvelopeKek::Segment).string_len(32).not_null())
            .col(ColumnDef::new(EnvelopeKek::Version).integer().not_null())
            .col(ColumnDef::new(EnvelopeKek::Wrapped).text().not_null())
            .col(ColumnDef::new(EnvelopeKek::Root).text().not_null())
            .col(ColumnDef::new(EnvelopeKek::CheckValue).string_len(32).not_null())
            .col(ColumnDef::new(EnvelopeKek::State).string_len(16).not_null())
            .col(ColumnDef::new(EnvelopeKek::CreatedAt).big_integer().not_null())
            .to_owned();
        manager.create_table(keys).await?;
        let once = Index::create()
            .name("envelope_kek_version")
            .table(EnvelopeKek::Table)
            .col(EnvelopeKek::Domain)
            .col(EnvelopeKek::Segment)
            .col(EnvelopeKek::Version)
            .unique()
            .to_owned();
        manager.create_index(once).await?;
        // The program before this one writes and reads `words`, this one writes it empty: the column goes with the release
        // after. What stands in it is dropped and not sealed: it would be due within half an hour, whoever comes back later is
        // asked for the words again, and a migration has no keys.
        manager.execute(Query::delete().from_table(RecordSearch::Table).to_owned()).await?;
        let sealed = ColumnDef::new(RecordSearch::Sealed).text().to_owned();
        manager.alter_table(Table::alter().table(RecordSearch::Table).add_column(sealed).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.execute(Query::delete().from_table(RecordSearch::Table).to_owned()).await?;
        let without = Table::alter().table(RecordSearch::Table).drop_column(RecordSearch::Sealed).to_owned();
        manager.alter_table(without).await?;
        manager.drop_table(Table::drop().table(EnvelopeKek::Table).to_owned()).await
    }
}
