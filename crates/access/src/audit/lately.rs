//! What the log says of the last days, for first pages: whom somebody opened, how many did something.

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Condition, Expr, Func},
};
use store::{Store, from_millis, to_millis};

use super::{AuditError, AuditLog, action};
use crate::{PersonId, SubjectId, entity::audit_event};

/// What a read is called that a first page does by itself, to say what waits: nobody opened that record.
pub const GLANCE: &str = "waiting-results";

fn opened() -> Condition {
    use audit_event::Column;
    Condition::any().add(Column::ObjectId.is_null()).add(Column::ObjectId.ne(GLANCE))
}

#[derive(FromQueryResult)]
struct Opened {
    person: uuid::Uuid,
    last: i64,
}

#[derive(FromQueryResult)]
struct Counted {
    acts: i64,
    people: i64,
}

/// How often something was done, and by how many people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Times.
    pub acts: u64,
    /// People.
    pub people: u64,
}

impl AuditLog {
    /// Whose records `subject` has begun to read since ([`GLANCE`] apart), and when last; the latest first, `most` at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn opened_by(
        store: &Store,
        subject: &SubjectId,
        since: Timestamp,
        most: u64,
    ) -> Result<Vec<(PersonId, Timestamp)>, AuditError> {
        use audit_event::Column;
        let rows = audit_event::Entity::find()
            .select_only()
            .column(Column::Person)
            .column_as(Column::At.max(), "last")
            .filter(Column::Actor.eq(subject.as_str()))
            .filter(Column::At.gte(to_millis(since)))
            .filter(Column::Action.eq(action::RECORD_READ_INTENT))
            .filter(Column::Person.is_not_null())
            .filter(opened())
            .group_by(Column::Person)
            .order_by_desc(Expr::col("last"))
            .limit(most)
            .into_model::<Opened>()
            .all(store.reader())
            .await?;
        Ok(rows.into_iter().map(|row| (PersonId(row.person), from_millis(row.last))).collect())
    }

    /// How often `action` was done since ([`GLANCE`] apart), and by how many people.
    ///
    /// # Errors
    /// The database's.
    pub async fn usage(store: &Store, action: &str, since: Timestamp) -> Result<Usage, AuditError> {
        use audit_event::Column;
        let counted = audit_event::Entity::find()
            .select_only()
            .column_as(Column::Number.count(), "acts")
            .column_as(Expr::expr(Func::count_distinct(Expr::col(Column::Actor))), "people")
            .filter(Column::At.gte(to_millis(since)))
            .filter(Column::Action.eq(action))
            .filter(opened())
            .into_model::<Counted>()
            .one(store.reader())
            .await?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(counted.map(|row| Usage { acts: number(row.acts), people: number(row.people) }).unwrap_or_default())
    }
}
