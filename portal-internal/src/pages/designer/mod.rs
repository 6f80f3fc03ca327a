//! `/admin/pages`: pages as administrators lay them out. Every act is a form (`do` or `op`, the draft's `rev`, the CSRF
//! token) that is answered with 303 to the page, with what was acted on chosen; scripts send the same forms.

mod acts;
mod audience;
mod canvas;
mod changes;
mod inspector;
mod list;
mod merge;
mod preview;
mod revisions;
mod typed;
mod view;

use std::sync::Arc;

use access::Fault;
use jiff::Timestamp;
use pages::{
    Draft, Op, OwnTemplate, Page, PageError, PageId, Saved,
    model::{Bilingual, Config, InstanceId, NodeId},
    widget::{Declaration, Field, FieldKind},
};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{Data, Form, Path},
};
use serde_json::json;
use web::{Failure, Lang, Visit, shell::see_other};

pub use list::{create, show as show_list};
pub use preview::{colours, show as show_preview};
pub use revisions::{export, presence, publish, roll_back, show as show_revisions};

pub(super) use acts::{is_personal, read as read_act};
pub(super) use canvas::{Drawing, said};
pub(super) use view::{kinds, reason};

use super::record::pairs;
use crate::{portal::Portal, who::Staff};
use typed::Meant;
pub(super) use typed::Typed;
use view::{Problem, Shown};

/// Names and values in order: fields of widgets are known by their schemas alone.
pub(super) type Fields = Form<Vec<(String, String)>>;

fn page_id(text: &str) -> Result<PageId, Failure> {
    PageId::parse(text).ok_or_else(|| Failure::new(Fault::NotFound))
}

pub(super) fn asked(request: &Request, name: &str) -> String {
    pairs(request).into_iter().find(|(one, _)| one == name).map(|(_, value)| value).unwrap_or_default()
}

/// `GET /admin/pages/{id}?at=&find=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    request: &Request,
) -> Result<Response, Failure> {
    let draft = portal.layouts.draft(&staff.context, &page_id(&id)?).await?;
    let shown = Shown {
        chosen: asked(request, "at"),
        find: asked(request, "find"),
        done: asked(request, "done"),
        left: asked(request, "left"),
        ..Shown::default()
    };
    view::draw(portal, visit, &staff, &draft, shown).await
}

/// What a widget that has just been placed is set to: its own name wherever its schema wants words, so that it can stand
/// there until somebody sets it.
fn first_settings(portal: &Portal, declaration: &Declaration) -> Config {
    let name = |lang| portal.pages.renderer().words(lang).text(&format!("widget-{}", declaration.kind));
    let value = |field: &Field| match field.kind {
        FieldKind::Text { .. } => Some(json!(name(Lang::Zh))),
        FieldKind::Bilingual { .. } => Some(json!({ "zh": name(Lang::Zh), "en": name(Lang::En) })),
        FieldKind::Url => Some(json!("/")),
        FieldKind::Number { .. } | FieldKind::Choice(_) | FieldKind::Boolean { .. } => None,
    };
    let required = declaration.fields.iter().filter(|field| field.required);
    required.filter_map(|field| Some((field.name.to_owned(), value(field)?))).collect()
}

/// What a form means for a draft; `own` are the arrangements saved here.
fn meant(portal: &Portal, page: &Page, typed: &Typed, own: &[OwnTemplate]) -> Option<(Meant, String)> {
    let node = typed.get("node");
    match typed.get("op") {
        "item" => {
            let id = InstanceId::parse(node)?;
            let kind = page.root.item(&id)?.1.widget.kind.clone();
            Some((typed.item(page, &id, portal.kind(page.portal, kind.as_str()))?, node.to_owned()))
        }
        "region" => Some((typed.region(page, &NodeId::parse(node)?)?, node.to_owned())),
        "page" => Some((typed.page(page), String::new())),
        _ => {
            let fresh = |kind: &str| {
                let declaration = portal.kind(page.portal, kind)?;
                Some((declaration.major, first_settings(portal, declaration)))
            };
            let act = acts::read(typed, page, own, fresh)?;
            Some((Meant { ops: act.ops, ..Meant::default() }, act.chosen))
        }
    }
}

/// `POST /admin/pages/{id}`
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(pairs): Fields,
) -> Result<Response, Failure> {
    let id = page_id(&id)?;
    let typed = Typed::new(pairs);
    let draft = portal.layouts.draft(&staff.context, &id).await?;
    if typed.get("do") == "save-template" {
        return save_template(portal, visit, &staff, &draft, typed.bilingual("name")).await;
    }
    let Ok(rev) = typed.get("rev").parse::<i64>() else { return Err(Failure::new(Fault::Invalid)) };
    let outcome: Result<(String, Option<&str>), PageError> = match typed.get("do") {
        "undo" | "redo" => {
            let redo = typed.get("do") == "redo";
            portal
                .layouts
                .undo(&staff.context, &id, rev, redo, visit.now)
                .await
                .map(|_| (typed.get("chosen").to_owned(), None))
        }
        "merge" => {
            let ops = merge::chosen(&typed)?;
            portal
                .layouts
                .save(&staff.context, &id, rev, ops, visit.now)
                .await
                .map(|saved| (String::new(), parked(&saved)))
        }
        _ => {
            let divides = typed.get("op") == "divide" || typed.get("do").starts_with("divide:");
            let own = if divides { own_templates(portal, &staff).await? } else { Vec::new() };
            let Some((meant, chosen)) = meant(portal, &draft.page, &typed, &own) else {
                let problem = Some(Problem::Refused("gone"));
                return view::draw(portal, visit, &staff, &draft, Shown { problem, ..Shown::default() }).await;
            };
            if !meant.wrong.is_empty() {
                let shown = Shown {
                    chosen,
                    problem: Some(Problem::Wrong),
                    typed: Some(typed),
                    wrong: meant.wrong,
                    ..Shown::default()
                };
                return view::draw(portal, visit, &staff, &draft, shown).await;
            }
            save(portal, &staff, (&id, rev), (&typed, &own), meant.ops, visit.now).await.map(|parked| (chosen, parked))
        }
    };
    answer(portal, visit, &staff, &draft, &typed, outcome).await
}

