//! Arrangements that were saved for further pages.

use access::{Act, Context, Object};
use jiff::Timestamp;
use sea_orm::{EntityTrait as _, IntoActiveModel as _, QueryOrder as _};
use serde_json::json;
use store::to_millis;
use uuid::Uuid;

use super::{OwnTemplate, Pages, action};
use crate::entity::template;
use crate::model::{Bilingual, Container, PageId};
use crate::{PageError, Template};

impl Pages {
    /// Arrangements that were saved for further pages, with new ids.
    ///
    /// # Errors
    /// The database's.
    pub async fn templates(&self, ctx: &dyn Context) -> Result<Vec<OwnTemplate>, PageError> {
        self.require_editing(ctx, &Object::SECTION_PAGES, Act::View)?;
        let rows = template::Entity::find()
            .order_by_asc(template::Column::MadeAt)
            .order_by_asc(template::Column::Id)
            .all(self.inner.store.reader())
            .await?;
        rows.into_iter().map(answer).collect()
    }

    pub(super) async fn template_root(&self, id: &str) -> Result<Container, PageError> {
        let id = Uuid::try_parse(id).map_err(|_| PageError::NotFound)?;
        let row = template::Entity::find_by_id(id).one(self.inner.store.reader()).await?;
        Ok(answer(row.ok_or(PageError::NotFound)?)?.root)
    }

    /// Saves the arrangement of a page's draft. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn save_template(
        &self,
        ctx: &dyn Context,
        id: &PageId,
        name: Bilingual,
        now: Timestamp,
    ) -> Result<OwnTemplate, PageError> {
        let edited = self.edited(ctx, id).await?;
        if !name.is_sound() {
            return Err(PageError::Text);
        }
        let mut root = edited.page.root;
        root.regions_mut().into_iter().for_each(|region| region.items.clear());
        let row = template::Model {
            id: Uuid::now_v7(),
            name: serde_json::to_string(&name)?,
            layout: serde_json::to_string(&root)?,
            made_at: to_millis(now),
            made_by: ctx.actor().subject.to_string(),
        };
        let detail = json!({ "template": row.id });
        let deed = self.deed(ctx, now, action::TEMPLATE_SAVED, id.as_str(), detail);
        let kept = row.clone();
        let saved = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                template::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                Ok(deed.remember(tx).await?)
            })
        });
        saved.await?;
        answer(kept)
    }

    /// Removes a saved arrangement; pages made of it stay. Needs `manage` on all pages.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn remove_template(&self, ctx: &dyn Context, id: &str, now: Timestamp) -> Result<(), PageError> {
        self.require_editing(ctx, &Object::SECTION_PAGES, Act::Manage)?;
        let key = Uuid::try_parse(id).map_err(|_| PageError::NotFound)?;
        let deed = self.deed(ctx, now, action::TEMPLATE_REMOVED, "", json!({ "template": key }));
        let removed = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let gone = template::Entity::delete_by_id(key).exec(tx).await?;
                if gone.rows_affected == 0 {
                    return Err(PageError::NotFound);
                }
                Ok(deed.remember(tx).await?)
            })
        });
        removed.await
    }
}

fn answer(row: template::Model) -> Result<OwnTemplate, PageError> {
    let root: Container = serde_json::from_str(&row.layout)?;
    Ok(OwnTemplate { id: row.id.to_string(), name: serde_json::from_str(&row.name)?, root: Template::anew(&root) })
}
