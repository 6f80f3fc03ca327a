//! Articles with their versions and pictures, notices, and what was read of feeds.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The working copy: of the intranet alone.
#[derive(DeriveIden)]
enum Article {
    Table,
    Id,
    /// `draft`, `in-review`, `published` or `withdrawn`.
    State,
    /// Goes up with every change: who changes an older one is told.
    Rev,
    /// JSON list of policy subjects: who wrote on it since it was last published.
    Editors,
    EditorName,
    EditedAt,
    /// What the reviewer said when sending it back.
    Note,
    /// The number of the last published version; 0 before the first.
    LastNumber,
    /// A version of it is shown.
    Live,
}

/// What was published, as it was: never changed.
#[derive(DeriveIden)]
enum ArticleRevision {
    Table,
    Article,
    Number,
    Author,
    Reviewer,
}

/// What is shown now: the public portal reads this one.
#[derive(DeriveIden)]
enum ArticlePublished {
    Table,
    Article,
    Number,
    /// Titles, summaries and texts in lower case, to be looked through.
    Search,
}

/// Columns that all three have.
#[derive(DeriveIden)]
enum Text {
    /// In addresses.
    Slug,
    Topic,
    /// `public`, `staff` or `both`.
    Audience,
    /// A date: `2027-10-08`.
    ReviewBy,
    ZhTitle,
    ZhSummary,
    ZhBody,
    EnTitle,
    EnSummary,
    EnBody,
}

#[derive(DeriveIden)]
enum Byline {
    AuthorName,
    ReviewerName,
    PublishedAt,
}

#[derive(DeriveIden)]
enum ArticleImage {
    Table,
    Id,
    Article,
    MediaType,
    Width,
    Height,
    AltZh,
    AltEn,
    Bytes,
    /// Of the version that shows it now, if one does.
    Audience,
    AddedBy,
    AddedByName,
    AddedAt,
}

#[derive(DeriveIden)]
enum Notice {
    Table,
    Id,
    Zh,
    En,
    Audience,
    /// `info` or `warning`.
    Severity,
    FromAt,
    UntilAt,
    Rev,
    WrittenBy,
    WriterName,
    WrittenAt,
    WithdrawnAt,
}

#[derive(DeriveIden)]
enum Feed {
    Table,
    Id,
    Kind,
    Audience,
    NameZh,
    NameEn,
    RefreshMinutes,
    /// JSON: what came last and was good.
    Items,
    ReadAt,
    TriedAt,
    /// Why the last try was not.
    Problem,
}

/// The columns of a text. `review_by` may be absent.
fn with_text(table: &mut TableCreateStatement) -> &mut TableCreateStatement {
    let line = |column: Text| ColumnDef::new(column).text().not_null().to_owned();
    table
        .col(ColumnDef::new(Text::Topic).string_len(32).not_null())
        .col(ColumnDef::new(Text::Audience).string_len(16).not_null())
        .col(ColumnDef::new(Text::ReviewBy).string_len(10))
        .col(line(Text::ZhTitle))
        .col(line(Text::ZhSummary))
        .col(line(Text::ZhBody))
        .col(line(Text::EnTitle))
        .col(line(Text::EnSummary))
        .col(line(Text::EnBody))
}

fn with_signatures(table: &mut TableCreateStatement) -> &mut TableCreateStatement {
    table
        .col(ColumnDef::new(Byline::AuthorName).text().not_null())
        .col(ColumnDef::new(Byline::ReviewerName).text().not_null())
        .col(ColumnDef::new(Byline::PublishedAt).big_integer().not_null())
}

fn article() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(Article::Table)
        .col(ColumnDef::new(Article::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Text::Slug).string_len(80).not_null().unique_key())
        .col(ColumnDef::new(Article::State).string_len(16).not_null())
        .col(ColumnDef::new(Article::Rev).big_integer().not_null())
        .col(ColumnDef::new(Article::Editors).text().not_null())
        .col(ColumnDef::new(Article::EditorName).text().not_null())
        .col(ColumnDef::new(Article::EditedAt).big_integer().not_null())
        .col(ColumnDef::new(Article::Note).text())
        .col(ColumnDef::new(Article::LastNumber).big_integer().not_null())
        .col(ColumnDef::new(Article::Live).boolean().not_null());
    with_text(&mut table).to_owned()
}

