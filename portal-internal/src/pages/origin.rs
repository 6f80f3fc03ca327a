//! `/patients/{id}/{section}/origins/{source}/{kind}/{resource}`: where a value comes from, and why the reader sees it.

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{OriginAddress, Reader, Section};
use poem::{
    Response, handler,
    web::{Data, Path},
};
use web::{Failure, Visit};

use super::{break_glass, record, scene};
use crate::{portal::Portal, who::Staff};

/// Person, section, source, type, id.
type Parts = (String, String, String, String, String);

/// `GET /patients/{id}/{section}/origins/{source}/{kind}/{resource}`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(parts): Path<Parts>,
) -> Result<Response, Failure> {
    answer(portal, visit, &staff, parts, false).await
}

/// `GET /patients/{id}/{section}/origins/{source}/{kind}/{resource}/json`: the same with the hospital's own JSON.
#[handler]
pub async fn show_json(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(parts): Path<Parts>,
) -> Result<Response, Failure> {
    answer(portal, visit, &staff, parts, true).await
}

async fn answer(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (id, section, source, kind, resource): Parts,
    with_json: bool,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    let section = Section::from_slug(&section).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let address = OriginAddress { source, resource: format!("{kind}/{resource}") };
    match draw(portal, visit, staff, (person, section), &address, with_json).await {
        Err(error) if error.fault() == Fault::BreakGlassRequired => {
            break_glass::closed(portal, visit, staff, person).await
        }
        drawn => drawn,
    }
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (person, section): (PersonId, Section),
    address: &OriginAddress,
    with_json: bool,
) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let read = portal.charts.origin(reader, person, section, address, with_json, visit.now);
    let (explained, banner) = tokio::join!(read, portal.charts.banner(reader, person, visit.now));
    // A refusal is the section's: it writes it down, the banner does not.
    let (explained, banner) = (explained?, banner?);
    let page = record_view::origin::page(&banner, &explained, staff.identity.name(), &scene(portal, visit));
    portal.pages.page(visit, "record/origin.html", &page)
}
