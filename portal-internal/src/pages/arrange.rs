//! `/arrange`: one's own first page, as one wants it: moved, resized, collapsed and hidden, within what administrators
//! left open. Their later changes keep it; what can't be kept is said with its reason.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use access::Fault;
use pages::{
    Merged, Op, Page, PageError, Parked,
    model::{InstanceId, Item, Locks, Region},
    render::Trimmer,
};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{Data, Form},
};
use serde::Serialize;
use web::{Failure, Visit, shell::see_other};

use super::designer::{Drawing, Fields, Typed, asked, is_personal, kinds, read_act, reason, said};
use crate::{portal::Portal, who::Staff};

/// `designer/arrange.html`
#[derive(Serialize)]
struct ArrangePage {
    id: String,
    title: String,
    regions: Vec<Area>,
    hidden: Vec<Named>,
    parked: Vec<Left>,
    changed: bool,
    problem: Option<String>,
    done: bool,
    chosen: String,
}

/// A region.
#[derive(Serialize)]
struct Area {
    id: String,
    name: String,
    locked: bool,
    items: Vec<Piece>,
}

/// A widget.
#[derive(Serialize)]
struct Piece {
    id: String,
    name: String,
    icon: &'static str,
    columns: u8,
    rows: u8,
    first: bool,
    last: bool,
    collapsed: bool,
    /// Not to be moved or resized.
    fixed: bool,
    /// Not to be hidden or collapsed.
    kept: bool,
    chosen: bool,
}

/// A hidden widget.
#[derive(Serialize)]
struct Named {
    id: String,
    name: String,
}

/// A change that is not in force.
#[derive(Serialize)]
struct Left {
    name: String,
    aspect: String,
    reason: String,
}

/// One's page with what one made of it, as far as one sees it.
struct Own {
    base: Page,
    merged: Merged,
    page: Page,
}

async fn own(portal: &Portal, staff: &Staff) -> Result<Own, Failure> {
    let missing = || Failure::new(Fault::NotFound);
    let home = portal.layouts.home(&staff.context).ok_or_else(missing)?;
    let id = home.page.id.clone();
    let organisation = Some(staff.context.organisation());
    let (published, merged) = portal.layouts.view(&staff.context, organisation, &id).await?;
    let trimmer = Trimmer::new(&portal.policy, &staff.context);
    let registry = portal.board.engine.registry();
    let page = trimmer.page(&merged.page, registry).ok_or_else(missing)?;
    let base = trimmer.page(&published.page, registry).ok_or_else(missing)?;
    Ok(Own { base, merged, page })
}

/// `GET /arrange`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    request: &Request,
) -> Result<Response, Failure> {
    let told = (asked(request, "at"), asked(request, "done") == "reset", None);
    draw(portal, visit, &own(portal, &staff).await?, told)
}

fn draw(
    portal: &Portal,
    visit: &Visit,
    own: &Own,
    (chosen, done, problem): (String, bool, Option<&'static str>),
) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let drawing = Drawing {
        lang: visit.lang,
        words,
        chosen: &chosen,
        kinds: kinds(portal, own.page.portal),
        groups: HashMap::new(),
    };
    let names: BTreeMap<_, _> = drawing.names(&own.page).into_iter().collect();
    let area = |region: &Region| {
        let around = own.page.root.locks_at(&region.id).unwrap_or(Locks::ALL);
        let count = region.items.len();
        let items = region.items.iter().enumerate();
        Area {
            id: region.id.to_string(),
            name: names.get(&region.id).cloned().unwrap_or_default(),
            locked: around.arrange,
            items: items.map(|(at, item)| piece(&drawing, own, item, around, (at, count))).collect(),
        }
    };
    // What they may not see has no name here, hidden or not.
    let hidden = own.merged.hidden.keys().filter_map(|id| own.base.root.item(id));
    let view = ArrangePage {
        id: own.page.id.to_string(),
        title: said(&own.page.title, visit.lang).to_owned(),
        regions: own.page.root.regions().into_iter().map(area).collect(),
        hidden: hidden
            .map(|(_, item)| Named { id: item.instance.to_string(), name: drawing.item_name(item) })
            .collect(),
        parked: own.merged.parked.iter().map(|one| left(&drawing, own, one)).collect(),
        changed: own.merged.page != own.base || !own.merged.hidden.is_empty() || !own.merged.collapsed.is_empty(),
        problem: problem.map(|problem| words.text(&format!("designer-problem-{problem}"))),
        done,
        chosen: chosen.clone(),
    };
    let mut response = portal.pages.page_at(visit, "/arrange", "designer/arrange.html", &view)?;
    if problem.is_some() {
        response.set_status(StatusCode::CONFLICT);
    }
    Ok(response)
}

fn piece(drawing: &Drawing<'_>, own: &Own, item: &Item, around: Locks, (at, count): (usize, usize)) -> Piece {
    let locks = around.and(item.locks);
    Piece {
        id: item.instance.to_string(),
        name: drawing.item_name(item),
        icon: drawing.kinds.get(item.widget.kind.as_str()).map_or("circle-help", |one| one.icon),
        columns: item.span.columns,
        rows: item.span.rows,
        first: at == 0,
        last: at + 1 == count,
        collapsed: own.merged.collapsed.contains(&item.instance),
        fixed: locks.arrange,
        kept: locks.hide,
        chosen: item.instance.as_str() == drawing.chosen,
    }
}

fn left(drawing: &Drawing<'_>, own: &Own, parked: &Parked) -> Left {
    let words = drawing.words;
    let (target, aspect) = parked.op.touches();
    let item = match &target {
        pages::Target::Item(id) => own.base.root.item(id).map(|(_, item)| drawing.item_name(item)),
        _ => None,
    };
    let aspect = serde_json::to_value(aspect).unwrap_or_default();
    Left {
        name: item.unwrap_or_else(|| words.text("arrange-gone")),
        aspect: words.text(&format!("changes-aspect-{}", aspect.as_str().unwrap_or_default())),
        reason: words.text(&format!("designer-problem-{}", reason(parked.reason))),
    }
}

/// `POST /arrange`
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let typed = Typed::new(fields);
    let own = own(portal, &staff).await?;
    let id = own.page.id.clone();
    if typed.get("do") == "reset" {
        portal.layouts.reset(&staff.context, &id, visit.now).await?;
        return Ok(see_other("/arrange?done=reset"));
    }
    let act = read_act(&typed, &own.page, &[], |_| None).filter(|act| act.ops.iter().all(is_personal));
    let Some(act) = act else { return draw(portal, visit, &own, (String::new(), false, Some("gone"))) };
    let organisation = Some(staff.context.organisation());
    let ops: Vec<Op> = act.ops.clone();
    let refused = match portal.layouts.personalize(&staff.context, organisation, &id, act.ops, visit.now).await {
        Ok(merged) => merged.parked.iter().find(|one| ops.contains(&one.op)).map(|one| reason(one.reason)),
        Err(PageError::Parked(parked)) => Some(parked.first().map_or("gone", |one| reason(one.reason))),
        Err(PageError::TooMany) => Some("too-many"),
        Err(error) => return Err(error.into()),
    };
    if let Some(problem) = refused {
        return draw(portal, visit, &own, (act.chosen, false, Some(problem)));
    }
    let place = typed.get("do").replace(':', "-");
    let place = if InstanceId::parse(&act.chosen).is_some() { place } else { "main".to_owned() };
    Ok(see_other(&format!("/arrange?at={}#{place}", act.chosen)))
}
