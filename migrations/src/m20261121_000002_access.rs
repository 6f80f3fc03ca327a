//! The policy's tables and the audit log.
//!
//! `audit_event` and `audit_seal` are insert-only by design: no program updates or deletes their rows, and on PostgreSQL
//! the portals' roles are granted neither.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Who may do what: a subject holds a role on an object, or is denied it.
#[derive(DeriveIden)]
enum RoleGrant {
    Table,
    Id,
    Subject,
    Domain,
    Role,
    Object,
    Effect,
    CreatedBy,
    CreatedAt,
}

/// The tree of objects: one row for each parent of an object, and the roles that are not inherited from it.
#[derive(DeriveIden)]
enum PolicyObject {
    Table,
    Id,
    Parent,
    BlockedRoles,
}

/// One row: moves with every change of the two tables above.
#[derive(DeriveIden)]
enum PolicyVersion {
    Table,
    Id,
    Version,
}

#[derive(DeriveIden)]
enum AuditEvent {
    Table,
    Writer,
    Number,
    At,
    Actor,
    ActorName,
    Domain,
    Groups,
    Action,
    ObjectKind,
    ObjectId,
    Person,
    Outcome,
    Reason,
    Detail,
    RequestId,
    Format,
    Mac,
}

/// The lanes that rows are numbered in, and how far each of them is sealed.
#[derive(DeriveIden)]
enum AuditWriter {
    Table,
    Writer,
    Sealed,
    TouchedAt,
}

/// The chain over committed rows.
#[derive(DeriveIden)]
enum AuditSeal {
    Table,
    Position,
    Writer,
    Number,
    Hash,
    At,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        policy(manager).await?;
        audit_events(manager).await?;
        audit_chain(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(AuditSeal::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(AuditWriter::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(AuditEvent::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PolicyVersion::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PolicyObject::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(RoleGrant::Table).to_owned()).await
    }
}

async fn policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let grants = Table::create()
        .table(RoleGrant::Table)
        .col(ColumnDef::new(RoleGrant::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(RoleGrant::Subject).string().not_null())
        .col(ColumnDef::new(RoleGrant::Domain).string_len(16).not_null())
        .col(ColumnDef::new(RoleGrant::Role).string_len(32).not_null())
        .col(ColumnDef::new(RoleGrant::Object).string().not_null())
        .col(ColumnDef::new(RoleGrant::Effect).string_len(8).not_null())
        .col(ColumnDef::new(RoleGrant::CreatedBy).string().not_null())
        .col(ColumnDef::new(RoleGrant::CreatedAt).big_integer().not_null())
        .to_owned();
    manager.create_table(grants).await?;
    let once = Index::create()
        .name("role_grant_once")
        .table(RoleGrant::Table)
        .col(RoleGrant::Subject)
        .col(RoleGrant::Domain)
        .col(RoleGrant::Role)
        .col(RoleGrant::Object)
        .col(RoleGrant::Effect)
        .unique()
        .to_owned();
    manager.create_index(once).await?;
    let objects = Table::create()
        .table(PolicyObject::Table)
        .col(ColumnDef::new(PolicyObject::Id).string().not_null())
        .col(ColumnDef::new(PolicyObject::Parent).string().not_null())
        .col(ColumnDef::new(PolicyObject::BlockedRoles).string().not_null())
        .primary_key(Index::create().col(PolicyObject::Id).col(PolicyObject::Parent))
        .to_owned();
    manager.create_table(objects).await?;
    let version = Table::create()
        .table(PolicyVersion::Table)
        .col(ColumnDef::new(PolicyVersion::Id).integer().not_null().primary_key())
        .col(ColumnDef::new(PolicyVersion::Version).big_integer().not_null())
        .to_owned();
    manager.create_table(version).await?;
    let first = Query::insert()
        .into_table(PolicyVersion::Table)
        .columns([PolicyVersion::Id, PolicyVersion::Version])
        .values_panic([1.into(), 1i64.into()])
        .to_owned();
    manager.execute(first).await
}

async fn audit_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let events = Table::create()
        .table(AuditEvent::Table)
        .col(ColumnDef::new(AuditEvent::Writer).uuid().not_null())
        .col(ColumnDef::new(AuditEvent::Number).big_integer().not_null())
        .col(ColumnDef::new(AuditEvent::At).big_integer().not_null())
        .col(ColumnDef::new(AuditEvent::Actor).string().not_null())
        .col(ColumnDef::new(AuditEvent::ActorName).text().not_null())
        .col(ColumnDef::new(AuditEvent::Domain).string_len(16).not_null())
        .col(ColumnDef::new(AuditEvent::Groups).text().not_null())
        .col(ColumnDef::new(AuditEvent::Action).string_len(64).not_null())
        .col(ColumnDef::new(AuditEvent::ObjectKind).string_len(64).not_null())
        .col(ColumnDef::new(AuditEvent::ObjectId).text())
        .col(ColumnDef::new(AuditEvent::Person).uuid())
        .col(ColumnDef::new(AuditEvent::Outcome).string_len(16).not_null())
        .col(ColumnDef::new(AuditEvent::Reason).text())
        .col(ColumnDef::new(AuditEvent::Detail).text().not_null())
        .col(ColumnDef::new(AuditEvent::RequestId).text())
        .col(ColumnDef::new(AuditEvent::Format).small_integer().not_null())
        .col(ColumnDef::new(AuditEvent::Mac).binary().not_null())
        .primary_key(Index::create().col(AuditEvent::Writer).col(AuditEvent::Number))
        .to_owned();
    manager.create_table(events).await?;
    for (name, column) in [
        ("audit_event_at", None),
        ("audit_event_person", Some(AuditEvent::Person)),
        ("audit_event_actor", Some(AuditEvent::Actor)),
    ] {
        let mut index = Index::create().name(name).table(AuditEvent::Table).to_owned();
        if let Some(column) = column {
            index.col(column);
        }
        manager.create_index(index.col(AuditEvent::At).to_owned()).await?;
    }
    Ok(())
}

async fn audit_chain(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let writers = Table::create()
        .table(AuditWriter::Table)
        .col(ColumnDef::new(AuditWriter::Writer).uuid().not_null().primary_key())
        .col(ColumnDef::new(AuditWriter::Sealed).big_integer().not_null())
        .col(ColumnDef::new(AuditWriter::TouchedAt).big_integer().not_null())
        .to_owned();
    manager.create_table(writers).await?;
    let touched = Index::create()
        .name("audit_writer_touched_at")
        .table(AuditWriter::Table)
        .col(AuditWriter::TouchedAt)
        .to_owned();
    manager.create_index(touched).await?;
    let seals = Table::create()
        .table(AuditSeal::Table)
        .col(ColumnDef::new(AuditSeal::Position).big_integer().not_null().primary_key())
        .col(ColumnDef::new(AuditSeal::Writer).uuid().not_null())
        .col(ColumnDef::new(AuditSeal::Number).big_integer().not_null())
        .col(ColumnDef::new(AuditSeal::Hash).binary().not_null())
        .col(ColumnDef::new(AuditSeal::At).big_integer().not_null())
        .to_owned();
    manager.create_table(seals).await?;
    let once = Index::create()
        .name("audit_seal_once")
        .table(AuditSeal::Table)
        .col(AuditSeal::Writer)
        .col(AuditSeal::Number)
        .unique()
        .to_owned();
    manager.create_index(once).await
}
