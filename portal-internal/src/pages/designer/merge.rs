//! Somebody else saved first: what was meant, what they changed, and what both did, side by side. Nothing of either is lost.

use std::collections::HashMap;

use access::Fault;
use pages::{Conflict, Draft, Op};
use poem::{Response, http::StatusCode};
use serde::Serialize;
use web::{Failure, Visit};

use super::{
    canvas::{Drawing, said},
    changes::{Said, Speaker, Wanted},
    typed::Typed,
    view,
};
use crate::portal::Portal;

/// More than a person does between two looks at a page.
const MOST: usize = 100;

/// `designer/merge.html`
#[derive(Serialize)]
struct MergePage {
    id: String,
    title: String,
    rev: i64,
    by: String,
    mergeable: bool,
    mine: Vec<Wanted>,
    theirs: Vec<Said>,
    both: Vec<Touch>,
}

/// What both changed.
#[derive(Serialize)]
struct Touch {
    place: String,
    aspect: String,
}

/// What was ticked.
pub fn chosen(typed: &Typed) -> Result<Vec<Op>, Failure> {
    let ops: Result<Vec<Op>, _> = typed.all("mine").take(MOST).map(serde_json::from_str).collect();
    ops.map_err(|_| Failure::new(Fault::Invalid))
}

/// 409, with both sides.
pub fn draw(portal: &Portal, visit: &Visit, draft: &Draft, conflict: &Conflict) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let drawing = Drawing {
        lang: visit.lang,
        words,
        chosen: "",
        kinds: view::kinds(portal, draft.page.portal),
        groups: HashMap::new(),
    };
    let states = std::iter::once(&conflict.current).chain(&conflict.base).collect();
    let speaker = Speaker { drawing: &drawing, states };
    let meets = |op: &Op| {
        let (target, aspect) = op.touches();
        conflict.both.iter().any(|one| one.target == target && one.aspect == aspect)
    };
    let both =
        conflict.both.iter().map(|one| Touch { place: speaker.place(&one.target), aspect: speaker.aspect(one.aspect) });
    let page = MergePage {
        id: draft.page.id.to_string(),
        title: said(&conflict.current.title, visit.lang).to_owned(),
        rev: conflict.rev,
        by: conflict.by.clone(),
        mergeable: conflict.mergeable,
        mine: speaker.wanted(&conflict.mine, meets),
        theirs: speaker.all(&conflict.theirs),
        both: both.collect(),
    };
    let path = format!("/admin/pages/{}", draft.page.id);
    let mut response = portal.pages.page_at(visit, &path, "designer/merge.html", &page)?;
    response.set_status(StatusCode::CONFLICT);
    Ok(response)
}
