//! `/people/{id}/record/documents/{source}/{kind}/{resource}/{n}`: one document of a hospital.

use std::sync::Arc;

use access::Fault;
use ehr::{DocumentAddress, Reader};
use poem::{
    Response, handler,
    http::{HeaderValue, header},
    web::{Data, Path},
};
use web::{
    Failure, Visit,
    files::{CheckedFile, file},
    render::{Arg, local},
};

use super::{record, scene};
use crate::{portal::Portal, who::Patient};

/// `GET /people/{id}/record/documents/{source}/{kind}/{resource}/{n}`: a file as it is, words on a page of ours. What is
/// held is not there.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((id, source, kind, resource, number)): Path<(String, String, String, String, String)>,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    let number = number.parse().map_err(|_| Failure::new(Fault::NotFound))?;
    let address = DocumentAddress { source, kind, resource, number };
    let reader = Reader::Patient(&patient.context);
    let mut document = portal.charts.document(reader, person, &address, visit.now).await?;
    if let Some(of) = document.file.take() {
        let (content_type, extension) = (of.kind.content_type(), of.kind.extension());
        let copied = document.as_of < visit.now;
        let words = portal.pages.renderer().words(visit.lang);
        let at = words.long_date(&local(document.as_of).date().to_string());
        let called = [("title", Arg::from(document.note.title.as_str())), ("at", Arg::from(at))];
        let title = if copied { words.with("document-copy-name", &called) } else { document.note.title.clone() };
        let mut response = file(CheckedFile { content_type, extension, title: &title, bytes: of.bytes });
        if copied {
            // RFC 9111 section 5.1: a file has no other place to say that it is not of now.
            let age = visit.now.duration_since(document.as_of).as_secs().max(0);
            response.headers_mut().insert(header::AGE, HeaderValue::from(age));
        }
        return Ok(response);
    }
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    let page = record_view::document::patient_page(&banner, &document, &scene(portal, visit));
    portal.pages.page(visit, "record/document.html", &page)
}
