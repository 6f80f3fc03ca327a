//! Leases of `store`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Lease {
    Table,
    Name,
    Holder,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lease = Table::create()
            .table(Lease::Table)
            .col(ColumnDef::new(Lease::Name).string().not_null().primary_key())
            .col(ColumnDef::new(Lease::Holder).string().not_null())
            .col(ColumnDef::new(Lease::ExpiresAt).big_integer().not_null())
            .to_owned();
        manager.create_table(lease).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Lease::Table).to_owned()).await
    }
}
