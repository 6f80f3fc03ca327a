//! The regional index learns to be searched and to be kept by stewards: what weak evidence and search terms come of each
//! identity, pairs that may be one person, what stewards decided of them, and how far each source was swept.
//!
//! The rights of the portals' roles are in `deploy/postgres/grants.sql`, to be run after this as after every step.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Patient {
    Table,
    MergedInto,
}

/// What is only weak evidence of who somebody is, as the source said it last.
#[derive(DeriveIden)]
enum IdentityTrait {
    Table,
    Source,
    SourcePatient,
    /// Digits, as JSON.
    Phones,
    /// As JSON.
    Addresses,
    /// HMAC-SHA256 of a valid resident ID, whoever it belongs to.
    NumberHash,
    /// Do birth date and sex of the record agree with that number?
    NumberFits,
    /// Tells whether anything changed since, without telling what.
    Digest,
    /// Since when pairs are to be looked for; null when that was done.
    DueAt,
}

/// What an identity is found by. Bytes: their order is the same on every database, whatever its locale.
#[derive(DeriveIden)]
enum IdentityTerm {
    Table,
    Term,
    Source,
    SourcePatient,
}

/// Two identities that may be one person.
#[derive(DeriveIden)]
enum MatchCandidate {
    Table,
    Id,
    SourceA,
    PatientA,
    SourceB,
    PatientB,
    /// Tenths of a bit.
    Score,
    /// The same valid resident ID, and yet not linked.
    Contested,
    /// Field by field, as JSON.
    Evidence,
    /// `open`, `linked`, `kept-apart`.
    State,
    FoundAt,
}

/// What a steward decided, and took back.
#[derive(DeriveIden)]
enum MatchDecision {
    Table,
    Id,
    /// A candidate, or a link that was made without a steward.
    Pair,
    /// `link`, `do-not-link`, `separate`.
    Kind,
    PersonA,
    PersonB,
    /// What taking it back needs, as JSON.
    Detail,
    Reason,
    DecidedBy,
    DecidedByName,
    DecidedAt,
    UndoneAt,
    UndoneBy,
    UndoneByName,
    UndoReason,
}

