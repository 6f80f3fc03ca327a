//! The outbox: what the world is told of an act, after the act is committed and never without it.
//!
//! [`append`] writes an event on the act's own [`Tx`] and asks for the job that delivers its topic. Events of a topic are
//! delivered in the order in which their acts were committed, each at least once: a [`Subscriber`] that may have been cut
//! off before its event was marked gets it again, with the same id. One that does not work is tried again and keeps those
//! behind it waiting, as order asks for.

use std::sync::Arc;

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Store, StoreError, Tx,
    entity::{outbox, outbox_topic},
    from_millis,
    jobs::{self, Ended, Failure, Handler, JobError, NewJob, Run},
    to_millis,
};

/// The kind of the jobs that deliver; their key is the topic.
pub const KIND: &str = "outbox";
/// Read at a time.
const BATCH: u64 = 50;

/// An event to be delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its own, the same at every delivery: what makes twice once.
    pub id: Uuid,
    /// What it is about, in lower-case letters and `-`; at most 64 bytes.
    pub topic: String,
    /// Its place in the topic.
    pub number: i64,
    /// Ids, names of staff and codes; never health data.
    pub payload: Value,
    /// When the act was.
    pub at: Timestamp,
}

/// Is told the events of one topic.
#[async_trait::async_trait]
pub trait Subscriber: Send + Sync + 'static {
    /// Which topic.
    fn topic(&self) -> &'static str;

    /// Delivers one event; not for the first time, perhaps.
    async fn deliver(&self, event: &Event) -> Result<(), Failure>;
}

/// Writes an event in the transaction of its act.
///
/// # Errors
/// The database's: then the act is not committed either.
pub async fn append(tx: &Tx, topic: &'static str, payload: Value, now: Timestamp) -> Result<Uuid, StoreError> {
    // The topic's row stays locked until the act is committed: a number that can be seen has none below it to come.
    let last = outbox_topic::Column::Last;
    let next = OnConflict::column(outbox_topic::Column::Topic)
        .value(last, Expr::col((outbox_topic::Entity, last)).add(1))
        .to_owned();
    let row = outbox_topic::ActiveModel { topic: Set(topic.to_owned()), last: Set(1) };
    outbox_topic::Entity::insert(row).on_conflict(next).exec_without_returning(tx).await?;
    let counted = outbox_topic::Entity::find_by_id(topic).one(tx).await?;
    let counted = counted.ok_or_else(|| StoreError::Group(format!("the topic {topic} has no number")))?;
    let event = outbox::Model {
        id: Uuid::now_v7(),
        topic: topic.to_owned(),
        number: counted.last,
        payload: payload.to_string(),
        created_at: to_millis(now),
        delivered_at: None,
    };
    let id = event.id;
    outbox::Entity::insert(event.into_active_model()).exec_without_returning(tx).await?;
    let job = NewJob { kind: KIND, key: topic.to_owned(), payload: Value::Null, run_at: now };
    match jobs::enqueue(tx, job, now).await {
        Ok(_) => Ok(id),
        Err(JobError::Store(error)) => Err(error),
        Err(error) => Err(StoreError::Group(error.to_string())),
    }
}

/// The handler that delivers.
pub struct Deliveries {
    store: Store,
    subscribers: Vec<Arc<dyn Subscriber>>,
}

impl Deliveries {
    /// Of the events in `store`, to nobody yet.
    pub fn new(store: Store) -> Self {
        Self { store, subscribers: Vec::new() }
    }

    /// To one more.
    #[must_use]
    pub fn to(mut self, subscriber: impl Subscriber) -> Self {
        self.subscribers.push(Arc::new(subscriber));
        self
    }

    async fn waiting(&self, topic: &str) -> Result<Vec<Event>, JobError> {
        let rows = outbox::Entity::find()
            .filter(outbox::Column::Topic.eq(topic))
            .filter(outbox::Column::DeliveredAt.is_null())
            .order_by_asc(outbox::Column::Number)
            .limit(BATCH)
            .all(self.store.reader())
            .await?;
        let event = |row: outbox::Model| {
            let payload = serde_json::from_str(&row.payload).map_err(|_| JobError::Unreadable(row.id))?;
            Ok(Event { id: row.id, topic: row.topic, number: row.number, payload, at: from_millis(row.created_at) })
        };
        rows.into_iter().map(event).collect()
    }

    async fn mark(&self, run: &Run, event: &Event) -> Result<(), JobError> {
        let (run, id, number) = (run.clone(), event.id, event.number);
        let marked = self.store.write(move |tx| {
            Box::pin(async move {
                run.save(tx, &number.to_string()).await?;
                let delivered = outbox::Entity::update_many()
                    .col_expr(outbox::Column::DeliveredAt, Expr::value(to_millis(run.now())))
                    .filter(outbox::Column::Id.eq(id));
                delivered.exec(tx).await?;
                Ok(())
            })
        });
        marked.await
    }
}

#[async_trait::async_trait]
impl Handler for Deliveries {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn limit(&self) -> usize {
        2
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let subscriber = self.subscribers.iter().find(|one| one.topic() == run.key());
        let Some(subscriber) = subscriber else { return Err(Failure::passing("no-subscriber")) };
        let mut delivered = 0;
        loop {
            let events = self.waiting(run.key()).await?;
            if events.is_empty() {
                return Ok(Ended::Done);
            }
            for event in events {
                if run.interrupted() {
                    return Ok(Ended::Interrupted);
                }
                subscriber.deliver(&event).await?;
                self.mark(run, &event).await?;
                delivered += 1;
            }
            run.progress(delivered, None, None).await?;
        }
    }
}
