//! How far each source's patients were listed, and by whom at the moment.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use store::{Lease, from_millis, to_millis};

use super::Index;
use crate::{IndexError, entity::sweep};

const LEASE: &str = "index-sweep";
/// Longer than any part of a sweep takes.
const HELD: SignedDuration = SignedDuration::from_mins(10);

/// How far the sweep of a source has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepState {
    /// Source id.
    pub source: String,
    /// Did the last one come to its end? Never before the first.
    pub end: Option<SweepEnd>,
    /// The next part, of one that is under way or was broken off.
    pub part: Option<i32>,
    /// When the last one began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Patients seen in it.
    pub seen: i64,
    /// Why not in full, as a message key of the record's words.
    pub detail: Option<String>,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepEnd {
    /// Every patient that the source lists.
    Finished,
    /// Some are missing.
    Partial,
    /// The source does not list patients, or did not answer.
    Failed,
}

impl SweepEnd {
    /// As in the database and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Finished, Self::Partial, Self::Failed].into_iter().find(|end| end.as_str() == text)
    }
}

impl Index {
    /// Says that this process lists patients now, for ten minutes; `false` when another one does.
    ///
    /// # Errors
    /// The database's.
    pub async fn may_sweep(&self, now: Timestamp) -> Result<bool, IndexError> {
        let lease = Lease { name: LEASE, holder: self.process.to_string(), ttl: HELD };
        self.store.write(move |tx| Box::pin(async move { Ok(lease.take(tx, now).await?) })).await
    }

    /// This process lists no more: another one need not wait until it is forgotten.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweeps_no_more(&self, now: Timestamp) -> Result<(), IndexError> {
        let lease = Lease { name: LEASE, holder: self.process.to_string(), ttl: SignedDuration::from_millis(-1) };
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    lease.take(tx, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What is known of all sweeps.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweeps(&self) -> Result<Vec<SweepState>, IndexError> {
        let rows = sweep::Entity::find().order_by_asc(sweep::Column::Source).all(self.store.reader()).await?;
        Ok(rows.into_iter().map(state).collect())
    }

    /// The sweep of one source.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_of(&self, source: &str) -> Result<Option<SweepState>, IndexError> {
        Ok(sweep::Entity::find_by_id(source.to_owned()).one(self.store.reader()).await?.map(state))
    }

    /// A new sweep of a source begins with `part`; what was known of the one before is forgotten.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_begins(&self, source: &str, part: i32, now: Timestamp) -> Result<(), IndexError> {
        let row = sweep::Model {
            source: source.to_owned(),
            state: "running".to_owned(),
            part: Some(part),
            started_at: to_millis(now),
            finished_at: None,
            seen: 0,
            detail: None,
        };
        use sweep::Column;
        let again = OnConflict::column(Column::Source)
            .update_columns([
                Column::State,
                Column::Part,
                Column::StartedAt,
                Column::FinishedAt,
                Column::Seen,
                Column::Detail,
            ])
            .to_owned();
        let insert = sweep::Entity::insert(row.into_active_model()).on_conflict(again);
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    insert.exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// A part was listed: `seen` more patients, `next` is to come; `gap` says why some of this part are missing.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_goes_on(
        &self,
        source: &str,
        next: i32,
        seen: i64,
        gap: Option<&'static str>,
    ) -> Result<(), IndexError> {
        let mut update = sweep::Entity::update_many()
            .col_expr(sweep::Column::Part, Expr::value(Some(next)))
            .col_expr(sweep::Column::Seen, Expr::col(sweep::Column::Seen).add(seen))
            .filter(sweep::Column::Source.eq(source));
        if let Some(gap) = gap {
            update = update.col_expr(sweep::Column::Detail, Expr::value(Some(gap)));
        }
        self.write_sweep(update).await
    }

    /// The sweep has come to its end.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_ends(
        &self,
        source: &str,
        end: SweepEnd,
        gap: Option<&'static str>,
        now: Timestamp,
    ) -> Result<(), IndexError> {
        let mut update = sweep::Entity::update_many()
            .col_expr(sweep::Column::State, Expr::value(end.as_str()))
            .col_expr(sweep::Column::Part, Expr::value(Option::<i32>::None))
            .col_expr(sweep::Column::FinishedAt, Expr::value(Some(to_millis(now))))
            .filter(sweep::Column::Source.eq(source));
        if let Some(gap) = gap {
            update = update.col_expr(sweep::Column::Detail, Expr::value(Some(gap)));
        }
        self.write_sweep(update).await
    }

    async fn write_sweep(&self, update: sea_orm::UpdateMany<sweep::Entity>) -> Result<(), IndexError> {
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    update.exec(tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

fn state(row: sweep::Model) -> SweepState {
    SweepState {
        end: SweepEnd::parse(&row.state),
        source: row.source,
        part: row.part,
        started_at: from_millis(row.started_at),
        finished_at: row.finished_at.map(from_millis),
        seen: row.seen,
        detail: row.detail,
    }
}
