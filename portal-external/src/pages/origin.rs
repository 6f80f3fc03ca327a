//! `/people/{id}/record/{section}/origins/{source}/{kind}/{resource}`: where a value comes from, and why one sees it.

use std::sync::Arc;

use access::Fault;
use ehr::{OriginAddress, Reader, Section};
use poem::{
    Response, handler,
    web::{Data, Path},
};
use web::{Failure, Visit};

use super::{record, scene};
use crate::{portal::Portal, who::Patient};

/// `GET /people/{id}/record/{section}/origins/{source}/{kind}/{resource}`: what is held is not there.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((id, section, source, kind, resource)): Path<(String, String, String, String, String)>,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    let section = Section::from_slug(&section).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let address = OriginAddress { source, resource: format!("{kind}/{resource}") };
    let reader = Reader::Patient(&patient.context);
    let explained = portal.charts.origin(reader, person, section, &address, false, visit.now).await?;
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    let page = record_view::origin::patient_page(&banner, &explained, &scene(portal, visit));
    portal.pages.page(visit, "record/origin.html", &page)
}
