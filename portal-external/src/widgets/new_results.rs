//! The newest results, in plain words. Hospitals are asked: the page does not wait for it.

use std::sync::Arc;

use access::{Classify as _, Fault, PersonId};
use async_trait::async_trait;
use ehr::{
    Banner, LabQuery, Reader,
    labs::{self, MatrixWindow},
};
use pages::standard::public;
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use record_view::{
    labs::Filters,
    patient_labs::{Newest, PatientLabsInput},
};
use serde_json::json;

use super::Front;

/// `new-results`
pub struct NewResults;

#[async_trait]
impl Widget<Front> for NewResults {
    fn declaration(&self) -> &Declaration {
        &public::NEW_RESULTS
    }

    async fn draw(&self, front: &Arc<Front>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let Some((reader, person)) = front.own() else { return Ok(None) };
        // The read of the results is audited; who they are stands on its page.
        let banner = front.portal.charts.plain_banner(reader, person, front.visit.now).await;
        let banner = banner.map_err(WidgetError::new)?;
        let Some(newest) = newest(front, (reader, person), &banner).await else { return Ok(None) };
        let view = json!({ "newest": newest, "record": format!("/people/{person}/record") });
        Ok(Some(Drawing::of(front.personal("widgets/new_results.html", &view)?)))
    }
}

/// Who may not see results has no card; that they can't be read is said in it, for that is no fault of the widget.
async fn newest(front: &Front, (reader, person): (Reader<'_>, PersonId), banner: &Banner) -> Option<Newest> {
    let (charts, now) = (&front.portal.charts, front.visit.now);
    let gathered = match charts.lab_results(reader, person, &LabQuery::default(), now).await {
        Ok(gathered) => gathered,
        Err(error) if matches!(error.fault(), Fault::Forbidden | Fault::NotFound) => return None,
        Err(error) => {
            tracing::error!(request_id = %front.visit.request.0, %error, "reading the newest results");
            return Some(Newest::failed());
        }
    };
    let matrix = labs::matrix(&gathered.items, &MatrixWindow::default());
    Some(Newest::new(&PatientLabsInput {
        banner,
        gathered: &gathered,
        matrix: &matrix,
        filters: &Filters::default(),
        scene: front.scene(),
    }))
}
