//! What patients are told of the log: who did what about them, and why. Refusals are not in it, and a read is told of once, by its
//! intent: somebody may have seen something from then on, however it ended.

use jiff::Timestamp;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Store, from_millis, to_millis};

use super::{AuditError, EventId, action};
use crate::{PersonId, SubjectId, entity::access_log};

/// Which part of the log.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before: where the page before ended.
    pub before: Option<Timestamp>,
    /// Of whom.
    pub who: LogActors,
    /// At most so many; more only where several have one instant.
    pub most: u64,
}

/// Whose acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogActors {
    /// Everybody's.
    #[default]
    Everybody,
    /// Of staff.
    Staff,
    /// Of patients' accounts but this one: proxies.
    Others(SubjectId),
    /// Of this one.
    One(SubjectId),
}

/// An act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the log.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: SubjectId,
    /// Their name then; empty for a component of ours.
    pub name: String,
    /// Staff groups they were in then, without `g:`.
    pub groups: Vec<String>,
    /// As in [`action`].
    pub action: String,
    /// Which section, or another name of what it was done to.
    pub object: Option<String>,
    /// Why, as a key, or in the words that a broken glass asks for.
    pub reason: Option<String>,
}

/// A part of the log, newest first.
#[derive(Clone, Debug, Default)]
pub struct LogPage {
    /// What was done.
    pub entries: Vec<LogEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<Timestamp>,
}

fn entry(row: access_log::Model) -> Result<LogEntry, AuditError> {
    let groups: Vec<String> = serde_json::from_str(&row.groups).map_err(|error| DbErr::Json(error.to_string()))?;
    let actor = SubjectId::parse(&row.actor).ok_or_else(|| DbErr::Custom("an actor of no kind".to_owned()))?;
    Ok(LogEntry {
        id: EventId { writer: row.writer, number: row.number },
        at: from_millis(row.at),
        actor,
        name: row.actor_name,
        groups: groups.iter().filter_map(|group| group.strip_prefix("g:")).map(str::to_owned).collect(),
        action: row.action,
        object: row.object_id,
        reason: row.reason,
    })
}

/// What was done about `persons`, which is one person by all their ids. Whether the reader may see it is the caller's to decide.
///
/// # Errors
/// The database's.
pub async fn about(store: &Store, persons: &[PersonId], query: &LogQuery) -> Result<LogPage, AuditError> {
    use access_log::Column;
    let mut wanted = access_log::Entity::find()
        .filter(Column::Person.is_in(persons.iter().map(|person| person.0)))
        .filter(Column::Action.ne(action::RECORD_READ_OUTCOME));
    if let Some(since) = query.since {
        wanted = wanted.filter(Column::At.gte(to_millis(since)));
    }
    if let Some(before) = query.before {
        wanted = wanted.filter(Column::At.lt(to_millis(before)));
    }
    wanted = match &query.who {
        LogActors::Everybody => wanted,
        LogActors::Staff => wanted.filter(Column::Actor.starts_with("u:")),
        LogActors::Others(account) => {
            wanted.filter(Column::Actor.starts_with("p:")).filter(Column::Actor.ne(account.as_str()))
        }
        LogActors::One(account) => wanted.filter(Column::Actor.eq(account.as_str())),
    };
    let newest = wanted.order_by_desc(Column::At).order_by_desc(Column::Writer).order_by_desc(Column::Number);
    let mut rows = newest.limit(query.most + 1).all(store.reader()).await?;
    let most = usize::try_from(query.most).unwrap_or(usize::MAX);
    let mut next = None;
    if let Some(edge) = rows.get(most).map(|row| row.at) {
        // Acts of one instant stand on one page.
        if rows.iter().any(|row| row.at > edge) {
            rows.retain(|row| row.at > edge);
            next = Some(from_millis(edge + 1));
        } else {
            next = Some(from_millis(edge));
        }
    }
    let entries = rows.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(LogPage { entries, next })
}
