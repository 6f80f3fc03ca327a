//! Copies of what was connected: asked for by patients, read when the hospital can't be asked in their name.

use std::fmt;

use access::{AuditLog, PatientContext, PersonId};
use fhir::{Cause, Entry, Kind, Limits, NotAsked, Outcome, SearchReport, bundle};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::{Tx, from_millis};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{ConnectError, Connections, CopiedFiles, event, seal::open_copy};
use crate::{
    Secrets,
    entity::{
        connection::{Column, Entity, Model},
        copy,
    },
};

/// How a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyState {
    /// Asked for.
    Wanted,
    /// Being made.
    Running,
    /// Until the patient lets it go on.
    Paused,
    /// Whole.
    Done,
    /// It did not work.
    Failed,
}

impl CopyState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wanted, Self::Running, Self::Paused, Self::Done, Self::Failed];

    /// In the database, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    pub(super) fn of(row: &Model) -> Option<Self> {
        Self::ALL.into_iter().find(|state| row.copy_state.as_deref() == Some(state.as_str()))
    }
}

/// Resources of a copy that are opened at once.
const AT_ONCE: u64 = 50;
/// Faults inside them that are told.
const MOST_NOTES: usize = 100;

/// What a patient does with a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStep {
    /// A new one, or on with one that is paused or has failed.
    Start,
    /// Not now.
    Pause,
    /// None any more: what was copied is gone, and none is made until it is asked for.
    Remove,
}

impl CopyStep {
    /// From a form or JSON: `start`, `pause` or `remove`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "start" => Some(Self::Start),
            "pause" => Some(Self::Pause),
            "remove" => Some(Self::Remove),
            _ => None,
        }
    }
}

/// A copy, as its owner sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Absent: none was ever asked for.
    pub state: Option<CopyState>,
    /// Why it does not get on, a key of words.
    pub why: Option<String>,
    /// Resources so far.
    pub done: u64,
    /// Of so many, where that is known.
    pub total: Option<u64>,
    /// When the last whole one was made.
    pub at: Option<Timestamp>,
    /// Files of documents in it, and what was left out.
    pub files: CopiedFiles,
}

impl Copied {
    pub(super) fn of(row: &Model) -> Self {
        Self {
            state: CopyState::of(row),
            why: row.copy_why.clone(),
            done: u64::try_from(row.copy_done).unwrap_or_default(),
            total: row.copy_total.and_then(|total| u64::try_from(total).ok()),
            at: row.copied_at.map(from_millis),
            files: CopiedFiles::of(row),
        }
    }
}

impl Connections {
    /// Begins a copy, goes on with one, pauses it or throws it away. What does not fit how it stands changes nothing.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`] for another's; the policy's, the audit's, the database's.
    pub async fn copy(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        id: Uuid,
        step: CopyStep,
    ) -> Result<(), ConnectError> {
        self.require(ctx, person)?;
        let own = Column::Id.eq(id).and(Column::Person.eq(person.0));
        let row = Entity::find().filter(own.clone()).one(self.inner.store.reader()).await?;
        let row = row.ok_or(ConnectError::NotFound)?;
        let (from, to): (&[CopyState], _) = match step {
            // Also one that runs: an administrator may have taken its job away.
            CopyStep::Start => (&CopyState::ALL, CopyState::Wanted),
            CopyStep::Pause => (&[CopyState::Wanted, CopyState::Running], CopyState::Paused),
            CopyStep::Remove => return self.throw_away(ctx, &row).await,
        };
        let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
        let change = Entity::update_many()
            .col_expr(Column::CopyState, Expr::value(to.as_str()))
            .col_expr(Column::CopyWhy, Expr::value(None::<String>))
            .filter(own.and(Column::CopyState.is_in(from).or(Column::CopyState.is_null())));
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                change.exec(tx).await?;
                Ok(())
            })
        });
        written.await
    }
}

