//! The regional patient index: people, their identities at sources, searches kept for ten minutes.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A person of the region.
#[derive(DeriveIden)]
enum Patient {
    Table,
    Id,
    /// What people read out: `LZ 0048 2917 36`.
    Number,
    Name,
    Sex,
    BirthDate,
    /// HMAC-SHA256 of the 18-digit resident ID; held by one person at most.
    ResidentIdHash,
    ResidentIdMasked,
    CreatedAt,
    /// Set when a steward found two people to be one.
    MergedInto,
}

/// An identity at a source, and why it is believed to be this person's.
#[derive(DeriveIden)]
enum PatientLink {
    Table,
    Id,
    Person,
    Source,
    SourcePatient,
    How,
    Evidence,
    LinkedBy,
    LinkedAt,
    UndoneAt,
}

/// Identities that a steward said are not this person's.
#[derive(DeriveIden)]
enum PatientDoNotLink {
    Table,
    Person,
    Source,
    SourcePatient,
    DecidedBy,
    DecidedAt,
    Reason,
}

/// What a source said about an identity when it was last seen.
#[derive(DeriveIden)]
enum SourceIdentitySeen {
    Table,
    Source,
    SourcePatient,
    Names,
    Sex,
    BirthDate,
    Identifiers,
    /// Other ids of the same patient at that source (`Patient.link` replaced-by, replaces).
    Aliases,
    SeenAt,
}

/// A search, so that no URL holds a resident ID.
#[derive(DeriveIden)]
enum PatientSearch {
    Table,
    Id,
    Owner,
    ShownQuery,
    Results,
    CreatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(patient()).await?;
        manager.create_table(patient_link()).await?;
        manager.create_table(patient_do_not_link()).await?;
        manager.create_table(source_identity_seen()).await?;
        manager.create_table(patient_search()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PatientSearch::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(SourceIdentitySeen::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PatientDoNotLink::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PatientLink::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Patient::Table).to_owned()).await
    }
}

fn patient() -> TableCreateStatement {
    Table::create()
        .table(Patient::Table)
        .col(ColumnDef::new(Patient::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Patient::Number).string_len(20).not_null())
        .col(ColumnDef::new(Patient::Name).string().not_null())
        .col(ColumnDef::new(Patient::Sex).string_len(16))
        .col(ColumnDef::new(Patient::BirthDate).string_len(10))
        .col(ColumnDef::new(Patient::ResidentIdHash).string_len(64))
        .col(ColumnDef::new(Patient::ResidentIdMasked).string_len(18))
        .col(ColumnDef::new(Patient::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Patient::MergedInto).uuid())
        .to_owned()
}

fn patient_link() -> TableCreateStatement {
    Table::create()
        .table(PatientLink::Table)
        .col(ColumnDef::new(PatientLink::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(PatientLink::Person).uuid().not_null())
        .col(ColumnDef::new(PatientLink::Source).string().not_null())
        .col(ColumnDef::new(PatientLink::SourcePatient).string().not_null())
        .col(ColumnDef::new(PatientLink::How).string_len(32).not_null())
        .col(ColumnDef::new(PatientLink::Evidence).text().not_null())
        .col(ColumnDef::new(PatientLink::LinkedBy).string().not_null())
        .col(ColumnDef::new(PatientLink::LinkedAt).big_integer().not_null())
        .col(ColumnDef::new(PatientLink::UndoneAt).big_integer())
        .foreign_key(ForeignKey::create().from(PatientLink::Table, PatientLink::Person).to(Patient::Table, Patient::Id))
        .to_owned()
}

fn patient_do_not_link() -> TableCreateStatement {
    Table::create()
        .table(PatientDoNotLink::Table)
        .col(ColumnDef::new(PatientDoNotLink::Person).uuid().not_null())
        .col(ColumnDef::new(PatientDoNotLink::Source).string().not_null())
        .col(ColumnDef::new(PatientDoNotLink::SourcePatient).string().not_null())
        .col(ColumnDef::new(PatientDoNotLink::DecidedBy).string().not_null())
        .col(ColumnDef::new(PatientDoNotLink::DecidedAt).big_integer().not_null())
        .col(ColumnDef::new(PatientDoNotLink::Reason).text().not_null())
        .primary_key(
            Index::create()
                .col(PatientDoNotLink::Person)
                .col(PatientDoNotLink::Source)
                .col(PatientDoNotLink::SourcePatient),
        )
        .to_owned()
}

fn source_identity_seen() -> TableCreateStatement {
    Table::create()
        .table(SourceIdentitySeen::Table)
        .col(ColumnDef::new(SourceIdentitySeen::Source).string().not_null())
        .col(ColumnDef::new(SourceIdentitySeen::SourcePatient).string().not_null())
        .col(ColumnDef::new(SourceIdentitySeen::Names).text().not_null())
        .col(ColumnDef::new(SourceIdentitySeen::Sex).string_len(16))
        .col(ColumnDef::new(SourceIdentitySeen::BirthDate).string_len(10))
        .col(ColumnDef::new(SourceIdentitySeen::Identifiers).text().not_null())
        .col(ColumnDef::new(SourceIdentitySeen::Aliases).text().not_null())
        .col(ColumnDef::new(SourceIdentitySeen::SeenAt).big_integer().not_null())
        .primary_key(Index::create().col(SourceIdentitySeen::Source).col(SourceIdentitySeen::SourcePatient))
        .to_owned()
}

fn patient_search() -> TableCreateStatement {
    Table::create()
        .table(PatientSearch::Table)
        .col(ColumnDef::new(PatientSearch::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(PatientSearch::Owner).string().not_null())
        .col(ColumnDef::new(PatientSearch::ShownQuery).string().not_null())
        .col(ColumnDef::new(PatientSearch::Results).text().not_null())
        .col(ColumnDef::new(PatientSearch::CreatedAt).big_integer().not_null())
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        Index::create().unique().name("patient_number").table(Patient::Table).col(Patient::Number).to_owned(),
        Index::create()
            .unique()
            .name("patient_resident_id_hash")
            .table(Patient::Table)
            .col(Patient::ResidentIdHash)
            .to_owned(),
        Index::create().name("patient_name").table(Patient::Table).col(Patient::Name).to_owned(),
        Index::create().name("patient_link_person").table(PatientLink::Table).col(PatientLink::Person).to_owned(),
        // An identity belongs to one person at a time; undone links stay as history.
        Index::create()
            .unique()
            .name("patient_link_identity")
            .table(PatientLink::Table)
            .col(PatientLink::Source)
            .col(PatientLink::SourcePatient)
            .and_where(Expr::col(PatientLink::UndoneAt).is_null())
            .to_owned(),
        Index::create()
            .name("patient_search_created_at")
            .table(PatientSearch::Table)
            .col(PatientSearch::CreatedAt)
            .to_owned(),
    ]
}
