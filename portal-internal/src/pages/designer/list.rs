//! `/admin/pages`: all pages that somebody may edit, as a tree; new ones from templates, copies and files.

use std::sync::Arc;

use access::{Act, Fault, Object};
use jiff::Timestamp;
use pages::{
    Draft, DraftState, Listed, NewPage, Page, PageError, PageId, Portal as Side, Source, Template,
    model::{Bilingual, Slug},
};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{Data, Form},
};
use serde::Serialize;
use web::{Failure, Lang, Visit, shell::see_other};

use super::{Fields, asked, canvas::said, typed::Typed, view};
use crate::{portal::Portal, who::Staff};

/// Deeper ones stand as deep as this.
const DEEPEST: usize = 4;

/// `designer/list.html`
#[derive(Serialize)]
struct ListPage {
    side: &'static str,
    sides: Vec<SideLink>,
    pages: Vec<Row>,
    templates: Vec<&'static str>,
    own: Vec<Own>,
    /// Could they be removed?
    manages: bool,
    /// Pages that the portal brings along.
    presets: Vec<Own>,
    typed: Again,
    problem: Option<String>,
    done: Option<String>,
}

#[derive(Serialize)]
struct SideLink {
    id: &'static str,
    chosen: bool,
}

/// A page.
#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    address: String,
    depth: usize,
    state: &'static str,
    deleted: bool,
    published: Option<i64>,
    by: String,
    at: String,
}

/// An arrangement that was saved here.
#[derive(Serialize)]
struct Own {
    id: String,
    name: String,
}

/// What was typed, to be shown again.
#[derive(Serialize, Default)]
struct Again {
    zh: String,
    en: String,
    slug: String,
    parent: String,
    from: String,
    file: String,
}

/// A portal by its name; the intranet's unless it is the other's.
pub fn side(text: &str) -> Side {
    if text == Side::External.as_str() { Side::External } else { Side::Internal }
}

/// Children behind their parents; whose parent is not listed stands at the top.
fn tree(listed: &[Listed], lang: Lang, minute: impl Fn(Timestamp) -> String) -> Vec<Row> {
    let mut rows = Vec::new();
    let listed_parent =
        |one: &Listed| one.parent.as_ref().filter(|id| listed.iter().any(|other| other.id == **id)).cloned();
    let mut open: Vec<(&Listed, usize, String)> =
        listed.iter().rev().filter(|one| listed_parent(one).is_none()).map(|one| (one, 0, String::new())).collect();
    while let Some((one, depth, above)) = open.pop() {
        let address = format!("{above}/{}", one.slug);
        let below = listed.iter().rev().filter(|other| listed_parent(other).as_ref() == Some(&one.id));
        open.extend(below.map(|other| (other, depth + 1, address.clone())));
        rows.push(Row {
            id: one.id.to_string(),
            title: said(&one.title, lang).to_owned(),
            address,
            depth: depth.min(DEEPEST),
            state: view::state_key(one.state),
            deleted: one.state == DraftState::Deleted,
            published: one.published,
            by: one.by.clone(),
            at: minute(one.at),
        });
    }
    rows
}

/// `GET /admin/pages?portal=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    request: &Request,
) -> Result<Response, Failure> {
    let problem = Some(asked(request, "problem")).filter(|problem| !problem.is_empty());
    let told = (asked(request, "done"), problem);
    draw(portal, visit, &staff, side(&asked(request, "portal")), (Again::default(), told)).await
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    side: Side,
    (typed, (done, problem)): (Again, (String, Option<String>)),
) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let listed = portal.layouts.list(&staff.context, side).await?;
    let section = if side == Side::Internal { Object::SECTION_PAGES } else { Object::SECTION_PUBLIC_PAGES };
    // Whoever may edit none and create none is not told that there are any.
    if listed.is_empty() && !portal.policy.decide(&staff.context, &section, Act::Manage) {
        return Err(Failure::new(Fault::NotFound));
    }
    let say = |stem: &str, what: &str| {
        Some(format!("{stem}-{what}")).filter(|key| words.has(key)).map(|key| words.text(&key))
    };
    let own = portal.layouts.templates(&staff.context).await?;
    let page = ListPage {
        side: side.as_str(),
        sides: [Side::Internal, Side::External].map(|one| SideLink { id: one.as_str(), chosen: one == side }).into(),
        pages: tree(&listed, visit.lang, |at| words.minute(at)),
        templates: Template::ALL.map(Template::as_str).into(),
        own: own.into_iter().map(|one| Own { name: said(&one.name, visit.lang).to_owned(), id: one.id }).collect(),
        manages: portal.policy.decide(&staff.context, &Object::SECTION_PAGES, Act::Manage),
        presets: if side == Side::Internal { presets(portal, visit.lang) } else { Vec::new() },
        typed,
        problem: problem.as_deref().and_then(|problem| say("designer-problem", problem)),
        done: say("designer-done", &done),
    };
    let path = format!("/admin/pages?portal={}", side.as_str());
    let mut response = portal.pages.page_at(visit, &path, "designer/list.html", &page)?;
    if problem.is_some() && visit.path.split('?').next() == Some("/admin/pages") && !typed_nothing(&page.typed) {
        response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(response)
}

