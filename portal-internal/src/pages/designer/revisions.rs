//! Publishing, what was published, comparing and going back; pages as files; deleting and restoring.

use std::{collections::HashMap, sync::Arc};

use access::{Act, Fault};
use pages::{Draft, DraftState, PageError, PageId, Revision, model::page_object};
use poem::{
    Request, Response, handler,
    http::header,
    web::{Data, Form, Path},
};
use serde::{Deserialize, Serialize};
use web::{Failure, Visit, shell::see_other};

use super::{
    asked,
    canvas::{Drawing, said},
    changes::{Said, Speaker},
    page_id, view,
};
use crate::{portal::Portal, who::Staff};

/// `designer/revisions.html`
#[derive(Serialize)]
struct RevisionsPage {
    id: String,
    title: String,
    rev: i64,
    state: &'static str,
    pending: usize,
    can_publish: bool,
    from: String,
    to: String,
    sides: Vec<Side>,
    changes: Vec<Said>,
    revisions: Vec<Row>,
    note: String,
    problem: Option<String>,
    done: Option<String>,
}

/// Something that can be compared.
#[derive(Serialize)]
struct Side {
    value: String,
    label: String,
}

/// A revision.
#[derive(Serialize)]
struct Row {
    number: i64,
    current: bool,
    by: String,
    at: String,
    note: Option<String>,
    of: Option<i64>,
}

#[derive(Default)]
struct Wanted {
    from: String,
    to: String,
    note: String,
    done: String,
    problem: Option<&'static str>,
}

/// `GET /admin/pages/{id}/revisions?from=&to=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    request: &Request,
) -> Result<Response, Failure> {
    let wanted = Wanted {
        from: asked(request, "from"),
        to: asked(request, "to"),
        done: asked(request, "done"),
        ..Wanted::default()
    };
    draw(portal, visit, &staff, &page_id(&id)?, wanted).await
}

/// A revision's number, or the draft.
fn side(text: &str, otherwise: Option<i64>) -> Option<i64> {
    if text == "draft" { None } else { text.parse().ok().or(otherwise) }
}

fn side_name(side: Option<i64>) -> String {
    side.map_or_else(|| "draft".to_owned(), |number| number.to_string())
}

async fn draw(portal: &Portal, visit: &Visit, staff: &Staff, id: &PageId, wanted: Wanted) -> Result<Response, Failure> {
    let draft = portal.layouts.draft(&staff.context, id).await?;
    let revisions = portal.layouts.revisions(&staff.context, id).await?;
    let words = portal.pages.renderer().words(visit.lang);
    let (from, to) = (side(&wanted.from, draft.published), side(&wanted.to, None));
    let known = |one: Option<i64>| one.is_none_or(|number| revisions.iter().any(|revision| revision.number == number));
    if !known(from) || !known(to) {
        return Err(Failure::new(Fault::NotFound));
    }
    let compare = |from, to| portal.layouts.compare(&staff.context, id, from, to);
    let changes = if from == to { Vec::new() } else { compare(from, to).await? };
    let pending = match draft.state {
        DraftState::Changed => compare(draft.published, None).await?.len(),
        _ => 0,
    };
    let drawing = Drawing {
        lang: visit.lang,
        words,
        chosen: "",
        kinds: view::kinds(portal, draft.page.portal),
        groups: HashMap::new(),
    };
    let speaker = Speaker { drawing: &drawing, states: vec![&draft.page] };
    let number = |one: &Revision| Side {
        value: one.number.to_string(),
        label: words.with("pages-revision", &[("number", one.number.into())]),
    };
    let now = Side { value: "draft".to_owned(), label: words.text("revisions-draft") };
    let page = RevisionsPage {
        id: id.to_string(),
        title: said(&draft.page.title, visit.lang).to_owned(),
        rev: draft.rev,
        state: view::state_key(draft.state),
        pending,
        can_publish: portal.policy.decide(&staff.context, &page_object(id), Act::Manage),
        from: side_name(from),
        to: side_name(to),
        sides: std::iter::once(now).chain(revisions.iter().map(number)).collect(),
        changes: speaker.all(&changes),
        revisions: revisions.into_iter().map(|one| row(one, &draft, words)).collect(),
        note: wanted.note,
        problem: wanted.problem.map(|problem| words.text(&format!("designer-problem-{problem}"))),
        done: Some(format!("designer-done-{}", wanted.done)).filter(|key| words.has(key)).map(|key| words.text(&key)),
    };
    let path = format!("/admin/pages/{id}/revisions");
    let mut response = portal.pages.page_at(visit, &path, "designer/revisions.html", &page)?;
    if wanted.problem.is_some() {
        response.set_status(poem::http::StatusCode::CONFLICT);
    }
    Ok(response)
}

