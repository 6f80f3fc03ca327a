//! How staff are told outside their portal that a message waits: where they are reached, and what was sent to whom.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum StaffContact {
    Table,
    /// `u:…`
    Subject,
    /// JSON: their groups as their directory had them when they last signed in.
    Groups,
    /// Addresses and language, sealed.
    Sealed,
    /// When they last signed in.
    SeenAt,
}

#[derive(DeriveIden)]
enum MessageDelivery {
    Table,
    /// What the channel knows it by: the same at every try.
    Id,
    Message,
    /// `u:…` or `person:…`: one, never a group.
    Recipient,
    /// `mail` or `sms`.
    Channel,
    /// `waiting`, `sent`, `refused` or `dropped`.
    State,
    /// A code.
    Error,
    CreatedAt,
    ChangedAt,
}

fn contact() -> TableCreateStatement {
    Table::create()
        .table(StaffContact::Table)
        .col(ColumnDef::new(StaffContact::Subject).string().not_null().primary_key())
        .col(ColumnDef::new(StaffContact::Groups).text().not_null())
        .col(ColumnDef::new(StaffContact::Sealed).text().not_null())
        .col(ColumnDef::new(StaffContact::SeenAt).big_integer().not_null())
        .to_owned()
}

fn delivery() -> TableCreateStatement {
    Table::create()
        .table(MessageDelivery::Table)
        .col(ColumnDef::new(MessageDelivery::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(MessageDelivery::Message).uuid().not_null())
        .col(ColumnDef::new(MessageDelivery::Recipient).string().not_null())
        .col(ColumnDef::new(MessageDelivery::Channel).string_len(16).not_null())
        .col(ColumnDef::new(MessageDelivery::State).string_len(16).not_null())
        .col(ColumnDef::new(MessageDelivery::Error).string_len(64))
        .col(ColumnDef::new(MessageDelivery::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(MessageDelivery::ChangedAt).big_integer().not_null())
        .to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(contact()).await?;
        let seen = Index::create()
            .name("staff_contact_seen_at")
            .table(StaffContact::Table)
            .col(StaffContact::SeenAt)
            .to_owned();
        manager.create_index(seen).await?;
        manager.create_table(delivery()).await?;
        let once = Index::create()
            .unique()
            .name("message_delivery_once")
            .table(MessageDelivery::Table)
            .col(MessageDelivery::Message)
            .col(MessageDelivery::Recipient)
            .col(MessageDelivery::Channel)
            .to_owned();
        manager.create_index(once).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(MessageDelivery::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(StaffContact::Table).to_owned()).await
    }
}