fn presets(portal: &Portal, lang: Lang) -> Vec<Own> {
    let one = |page: &Page| Own { id: page.id.to_string(), name: said(&page.title, lang).to_owned() };
    portal.board.presets.iter().map(one).collect()
}

/// A form that was sent comes back with what was typed; a notice after a 303 does not.
fn typed_nothing(typed: &Again) -> bool {
    [&typed.zh, &typed.en, &typed.slug, &typed.file].iter().all(|text| text.is_empty())
}

/// `POST /admin/pages?portal=`: a new page, or one from a file.
#[handler]
pub async fn create(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    request: &Request,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let typed = Typed::new(fields);
    let side = side(&asked(request, "portal"));
    if typed.get("op") == "remove-template" {
        portal.layouts.remove_template(&staff.context, typed.get("id"), visit.now).await?;
        return Ok(see_other(&format!("/admin/pages?portal={}&done=template-removed", side.as_str())));
    }
    let made = match typed.get("op") {
        "import" => import(portal, &staff, typed.get("file"), visit.now).await,
        "create" => make(portal, &staff, side, &typed, visit.now).await,
        _ => return Err(Failure::new(Fault::Invalid)),
    };
    let problem = match made {
        Ok(draft) => return Ok(see_other(&format!("/admin/pages/{}?done=made", draft.page.id))),
        Err(PageError::AddressTaken) => "address-taken",
        Err(PageError::Parent) => "parent",
        Err(PageError::File(_)) => "file",
        Err(PageError::Text) => "title",
        Err(PageError::Misfit(_)) => "misfit",
        Err(PageError::Unsound(_)) if typed.get("op") == "create" => "title",
        Err(PageError::Unsound(_)) => "unsound",
        Err(PageError::Forbidden) => "not-here",
        Err(error) => return Err(error.into()),
    };
    let kept = |name: &str| typed.get(name).chars().take(20_000).collect();
    let again = Again {
        zh: kept("title-zh"),
        en: kept("title-en"),
        slug: kept("slug"),
        parent: kept("parent"),
        from: kept("from"),
        file: kept("file"),
    };
    draw(portal, visit, &staff, side, (again, (String::new(), Some(problem.to_owned())))).await
}

/// A file of a page that is there becomes its new draft; what it was can be had back by undoing.
async fn import(portal: &Portal, staff: &Staff, file: &str, now: Timestamp) -> Result<Draft, PageError> {
    match portal.layouts.import(&staff.context, file, None, now).await {
        Err(PageError::Conflict(there)) => portal.layouts.import(&staff.context, file, Some(there.rev), now).await,
        imported => imported,
    }
}

/// A page that the portal brings along, as a new one: as its file would be.
async fn from_preset(
    portal: &Portal,
    staff: &Staff,
    id: &str,
    typed: &Typed,
    now: Timestamp,
) -> Result<Draft, PageError> {
    let preset = PageId::parse(id).and_then(|id| portal.board.presets.get(&id)).ok_or(PageError::NotFound)?;
    let page = Page {
        id: PageId::fresh(),
        parent: PageId::parse(typed.get("parent")),
        slug: Slug::parse(typed.get("slug").trim()).ok_or(PageError::Text)?,
        title: Bilingual::new(typed.get("title-zh").trim(), typed.get("title-en").trim()),
        ..preset.page.clone()
    };
    let file = serde_json::json!({ "format": "portal-page", "version": 1, "page": page });
    portal.layouts.import(&staff.context, &file.to_string(), None, now).await
}

async fn make(portal: &Portal, staff: &Staff, side: Side, typed: &Typed, now: Timestamp) -> Result<Draft, PageError> {
    let from = match typed.get("from").split_once(':') {
        Some(("template", name)) => Template::parse(name).map(Source::Template),
        Some(("own", id)) => Some(Source::OwnTemplate(id.to_owned())),
        Some(("copy", id)) => PageId::parse(id).map(Source::Copy),
        Some(("preset", id)) => return from_preset(portal, staff, id, typed, now).await,
        _ => None,
    };
    let new = NewPage {
        portal: side,
        parent: PageId::parse(typed.get("parent")),
        slug: Slug::parse(typed.get("slug").trim()).ok_or(PageError::Text)?,
        title: Bilingual::new(typed.get("title-zh").trim(), typed.get("title-en").trim()),
        from: from.ok_or(PageError::NotFound)?,
    };
    portal.layouts.create(&staff.context, new, now).await
}
