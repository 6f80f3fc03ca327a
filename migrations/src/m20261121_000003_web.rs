//! Sessions of both portals, in tables of their own: the external portal's database role never sees staff sessions.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Session {
    IdHash,
    Subject,
    Identity,
    CsrfSecret,
    CreatedAt,
    LastSeenAt,
    ExpiresAt,
    RevokedAt,
    Network,
    Device,
}

/// Failed sign-ins, counted per account and network so that guessing is slowed down on every replica.
#[derive(DeriveIden)]
enum SignInFailure {
    Table,
    Key,
    Count,
    LastAt,
}

const TABLES: [&str; 2] = ["staff_session", "patient_session"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.create_table(sessions(table)).await?;
            for (column, name) in [(Session::Subject, "subject"), (Session::ExpiresAt, "expires_at")] {
                let index =
                    Index::create().name(format!("{table}_{name}")).table(Alias::new(table)).col(column).to_owned();
                manager.create_index(index).await?;
            }
        }
        let failures = Table::create()
            .table(SignInFailure::Table)
            .col(ColumnDef::new(SignInFailure::Key).string().not_null().primary_key())
            .col(ColumnDef::new(SignInFailure::Count).big_integer().not_null())
            .col(ColumnDef::new(SignInFailure::LastAt).big_integer().not_null())
            .to_owned();
        manager.create_table(failures).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SignInFailure::Table).to_owned()).await?;
        for table in TABLES {
            manager.drop_table(Table::drop().table(Alias::new(table)).to_owned()).await?;
        }
        Ok(())
    }
}

fn sessions(table: &str) -> TableCreateStatement {
    Table::create()
        .table(Alias::new(table))
        .col(ColumnDef::new(Session::IdHash).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(Session::Subject).string().not_null())
        .col(ColumnDef::new(Session::Identity).text().not_null())
        .col(ColumnDef::new(Session::CsrfSecret).string_len(64).not_null())
        .col(ColumnDef::new(Session::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Session::LastSeenAt).big_integer().not_null())
        .col(ColumnDef::new(Session::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(Session::RevokedAt).big_integer())
        .col(ColumnDef::new(Session::Network).string().not_null())
        .col(ColumnDef::new(Session::Device).string().not_null())
        .to_owned()
}
