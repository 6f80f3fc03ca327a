//! `/patients/{id}/timeline`: the whole history of a person.

use std::sync::Arc;

use access::Fault;
use ehr::Reader;
use poem::{
    Request, Response, handler,
    web::{Data, Path},
};
use record_view::history::{HistoryFilters, HistoryInput, page};
use web::{Failure, Visit};

use super::{
    break_glass,
    record::{pairs, person},
    scene,
};
use crate::{portal::Portal, who::Staff};

/// `GET /patients/{id}/timeline`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    request: &Request,
) -> Result<Response, Failure> {
    let person = person(&id)?;
    let reader = Reader::Staff(&staff.context);
    let (read, banner) = tokio::join!(
        portal.charts.timeline(&staff.context, person, visit.now),
        portal.charts.banner(reader, person, visit.now),
    );
    // A refusal is the line's: it writes it down, the banner does not.
    let sheet = match read.map_err(Failure::from) {
        Err(error) if error.fault() == Fault::BreakGlassRequired => {
            return break_glass::closed(portal, visit, &staff, person).await;
        }
        read => read?,
    };
    let banner = banner?;
    let pairs = pairs(request);
    let filters = HistoryFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let page = page(&HistoryInput {
        banner: &banner,
        sheet: &sheet,
        filters: &filters,
        reader: staff.identity.name(),
        scene: scene(portal, visit),
    });
    portal.pages.page(visit, "record/timeline.html", &page)
}