impl Connections {
    async fn throw_away(&self, ctx: &PatientContext, row: &Model) -> Result<(), ConnectError> {
        let none = || Expr::value(None::<String>);
        let change = Entity::update_many()
            .col_expr(Column::CopyState, none())
            .col_expr(Column::CopyWhy, none())
            .col_expr(Column::CopyCursor, none())
            .col_expr(Column::CopyFiles, none())
            .col_expr(Column::CopyDone, Expr::value(0_i64))
            .col_expr(Column::CopyTotal, Expr::value(None::<i64>))
            .col_expr(Column::CopiedAt, Expr::value(None::<i64>))
            // Whoever is still at it works for a round that is over.
            .col_expr(Column::CopyRound, Expr::col(Column::CopyRound).add(1_i64))
            .filter(Column::Id.eq(row.id));
        let event = event("connection.copy-end", row).about(PersonId(row.person));
        let draft = AuditLog::draft(ctx, (self.inner.secrets.ambient.now)(), event);
        let (id, audit) = (row.id, self.inner.audit.clone());
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                if change.exec(tx).await?.rows_affected == 1 {
                    delete(tx, id).await?;
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        written.await
    }
}

/// Takes all copies of a connection away.
pub(super) async fn delete(tx: &Tx, connection: Uuid) -> Result<(), ConnectError> {
    copy::Entity::delete_many().filter(copy::Column::Connection.eq(connection)).exec(tx).await?;
    Ok(())
}

/// What was copied of one connection, read in the place of the hospital.
#[derive(Clone)]
pub(crate) struct Copies {
    secrets: Secrets,
    connection: Uuid,
    at: Timestamp,
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Copies({})", self.at)
    }
}

impl Copies {
    /// Where there is a whole copy.
    pub(super) fn of(row: &Model, secrets: &Secrets) -> Option<Self> {
        let at = row.copied_at?;
        Some(Self { secrets: secrets.clone(), connection: row.id, at: from_millis(at) })
    }

    /// When it was made.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// Everything of the type: as a server that knows no filter, and is never believed to have everything.
    pub(crate) async fn search<K: Kind>(
        &self,
        limits: &Limits,
        each: &mut (dyn for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send),
    ) -> SearchReport {
        let mut report = SearchReport {
            outcome: Outcome::Partial(Cause::NotAsked(NotAsked::Copied)),
            unfiltered: true,
            ..SearchReport::not_asked(NotAsked::Copied)
        };
        let mut after = Uuid::nil();
        // A few at a time: what was copied may be more than a process should hold.
        while report.entries < limits.entries {
            let some = copy::Column::Kind.eq(K::TYPE).and(copy::Column::Id.gt(after));
            let page = match self.bundle(some).await {
                Err(error) => return self.unread(&error),
                Ok(None) => break,
                Ok(Some((text, last))) => {
                    after = last;
                    bundle::read_page::<K>(text.as_bytes(), limits.entries - report.entries, each)
                }
            };
            report.entries += page.entries;
            report.broken += page.broken;
            report.notes.extend(page.notes.into_iter().take(MOST_NOTES.saturating_sub(report.notes.len())));
        }
        report
    }

    /// One resource.
    pub(crate) async fn read<K: Kind>(
        &self,
        id: &str,
        each: &mut (dyn for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send),
    ) -> SearchReport {
        let one = copy::Column::Kind.eq(K::TYPE).and(copy::Column::Resource.eq(id));
        match self.bundle(one).await {
            Err(error) => self.unread(&error),
            Ok(found) => {
                let read = found.map(|(text, _)| bundle::read_page::<K>(text.as_bytes(), 1, each).entries);
                let entries = read.unwrap_or_default();
                let outcome = match entries {
                    // What was not copied may be there.
                    0 => Outcome::Unreachable(Cause::NotAsked(NotAsked::Copied)),
                    _ => Outcome::Partial(Cause::NotAsked(NotAsked::Copied)),
                };
                SearchReport { outcome, entries, ..SearchReport::not_asked(NotAsked::Copied) }
            }
        }
    }

    /// A searchset (<https://hl7.org/fhir/R4/bundle.html#searchset>) of the first of `these`, with the row of the last one in it;
    /// `None` where there are none.
    async fn bundle(&self, these: Expr) -> Result<Option<(Zeroizing<String>, Uuid)>, ConnectError> {
        let own = copy::Column::Connection.eq(self.connection).and(these);
        let rows = copy::Entity::find().filter(own).order_by_asc(copy::Column::Id).limit(AT_ONCE);
        let rows = rows.all(self.secrets.store.reader()).await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
        let mut text = Zeroizing::new(String::from(r#"{"resourceType":"Bundle","type":"searchset","entry":["#));
        for (at, row) in rows.iter().enumerate() {
            let json = open_copy(&self.secrets, row).await?;
            text.push_str(if at == 0 { r#"{"resource":"# } else { r#",{"resource":"# });
            text.push_str(&String::from_utf8_lossy(&json));
            text.push('}');
        }
        text.push_str("]}");
        Ok(Some((text, last)))
    }

    fn unread(&self, error: &ConnectError) -> SearchReport {
        tracing::error!(%error, "the copy of a connected record can't be read");
        SearchReport::not_asked(NotAsked::Unusable)
    }
}
