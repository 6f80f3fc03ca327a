//! `/api/v1/pages`: pages as administrators lay them out. `ETag` is the draft's rev, which a change names in `If-Match`.

mod schema;

use std::sync::Arc;

use access::{Classify as _, Fault};
use pages::{NewPage, PageError, PageId, Portal as Side};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use web::{Failure, Visit};

pub(super) use schema::describe;
use schema::{Items, PageProblem, Why};

use super::if_match::rev;
use crate::{portal::Portal, who::Staff};

/// Pages.
pub struct PagesApi;

#[derive(ApiResponse)]
enum Answer {
    /// The page as it is now.
    #[oai(status = 200)]
    Done(Json<Value>, #[oai(header = "ETag")] String),
    /// Somebody saved first: nothing was changed; `conflict` has both sides.
    #[oai(status = 409, content_type = "application/problem+json")]
    Conflict(Json<Value>),
    /// It can't be made; `problems`, `parked` or `misfits` say what and where.
    #[oai(status = 422, content_type = "application/problem+json")]
    Refused(Json<Value>),
}

#[derive(ApiResponse)]
enum Made {
    /// A new page, not published.
    #[oai(status = 201)]
    Created(Json<Value>, #[oai(header = "ETag")] String),
    /// Somebody saved first, or another page has this address.
    #[oai(status = 409, content_type = "application/problem+json")]
    Conflict(Json<Value>),
    /// It can't be made; `problems` or `misfits` say what and where.
    #[oai(status = 422, content_type = "application/problem+json")]
    Refused(Json<Value>),
}

#[derive(ApiResponse)]
enum Gone {
    /// The page is taken away; it can be restored.
    #[oai(status = 204)]
    Gone,
}

type Handled<T> = poem::Result<T>;

fn page_id(text: &str) -> Result<PageId, Failure> {
    PageId::parse(text).ok_or_else(|| Failure::new(Fault::NotFound))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|_| Failure::new(Fault::Invalid))
}

fn write(of: &impl Serialize) -> Result<Json<Value>, Failure> {
    Ok(Json(serde_json::to_value(of).map_err(Failure::internal)?))
}

fn tag(rev: i64) -> String {
    format!("\"{rev}\"")
}

/// A refusal with what a caller can do something about.
fn problem(visit: &Visit, status: StatusCode, kind: &str, why: Why) -> Result<Json<Value>, Failure> {
    write(&PageProblem {
        r#type: format!("/problems/{kind}"),
        title: kind.replace('-', " "),
        status: status.as_u16(),
        detail: status.canonical_reason().unwrap_or_default().to_owned(),
        request_id: visit.request.0.clone(),
        why,
    })
}

/// What of a page's errors is told in full; the others are as everywhere.
enum Told {
    Conflict(Json<Value>),
    Refused(Json<Value>),
}

fn told(visit: &Visit, error: PageError) -> Result<Told, Failure> {
    let (kind, why) = match error {
        PageError::Conflict(conflict) => {
            let why = Why { conflict: Some(*conflict), ..Why::default() };
            return problem(visit, StatusCode::CONFLICT, "conflict", why).map(Told::Conflict);
        }
        PageError::Unsound(problems) => ("page-unsound", Why { problems: Some(problems), ..Why::default() }),
        PageError::Parked(parked) => ("changes-parked", Why { parked: Some(parked), ..Why::default() }),
        PageError::Misfit(misfits) => ("widget-misfit", Why { misfits: Some(misfits), ..Why::default() }),
        error => return Err(failure(error)),
    };
    problem(visit, StatusCode::UNPROCESSABLE_ENTITY, kind, why).map(Told::Refused)
}

fn failure(error: PageError) -> Failure {
    let kind = match &error {
        PageError::AddressTaken => "address-taken",
        PageError::HasChildren => "pages-below",
        PageError::NothingToUndo => "nothing-to-undo",
        PageError::Parent => "page-above",
        PageError::File(_) => "unknown-file",
        _ => return error.into(),
    };
    Failure::new(error.fault()).with_problem(kind)
}

fn answered<T: Serialize>(visit: &Visit, done: Result<(T, i64), PageError>) -> Handled<Answer> {
    Ok(match done {
        Ok((value, rev)) => Answer::Done(write(&value)?, tag(rev)),
        Err(error) => match told(visit, error)? {
            Told::Conflict(problem) => Answer::Conflict(problem),
            Told::Refused(problem) => Answer::Refused(problem),
        },
    })
}

fn with_rev(draft: pages::Draft) -> (pages::Draft, i64) {
    let rev = draft.rev;
    (draft, rev)
}

fn made(visit: &Visit, done: Result<pages::Draft, PageError>) -> Handled<Made> {
    Ok(match done {
        Ok(draft) => Made::Created(write(&draft)?, tag(draft.rev)),
        Err(error) => match told(visit, error)? {
            Told::Conflict(problem) => Made::Conflict(problem),
            Told::Refused(problem) => Made::Refused(problem),
        },
    })
}

#[OpenApi]
impl PagesApi {
    /// Pages that one may edit, those that were deleted too.
    #[oai(path = "/pages", method = "get", operation_id = "page_list")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        staff: Staff,
        /// `internal` unless said, or `external`.
        #[oai(name = "portal")]
        of: Query<Option<String>>,
    ) -> Handled<Json<Value>> {
        let side = match of.as_deref() {
            None | Some("internal") => Side::Internal,
            Some("external") => Side::External,
            Some(_) => return Err(Failure::new(Fault::Invalid).into()),
        };
        let items = portal.layouts.list(&staff.context, side).await.map_err(failure)?;
        Ok(write(&Items { items })?)
    }

