//! The tables.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};
use store::{Tx, from_millis, to_millis};

use super::{Deed, Draft, DraftState, Inner, places};
use crate::PageError;
use crate::entity::{draft, published, step, version};
use crate::model::{Page, PageId};

const ONLY: i32 = 1;

/// How many saves of a page are kept for undoing and merging.
const STEPS: i64 = 200;

/// Pages within pages.
const DEPTH: usize = 6;

/// What is published has changed as often as this.
pub(super) async fn version(db: &impl ConnectionTrait) -> Result<i64, PageError> {
    let row = version::Entity::find_by_id(ONLY).one(db).await?;
    Ok(row.map(|row| row.version).unwrap_or_default())
}

/// Tells every process that something was published or taken away.
pub(super) async fn bump(tx: &Tx) -> Result<(), PageError> {
    version::Entity::update_many()
        .col_expr(version::Column::Version, Expr::col(version::Column::Version).add(1))
        .filter(version::Column::Id.eq(ONLY))
        .exec(tx)
        .await?;
    Ok(())
}

/// A draft with its content.
pub(super) struct Edited {
    pub row: draft::Model,
    pub step: step::Model,
    pub page: Page,
}

impl Edited {
    pub(super) fn answer(&self, inner: &Inner, undo: bool, redo: bool) -> Draft {
        Draft {
            page: self.page.clone(),
            rev: self.row.rev,
            state: state(&self.row),
            published: self.row.published,
            can_undo: undo,
            can_redo: redo,
            by: self.step.made_by_name.clone(),
            at: from_millis(self.step.made_at),
            warnings: self.page.warnings(&*inner.widgets),
        }
    }

    /// With what there is to undo and redo.
    pub(super) async fn draft(&self, inner: &Inner, db: &impl ConnectionTrait) -> Result<Draft, PageError> {
        let id = &self.page.id;
        let undo = content(db, id, self.step.undo).await?.is_some();
        let redo = content(db, id, self.step.redo).await?.is_some();
        Ok(self.answer(inner, undo, redo))
    }
}

pub(super) fn state(row: &draft::Model) -> DraftState {
    match (row.deleted_at, row.published) {
        (Some(_), _) => DraftState::Deleted,
        (None, None) => DraftState::Draft,
        (None, Some(_)) if row.published_rev == Some(row.rev) => DraftState::Published,
        (None, Some(_)) => DraftState::Changed,
    }
}

/// A draft as it is.
pub(super) async fn edited(db: &impl ConnectionTrait, id: &PageId) -> Result<Edited, PageError> {
    let row = draft::Entity::find_by_id(id.as_str()).one(db).await?.ok_or(PageError::NotFound)?;
    let step = step::Entity::find_by_id((row.page.clone(), row.rev)).one(db).await?.ok_or(PageError::NotFound)?;
    let page = serde_json::from_str(&step.content)?;
    Ok(Edited { row, step, page })
}

/// Holds back every other change of this page until the transaction ends.
pub(super) async fn lock(tx: &Tx, id: &PageId) -> Result<Edited, PageError> {
    draft::Entity::update_many()
        .col_expr(draft::Column::Rev, Expr::col(draft::Column::Rev))
        .filter(draft::Column::Page.eq(id.as_str()))
        .exec(tx)
        .await?;
    let edited = edited(tx, id).await?;
    if edited.row.deleted_at.is_some() { Err(PageError::NotFound) } else { Ok(edited) }
}

/// The step of a rev, while it is kept.
pub(super) async fn content(
    db: &impl ConnectionTrait,
    id: &PageId,
    rev: Option<i64>,
) -> Result<Option<(Page, step::Model)>, PageError> {
    let Some(rev) = rev else { return Ok(None) };
    let row = step::Entity::find_by_id((id.to_string(), rev)).one(db).await?;
    row.map(|row| Ok((serde_json::from_str(&row.content)?, row))).transpose()
}

/// Where undoing and redoing lead from a new state.
#[derive(Clone, Copy, Default)]
pub(super) struct Ways {
    pub undo: Option<i64>,
    pub redo: Option<i64>,
}

