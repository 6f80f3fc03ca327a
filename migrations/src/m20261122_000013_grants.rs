//! Roles in full: members of staff groups beside the directory's, blocks of inheritance, what people in grants are called.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A role that is not inherited by an object, whatever lies above it.
#[derive(DeriveIden)]
enum PolicyBlock {
    Table,
    Id,
    Object,
    Domain,
    Role,
    CreatedBy,
    CreatedAt,
}

/// A person or a group of a directory is in a staff group.
#[derive(DeriveIden)]
enum StaffMembership {
    Table,
    Id,
    Member,
    StaffGroup,
    CreatedBy,
    CreatedAt,
}

/// What the directory called somebody when they were last named in a grant.
#[derive(DeriveIden)]
enum PolicySubject {
    Table,
    Subject,
    Username,
    Name,
    Organisation,
    Department,
    SeenAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let block = Table::create()
            .table(PolicyBlock::Table)
            .col(ColumnDef::new(PolicyBlock::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(PolicyBlock::Object).string().not_null())
            .col(ColumnDef::new(PolicyBlock::Domain).string_len(16).not_null())
            .col(ColumnDef::new(PolicyBlock::Role).string_len(32).not_null())
            .col(ColumnDef::new(PolicyBlock::CreatedBy).string().not_null())
            .col(ColumnDef::new(PolicyBlock::CreatedAt).big_integer().not_null())
            .to_owned();
        manager.create_table(block).await?;
        let once = Index::create()
            .name("policy_block_once")
            .table(PolicyBlock::Table)
            .col(PolicyBlock::Object)
            .col(PolicyBlock::Domain)
            .col(PolicyBlock::Role)
            .unique()
            .to_owned();
        manager.create_index(once).await?;
        let membership = Table::create()
            .table(StaffMembership::Table)
            .col(ColumnDef::new(StaffMembership::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(StaffMembership::Member).text().not_null())
            .col(ColumnDef::new(StaffMembership::StaffGroup).string().not_null())
            .col(ColumnDef::new(StaffMembership::CreatedBy).string().not_null())
            .col(ColumnDef::new(StaffMembership::CreatedAt).big_integer().not_null())
            .to_owned();
        manager.create_table(membership).await?;
        let once = Index::create()
            .name("staff_membership_once")
            .table(StaffMembership::Table)
            .col(StaffMembership::Member)
            .col(StaffMembership::StaffGroup)
            .unique()
            .to_owned();
        manager.create_index(once).await?;
        let subject = Table::create()
            .table(PolicySubject::Table)
            .col(ColumnDef::new(PolicySubject::Subject).string().not_null().primary_key())
            .col(ColumnDef::new(PolicySubject::Username).text().not_null())
            .col(ColumnDef::new(PolicySubject::Name).text().not_null())
            .col(ColumnDef::new(PolicySubject::Organisation).string().not_null())
            .col(ColumnDef::new(PolicySubject::Department).text())
            .col(ColumnDef::new(PolicySubject::SeenAt).big_integer().not_null())
            .to_owned();
        manager.create_table(subject).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PolicySubject::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(StaffMembership::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(PolicyBlock::Table).to_owned()).await
    }
}