fn row(one: Revision, draft: &Draft, words: &web::render::Words) -> Row {
    Row {
        number: one.number,
        current: draft.published == Some(one.number),
        by: one.by,
        at: words.minute(one.at),
        note: one.note,
        of: one.of,
    }
}

#[derive(Deserialize)]
pub struct Publication {
    rev: i64,
    #[serde(default)]
    note: String,
}

/// `POST /admin/pages/{id}/publish`
#[handler]
pub async fn publish(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Publication>,
) -> Result<Response, Failure> {
    let id = page_id(&id)?;
    let note = Some(typed.note.trim().to_owned()).filter(|note| !note.is_empty());
    let done = portal.layouts.publish(&staff.context, &id, typed.rev, note, visit.now).await.map(drop);
    finish(portal, visit, &staff, &id, done, ("published", typed.note)).await
}

#[derive(Deserialize)]
pub struct Return {
    rev: i64,
    to: i64,
}

/// `POST /admin/pages/{id}/roll-back`
#[handler]
pub async fn roll_back(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Return>,
) -> Result<Response, Failure> {
    let id = page_id(&id)?;
    let done = portal.layouts.roll_back(&staff.context, &id, typed.rev, typed.to, visit.now).await.map(drop);
    finish(portal, visit, &staff, &id, done, ("rolled-back", String::new())).await
}

async fn finish(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: &PageId,
    outcome: Result<(), PageError>,
    (done, note): (&'static str, String),
) -> Result<Response, Failure> {
    let problem = match outcome {
        Ok(()) => return Ok(see_other(&format!("/admin/pages/{id}/revisions?done={done}"))),
        // What would be published is not what was looked at.
        Err(PageError::Conflict(_)) => "changed-meanwhile",
        Err(PageError::Text) => "note",
        Err(PageError::Unsound(_)) => "unsound",
        Err(error) => return Err(error.into()),
    };
    draw(portal, visit, staff, id, Wanted { note, problem: Some(problem), ..Wanted::default() }).await
}

#[derive(Deserialize)]
pub struct Presence {
    present: String,
    /// Whose list to go back to.
    #[serde(default)]
    portal: String,
}

/// `POST /admin/pages/{id}/presence`
#[handler]
pub async fn presence(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Presence>,
) -> Result<Response, Failure> {
    let present = typed.present == "yes";
    let done = match portal.layouts.set_present(&staff.context, &page_id(&id)?, present, visit.now).await {
        Ok(()) => format!("done={}", if present { "restored" } else { "deleted" }),
        Err(PageError::HasChildren) => "problem=has-children".to_owned(),
        Err(PageError::AddressTaken) => "problem=address-taken".to_owned(),
        Err(error) => return Err(error.into()),
    };
    let side = super::list::side(&typed.portal).as_str();
    Ok(see_other(&format!("/admin/pages?portal={side}&{done}")))
}

/// `GET /admin/pages/{id}/file`
#[handler]
pub async fn export(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = page_id(&id)?;
    let file = portal.layouts.export(&staff.context, &id, visit.now).await?;
    Ok(Response::builder()
        .content_type("application/json")
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.json\""))
        .body(file))
}
