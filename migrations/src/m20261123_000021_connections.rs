//! Records that patients connect themselves: what was begun, what came of it, and what they are read with.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum SourceFlow {
    Table,
    /// What people read out when something went wrong.
    Id,
    /// Digest of what comes back with the person: whoever reads the table can't come back with it.
    StateHash,
    Source,
    Person,
    /// Of the browser's session.
    Session,
    /// What the code is exchanged with, until it was.
    Sealed,
    BegunAt,
    ExpiresAt,
    /// Once.
    UsedAt,
    FinishedAt,
    /// How far it came.
    Step,
    /// `connected` or `failed`; absent while the person has not come back.
    Outcome,
    /// Why it failed, a key of words.
    Why,
    /// JSON: what was asked, what was answered, without secrets.
    Trace,
}

#[derive(DeriveIden)]
enum SourceConnection {
    Table,
    Id,
    Source,
    Person,
    /// Their id at the hospital.
    Patient,
    /// Tokens.
    Sealed,
    /// Grows with each token.
    Rev,
    /// Who asks for a new token, until then.
    LeaseUntil,
    /// JSON: granted, and asked for but not granted.
    Scopes,
    /// Why they are believed to be the same.
    Matched,
    /// Why the person has to sign in there again; absent while they need not.
    Why,
    ConnectedAt,
    RenewedAt,
    /// When it ends by itself; absent where it goes on until it is withdrawn.
    EndsAt,
    /// Of the copy: `wanted`, `running`, `paused`, `done` or `failed`.
    CopyState,
    /// A code.
    CopyWhy,
    CopyDone,
    CopyTotal,
    /// Grows with each copy that is begun.
    CopyRound,
    /// JSON: where the one that is begun goes on.
    CopyCursor,
    /// When the last one was whole.
    CopiedAt,
}

#[derive(DeriveIden)]
enum SourceCopy {
    Table,
    Id,
    Connection,
    /// FHIR type.
    Kind,
    /// Id at the hospital.
    Resource,
    /// Of the copy that saw it last.
    Round,
    /// As the hospital sent it.
    Sealed,
}

fn flow() -> TableCreateStatement {
    Table::create()
        .table(SourceFlow::Table)
        .col(ColumnDef::new(SourceFlow::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(SourceFlow::StateHash).string_len(64).not_null().unique_key())
        .col(ColumnDef::new(SourceFlow::Source).string_len(64).not_null())
        .col(ColumnDef::new(SourceFlow::Person).uuid().not_null())
        .col(ColumnDef::new(SourceFlow::Session).string().not_null())
        .col(ColumnDef::new(SourceFlow::Sealed).text())
        .col(ColumnDef::new(SourceFlow::BegunAt).big_integer().not_null())
        .col(ColumnDef::new(SourceFlow::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(SourceFlow::UsedAt).big_integer())
        .col(ColumnDef::new(SourceFlow::FinishedAt).big_integer())
        .col(ColumnDef::new(SourceFlow::Step).string_len(16).not_null())
        .col(ColumnDef::new(SourceFlow::Outcome).string_len(16))
        .col(ColumnDef::new(SourceFlow::Why).string_len(64))
        .col(ColumnDef::new(SourceFlow::Trace).text().not_null())
        .to_owned()
}

fn connection() -> TableCreateStatement {
    Table::create()
        .table(SourceConnection::Table)
        .col(ColumnDef::new(SourceConnection::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(SourceConnection::Source).string_len(64).not_null())
        .col(ColumnDef::new(SourceConnection::Person).uuid().not_null())
        .col(ColumnDef::new(SourceConnection::Patient).string_len(64).not_null())
        .col(ColumnDef::new(SourceConnection::Sealed).text().not_null())
        .col(ColumnDef::new(SourceConnection::Rev).big_integer().not_null())
        .col(ColumnDef::new(SourceConnection::LeaseUntil).big_integer())
        .col(ColumnDef::new(SourceConnection::Scopes).text().not_null())
        .col(ColumnDef::new(SourceConnection::Matched).string_len(32).not_null())
        .col(ColumnDef::new(SourceConnection::Why).string_len(64))
        .col(ColumnDef::new(SourceConnection::ConnectedAt).big_integer().not_null())
        .col(ColumnDef::new(SourceConnection::RenewedAt).big_integer().not_null())
        .col(ColumnDef::new(SourceConnection::EndsAt).big_integer())
        .col(ColumnDef::new(SourceConnection::CopyState).string_len(16))
        .col(ColumnDef::new(SourceConnection::CopyWhy).string_len(64))
        .col(ColumnDef::new(SourceConnection::CopyDone).big_integer().not_null())
        .col(ColumnDef::new(SourceConnection::CopyTotal).big_integer())
        .col(ColumnDef::new(SourceConnection::CopyRound).big_integer().not_null())
        .col(ColumnDef::new(SourceConnection::CopyCursor).text())
        .col(ColumnDef::new(SourceConnection::CopiedAt).big_integer())
        .to_owned()
}

fn copy() -> TableCreateStatement {
    Table::create()
        .table(SourceCopy::Table)
        .col(ColumnDef::new(SourceCopy::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(SourceCopy::Connection).uuid().not_null())
        .col(ColumnDef::new(SourceCopy::Kind).string_len(64).not_null())
        .col(ColumnDef::new(SourceCopy::Resource).string_len(64).not_null())
        .col(ColumnDef::new(SourceCopy::Round).big_integer().not_null())
        .col(ColumnDef::new(SourceCopy::Sealed).text().not_null())
        .to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(flow()).await?;
        let newest =
            Index::create().name("source_flow_begun").table(SourceFlow::Table).col(SourceFlow::BegunAt).to_owned();
        manager.create_index(newest).await?;
        let of_person = Index::create()
            .name("source_flow_person")
            .table(SourceFlow::Table)
            .col(SourceFlow::Person)
            .col(SourceFlow::BegunAt)
            .to_owned();
        manager.create_index(of_person).await?;
        manager.create_table(connection()).await?;
        let once = Index::create()
            .name("source_connection_person")
            .table(SourceConnection::Table)
            .col(SourceConnection::Person)
            .col(SourceConnection::Source)
            .unique()
            .to_owned();
        manager.create_index(once).await?;
        manager.create_table(copy()).await?;
        let each = Index::create()
            .name("source_copy_resource")
            .table(SourceCopy::Table)
            .col(SourceCopy::Connection)
            .col(SourceCopy::Kind)
            .col(SourceCopy::Resource)
            .unique()
            .to_owned();
        manager.create_index(each).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SourceCopy::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(SourceConnection::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(SourceFlow::Table).to_owned()).await
    }
}
