//! Searches kept for ten minutes under an id, so that no URL holds a resident ID.

use access::SubjectId;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use store::{Lease, to_millis};
use uuid::Uuid;

use crate::{Index, IndexError, entity::search};

/// The lease of those who delete old ones, once a minute.
const SWEEP: &str = "patient-search-sweep";
const KEPT: SignedDuration = SignedDuration::from_mins(10);

/// A search as it was kept.
#[derive(Clone, Debug)]
pub struct KeptSearch {
    /// The query as it may be shown again.
    pub shown_query: String,
    /// What the keeper wrote, as JSON.
    pub results: String,
}

impl Index {
    /// Keeps a search for its owner and forgets old ones. `shown_query` never holds a resident ID in clear.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_search(
        &self,
        owner: &SubjectId,
        id: Uuid,
        shown_query: &str,
        results: String,
        now: Timestamp,
    ) -> Result<(), IndexError> {
        let row = search::Model {
            id,
            owner: owner.to_string(),
            shown_query: shown_query.to_owned(),
            results,
            created_at: to_millis(now),
        };
        let outdated = to_millis(now - KEPT);
        self.store()
            .write(move |tx| {
                Box::pin(async move {
                    search::Entity::delete_many().filter(search::Column::CreatedAt.lt(outdated)).exec(tx).await?;
                    search::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                    Ok::<_, IndexError>(())
                })
            })
            .await
    }

    /// Deletes the searches nobody may see any more. Queries hold what people are called: they go when they are due,
    /// not when somebody searches next. On one replica at a time, by a lease; how many went, 0 also on the others.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_searches(&self, now: Timestamp) -> Result<u64, IndexError> {
        let lease = Lease { name: SWEEP, holder: self.process().to_string(), ttl: SignedDuration::from_mins(2) };
        let outdated = search::Column::CreatedAt.lt(to_millis(now - KEPT));
        self.store()
            .write(move |tx| {
                Box::pin(async move {
                    if !lease.take(tx, now).await? {
                        return Ok(0);
                    }
                    let gone = search::Entity::delete_many().filter(outdated).exec(tx).await?;
                    Ok::<_, IndexError>(gone.rows_affected)
                })
            })
            .await
    }

    /// A search kept for `owner`, not older than ten minutes.
    ///
    /// # Errors
    /// The database's.
    pub async fn kept_search(
        &self,
        owner: &SubjectId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<KeptSearch>, IndexError> {
        let own = search::Column::Owner.eq(owner.as_str());
        let found = search::Entity::find_by_id(id)
            .filter(if access::Safeguard::SearchMaker.stands() { own } else { search::Column::Id.eq(id) })
            .filter(search::Column::CreatedAt.gte(to_millis(now - KEPT)))
            .one(self.store().reader())
            .await?;
        Ok(found.map(|row| KeptSearch { shown_query: row.shown_query, results: row.results }))
    }
}
