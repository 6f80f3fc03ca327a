//! `/patients/{id}/…`: the record.

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{
    Banner, EhrError, LabQuery, Reader, Section,
    labs::{self, MatrixWindow},
};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{Data, Path},
};
use record_view::labs::{Filters, LabsInput};
use url::form_urlencoded;
use web::{Failure, Visit, shell::see_other};

use super::scene;
use crate::{portal::Portal, who::Staff};

/// An id in a path: whatever is none is nobody's.
fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /patients/{id}`
#[handler]
pub async fn open(Path(id): Path<String>) -> Result<Response, Failure> {
    let person = person(&id)?;
    Ok(see_other(&format!("/patients/{person}/{}", Section::LabResults.slug())))
}

/// `GET /patients/{id}/{section}`
#[handler]
pub async fn section(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path((id, slug)): Path<(String, String)>,
    request: &Request,
) -> Result<Response, Failure> {
    let person = person(&id)?;
    let section = Section::from_slug(&slug).filter(|section| section.is_built());
    let section = section.ok_or_else(|| Failure::new(Fault::NotFound))?;
    let drawn = match section {
        Section::Demographics => demographics(portal, visit, &staff, person).await,
        _ => lab_results(portal, visit, &staff, person, request).await,
    };
    match drawn {
        Err(error) if error.fault() == Fault::BreakGlassRequired => glass(portal, visit, None),
        drawn => drawn,
    }
}

async fn demographics(portal: &Portal, visit: &Visit, staff: &Staff, person: PersonId) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    // The section first: it writes a refusal down, the banner does not.
    let gathered = portal.charts.demographics(reader, person, visit.now).await?;
    let banner = portal.charts.banner(reader, person, visit.now).await?;
    let page = record_view::demographics::page(&banner, &gathered, staff.identity.name(), &scene(portal, visit));
    portal.pages.page(visit, "record/demographics.html", &page)
}

async fn lab_results(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    request: &Request,
) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let query = LabQuery::default();
    // The section first: it writes a refusal down, the banner does not.
    let gathered = portal.charts.lab_results(reader, person, &query, visit.now).await?;
    let banner = portal.charts.banner(reader, person, visit.now).await?;
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let filters = Filters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let matrix = labs::matrix(&gathered.items, &MatrixWindow::default());
    let page = record_view::labs::page(&LabsInput {
        banner: &banner,
        gathered: &gathered,
        matrix: &matrix,
        filters: &filters,
        reader: staff.identity.name(),
        scene: scene(portal, visit),
    });
    portal.pages.page(visit, "record/lab_results.html", &page)
}

/// `GET /patients/{id}/break-glass`: what it means; the act itself comes with treatment relations.
#[handler]
pub async fn break_glass(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let person = person(&id)?;
    match portal.charts.banner(Reader::Staff(&staff.context), person, visit.now).await {
        // The chart is open to this reader: there is no glass to break.
        Ok(banner) => Ok(see_other(&format!("/patients/{}/{}", banner.person, Section::LabResults.slug()))),
        Err(EhrError::BreakGlassRequired) => glass(portal, visit, None),
        Err(error) => Err(error.into()),
    }
}

fn glass(portal: &Portal, visit: &Visit, banner: Option<&Banner>) -> Result<Response, Failure> {
    let page = record_view::break_glass::page(banner, &scene(portal, visit));
    let mut response = portal.pages.page(visit, "break_glass.html", &page)?;
    response.set_status(StatusCode::FORBIDDEN);
    Ok(response)
}
