//! `/`: the patient's first page.

use std::sync::Arc;

use access::{Classify, Fault, PersonId};
use ehr::{
    Banner, LabQuery, Reader,
    labs::{self, MatrixWindow},
};
use poem::{
    Response, handler,
    web::{Data, Query},
};
use record_view::{
    labs::Filters,
    patient_labs::{Newest, PatientLabsInput},
};
use serde::Deserialize;
use web::{Failure, Visit};

use super::scene;
use crate::{portal::Portal, who::Patient};

#[derive(Deserialize)]
pub struct Asked {
    newest: Option<String>,
}

/// `GET /?newest=`: the page comes at once, and asks for its card of newest results by itself.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    let (banner, newest) = match patient.context.own() {
        None => (None, None),
        Some(person) if asked.newest.is_none() => {
            (Some(portal.charts.cover(reader, person, visit.now).await?), Some(Newest::later()))
        }
        Some(person) => {
            // The read of the results is audited; the banner stands on its page.
            let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
            let newest = newest(portal, visit, (reader, person), &banner).await;
            (Some(banner), newest)
        }
    };
    let page = record_view::home::patient_page(banner.as_ref(), newest, &portal.connected(), &scene(portal, visit));
    portal.pages.page(visit, "home.html", &page)
}

/// A first page stays one when its results can't be read; who may not see them has no card.
async fn newest(
    portal: &Portal,
    visit: &Visit,
    (reader, person): (Reader<'_>, PersonId),
    banner: &Banner,
) -> Option<Newest> {
    let gathered = match portal.charts.lab_results(reader, person, &LabQuery::default(), visit.now).await {
        Ok(gathered) => gathered,
        Err(error) if matches!(error.fault(), Fault::Forbidden | Fault::NotFound) => return None,
        Err(error) => {
            tracing::error!(request_id = %visit.request.0, %error, "reading the newest results");
            return Some(Newest::failed());
        }
    };
    let matrix = labs::matrix(&gathered.items, &MatrixWindow::default());
    Some(Newest::new(&PatientLabsInput {
        banner,
        gathered: &gathered,
        matrix: &matrix,
        filters: &Filters::default(),
        scene: scene(portal, visit),
    }))
}
