//! Searches kept for ten minutes under an id, so that no URL holds a resident ID.

use access::SubjectId;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use store::to_millis;
use uuid::Uuid;

use crate::{Index, IndexError, entity::search};

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
        let found = search::Entity::find_by_id(id)
            .filter(search::Column::Owner.eq(owner.as_str()))
            .filter(search::Column::CreatedAt.gte(to_millis(now - KEPT)))
            .one(self.store().reader())
            .await?;
        Ok(found.map(|row| KeptSearch { shown_query: row.shown_query, results: row.results }))
    }
}
