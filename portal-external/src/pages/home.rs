//! `/`: the patient's first page, which is a page of widgets, and each of its widgets alone.

use std::sync::Arc;

use access::{Fault, Trust};
use accounts::family::Proxy;
use ehr::Reader;
use pages::{
    PageId,
    render::{ItemView, PageView, Patience},
};
use poem::{
    Request, Response, handler,
    http::header,
    web::{Data, Path, Query},
};
use serde::{Deserialize, Serialize};
use web::{Failure, Visit};

use crate::{portal::Portal, who::Patient, widgets};

#[derive(Deserialize)]
pub struct Asked {
    whole: Option<String>,
    newest: Option<String>,
}

/// `home.html`
#[derive(Serialize)]
struct HomePage {
    /// Of whom it greets; a page that is not the first has its own title.
    name: Option<String>,
    page: PageView,
    /// For whom they may act.
    others: Vec<Other>,
    /// Where its colours are.
    stylesheet: Option<String>,
    /// This page with everything on it, however long that takes.
    whole_href: String,
}

/// Somebody for whom one may act.
#[derive(Serialize)]
struct Other {
    name: String,
    href: String,
}

async fn others(portal: &Portal, visit: &Visit, patient: &Patient) -> Result<Vec<Other>, Failure> {
    let all = portal.family.of_others(&patient.context, visit.now).await?;
    let open = all.into_iter().filter(|one| one.ended.is_none());
    let entry = |one: Proxy| {
        let views = one.terms.trusts.contains(&Trust::View);
        let href = if views { format!("/people/{}/record", one.subject) } else { "/sharing".to_owned() };
        Other { name: one.name, href }
    };
    Ok(open.map(entry).collect())
}

/// `widget.html`, `widget_part.html`
#[derive(Serialize)]
struct OneWidget {
    one: Option<ItemView>,
}

/// `GET /`: the page comes at once, and asks for its card of newest results by itself. `GET /?whole=1` and `GET /?newest=1`
/// wait for it.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    patient: Patient,
    asked: Query<Asked>,
    request: &Request,
) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let whole = asked.whole.is_some() || asked.newest.is_some();
    let reader = Reader::Patient(&patient.context);
    let name = match patient.context.own() {
        // As they are registered. A whole page reads results, which is a read of its own.
        Some(person) if whole => portal.charts.plain_banner(reader, person, visit.now).await?.name,
        Some(person) => portal.charts.cover(reader, person, visit.now).await?.name,
        None => patient.account.name.clone(),
    };
    let others = others(portal, visit, &patient).await?;
    let patience = if whole { Patience::Whole } else { Patience::AtOnce };
    let (page, stylesheet) = widgets::page(portal, visit, patient, (None, patience)).await?;
    let view = HomePage { name: Some(name), page, others, stylesheet, whole_href: "/?whole=1".to_owned() };
    portal.pages.page(visit, "home.html", &view)
}

/// `GET /pages/:page`: a published page that is not one's first.
#[handler]
pub async fn other(
    Data(portal): Data<&Arc<Portal>>,
    patient: Patient,
    Path(page): Path<String>,
    asked: Query<Asked>,
    request: &Request,
) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let id = PageId::parse(&page).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let patience = if asked.whole.is_some() { Patience::Whole } else { Patience::AtOnce };
    let (page, stylesheet) = widgets::page(portal, visit, patient, (Some(&id), patience)).await?;
    let view =
        HomePage { name: None, page, others: Vec::new(), stylesheet, whole_href: format!("/pages/{id}?whole=1") };
    portal.pages.page(visit, "home.html", &view)
}

/// `GET /pages/:page/:sheet`: the colours of a published revision (`3.css`), which never change.
#[handler]
pub async fn colours(
    Data(portal): Data<&Arc<Portal>>,
    patient: Patient,
    Path((page, sheet)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let missing = || Failure::new(Fault::NotFound);
    let id = PageId::parse(&page).ok_or_else(missing)?;
    let number = sheet.strip_suffix(".css").and_then(|number| number.parse().ok()).ok_or_else(missing)?;
    let rules = portal.layouts.stylesheet(&patient.context, &id, number).await?;
    let kept = "private, max-age=31536000, immutable";
    Ok(Response::builder().content_type("text/css; charset=utf-8").header(header::CACHE_CONTROL, kept).body(rules))
}

/// `GET /pages/:page/items/:item`: a widget alone, as a part for a script and as a page without one.
#[handler]
pub async fn item(
    Data(portal): Data<&Arc<Portal>>,
    patient: Patient,
    Path((page, item)): Path<(String, String)>,
    request: &Request,
) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let one = widgets::one(portal, visit, patient, (&page, &item)).await?;
    let part = request.headers().contains_key("hx-request");
    portal.pages.page(visit, if part { "widget_part.html" } else { "widget.html" }, &OneWidget { one })
}