fn revision() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(ArticleRevision::Table)
        .col(ColumnDef::new(ArticleRevision::Article).uuid().not_null())
        .col(ColumnDef::new(ArticleRevision::Number).big_integer().not_null())
        .col(ColumnDef::new(Text::Slug).string_len(80).not_null())
        .col(ColumnDef::new(ArticleRevision::Author).text().not_null())
        .col(ColumnDef::new(ArticleRevision::Reviewer).text().not_null())
        .primary_key(Index::create().col(ArticleRevision::Article).col(ArticleRevision::Number));
    with_signatures(with_text(&mut table)).to_owned()
}

fn published() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(ArticlePublished::Table)
        .col(ColumnDef::new(ArticlePublished::Article).uuid().not_null().primary_key())
        .col(ColumnDef::new(ArticlePublished::Number).big_integer().not_null())
        .col(ColumnDef::new(Text::Slug).string_len(80).not_null().unique_key())
        .col(ColumnDef::new(ArticlePublished::Search).text().not_null());
    with_signatures(with_text(&mut table)).to_owned()
}

fn image() -> TableCreateStatement {
    Table::create()
        .table(ArticleImage::Table)
        .col(ColumnDef::new(ArticleImage::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(ArticleImage::Article).uuid().not_null())
        .col(ColumnDef::new(ArticleImage::MediaType).string_len(32).not_null())
        .col(ColumnDef::new(ArticleImage::Width).integer().not_null())
        .col(ColumnDef::new(ArticleImage::Height).integer().not_null())
        .col(ColumnDef::new(ArticleImage::AltZh).text().not_null())
        .col(ColumnDef::new(ArticleImage::AltEn).text().not_null())
        .col(ColumnDef::new(ArticleImage::Bytes).blob().not_null())
        .col(ColumnDef::new(ArticleImage::Audience).string_len(16))
        .col(ColumnDef::new(ArticleImage::AddedBy).text().not_null())
        .col(ColumnDef::new(ArticleImage::AddedByName).text().not_null())
        .col(ColumnDef::new(ArticleImage::AddedAt).big_integer().not_null())
        .to_owned()
}

fn notice() -> TableCreateStatement {
    Table::create()
        .table(Notice::Table)
        .col(ColumnDef::new(Notice::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Notice::Zh).text().not_null())
        .col(ColumnDef::new(Notice::En).text().not_null())
        .col(ColumnDef::new(Notice::Audience).string_len(16).not_null())
        .col(ColumnDef::new(Notice::Severity).string_len(16).not_null())
        .col(ColumnDef::new(Notice::FromAt).big_integer().not_null())
        .col(ColumnDef::new(Notice::UntilAt).big_integer().not_null())
        .col(ColumnDef::new(Notice::Rev).big_integer().not_null())
        .col(ColumnDef::new(Notice::WrittenBy).text().not_null())
        .col(ColumnDef::new(Notice::WriterName).text().not_null())
        .col(ColumnDef::new(Notice::WrittenAt).big_integer().not_null())
        .col(ColumnDef::new(Notice::WithdrawnAt).big_integer())
        .to_owned()
}

fn feed() -> TableCreateStatement {
    Table::create()
        .table(Feed::Table)
        .col(ColumnDef::new(Feed::Id).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(Feed::Kind).string_len(16).not_null())
        .col(ColumnDef::new(Feed::Audience).string_len(16).not_null())
        .col(ColumnDef::new(Feed::NameZh).text().not_null())
        .col(ColumnDef::new(Feed::NameEn).text().not_null())
        .col(ColumnDef::new(Feed::RefreshMinutes).integer().not_null())
        .col(ColumnDef::new(Feed::Items).text().not_null())
        .col(ColumnDef::new(Feed::ReadAt).big_integer())
        .col(ColumnDef::new(Feed::TriedAt).big_integer())
        .col(ColumnDef::new(Feed::Problem).string_len(32))
        .to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [article(), revision(), published(), image(), notice(), feed()] {
            manager.create_table(table).await?;
        }
        // The newest ones, on front pages.
        let newest = Index::create()
            .name("article_published_newest")
            .table(ArticlePublished::Table)
            .col(Byline::PublishedAt)
            .to_owned();
        manager.create_index(newest).await?;
        let of =
            Index::create().name("article_image_of").table(ArticleImage::Table).col(ArticleImage::Article).to_owned();
        manager.create_index(of).await?;
        let current = Index::create().name("notice_until").table(Notice::Table).col(Notice::UntilAt).to_owned();
        manager.create_index(current).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            Feed::Table.into_iden(),
            Notice::Table.into_iden(),
            ArticleImage::Table.into_iden(),
            ArticlePublished::Table.into_iden(),
            ArticleRevision::Table.into_iden(),
            Article::Table.into_iden(),
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
