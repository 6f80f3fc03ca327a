//! `/`: the desk, which is a page of widgets, and each of its widgets alone.

use std::sync::Arc;

use pages::{
    PageId,
    render::{ItemView, PageView, Patience},
};
use poem::{
    Request, Response, handler,
    http::header,
    web::{Data, Path},
};
use serde::Serialize;
use web::{Failure, Visit};

use super::record::pairs;
use crate::{mine::Wanted, portal::Portal, who::Staff, widgets};

/// `home.html`
#[derive(Serialize)]
struct HomePage {
    greeting: String,
    page: PageView,
    /// Where its colours are.
    stylesheet: Option<String>,
    /// This page with everything on it, however long that takes.
    whole_href: String,
}

/// `widget.html`, `widget_part.html`
#[derive(Serialize)]
struct OneWidget {
    one: Option<ItemView>,
}

/// How the list of patients is wanted, if the address says so.
fn wanted(request: &Request) -> Option<Wanted> {
    let asked = pairs(request).into_iter().find(|(name, _)| name == "mine").map(|(_, value)| value);
    match asked.as_deref() {
        Some("wait") => Some(Wanted::WithDue),
        Some("refresh") => Some(Wanted::Refreshed),
        _ => None,
    }
}

/// `GET /`, `GET /?whole=1` (waits for every widget), `GET /?mine=wait` (with what hospitals say that are being asked),
/// `GET /?mine=refresh` (asks them again).
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, staff: Staff, request: &Request) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let wanted = wanted(request);
    let whole = wanted.is_some() || pairs(request).iter().any(|(name, _)| name == "whole");
    let greeting = record_view::home::greeting(staff.identity.name(), &super::scene(portal, visit));
    let how = (None, wanted.unwrap_or(Wanted::AtOnce), if whole { Patience::Whole } else { Patience::AtOnce });
    let (page, stylesheet) = widgets::page(portal, visit, staff, how).await?;
    portal.pages.page(visit, "home.html", &HomePage { greeting, page, stylesheet, whole_href: "/?whole=1".to_owned() })
}

/// `GET /pages/:page`: a published page that is not one's first.
#[handler]
pub async fn other(
    Data(portal): Data<&Arc<Portal>>,
    staff: Staff,
    Path(page): Path<String>,
    request: &Request,
) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let whole = pairs(request).iter().any(|(name, _)| name == "whole");
    let id = PageId::parse(&page).ok_or_else(|| Failure::new(access::Fault::NotFound))?;
    let how = (Some(&id), Wanted::AtOnce, if whole { Patience::Whole } else { Patience::AtOnce });
    let (page, stylesheet) = widgets::page(portal, visit, staff, how).await?;
    let view = HomePage { greeting: page.title.clone(), whole_href: format!("/pages/{id}?whole=1"), page, stylesheet };
    portal.pages.page(visit, "home.html", &view)
}

/// `GET /pages/:page/:sheet`: the colours of a published revision (`3.css`), which never change.
#[handler]
pub async fn colours(
    Data(portal): Data<&Arc<Portal>>,
    staff: Staff,
    Path((page, sheet)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let missing = || Failure::new(access::Fault::NotFound);
    let id = PageId::parse(&page).ok_or_else(missing)?;
    let number = sheet.strip_suffix(".css").and_then(|number| number.parse().ok()).ok_or_else(missing)?;
    let rules = portal.layouts.stylesheet(&staff.context, &id, number).await?;
    let kept = "private, max-age=31536000, immutable";
    Ok(Response::builder().content_type("text/css; charset=utf-8").header(header::CACHE_CONTROL, kept).body(rules))
}

/// `GET /pages/:page/items/:item`: a widget alone, as a part for a script and as a page without one.
#[handler]
pub async fn item(
    Data(portal): Data<&Arc<Portal>>,
    staff: Staff,
    Path((page, item)): Path<(String, String)>,
    request: &Request,
) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let wanted = wanted(request).unwrap_or(Wanted::AtOnce);
    let one = widgets::one(portal, visit, staff, (&page, &item, wanted)).await?;
    let part = request.headers().contains_key("hx-request");
    portal.pages.page(visit, if part { "widget_part.html" } else { "widget.html" }, &OneWidget { one })
}