    /// Create a page from a template or another page.
    #[oai(path = "/pages", method = "post", operation_id = "page_create")]
    async fn create(&self, portal: Data<&Arc<Portal>>, visit: &Visit, staff: Staff, new: Json<Value>) -> Handled<Made> {
        let new: NewPage = read(new.0)?;
        made(visit, portal.layouts.create(&staff.context, new, visit.now).await)
    }

    /// The draft of a page.
    #[oai(path = "/pages/:page", method = "get", operation_id = "page_read")]
    async fn draft(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
    ) -> Handled<Answer> {
        let draft = portal.layouts.draft(&staff.context, &page_id(&page)?).await;
        answered(visit, draft.map(with_rev))
    }

    /// Change the draft. What can't be made of the changes is reported, the others are made; when none can, it is refused.
    #[oai(path = "/pages/:page", method = "put", operation_id = "page_save")]
    async fn save(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
        /// `ETag` of the draft that the changes are meant for.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        changes: Json<Value>,
    ) -> Handled<Answer> {
        let (id, rev) = (page_id(&page)?, rev(if_match.as_deref())?);
        let schema::Changes { ops } = read(changes.0)?;
        let saved = portal.layouts.save(&staff.context, &id, rev, ops, visit.now).await;
        answered(visit, saved.map(|saved| (saved.draft.rev, saved)).map(|(rev, saved)| (saved, rev)))
    }

    /// Take the last change of the draft back, or (`redo`) the last undo.
    #[oai(path = "/pages/:page/undo", method = "post", operation_id = "page_undo")]
    async fn undo(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
        /// `ETag` of the draft.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        redo: Query<Option<bool>>,
    ) -> Handled<Answer> {
        let (id, rev) = (page_id(&page)?, rev(if_match.as_deref())?);
        let done = portal.layouts.undo(&staff.context, &id, rev, redo.unwrap_or_default(), visit.now).await;
        answered(visit, done.map(with_rev))
    }

