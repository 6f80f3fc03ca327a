//! Staff whom a hospital's own system sends here go the same way there and back as patients who connect a hospital: what of it is
//! whose. A launch has no person; whose record it is about is known when it is over, and stands in the audit log.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SourceFlow {
    Table,
    /// `connection` or `launch`.
    Kind,
    /// Who of the staff was sent; absent of patients.
    Staff,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Programs of the release before know connections alone.
        let kind = ColumnDef::new(SourceFlow::Kind).string_len(16).not_null().default("connection").to_owned();
        manager.alter_table(Table::alter().table(SourceFlow::Table).add_column(kind).to_owned()).await?;
        let staff = ColumnDef::new(SourceFlow::Staff).string().to_owned();
        manager.alter_table(Table::alter().table(SourceFlow::Table).add_column(staff).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without what tells them apart they would be taken for patients'.
        let launches = Query::delete()
            .from_table(SourceFlow::Table)
            .and_where(Expr::col(SourceFlow::Kind).eq("launch"))
            .to_owned();
        manager.execute(launches).await?;
        for column in [SourceFlow::Staff, SourceFlow::Kind] {
            manager.alter_table(Table::alter().table(SourceFlow::Table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
