//! Who acts for whom, and what is told to patients of the audit log.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum PatientProxyInvitation {
    Table,
    Id,
    /// Digest of its secret.
    CodeHash,
    /// Whose person it entrusts.
    Subject,
    /// How they call whom they invite.
    Called,
    /// JSON: what is entrusted.
    Trusts,
    /// JSON: sections of the record; absent for all.
    Sections,
    /// When what it entrusts ends; absent where it does not by itself.
    Until,
    /// It ends then because of the person's age.
    ByAge,
    CreatedAt,
    ExpiresAt,
    /// Once.
    UsedAt,
    WithdrawnAt,
}

#[derive(DeriveIden)]
enum PatientProxy {
    Table,
    Id,
    Subject,
    /// Who acts for them.
    Account,
    Called,
    Trusts,
    Sections,
    Until,
    ByAge,
    Since,
    EndedAt,
    EndedBy,
}

fn invitation() -> TableCreateStatement {
    Table::create()
        .table(PatientProxyInvitation::Table)
        .col(ColumnDef::new(PatientProxyInvitation::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(PatientProxyInvitation::CodeHash).string_len(64).not_null().unique_key())
        .col(ColumnDef::new(PatientProxyInvitation::Subject).uuid().not_null())
        .col(ColumnDef::new(PatientProxyInvitation::Called).text().not_null())
        .col(ColumnDef::new(PatientProxyInvitation::Trusts).text().not_null())
        .col(ColumnDef::new(PatientProxyInvitation::Sections).text())
        .col(ColumnDef::new(PatientProxyInvitation::Until).big_integer())
        .col(ColumnDef::new(PatientProxyInvitation::ByAge).boolean().not_null())
        .col(ColumnDef::new(PatientProxyInvitation::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(PatientProxyInvitation::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(PatientProxyInvitation::UsedAt).big_integer())
        .col(ColumnDef::new(PatientProxyInvitation::WithdrawnAt).big_integer())
        .to_owned()
}

fn proxy() -> TableCreateStatement {
    Table::create()
        .table(PatientProxy::Table)
        .col(ColumnDef::new(PatientProxy::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(PatientProxy::Subject).uuid().not_null())
        .col(ColumnDef::new(PatientProxy::Account).uuid().not_null())
        .col(ColumnDef::new(PatientProxy::Called).text().not_null())
        .col(ColumnDef::new(PatientProxy::Trusts).text().not_null())
        .col(ColumnDef::new(PatientProxy::Sections).text())
        .col(ColumnDef::new(PatientProxy::Until).big_integer())
        .col(ColumnDef::new(PatientProxy::ByAge).boolean().not_null())
        .col(ColumnDef::new(PatientProxy::Since).big_integer().not_null())
        .col(ColumnDef::new(PatientProxy::EndedAt).big_integer())
        .col(ColumnDef::new(PatientProxy::EndedBy).string_len(16))
        .to_owned()
}

/// What was done about people, without what was refused and without what only the seal needs: the public portal's role reads
/// this and not the table.
const VIEW: &str = "CREATE VIEW access_log AS \
    SELECT writer, number, at, actor, actor_name, groups, action, object_id, person, outcome, reason \
    FROM audit_event WHERE person IS NOT NULL AND outcome <> 'refused'";

#[expect(clippy::disallowed_methods, reason = "sea_query makes no views; the text is whole, and holds no value")]
async fn run(manager: &SchemaManager<'_>, sql: &'static str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await.map(drop)
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(invitation()).await?;
        let of_person = Index::create()
            .name("patient_proxy_invitation_subject")
            .table(PatientProxyInvitation::Table)
            .col(PatientProxyInvitation::Subject)
            .to_owned();
        manager.create_index(of_person).await?;
        manager.create_table(proxy()).await?;
        let held =
            Index::create().name("patient_proxy_held").table(PatientProxy::Table).col(PatientProxy::Account).to_owned();
        manager.create_index(held).await?;
        let given = Index::create()
            .name("patient_proxy_given")
            .table(PatientProxy::Table)
            .col(PatientProxy::Subject)
            .to_owned();
        manager.create_index(given).await?;
        run(manager, VIEW).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, "DROP VIEW access_log").await?;
        manager.drop_table(Table::drop().table(PatientProxy::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PatientProxyInvitation::Table).to_owned()).await
    }
}
