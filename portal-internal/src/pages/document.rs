//! `/patients/{id}/documents/{source}/{kind}/{resource}/{n}`: one document of a hospital.

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{DocumentAddress, Reader};
use poem::{
    Response, handler,
    web::{Data, Path},
};
use web::{
    Failure, Visit,
    files::{CheckedFile, file},
};

use super::{break_glass, record, scene};
use crate::{portal::Portal, who::Staff};

/// `GET /patients/{id}/documents/{source}/{kind}/{resource}/{n}`: a file as it is, words on a page of ours.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path((id, source, kind, resource, number)): Path<(String, String, String, String, String)>,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    let number = number.parse().map_err(|_| Failure::new(Fault::NotFound))?;
    match draw(portal, visit, &staff, person, DocumentAddress { source, kind, resource, number }).await {
        Err(error) if error.fault() == Fault::BreakGlassRequired => {
            break_glass::closed(portal, visit, &staff, person).await
        }
        drawn => drawn,
    }
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    address: DocumentAddress,
) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let mut document = portal.charts.document(reader, person, &address, visit.now).await?;
    if let Some(of) = document.file.take() {
        let (content_type, extension) = (of.kind.content_type(), of.kind.extension());
        return Ok(file(CheckedFile { content_type, extension, title: &document.note.title, bytes: of.bytes }));
    }
    // Only now: a file has no page for a banner, and a read that is given up leaves an intent without an outcome.
    let banner = portal.charts.banner(reader, person, visit.now).await?;
    let page = record_view::document::page(&banner, &document, staff.identity.name(), &scene(portal, visit));
    portal.pages.page(visit, "record/document.html", &page)
}
