//! What proves to hospitals that the portal asks: a secret of each that wants one, and the portal's own keys.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SourceSecret {
    Table,
    Source,
    /// The sign-in and the origins that it is for: it opens for no others.
    Binding,
    Sealed,
    SetAt,
}

#[derive(DeriveIden)]
enum SourceClientKey {
    Table,
    /// Thumbprint of the public key (RFC 7638).
    Kid,
    Algorithm,
    /// Grows by one with each key, so that two replicas don't make one at the same time.
    Generation,
    Sealed,
    CreatedAt,
    SignsFrom,
    /// Absent as long as no other has taken its place.
    PublishedUntil,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let secret = Table::create()
            .table(SourceSecret::Table)
            .col(ColumnDef::new(SourceSecret::Source).string_len(64).not_null().primary_key())
            .col(ColumnDef::new(SourceSecret::Binding).text().not_null())
            .col(ColumnDef::new(SourceSecret::Sealed).text().not_null())
            .col(ColumnDef::new(SourceSecret::SetAt).big_integer().not_null())
            .to_owned();
        manager.create_table(secret).await?;
        let key = Table::create()
            .table(SourceClientKey::Table)
            .col(ColumnDef::new(SourceClientKey::Kid).string_len(64).not_null().primary_key())
            .col(ColumnDef::new(SourceClientKey::Algorithm).string_len(16).not_null())
            .col(ColumnDef::new(SourceClientKey::Generation).big_integer().not_null().unique_key())
            .col(ColumnDef::new(SourceClientKey::Sealed).text().not_null())
            .col(ColumnDef::new(SourceClientKey::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(SourceClientKey::SignsFrom).big_integer().not_null())
            .col(ColumnDef::new(SourceClientKey::PublishedUntil).big_integer())
            .to_owned();
        manager.create_table(key).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SourceClientKey::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(SourceSecret::Table).to_owned()).await
    }
}