/// How far the patients of a source were listed.
#[derive(DeriveIden)]
enum IndexSweep {
    Table,
    Source,
    /// `running`, `finished`, `partial`, `failed`.
    State,
    /// The next part to be listed.
    Part,
    StartedAt,
    FinishedAt,
    Seen,
    /// Why not in full, as a message key.
    Detail,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(identity_trait()).await?;
        manager.create_table(identity_term(manager.get_database_backend())).await?;
        manager.create_table(match_candidate()).await?;
        manager.create_table(match_decision()).await?;
        manager.create_table(index_sweep()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("patient_merged_into").table(Patient::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(IndexSweep::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(MatchDecision::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(MatchCandidate::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(IdentityTerm::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(IdentityTrait::Table).to_owned()).await
    }
}

fn identity_trait() -> TableCreateStatement {
    Table::create()
        .table(IdentityTrait::Table)
        .col(ColumnDef::new(IdentityTrait::Source).string().not_null())
        .col(ColumnDef::new(IdentityTrait::SourcePatient).string().not_null())
        .col(ColumnDef::new(IdentityTrait::Phones).text().not_null())
        .col(ColumnDef::new(IdentityTrait::Addresses).text().not_null())
        .col(ColumnDef::new(IdentityTrait::NumberHash).string_len(64))
        .col(ColumnDef::new(IdentityTrait::NumberFits).boolean().not_null())
        .col(ColumnDef::new(IdentityTrait::Digest).string_len(64).not_null())
        .col(ColumnDef::new(IdentityTrait::DueAt).big_integer())
        .primary_key(Index::create().col(IdentityTrait::Source).col(IdentityTrait::SourcePatient))
        .to_owned()
}

fn identity_term(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table(IdentityTerm::Table)
        .col(ColumnDef::new(IdentityTerm::Term).blob().not_null())
        .col(ColumnDef::new(IdentityTerm::Source).string().not_null())
        .col(ColumnDef::new(IdentityTerm::SourcePatient).string().not_null())
        .primary_key(Index::create().col(IdentityTerm::Term).col(IdentityTerm::Source).col(IdentityTerm::SourcePatient))
        .to_owned();
    if backend == DbBackend::Sqlite {
        // The key is the row: without this every row is kept twice.
        table.extra("WITHOUT ROWID");
    }
    table
}

fn match_candidate() -> TableCreateStatement {
    Table::create()
        .table(MatchCandidate::Table)
        .col(ColumnDef::new(MatchCandidate::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(MatchCandidate::SourceA).string().not_null())
        .col(ColumnDef::new(MatchCandidate::PatientA).string().not_null())
        .col(ColumnDef::new(MatchCandidate::SourceB).string().not_null())
        .col(ColumnDef::new(MatchCandidate::PatientB).string().not_null())
        .col(ColumnDef::new(MatchCandidate::Score).integer().not_null())
        .col(ColumnDef::new(MatchCandidate::Contested).boolean().not_null())
        .col(ColumnDef::new(MatchCandidate::Evidence).text().not_null())
        .col(ColumnDef::new(MatchCandidate::State).string_len(16).not_null())
        .col(ColumnDef::new(MatchCandidate::FoundAt).big_integer().not_null())
        .to_owned()
}

fn match_decision() -> TableCreateStatement {
    Table::create()
        .table(MatchDecision::Table)
        .col(ColumnDef::new(MatchDecision::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(MatchDecision::Pair).uuid().not_null())
        .col(ColumnDef::new(MatchDecision::Kind).string_len(16).not_null())
        .col(ColumnDef::new(MatchDecision::PersonA).uuid().not_null())
        .col(ColumnDef::new(MatchDecision::PersonB).uuid().not_null())
        .col(ColumnDef::new(MatchDecision::Detail).text().not_null())
        .col(ColumnDef::new(MatchDecision::Reason).text().not_null())
        .col(ColumnDef::new(MatchDecision::DecidedBy).string().not_null())
        .col(ColumnDef::new(MatchDecision::DecidedByName).string().not_null())
        .col(ColumnDef::new(MatchDecision::DecidedAt).big_integer().not_null())
        .col(ColumnDef::new(MatchDecision::UndoneAt).big_integer())
        .col(ColumnDef::new(MatchDecision::UndoneBy).string())
        .col(ColumnDef::new(MatchDecision::UndoneByName).string())
        .col(ColumnDef::new(MatchDecision::UndoReason).text())
        .to_owned()
}

fn index_sweep() -> TableCreateStatement {
    Table::create()
        .table(IndexSweep::Table)
        .col(ColumnDef::new(IndexSweep::Source).string().not_null().primary_key())
        .col(ColumnDef::new(IndexSweep::State).string_len(16).not_null())
        .col(ColumnDef::new(IndexSweep::Part).integer())
        .col(ColumnDef::new(IndexSweep::StartedAt).big_integer().not_null())
        .col(ColumnDef::new(IndexSweep::FinishedAt).big_integer())
        .col(ColumnDef::new(IndexSweep::Seen).big_integer().not_null())
        .col(ColumnDef::new(IndexSweep::Detail).string())
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let on = |name: &str, table: DynIden| Index::create().name(name).table(table).to_owned();
    let mut of_identity = on("identity_term_identity", IdentityTerm::Table.into_iden());
    of_identity.col(IdentityTerm::Source).col(IdentityTerm::SourcePatient);
    let mut due = on("identity_trait_due", IdentityTrait::Table.into_iden());
    due.col(IdentityTrait::DueAt).and_where(Expr::col(IdentityTrait::DueAt).is_not_null());
    let mut once = on("match_candidate_once", MatchCandidate::Table.into_iden());
    once.unique()
        .col(MatchCandidate::SourceA)
        .col(MatchCandidate::PatientA)
        .col(MatchCandidate::SourceB)
        .col(MatchCandidate::PatientB);
    let mut other_side = on("match_candidate_other_side", MatchCandidate::Table.into_iden());
    other_side.col(MatchCandidate::SourceB).col(MatchCandidate::PatientB);
    let mut queue = on("match_candidate_queue", MatchCandidate::Table.into_iden());
    queue.col(MatchCandidate::State).col(MatchCandidate::Score);
    // One decision of a pair is in force at a time; those taken back stay as history.
    let mut in_force = on("match_decision_in_force", MatchDecision::Table.into_iden());
    in_force.unique().col(MatchDecision::Pair).and_where(Expr::col(MatchDecision::UndoneAt).is_null());
    let mut of_a = on("match_decision_person_a", MatchDecision::Table.into_iden());
    of_a.col(MatchDecision::PersonA);
    let mut of_b = on("match_decision_person_b", MatchDecision::Table.into_iden());
    of_b.col(MatchDecision::PersonB);
    let mut recent = on("match_decision_recent", MatchDecision::Table.into_iden());
    recent.col(MatchDecision::DecidedAt);
    let mut merged = on("patient_merged_into", Patient::Table.into_iden());
    merged.col(Patient::MergedInto).and_where(Expr::col(Patient::MergedInto).is_not_null());
    vec![of_identity, due, once, other_side, queue, in_force, of_a, of_b, recent, merged]
}
