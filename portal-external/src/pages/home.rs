//! `/`: the patient's first page.

use std::sync::Arc;

use ehr::Reader;
use poem::{Response, handler, web::Data};
use web::{Failure, Visit};

use super::scene;
use crate::{portal::Portal, who::Patient};

/// `GET /`
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit, patient: Patient) -> Result<Response, Failure> {
    let banner = match patient.context.own() {
        Some(person) => Some(portal.charts.cover(Reader::Patient(&patient.context), person, visit.now).await?),
        None => None,
    };
    let page = record_view::home::patient_page(banner.as_ref(), &portal.connected(), &scene(portal, visit));
    portal.pages.page(visit, "home.html", &page)
}
