//! What clinicians say of results: reviewed, critical value acknowledged.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum ResultReview {
    Table,
    Id,
    Person,
    /// Slug of the section that shows the result.
    Section,
    /// `reviewed` or `acknowledged`.
    Kind,
    /// JSON: source, resource and version of each original.
    Originals,
    /// What the result said, where a server has no versions.
    Print,
    StaffName,
    MadeAt,
    /// To the patient.
    Note,
    WithdrawnAt,
    /// A policy subject: `u:region/8f3c…`.
    Staff,
    /// The same mark is kept once; null when it was withdrawn.
    Once,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let review = Table::create()
            .table(ResultReview::Table)
            .col(ColumnDef::new(ResultReview::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(ResultReview::Person).uuid().not_null())
            .col(ColumnDef::new(ResultReview::Section).string_len(32).not_null())
            .col(ColumnDef::new(ResultReview::Kind).string_len(32).not_null())
            .col(ColumnDef::new(ResultReview::Originals).text().not_null())
            .col(ColumnDef::new(ResultReview::Print).string_len(32).not_null())
            .col(ColumnDef::new(ResultReview::StaffName).text().not_null())
            .col(ColumnDef::new(ResultReview::MadeAt).big_integer().not_null())
            .col(ColumnDef::new(ResultReview::Note).text())
            .col(ColumnDef::new(ResultReview::WithdrawnAt).big_integer())
            .col(ColumnDef::new(ResultReview::Staff).string().not_null())
            .col(ColumnDef::new(ResultReview::Once).string_len(64).unique_key())
            .to_owned();
        manager.create_table(review).await?;
        // Asked with every section that shows results.
        let of = Index::create()
            .name("result_review_of")
            .table(ResultReview::Table)
            .col(ResultReview::Person)
            .col(ResultReview::MadeAt)
            .to_owned();
        manager.create_index(of).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(ResultReview::Table).to_owned()).await
    }
}
