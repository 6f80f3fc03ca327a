//! What organisations and people made of pages.

use std::sync::Arc;

use access::{Act, Context};
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use serde_json::json;
use store::{Tx, to_millis};

use super::{Deed, Pages, Published, action};
use crate::entity::layer;
use crate::layers::{Merged, compact, merge};
use crate::model::{PageId, Portal, Warning, page_object};
use crate::ops::{Layer, Op, Parked};
use crate::{PageError, Widgets};

/// How many changes are kept for one person or organisation and page.
const KEPT: usize = 300;

/// Whose layer of which page.
#[derive(Clone)]
struct Whose {
    page: PageId,
    portal: Portal,
    layer: Layer,
    owner: String,
}

impl Whose {
    fn condition(&self) -> Condition {
        Condition::all()
            .add(layer::Column::Page.eq(self.page.as_str()))
            .add(layer::Column::Portal.eq(self.portal.as_str()))
            .add(layer::Column::Layer.eq(self.layer.as_str()))
            .add(layer::Column::Owner.eq(&self.owner))
    }

    async fn read(&self, db: &impl ConnectionTrait) -> Result<Vec<Op>, PageError> {
        let row = layer::Entity::find().filter(self.condition()).one(db).await?;
        Ok(row.map(|row| serde_json::from_str(&row.ops)).transpose()?.unwrap_or_default())
    }

    /// Holds back every other change of this layer until the transaction ends.
    async fn lock(&self, tx: &Tx, now: i64) -> Result<Vec<Op>, PageError> {
        let row = layer::Model {
            portal: self.portal.as_str().to_owned(),
            layer: self.layer.as_str().to_owned(),
            owner: self.owner.clone(),
            page: self.page.to_string(),
            ops: "[]".to_owned(),
            changed_at: now,
        };
        use layer::Column::{Owner, Page, Portal};
        let there = OnConflict::columns([Page, Portal, layer::Column::Layer, Owner]).do_nothing().to_owned();
        layer::Entity::insert(row.into_active_model()).on_conflict(there).exec_without_returning(tx).await?;
        layer::Entity::update_many()
            .col_expr(layer::Column::ChangedAt, Expr::value(now))
            .filter(self.condition())
            .exec(tx)
            .await?;
        self.read(tx).await
    }

    async fn write(&self, tx: &Tx, ops: &[Op]) -> Result<(), PageError> {
        layer::Entity::update_many()
            .col_expr(layer::Column::Ops, Expr::value(serde_json::to_string(ops)?))
            .filter(self.condition())
            .exec(tx)
            .await?;
        Ok(())
    }
}

impl Pages {
    fn own(&self, ctx: &dyn Context, page: &PageId) -> Whose {
        let owner = ctx.actor().subject.to_string();
        Whose { page: page.clone(), portal: self.portal(), layer: Layer::User, owner }
    }

    fn of_organisation(&self, organisation: &str, page: &PageId) -> Whose {
        let owner = organisation.to_owned();
        Whose { page: page.clone(), portal: self.portal(), layer: Layer::Organisation, owner }
    }

    async fn organisation_ops(&self, organisation: Option<&str>, page: &PageId) -> Result<Vec<Op>, PageError> {
        match organisation {
            Some(organisation) => self.of_organisation(organisation, page).read(self.inner.store.reader()).await,
            None => Ok(Vec::new()),
        }
    }

    /// A published page with what `ctx`'s organisation (the directory that vouches for them) and they themselves made of it.
    ///
    /// # Errors
    /// [`PageError::NotFound`]; the database's.
    pub async fn view(
        &self,
        ctx: &dyn Context,
        organisation: Option<&str>,
        id: &PageId,
    ) -> Result<(Arc<Published>, Merged), PageError> {
        let published = self.published(ctx, id)?;
        let organisation = self.organisation_ops(organisation, id).await?;
        let own = self.own(ctx, id).read(self.inner.store.reader()).await?;
        let merged = merge(&published.page, &organisation, &own);
        Ok((published, merged))
    }

    /// Adds to what `ctx` made of a page for themselves. Needs `personalize` on the page. What can't be made is reported
    /// and not kept.
    ///
    /// # Errors
    /// [`PageError::Parked`] when nothing could be made.
    pub async fn personalize(
        &self,
        ctx: &dyn Context,
        organisation: Option<&str>,
        id: &PageId,
        ops: Vec<Op>,
        now: Timestamp,
    ) -> Result<Merged, PageError> {
        let published = self.published(ctx, id)?;
        self.require(ctx, &page_object(id), Act::Personalize)?;
        let organisation = self.organisation_ops(organisation, id).await?;
        let deed = self.deed(ctx, now, action::PERSONALIZED, id.as_str(), json!({ "changes": ops.len() }));
        self.add(self.own(ctx, id), published, organisation, ops, deed).await
    }

