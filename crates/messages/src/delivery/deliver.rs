//! One delivery: to one person, by one channel.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, SimpleExpr},
};
use store::{
    Store,
    jobs::{Ended, Failure, Handler, Run},
    to_millis,
};
use uuid::Uuid;

use super::Carrier;
use crate::{
    AddressBook, MessageError, Recipient,
    entity::message_delivery::{Column, Entity, Model},
};

/// Not sent yet.
pub(super) const WAITING: &str = "waiting";
/// The other side has taken it.
const SENT: &str = "sent";
/// The other side will not have it.
const REFUSED: &str = "refused";
/// There is no address any more.
const DROPPED: &str = "dropped";

/// Tries of one delivery: with the waits between them about a day, so that a mail server may be away for a night.
const TRIES: i32 = 34;
/// At once by one channel in one process.
const AT_ONCE: usize = 2;

/// Delivers by one channel.
pub struct Deliver {
    store: Store,
    book: Arc<dyn AddressBook>,
    carrier: Arc<dyn Carrier>,
}

impl Deliver {
    /// What is in `store`, to where `book` says at that moment, by `carrier`.
    pub fn new(store: Store, book: Arc<dyn AddressBook>, carrier: Arc<dyn Carrier>) -> Self {
        Self { store, book, carrier }
    }

    async fn waiting(&self, key: &str) -> Result<Option<Model>, MessageError> {
        let Ok(id) = Uuid::try_parse(key) else { return Ok(None) };
        let row = Entity::find_by_id(id).one(self.store.reader()).await?;
        // One that was refused is tried again when somebody says so.
        Ok(row.filter(|row| matches!(row.state.as_str(), WAITING | REFUSED)))
    }

    async fn mark(&self, id: Uuid, state: &str, error: Option<&str>, now: Timestamp) -> Result<(), MessageError> {
        let value = |text: Option<&str>| -> SimpleExpr { Expr::value(text.map(str::to_owned)) };
        let change = Entity::update_many()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::Error, value(error))
            .col_expr(Column::ChangedAt, Expr::value(to_millis(now)))
            .filter(Column::Id.eq(id));
        let changed = self.store.write::<_, MessageError, _>(move |tx| {
            Box::pin(async move {
                change.exec(tx).await?;
                Ok(())
            })
        });
        changed.await
    }
}

#[async_trait]
impl Handler for Deliver {
    fn kind(&self) -> &'static str {
        self.carrier.channel().job()
    }

    fn limit(&self) -> usize {
        AT_ONCE
    }

    fn most_attempts(&self) -> i32 {
        TRIES
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let Some(row) = self.waiting(run.key()).await? else { return Ok(Ended::Done) };
        let whom = Recipient::parse(&row.recipient).ok_or(MessageError::Row)?;
        let channel = self.carrier.channel();
        let known = self.book.reached(&whom).await?;
        let Some((_, contact)) = known.into_iter().find(|(_, contact)| channel.reaches(contact)) else {
            self.mark(row.id, DROPPED, None, run.now()).await?;
            return Ok(Ended::Done);
        };
        match self.carrier.carry(&contact, row.id, run.now()).await {
            Ok(()) => self.mark(row.id, SENT, None, run.now()).await?,
            Err(failure) => {
                let state = if failure.is_final { REFUSED } else { WAITING };
                self.mark(row.id, state, Some(failure.code), run.now()).await?;
                return Err(failure);
            }
        }
        Ok(Ended::Done)
    }
}