/// Saves a new state of a page that is locked, and gives its new parts their places in the policy.
pub(super) async fn advance(tx: &Tx, from: Edited, page: Page, ways: Ways, deed: &Deed) -> Result<Edited, PageError> {
    let row = draft::Model {
        rev: from.row.rev + 1,
        slug: page.slug.to_string(),
        parent: page.parent.as_ref().map(PageId::to_string),
        ..from.row
    };
    let step = add_step(tx, &page, row.rev, ways, deed).await?;
    put(tx, &row).await?;
    places::follow(tx, Some(&from.page), &page, row.published).await?;
    step::Entity::delete_many()
        .filter(step::Column::Page.eq(page.id.as_str()))
        .filter(step::Column::Rev.lte(row.rev - STEPS))
        .exec(tx)
        .await?;
    Ok(Edited { row, step, page })
}

async fn add_step(tx: &Tx, page: &Page, rev: i64, ways: Ways, deed: &Deed) -> Result<step::Model, PageError> {
    let step = step::Model {
        page: page.id.to_string(),
        rev,
        content: serde_json::to_string(page)?,
        undo: ways.undo,
        redo: ways.redo,
        made_at: to_millis(deed.now),
        made_by: deed.subject.clone(),
        made_by_name: deed.name.clone(),
    };
    step::Entity::insert(step.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(step)
}

/// Writes a draft's row.
pub(super) async fn put(tx: &Tx, row: &draft::Model) -> Result<(), PageError> {
    draft::Entity::update_many()
        .col_expr(draft::Column::Parent, Expr::value(row.parent.clone()))
        .col_expr(draft::Column::Slug, Expr::value(row.slug.clone()))
        .col_expr(draft::Column::Rev, Expr::value(row.rev))
        .col_expr(draft::Column::Published, Expr::value(row.published))
        .col_expr(draft::Column::PublishedRev, Expr::value(row.published_rev))
        .col_expr(draft::Column::DeletedAt, Expr::value(row.deleted_at))
        .filter(draft::Column::Page.eq(&row.page))
        .exec(tx)
        .await?;
    Ok(())
}

/// The first state of a page.
pub(super) async fn begin(tx: &Tx, page: Page, deed: &Deed) -> Result<Edited, PageError> {
    let row = draft::Model {
        page: page.id.to_string(),
        portal: page.portal.as_str().to_owned(),
        parent: page.parent.as_ref().map(PageId::to_string),
        slug: page.slug.to_string(),
        rev: 1,
        published: None,
        published_rev: None,
        deleted_at: None,
    };
    let step = add_step(tx, &page, 1, Ways::default(), deed).await?;
    draft::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(Edited { row, step, page })
}

/// May the page stand where it says: below a page of its portal that is there and not below itself, at an address of its own?
pub(super) async fn check_place(tx: &Tx, page: &Page) -> Result<(), PageError> {
    let others = draft::Entity::find()
        .filter(draft::Column::Portal.eq(page.portal.as_str()))
        .filter(draft::Column::DeletedAt.is_null())
        .filter(draft::Column::Page.ne(page.id.as_str()))
        .all(tx)
        .await?;
    let parent = page.parent.as_ref().map(PageId::as_str);
    let (mut at, mut depth) = (parent, 1);
    while let Some(id) = at {
        // Nothing stands below itself: it is not among the others.
        let above = others.iter().find(|row| row.page == id).ok_or(PageError::Parent)?;
        depth += 1;
        if depth > DEPTH {
            return Err(PageError::Parent);
        }
        at = above.parent.as_deref();
    }
    let taken = others.iter().any(|row| row.parent.as_deref() == parent && row.slug == page.slug.as_str());
    if taken { Err(PageError::AddressTaken) } else { Ok(()) }
}

/// Do pages that are not deleted stand below this one, drafted or published?
pub(super) async fn has_children(tx: &Tx, id: &PageId) -> Result<bool, PageError> {
    let drafted = draft::Entity::find()
        .filter(draft::Column::Parent.eq(id.as_str()))
        .filter(draft::Column::DeletedAt.is_null())
        .one(tx)
        .await?;
    let shown = published::Entity::find().filter(published::Column::Parent.eq(id.as_str())).one(tx).await?;
    Ok(drafted.is_some() || shown.is_some())
}

/// All drafts of a portal with who saved last.
pub(super) async fn all(
    db: &impl ConnectionTrait,
    portal: &str,
) -> Result<Vec<(draft::Model, step::Model)>, PageError> {
    let drafts = draft::Entity::find()
        .filter(draft::Column::Portal.eq(portal))
        .order_by_asc(draft::Column::Page)
        .all(db)
        .await?;
    let mut found = Vec::with_capacity(drafts.len());
    for row in drafts {
        if let Some(step) = step::Entity::find_by_id((row.page.clone(), row.rev)).one(db).await? {
            found.push((row, step));
        }
    }
    Ok(found)
}
