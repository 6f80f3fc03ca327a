//! Staff are known at hospitals: which `Practitioner` somebody is there, what their encounters say of whom they treat, and
//! how far each hospital could be asked.
//!
//! Relations of encounters are in a table of their own: they are extended and end as their encounter does, while those of
//! `treatment_relation` never change; and a program of the release before reads that one and knows no other kinds.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Who a member of staff is at a source.
#[derive(DeriveIden)]
enum PractitionerIdentity {
    Table,
    /// A policy subject: `u:region/8f3c…`.
    Staff,
    Source,
    /// What was looked for: `system|value`, or an id of the source's own.
    Token,
    /// `known`, `unknown`, `ambiguous`, `name-differs`, `inactive`, `shared`.
    Outcome,
    /// Id of the `Practitioner`, of those that are known.
    Practitioner,
    /// Ids of their `PractitionerRole`s, as JSON.
    Roles,
    CheckedAt,
}

/// What came of asking a source for somebody's encounters.
#[derive(DeriveIden)]
enum EncounterReading {
    Table,
    Staff,
    Source,
    AskedAt,
    SettledAt,
    /// As `SourceState`.
    State,
    /// Why, as a message key.
    Detail,
    /// When it last answered in full.
    AnsweredAt,
}

/// Whom somebody treats, by an encounter.
#[derive(DeriveIden)]
enum EncounterRelation {
    Table,
    Id,
    Staff,
    Person,
    Source,
    /// Id of the `Encounter`.
    Encounter,
    /// Id of the `Patient` it names.
    Patient,
    /// Id of the `Practitioner` who takes part.
    Practitioner,
    Status,
    Class,
    /// Ward and bed, or the department.
    Place,
    /// When the encounter began, as said.
    Started,
    Since,
    Until,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [identity(), reading(), relation()] {
            manager.create_table(table).await?;
        }
        // Two people of the directory are never one practitioner.
        let same = Index::create()
            .name("practitioner_identity_who")
            .table(PractitionerIdentity::Table)
            .col(PractitionerIdentity::Source)
            .col(PractitionerIdentity::Practitioner)
            .to_owned();
        let once = Index::create()
            .name("encounter_relation_once")
            .table(EncounterRelation::Table)
            .unique()
            .col(EncounterRelation::Staff)
            .col(EncounterRelation::Source)
            .col(EncounterRelation::Encounter)
            .to_owned();
        // Asked before every read of a record.
        let of = Index::create()
            .name("encounter_relation_of")
            .table(EncounterRelation::Table)
            .col(EncounterRelation::Staff)
            .col(EncounterRelation::Person)
            .to_owned();
        for index in [same, once, of] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(EncounterRelation::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(EncounterReading::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PractitionerIdentity::Table).to_owned()).await
    }
}

fn identity() -> TableCreateStatement {
    Table::create()
        .table(PractitionerIdentity::Table)
        .col(ColumnDef::new(PractitionerIdentity::Staff).string().not_null())
        .col(ColumnDef::new(PractitionerIdentity::Source).string().not_null())
        .col(ColumnDef::new(PractitionerIdentity::Token).string().not_null())
        .col(ColumnDef::new(PractitionerIdentity::Outcome).string_len(16).not_null())
        .col(ColumnDef::new(PractitionerIdentity::Practitioner).string())
        .col(ColumnDef::new(PractitionerIdentity::Roles).text().not_null())
        .col(ColumnDef::new(PractitionerIdentity::CheckedAt).big_integer().not_null())
        .primary_key(Index::create().col(PractitionerIdentity::Staff).col(PractitionerIdentity::Source))
        .to_owned()
}

fn reading() -> TableCreateStatement {
    Table::create()
        .table(EncounterReading::Table)
        .col(ColumnDef::new(EncounterReading::Staff).string().not_null())
        .col(ColumnDef::new(EncounterReading::Source).string().not_null())
        .col(ColumnDef::new(EncounterReading::AskedAt).big_integer().not_null())
        .col(ColumnDef::new(EncounterReading::SettledAt).big_integer())
        .col(ColumnDef::new(EncounterReading::State).string_len(16))
        .col(ColumnDef::new(EncounterReading::Detail).string())
        .col(ColumnDef::new(EncounterReading::AnsweredAt).big_integer())
        .primary_key(Index::create().col(EncounterReading::Staff).col(EncounterReading::Source))
        .to_owned()
}

fn relation() -> TableCreateStatement {
    Table::create()
        .table(EncounterRelation::Table)
        .col(ColumnDef::new(EncounterRelation::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(EncounterRelation::Staff).string().not_null())
        .col(ColumnDef::new(EncounterRelation::Person).uuid().not_null())
        .col(ColumnDef::new(EncounterRelation::Source).string().not_null())
        .col(ColumnDef::new(EncounterRelation::Encounter).string().not_null())
        .col(ColumnDef::new(EncounterRelation::Patient).string().not_null())
        .col(ColumnDef::new(EncounterRelation::Practitioner).string().not_null())
        .col(ColumnDef::new(EncounterRelation::Status).string_len(32).not_null())
        .col(ColumnDef::new(EncounterRelation::Class).string_len(16).not_null())
        .col(ColumnDef::new(EncounterRelation::Place).string())
        .col(ColumnDef::new(EncounterRelation::Started).string())
        .col(ColumnDef::new(EncounterRelation::Since).big_integer().not_null())
        .col(ColumnDef::new(EncounterRelation::Until).big_integer().not_null())
        .to_owned()
}
