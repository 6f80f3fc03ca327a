//! Pages: drafts with their history, published revisions, what organisations and people made of them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What is edited. Its content is the step of its rev.
#[derive(DeriveIden)]
enum PageDraft {
    Table,
    Page,
    Portal,
    Parent,
    Slug,
    Rev,
    /// The published revision's number and the rev it was made of.
    Published,
    PublishedRev,
    DeletedAt,
}

/// Every save, for undoing and for showing what somebody else changed.
#[derive(DeriveIden)]
enum PageStep {
    Table,
    Page,
    Rev,
    /// The page as JSON.
    Content,
    /// The rev that undoing goes back to, and the one that redoing goes to.
    Undo,
    Redo,
    MadeAt,
    MadeBy,
    MadeByName,
}

/// What was published: never changed.
#[derive(DeriveIden)]
enum PageRevision {
    Table,
    Page,
    Number,
    Portal,
    Content,
    Stylesheet,
    Note,
    /// The revision it repeats.
    Repeats,
    PublishedAt,
    PublishedBy,
    PublishedByName,
}

/// Which revision is shown.
#[derive(DeriveIden)]
enum PagePublished {
    Table,
    Page,
    Portal,
    /// Empty at the top, so that it takes part in the unique address.
    Parent,
    Slug,
    Number,
}

/// Grows with whatever changes what is shown.
#[derive(DeriveIden)]
enum PageVersion {
    Table,
    Id,
    Version,
}

/// What organisations and people made of pages.
#[derive(DeriveIden)]
enum PageLayer {
    Table,
    Portal,
    /// `organisation` or `user`.
    Layer,
    /// Id of the directory, or a policy subject.
    Owner,
    Page,
    /// JSON.
    Ops,
    ChangedAt,
}

#[derive(DeriveIden)]
enum PageTemplate {
    Table,
    Id,
    /// JSON.
    Name,
    Layout,
    MadeAt,
    MadeBy,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [drafts(), steps(), revisions(), published(), version(), layers(), templates()] {
            manager.create_table(table).await?;
        }
        let address = Index::create()
            .name("page_published_address")
            .table(PagePublished::Table)
            .col(PagePublished::Portal)
            .col(PagePublished::Parent)
            .col(PagePublished::Slug)
            .unique()
            .to_owned();
        manager.create_index(address).await?;
        let first = Query::insert()
            .into_table(PageVersion::Table)
            .columns([PageVersion::Id, PageVersion::Version])
            .values_panic([1.into(), 0i64.into()])
            .to_owned();
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            PageTemplate::Table.into_iden(),
            PageLayer::Table.into_iden(),
            PageVersion::Table.into_iden(),
            PagePublished::Table.into_iden(),
            PageRevision::Table.into_iden(),
            PageStep::Table.into_iden(),
            PageDraft::Table.into_iden(),
        ];
        for table in tables {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn drafts() -> TableCreateStatement {
    Table::create()
        .table(PageDraft::Table)
        .col(ColumnDef::new(PageDraft::Page).string_len(40).not_null().primary_key())
        .col(ColumnDef::new(PageDraft::Portal).string_len(16).not_null())
        .col(ColumnDef::new(PageDraft::Parent).string_len(40))
        .col(ColumnDef::new(PageDraft::Slug).string_len(48).not_null())
        .col(ColumnDef::new(PageDraft::Rev).big_integer().not_null())
        .col(ColumnDef::new(PageDraft::Published).big_integer())
        .col(ColumnDef::new(PageDraft::PublishedRev).big_integer())
        .col(ColumnDef::new(PageDraft::DeletedAt).big_integer())
        .to_owned()
}

fn steps() -> TableCreateStatement {
    Table::create()
        .table(PageStep::Table)
        .col(ColumnDef::new(PageStep::Page).string_len(40).not_null())
        .col(ColumnDef::new(PageStep::Rev).big_integer().not_null())
        .col(ColumnDef::new(PageStep::Content).text().not_null())
        .col(ColumnDef::new(PageStep::Undo).big_integer())
        .col(ColumnDef::new(PageStep::Redo).big_integer())
        .col(ColumnDef::new(PageStep::MadeAt).big_integer().not_null())
        .col(ColumnDef::new(PageStep::MadeBy).string().not_null())
        .col(ColumnDef::new(PageStep::MadeByName).text().not_null())
        .primary_key(Index::create().col(PageStep::Page).col(PageStep::Rev))
        .to_owned()
}

fn revisions() -> TableCreateStatement {
    Table::create()
        .table(PageRevision::Table)
        .col(ColumnDef::new(PageRevision::Page).string_len(40).not_null())
        .col(ColumnDef::new(PageRevision::Number).big_integer().not_null())
        .col(ColumnDef::new(PageRevision::Portal).string_len(16).not_null())
        .col(ColumnDef::new(PageRevision::Content).text().not_null())
        .col(ColumnDef::new(PageRevision::Stylesheet).text().not_null())
        .col(ColumnDef::new(PageRevision::Note).text())
        .col(ColumnDef::new(PageRevision::Repeats).big_integer())
        .col(ColumnDef::new(PageRevision::PublishedAt).big_integer().not_null())
        .col(ColumnDef::new(PageRevision::PublishedBy).string().not_null())
        .col(ColumnDef::new(PageRevision::PublishedByName).text().not_null())
        .primary_key(Index::create().col(PageRevision::Page).col(PageRevision::Number))
        .to_owned()
}

fn published() -> TableCreateStatement {
    Table::create()
        .table(PagePublished::Table)
        .col(ColumnDef::new(PagePublished::Page).string_len(40).not_null().primary_key())
        .col(ColumnDef::new(PagePublished::Portal).string_len(16).not_null())
        .col(ColumnDef::new(PagePublished::Parent).string_len(40).not_null())
        .col(ColumnDef::new(PagePublished::Slug).string_len(48).not_null())
        .col(ColumnDef::new(PagePublished::Number).big_integer().not_null())
        .to_owned()
}

fn version() -> TableCreateStatement {
    Table::create()
        .table(PageVersion::Table)
        .col(ColumnDef::new(PageVersion::Id).integer().not_null().primary_key())
        .col(ColumnDef::new(PageVersion::Version).big_integer().not_null())
        .to_owned()
}

fn layers() -> TableCreateStatement {
    Table::create()
        .table(PageLayer::Table)
        .col(ColumnDef::new(PageLayer::Portal).string_len(16).not_null())
        .col(ColumnDef::new(PageLayer::Layer).string_len(16).not_null())
        .col(ColumnDef::new(PageLayer::Owner).string().not_null())
        .col(ColumnDef::new(PageLayer::Page).string_len(40).not_null())
        .col(ColumnDef::new(PageLayer::Ops).text().not_null())
        .col(ColumnDef::new(PageLayer::ChangedAt).big_integer().not_null())
        .primary_key(
            Index::create().col(PageLayer::Page).col(PageLayer::Portal).col(PageLayer::Layer).col(PageLayer::Owner),
        )
        .to_owned()
}

fn templates() -> TableCreateStatement {
    Table::create()
        .table(PageTemplate::Table)
        .col(ColumnDef::new(PageTemplate::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(PageTemplate::Name).text().not_null())
        .col(ColumnDef::new(PageTemplate::Layout).text().not_null())
        .col(ColumnDef::new(PageTemplate::MadeAt).big_integer().not_null())
        .col(ColumnDef::new(PageTemplate::MadeBy).string().not_null())
        .to_owned()
}
