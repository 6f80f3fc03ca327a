//! `/patients/{id}/…`: the record.

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{
    Fresh, LabQuery, Reader, RecordQuery, Section,
    labs::{self, MatrixWindow},
};
use poem::{
    Request, Response, handler,
    web::{Data, Path},
};
use record_view::{
    ListFilters,
    labs::{Filters, LabsInput},
    sheets::ListingInput,
    summary::SummaryInput,
    visits::VisitsInput,
};
use url::form_urlencoded;
use web::{Failure, Visit, shell::see_other};

use super::{break_glass, scene};
use crate::{portal::Portal, who::Staff};

/// An id in a path: whatever is none is nobody's.
pub(super) fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /patients/{id}`
#[handler]
pub async fn open(Path(id): Path<String>) -> Result<Response, Failure> {
    let person = person(&id)?;
    Ok(see_other(&format!("/patients/{person}/{}", Section::Summary.slug())))
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
    let section = Section::from_slug(&slug).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let drawn = match section {
        Section::Demographics => demographics(portal, visit, &staff, person).await,
        Section::Summary => summary(portal, visit, &staff, person).await,
        Section::Outpatient | Section::Inpatient => visits(portal, visit, &staff, (person, section), request).await,
        Section::LabResults => lab_results(portal, visit, &staff, person, request).await,
        list => listing(portal, visit, &staff, (person, list), request).await,
    };
    match drawn {
        Err(error) if error.fault() == Fault::BreakGlassRequired => {
            break_glass::closed(portal, visit, &staff, person).await
        }
        drawn => drawn,
    }
}

/// Decoded query pairs.
pub(super) fn pairs(request: &Request) -> Vec<(String, String)> {
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

async fn summary(portal: &Portal, visit: &Visit, staff: &Staff, person: PersonId) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let summary = portal.charts.summary(reader, person, visit.now).await?;
    // The summary has asked for allergies already.
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?.with_allergies(&summary.allergies);
    let page = record_view::summary::page(&SummaryInput {
        banner: &banner,
        summary: &summary,
        reader: staff.identity.name(),
        scene: scene(portal, visit),
    });
    portal.pages.page(visit, "record/summary.html", &page)
}

async fn visits(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (person, which): (PersonId, Section),
    request: &Request,
) -> Result<Response, Failure> {
    let (reader, query) = (Reader::Staff(&staff.context), RecordQuery::default());
    let read = async {
        match which {
            Section::Inpatient => portal.charts.inpatient(reader, person, &query, visit.now).await,
            _ => portal.charts.outpatient(reader, person, &query, visit.now).await,
        }
    };
    let (visits, banner) = tokio::join!(read, portal.charts.banner(reader, person, visit.now));
    // A refusal is the section's: it writes it down, the banner does not.
    let (visits, banner) = (visits?, banner?);
    let looked = (visits.looked(), visits.complete());
    let fresh = portal.charts.fresh(reader, banner.person, which, looked, visit.now).await?;
    let pairs = pairs(request);
    let filters = ListFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let page = record_view::visits::page(&VisitsInput {
        banner: &banner,
        visits: &visits,
        filters: &filters,
        reader: staff.identity.name(),
        scene: scene(portal, visit).with_fresh(&fresh),
    });
    let answer = portal.pages.page(visit, "record/visits.html", &page)?;
    remember(portal, visit, (reader, banner.person), &fresh).await;
    Ok(answer)
}

async fn demographics(portal: &Portal, visit: &Visit, staff: &Staff, person: PersonId) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let read = portal.charts.demographics(reader, person, visit.now);
    let (gathered, banner) = tokio::join!(read, portal.charts.banner(reader, person, visit.now));
    // A refusal is the section's: it writes it down, the banner does not.
    let (gathered, banner) = (gathered?, banner?);
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
    let read = portal.charts.lab_results(reader, person, &query, visit.now);
    let (gathered, banner) = tokio::join!(read, portal.charts.banner(reader, person, visit.now));
    // A refusal is the section's: it writes it down, the banner does not.
    let (gathered, banner) = (gathered?, banner?);
    let looked = (gathered.looked(), gathered.complete());
    let fresh = portal.charts.fresh(reader, banner.person, Section::LabResults, looked, visit.now).await?;
    let pairs = pairs(request);
    let filters = Filters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let matrix = labs::matrix(&gathered.items, &MatrixWindow::default());
    let page = record_view::labs::page(&LabsInput {
        banner: &banner,
        gathered: &gathered,
        matrix: &matrix,
        filters: &filters,
        reader: staff.identity.name(),
        scene: scene(portal, visit).with_fresh(&fresh),
    });
    let answer = portal.pages.page(visit, "record/lab_results.html", &page)?;
    remember(portal, visit, (reader, banner.person), &fresh).await;
    Ok(answer)
}

/// A section that is a list of facts.
async fn listing(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (person, list): (PersonId, Section),
    request: &Request,
) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let query = RecordQuery::default();
    let read = portal.charts.listing(reader, person, list, &query, visit.now);
    let (listing, banner) = tokio::join!(read, portal.charts.banner(reader, person, visit.now));
    // A refusal is the section's: it writes it down, the banner does not.
    let (listing, banner) = (listing?, banner?);
    let fresh = portal.charts.fresh(reader, banner.person, list, listing.looked(), visit.now).await?;
    let pairs = pairs(request);
    let filters = ListFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let page = record_view::sheets::page(&ListingInput {
        banner: &banner,
        listing: &listing,
        filters: &filters,
        reader: staff.identity.name(),
        scene: scene(portal, visit).with_fresh(&fresh),
    });
    let answer = portal.pages.page(visit, "record/sheet.html", &page)?;
    remember(portal, visit, (reader, banner.person), &fresh).await;
    Ok(answer)
}
