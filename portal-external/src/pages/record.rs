//! `/people/{id}/record`: one's own record, as far as the release policy lets it be shown.

use std::sync::Arc;

use access::{Deed, Fault, PersonId};
use ehr::{
    Fresh, LabQuery, Reader, RecordQuery, Section,
    labs::{self, MatrixWindow},
};
use poem::{
    Request, Response, handler,
    web::{Data, Path},
};
use record_view::{ListFilters, labs::Filters, patient_labs::PatientLabsInput, sheets::ListingInput};
use url::form_urlencoded;
use web::{Failure, Visit};

use super::scene;
use crate::{portal::Portal, who::Patient};

/// An id in a path: whatever is none is nobody's.
pub(super) fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /people/{id}/record`
#[handler]
pub async fn contents(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    let banner = portal.charts.cover(reader, person(&id)?, visit.now).await?;
    let fresh = portal.charts.left_unseen(reader, banner.person, visit.now).await?;
    let scene = scene(portal, visit).with_fresh(&fresh);
    let mut page = record_view::home::record_page(&banner, &scene);
    // What is not entrusted is not there.
    page.shell.sections.retain(|one| patient.context.may_act_for(banner.person, Deed::Section(one.slug)));
    portal.pages.page(visit, "record.html", &page)
}

/// `GET /people/{id}/record/{section}`
#[handler]
pub async fn section(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((id, slug)): Path<(String, String)>,
    request: &Request,
) -> Result<Response, Failure> {
    let person = person(&id)?;
    match Section::from_slug(&slug) {
        Some(Section::Demographics) => demographics(portal, visit, &patient, person).await,
        Some(Section::Summary) => summary(portal, visit, &patient, person).await,
        Some(visited @ (Section::Outpatient | Section::Inpatient)) => {
            visits(portal, visit, &patient, (person, visited), request).await
        }
        Some(Section::LabResults) => lab_results(portal, visit, &patient, person, request).await,
        Some(list) => listing(portal, visit, &patient, (person, list), request).await,
        None => Err(Failure::new(Fault::NotFound)),
    }
}

/// Decoded query pairs.
fn pairs(request: &Request) -> Vec<(String, String)> {
    form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Remembers that a page was shown: to a person who asked for it, not to a browser that fetches it in advance, or asks
/// whether it is there. A look that can't be kept only shows its marks once more.
async fn remember(portal: &Portal, visit: &Visit, (reader, person): (Reader<'_>, PersonId), fresh: &Fresh) {
    if !visit.is_look {
        return;
    }
    if let Err(error) = portal.charts.remember_look(reader, person, fresh, visit.now).await {
        tracing::warn!(request_id = %visit.request.0, %error, "remembering a look");
    }
}

async fn summary(portal: &Portal, visit: &Visit, patient: &Patient, person: PersonId) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    let summary = portal.charts.summary(reader, person, visit.now).await?;
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?.with_allergies(&summary.allergies);
    let page = record_view::patient_summary::page(&banner, &summary, &scene(portal, visit));
    portal.pages.page(visit, "record/summary.html", &page)
}

async fn visits(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    (person, which): (PersonId, Section),
    request: &Request,
) -> Result<Response, Failure> {
    let (reader, query) = (Reader::Patient(&patient.context), RecordQuery::default());
    let visits = match which {
        Section::Inpatient => portal.charts.inpatient(reader, person, &query, visit.now).await?,
        _ => portal.charts.outpatient(reader, person, &query, visit.now).await?,
    };
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    let pairs = pairs(request);
    let filters = ListFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let looked = (visits.looked(), visits.complete());
    let fresh = portal.charts.fresh(reader, banner.person, which, looked, visit.now).await?;
    let scene = scene(portal, visit).with_fresh(&fresh);
    let page = record_view::patient_visits::page(&banner, &visits, &filters, &scene);
    let answer = portal.pages.page(visit, "record/visits.html", &page)?;
    remember(portal, visit, (reader, banner.person), &fresh).await;
    Ok(answer)
}

async fn demographics(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    person: PersonId,
) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    // The section first: it writes a refusal down, the banner does not.
    let gathered = portal.charts.demographics(reader, person, visit.now).await?;
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    let page = record_view::demographics::patient_page(&banner, &gathered, &scene(portal, visit));
    portal.pages.page(visit, "record/demographics.html", &page)
}

async fn lab_results(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    person: PersonId,
    request: &Request,
) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    let query = LabQuery::default();
    // The section first: it writes a refusal down, the banner does not.
    let gathered = portal.charts.lab_results(reader, person, &query, visit.now).await?;
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    let pairs = pairs(request);
    let filters = Filters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let matrix = labs::matrix(&gathered.items, &MatrixWindow::default());
    let looked = (gathered.looked(), gathered.complete());
    let fresh = portal.charts.fresh(reader, banner.person, Section::LabResults, looked, visit.now).await?;
    let page = record_view::patient_labs::page(&PatientLabsInput {
        banner: &banner,
        gathered: &gathered,
        matrix: &matrix,
        filters: &filters,
        scene: scene(portal, visit).with_fresh(&fresh),
    });
    let answer = portal.pages.page(visit, page.template(), &page)?;
    // Where one analyte is shown, the list was not.
    if page.detail.is_none() {
        remember(portal, visit, (reader, banner.person), &fresh).await;
    }
    Ok(answer)
}

/// A section that is a list of facts.
async fn listing(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    (person, list): (PersonId, Section),
    request: &Request,
) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    // The section first: it writes a refusal down, the banner does not.
    let listing = portal.charts.listing(reader, person, list, &RecordQuery::default(), visit.now).await?;
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    let fresh = portal.charts.fresh(reader, banner.person, list, listing.looked(), visit.now).await?;
    let pairs = pairs(request);
    let filters = ListFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let page = record_view::sheets::patient_page(&ListingInput {
        banner: &banner,
        listing: &listing,
        filters: &filters,
        reader: "",
        scene: scene(portal, visit).with_fresh(&fresh),
    });
    let answer = portal.pages.page(visit, "record/sheet.html", &page)?;
    remember(portal, visit, (reader, banner.person), &fresh).await;
    Ok(answer)
}