    /// Make the draft what everybody sees, as a revision that never changes.
    #[oai(path = "/pages/:page/publish", method = "post", operation_id = "page_publish")]
    async fn publish(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
        /// `ETag` of the draft.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        why: Json<Value>,
    ) -> Handled<Answer> {
        let (id, rev) = (page_id(&page)?, rev(if_match.as_deref())?);
        let schema::Publishing { note } = read(why.0)?;
        let revision = portal.layouts.publish(&staff.context, &id, rev, note, visit.now).await;
        answered(visit, revision.map(|revision| (revision, rev)))
    }

    /// Publish an old revision anew; it becomes the draft as well.
    #[oai(path = "/pages/:page/rollback", method = "post", operation_id = "page_rollback")]
    async fn roll_back(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
        /// `ETag` of the draft.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        to: Json<Value>,
    ) -> Handled<Answer> {
        let (id, rev) = (page_id(&page)?, rev(if_match.as_deref())?);
        let schema::Return { revision } = read(to.0)?;
        let done = portal.layouts.roll_back(&staff.context, &id, rev, revision, visit.now).await;
        answered(visit, done.map(|revision| (revision, rev + 1)))
    }

    /// Published revisions, newest first.
    #[oai(path = "/pages/:page/revisions", method = "get", operation_id = "page_revisions")]
    async fn revisions(&self, portal: Data<&Arc<Portal>>, staff: Staff, page: Path<String>) -> Handled<Json<Value>> {
        let items = portal.layouts.revisions(&staff.context, &page_id(&page)?).await.map_err(failure)?;
        Ok(write(&Items { items })?)
    }

    /// What differs between two revisions; the draft where none is named.
    #[oai(path = "/pages/:page/changes", method = "get", operation_id = "page_changes")]
    async fn changes(
        &self,
        portal: Data<&Arc<Portal>>,
        staff: Staff,
        page: Path<String>,
        from: Query<Option<i64>>,
        to: Query<Option<i64>>,
    ) -> Handled<Json<Value>> {
        let items = portal.layouts.compare(&staff.context, &page_id(&page)?, from.0, to.0).await.map_err(failure)?;
        Ok(write(&Items { items })?)
    }

    /// The draft as a file, for another installation.
    #[oai(path = "/pages/:page/file", method = "get", operation_id = "page_export")]
    async fn export(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
    ) -> Handled<Json<Value>> {
        let file = portal.layouts.export(&staff.context, &page_id(&page)?, visit.now).await.map_err(failure)?;
        Ok(Json(serde_json::from_str(&file).map_err(Failure::internal)?))
    }

    /// Make a page of such a file, or, with `If-Match`, a new state of the page that is there. Widgets that are not known
    /// here stay, and are among the warnings.
    #[oai(path = "/page-files", method = "post", operation_id = "page_import")]
    async fn import(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        /// `ETag` of the draft that is there.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        file: Json<Value>,
    ) -> Handled<Made> {
        let rev = if_match.as_deref().map(|tag| rev(Some(tag))).transpose()?;
        made(visit, portal.layouts.import(&staff.context, &file.0.to_string(), rev, visit.now).await)
    }

    /// Take a page away from everybody. Its draft stays and can be restored.
    #[oai(path = "/pages/:page", method = "delete", operation_id = "page_delete")]
    async fn delete(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
    ) -> Handled<Gone> {
        portal.layouts.set_present(&staff.context, &page_id(&page)?, false, visit.now).await.map_err(failure)?;
        Ok(Gone::Gone)
    }

    /// Bring the draft of a deleted page back.
    #[oai(path = "/pages/:page/restore", method = "post", operation_id = "page_restore")]
    async fn restore(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        page: Path<String>,
    ) -> Handled<Answer> {
        let id = page_id(&page)?;
        portal.layouts.set_present(&staff.context, &id, true, visit.now).await.map_err(failure)?;
        let draft = portal.layouts.draft(&staff.context, &id).await;
        answered(visit, draft.map(with_rev))
    }
}