/// The arrangements saved here, for whom may see them.
async fn own_templates(portal: &Portal, staff: &Staff) -> Result<Vec<OwnTemplate>, PageError> {
    match portal.layouts.templates(&staff.context).await {
        Err(PageError::Forbidden | PageError::NotFound) => Ok(Vec::new()),
        found => found,
    }
}

/// The arrangement of the draft, for further pages.
async fn save_template(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    draft: &Draft,
    name: Bilingual,
) -> Result<Response, Failure> {
    let id = &draft.page.id;
    match portal.layouts.save_template(&staff.context, id, name.clone(), visit.now).await {
        Ok(_) => Ok(see_other(&format!("/admin/pages/{id}?done=template-saved"))),
        Err(PageError::Text) => {
            let problem = Some(Problem::Refused("name"));
            view::draw(portal, visit, staff, draft, Shown { problem, named: Some(name), ..Shown::default() }).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves; where somebody else was first, what was meant is read again against the state the form was made from: against
/// today's, their changes would look like this person's wish to take them back.
async fn save(
    portal: &Portal,
    staff: &Staff,
    (id, rev): (&PageId, i64),
    (typed, own): (&Typed, &[OwnTemplate]),
    ops: Vec<Op>,
    now: Timestamp,
) -> Result<Option<&'static str>, PageError> {
    if ops.is_empty() {
        return Ok(None);
    }
    let before = match portal.layouts.save(&staff.context, id, rev, ops, now).await {
        Err(PageError::Conflict(conflict)) => conflict,
        saved => return saved.map(|saved| parked(&saved)),
    };
    match before.base.as_ref().and_then(|base| meant(portal, base, typed, own)) {
        Some((meant, _)) if !meant.ops.is_empty() => {
            portal.layouts.save(&staff.context, id, rev, meant.ops, now).await.map(|saved| parked(&saved))
        }
        _ => Err(PageError::Conflict(before)),
    }
}

/// Why a part of what was meant was not done, where the rest was.
fn parked(saved: &Saved) -> Option<&'static str> {
    saved.parked.first().map(|one| reason(one.reason))
}

async fn answer(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    draft: &Draft,
    typed: &Typed,
    outcome: Result<(String, Option<&'static str>), PageError>,
) -> Result<Response, Failure> {
    let id = &draft.page.id;
    let problem = match outcome {
        Ok((chosen, None)) => return Ok(see_other(&format!("/admin/pages/{id}{}", back_to(typed, &chosen)))),
        Ok((chosen, Some(why))) => return Ok(see_other(&format!("/admin/pages/{id}?at={chosen}&left={why}"))),
        Err(PageError::Conflict(conflict)) => return merge::draw(portal, visit, draft, &conflict),
        Err(PageError::Parked(parked)) => Problem::Refused(parked.first().map_or("gone", |one| reason(one.reason))),
        Err(PageError::NothingToUndo) => Problem::Refused("nothing-to-undo"),
        Err(PageError::AddressTaken) => Problem::Refused("address-taken"),
        Err(PageError::Parent) => Problem::Refused("parent"),
        Err(PageError::Unsound(_)) => Problem::Refused("unsound"),
        Err(PageError::Misfit(_)) => Problem::Refused("misfit"),
        Err(PageError::TooMany) => Problem::Refused("too-many"),
        Err(error) => return Err(error.into()),
    };
    let chosen = typed.get("node").to_owned();
    let shown = Shown { chosen, problem: Some(problem), ..Shown::default() };
    view::draw(portal, visit, staff, draft, shown).await
}

/// What was acted on is chosen, and the focus goes back to the button that did it; the browser ignores a place that is
/// not there any more.
fn back_to(typed: &Typed, chosen: &str) -> String {
    let (act, node) = typed.get("do").split_once(':').unwrap_or((typed.get("op"), typed.get("node")));
    let place = match act {
        "up" | "down" | "next" | "columns-more" | "columns-less" | "rows-more" | "rows-less" | "wider" | "narrower"
            if chosen == node =>
        {
            format!("{act}-{node}")
        }
        "item" | "region" | "page" => "saved".to_owned(),
        _ if chosen.is_empty() => "main".to_owned(),
        _ => format!("w-{chosen}"),
    };
    let at = if chosen.is_empty() { String::new() } else { format!("?at={chosen}") };
    format!("{at}#{place}")
}

/// Status of a page that says what was wrong.
fn status(problem: &Problem) -> StatusCode {
    match problem {
        Problem::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
        Problem::Refused("gone" | "nothing-to-undo" | "address-taken") => StatusCode::CONFLICT,
        Problem::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

#[cfg(test)]
mod tests;
