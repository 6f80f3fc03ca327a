//! Whom a message is told to, and by what: a row and a job for each.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sea_orm::{EntityTrait as _, IntoActiveModel as _, sea_query::OnConflict};
use serde_json::Value;
use store::{
    Store, StoreError, Tx,
    jobs::{self, Ended, Failure, Handler, JobError, NewJob, Run},
    to_millis,
};
use uuid::Uuid;

use super::{Channel, deliver};
use crate::{
    AddressBook, MessageError, Recipient,
    entity::{message, message_delivery},
};

const KIND: &str = "message-announce";

/// Asks for a message to be told, in the transaction that writes it.
pub(crate) async fn ask(tx: &Tx, message: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let job = NewJob { kind: KIND, key: message.to_string(), payload: Value::Null, run_at: now };
    enqueue(tx, job, now).await
}

async fn enqueue(tx: &Tx, job: NewJob, now: Timestamp) -> Result<(), StoreError> {
    match jobs::enqueue(tx, job, now).await {
        Ok(_) => Ok(()),
        Err(JobError::Store(error)) => Err(error),
        Err(error) => Err(StoreError::Group(error.to_string())),
    }
}

/// Makes the deliveries of a message.
pub struct Announce {
    store: Store,
    book: Arc<dyn AddressBook>,
    channels: Vec<Channel>,
}

impl Announce {
    /// Of messages in `store`, to whom `book` knows, by `channels`.
    pub fn new(store: Store, book: Arc<dyn AddressBook>, channels: Vec<Channel>) -> Self {
        Self { store, book, channels }
    }

    async fn recipient(&self, key: &str) -> Result<Option<(Uuid, Recipient)>, MessageError> {
        let Ok(id) = Uuid::try_parse(key) else { return Ok(None) };
        let row = message::Entity::find_by_id(id).one(self.store.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((id, Recipient::parse(&row.recipient).ok_or(MessageError::Row)?)))
    }
}

#[async_trait]
impl Handler for Announce {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let Some((message, recipient)) = self.recipient(run.key()).await? else { return Ok(Ended::Done) };
        let reached = self.book.reached(&recipient).await?;
        let to = |channel: Channel| reached.iter().filter(move |(_, contact)| channel.reaches(contact));
        let deliveries: Vec<(Channel, Recipient)> =
            self.channels.iter().flat_map(|channel| to(*channel).map(|(whom, _)| (*channel, whom.clone()))).collect();
        let now = run.now();
        let written = self.store.write::<_, MessageError, _>(move |tx| {
            Box::pin(async move {
                for (channel, whom) in &deliveries {
                    begin(tx, message, *channel, whom, now).await?;
                }
                Ok(())
            })
        });
        written.await?;
        Ok(Ended::Done)
    }
}

/// A delivery and its job, unless they are there.
async fn begin(tx: &Tx, message: Uuid, channel: Channel, whom: &Recipient, now: Timestamp) -> Result<(), MessageError> {
    use message_delivery::{Column, Entity, Model};
    let row = Model {
        id: Uuid::now_v7(),
        message,
        recipient: whom.written(),
        channel: channel.as_str().to_owned(),
        state: deliver::WAITING.to_owned(),
        error: None,
        created_at: to_millis(now),
        changed_at: to_millis(now),
    };
    let once = OnConflict::columns([Column::Message, Column::Recipient, Column::Channel]).do_nothing().to_owned();
    let id = row.id;
    let insert = Entity::insert(row.into_active_model()).on_conflict(once);
    if insert.exec_without_returning(tx).await? == 0 {
        return Ok(());
    }
    let job = NewJob { kind: channel.job(), key: id.to_string(), payload: Value::Null, run_at: now };
    Ok(enqueue(tx, job, now).await?)
}