    /// Adds to what holds for all of `organisation`. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError::Parked`] when nothing could be made.
    pub async fn arrange_for(
        &self,
        ctx: &dyn Context,
        organisation: &str,
        id: &PageId,
        ops: Vec<Op>,
        now: Timestamp,
    ) -> Result<Merged, PageError> {
        let published = self.published(ctx, id)?;
        self.require_page(ctx, id, Act::Edit)?;
        let detail = json!({ "organisation": organisation, "changes": ops.len() });
        let deed = self.deed(ctx, now, action::ARRANGED, id.as_str(), detail);
        self.add(self.of_organisation(organisation, id), published, Vec::new(), ops, deed).await
    }

    async fn add(
        &self,
        whose: Whose,
        published: Arc<Published>,
        organisation: Vec<Op>,
        new: Vec<Op>,
        deed: Deed,
    ) -> Result<Merged, PageError> {
        fits(&*self.inner.widgets, published.page.portal, &new)?;
        if new.len() > KEPT {
            return Err(PageError::TooMany);
        }
        let added = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                let layer = whose.layer;
                let all = |ops: &[Op]| match layer {
                    Layer::User => merge(&published.page, &organisation, ops),
                    Layer::Base | Layer::Organisation => merge(&published.page, ops, &[]),
                };
                let mut kept = whose.lock(tx, to_millis(deed.now)).await?;
                let mut refused = Vec::new();
                let asked = new.len();
                for op in new {
                    let reason = refusal(&all(&[kept.as_slice(), std::slice::from_ref(&op)].concat()), &op, layer);
                    match reason {
                        Some(parked) => refused.push(parked),
                        None => kept.push(op),
                    }
                }
                if refused.len() == asked && asked > 0 {
                    return Err(PageError::Parked(refused));
                }
                let kept = compact(&published.page, &organisation, kept, layer);
                if kept.len() > KEPT {
                    return Err(PageError::TooMany);
                }
                whose.write(tx, &kept).await?;
                deed.remember(tx).await?;
                let mut merged = all(&kept);
                merged.parked.extend(refused);
                Ok(merged)
            })
        });
        added.await
    }

    /// Forgets what `ctx` made of a page for themselves. Needs `personalize` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn reset(&self, ctx: &dyn Context, id: &PageId, now: Timestamp) -> Result<(), PageError> {
        self.published(ctx, id)?;
        self.require(ctx, &page_object(id), Act::Personalize)?;
        let deed = self.deed(ctx, now, action::RESET, id.as_str(), json!({}));
        self.forget(self.own(ctx, id), deed).await
    }

    /// Forgets what holds for all of `organisation`. Needs `edit` on the page.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn reset_for(
        &self,
        ctx: &dyn Context,
        organisation: &str,
        id: &PageId,
        now: Timestamp,
    ) -> Result<(), PageError> {
        self.published(ctx, id)?;
        self.require_page(ctx, id, Act::Edit)?;
        let deed = self.deed(ctx, now, action::RESET, id.as_str(), json!({ "organisation": organisation }));
        self.forget(self.of_organisation(organisation, id), deed).await
    }

    async fn forget(&self, whose: Whose, deed: Deed) -> Result<(), PageError> {
        let forgotten = self.inner.store.write::<_, PageError, _>(move |tx| {
            Box::pin(async move {
                layer::Entity::delete_many().filter(whose.condition()).exec(tx).await?;
                Ok(deed.remember(tx).await?)
            })
        });
        forgotten.await
    }
}

/// Why the last change of a layer could not be made, or not as it says.
fn refusal(merged: &Merged, op: &Op, layer: Layer) -> Option<Parked> {
    let last = merged.parked.last().filter(|parked| parked.layer == layer && parked.op == *op).cloned();
    let elsewhere = || match op {
        Op::PlaceWidget { item, .. } => merged.relocated.get(&item.instance).copied(),
        _ => None,
    };
    last.or_else(|| Some(Parked { op: op.clone(), layer, reason: elsewhere()? }))
}

/// Nobody places what this installation does not have.
fn fits(widgets: &dyn Widgets, portal: Portal, ops: &[Op]) -> Result<(), PageError> {
    let misfit = |op: &Op| match op {
        Op::PlaceWidget { item, .. } => {
            let misfit = widgets.check(portal, &item.widget, &item.config).err()?;
            Some(Warning { item: item.instance.clone(), widget: item.widget.clone(), misfit })
        }
        _ => None,
    };
    let misfits: Vec<Warning> = ops.iter().filter_map(misfit).collect();
    if misfits.is_empty() { Ok(()) } else { Err(PageError::Misfit(misfits)) }
}
