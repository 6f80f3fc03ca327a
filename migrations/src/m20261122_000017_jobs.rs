//! Jobs with their history, events to be delivered after the act they belong to, and messages to people.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Job {
    Table,
    Id,
    Kind,
    /// What it is about: one open job of a kind for each.
    Key,
    /// JSON: ids, never health data.
    Payload,
    /// `waiting`, `running`, `paused`, `done`, `failed` or `cancelled`.
    State,
    /// Not before.
    RunAt,
    /// How often it was begun since it last came forward.
    Attempt,
    /// Who runs it: new each time it is begun.
    Holder,
    LeaseUntil,
    /// What somebody wants of it while it runs: `cancel` or `pause`.
    Asked,
    /// It was asked for once more since it was begun.
    Again,
    Done,
    Total,
    /// Which step, a message key.
    Note,
    /// Where to go on.
    Cursor,
    /// A code.
    LastError,
    EnqueuedAt,
    StartedAt,
    ChangedAt,
    /// Since then it is over: `done`, `failed` or `cancelled`.
    FinishedAt,
}

#[derive(DeriveIden)]
enum JobEvent {
    Table,
    Id,
    Job,
    At,
    What,
    Attempt,
    /// A code.
    Error,
    /// The name of who did it, where it was somebody.
    By,
}

#[derive(DeriveIden)]
enum Outbox {
    Table,
    Id,
    Topic,
    /// Its place in the topic: from 1, without gaps, in the order of the commits.
    Number,
    Payload,
    CreatedAt,
    DeliveredAt,
}

#[derive(DeriveIden)]
enum OutboxTopic {
    Table,
    Topic,
    Last,
}

#[derive(DeriveIden)]
enum Message {
    Table,
    Id,
    /// `internal` or `external`: on which portal it is read.
    Domain,
    /// `u:…`, `g:…` or `person:…`.
    Recipient,
    /// What it says, by key.
    Kind,
    /// JSON: what the words of this kind need.
    Refs,
    CreatedAt,
}

#[derive(DeriveIden)]
enum MessageRead {
    Table,
    Message,
    Reader,
    Domain,
    ReadAt,
}

fn job() -> TableCreateStatement {
    Table::create()
        .table(Job::Table)
        .col(ColumnDef::new(Job::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Job::Kind).string_len(64).not_null())
        .col(ColumnDef::new(Job::Key).string_len(200).not_null())
        .col(ColumnDef::new(Job::Payload).text().not_null())
        .col(ColumnDef::new(Job::State).string_len(16).not_null())
        .col(ColumnDef::new(Job::RunAt).big_integer().not_null())
        .col(ColumnDef::new(Job::Attempt).integer().not_null())
        .col(ColumnDef::new(Job::Holder).string_len(80))
        .col(ColumnDef::new(Job::LeaseUntil).big_integer())
        .col(ColumnDef::new(Job::Asked).string_len(16))
        .col(ColumnDef::new(Job::Again).boolean().not_null())
        .col(ColumnDef::new(Job::Done).big_integer())
        .col(ColumnDef::new(Job::Total).big_integer())
        .col(ColumnDef::new(Job::Note).string_len(64))
        .col(ColumnDef::new(Job::Cursor).text())
        .col(ColumnDef::new(Job::LastError).string_len(64))
        .col(ColumnDef::new(Job::EnqueuedAt).big_integer().not_null())
        .col(ColumnDef::new(Job::StartedAt).big_integer())
        .col(ColumnDef::new(Job::ChangedAt).big_integer().not_null())
        .col(ColumnDef::new(Job::FinishedAt).big_integer())
        .to_owned()
}

fn job_event() -> TableCreateStatement {
    Table::create()
        .table(JobEvent::Table)
        .col(ColumnDef::new(JobEvent::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(JobEvent::Job).uuid().not_null())
        .col(ColumnDef::new(JobEvent::At).big_integer().not_null())
        .col(ColumnDef::new(JobEvent::What).string_len(16).not_null())
        .col(ColumnDef::new(JobEvent::Attempt).integer().not_null())
        .col(ColumnDef::new(JobEvent::Error).string_len(64))
        .col(ColumnDef::new(JobEvent::By).text())
        .to_owned()
}

fn outbox() -> [TableCreateStatement; 2] {
    let events = Table::create()
        .table(Outbox::Table)
        .col(ColumnDef::new(Outbox::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Outbox::Topic).string_len(64).not_null())
        .col(ColumnDef::new(Outbox::Number).big_integer().not_null())
        .col(ColumnDef::new(Outbox::Payload).text().not_null())
        .col(ColumnDef::new(Outbox::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Outbox::DeliveredAt).big_integer())
        .to_owned();
    let topics = Table::create()
        .table(OutboxTopic::Table)
        .col(ColumnDef::new(OutboxTopic::Topic).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(OutboxTopic::Last).big_integer().not_null())
        .to_owned();
    [events, topics]
}

fn messages() -> [TableCreateStatement; 2] {
    let message = Table::create()
        .table(Message::Table)
        .col(ColumnDef::new(Message::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Message::Domain).string_len(16).not_null())
        .col(ColumnDef::new(Message::Recipient).string().not_null())
        .col(ColumnDef::new(Message::Kind).string_len(64).not_null())
        .col(ColumnDef::new(Message::Refs).text().not_null())
        .col(ColumnDef::new(Message::CreatedAt).big_integer().not_null())
        .to_owned();
    let read = Table::create()
        .table(MessageRead::Table)
        .col(ColumnDef::new(MessageRead::Message).uuid().not_null())
        .col(ColumnDef::new(MessageRead::Reader).string().not_null())
        .col(ColumnDef::new(MessageRead::Domain).string_len(16).not_null())
        .col(ColumnDef::new(MessageRead::ReadAt).big_integer().not_null())
        .primary_key(Index::create().col(MessageRead::Message).col(MessageRead::Reader))
        .to_owned();
    [message, read]
}

fn indexes() -> [IndexCreateStatement; 7] {
    [
        Index::create()
            .unique()
            .name("job_open")
            .table(Job::Table)
            .col(Job::Kind)
            .col(Job::Key)
            .and_where(Expr::col(Job::FinishedAt).is_null())
            .to_owned(),
        Index::create().name("job_due").table(Job::Table).col(Job::Kind).col(Job::State).col(Job::RunAt).to_owned(),
        Index::create().name("job_finished_at").table(Job::Table).col(Job::FinishedAt).to_owned(),
        Index::create().name("job_event_job").table(JobEvent::Table).col(JobEvent::Job).to_owned(),
        Index::create()
            .unique()
            .name("outbox_number")
            .table(Outbox::Table)
            .col(Outbox::Topic)
            .col(Outbox::Number)
            .to_owned(),
        Index::create().name("outbox_delivered_at").table(Outbox::Table).col(Outbox::DeliveredAt).to_owned(),
        Index::create()
            .name("message_of")
            .table(Message::Table)
            .col(Message::Recipient)
            .col(Message::CreatedAt)
            .to_owned(),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [job(), job_event()].into_iter().chain(outbox()).chain(messages()) {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            MessageRead::Table.into_iden(),
            Message::Table.into_iden(),
            OutboxTopic::Table.into_iden(),
            Outbox::Table.into_iden(),
            JobEvent::Table.into_iden(),
            Job::Table.into_iden(),
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
