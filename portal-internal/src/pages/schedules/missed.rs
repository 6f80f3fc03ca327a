//! `/admin/schedules/missed`: visits that people say they did not miss.

use std::sync::Arc;

use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Serialize;
use web::{Failure, Visit, shell::see_other};

use super::{Done, PATH, parsed, people, words};
use crate::{portal::Portal, who::Staff};

/// `schedules/missed.html`
#[derive(Serialize)]
struct MissedPage {
    told: bool,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    number: String,
    missed: String,
    appealed: String,
}

/// `GET /admin/schedules/missed`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(asked): Query<Done>,
) -> Result<Response, Failure> {
    let open = portal.scheduling.appeals(&staff.context).await?;
    let people = people(portal, open.iter().map(|one| one.person)).await?;
    let words = words(portal, visit);
    let rows = open.iter().map(|one| {
        let whom = people.get(&one.person).cloned().unwrap_or_default();
        Row {
            id: one.id.to_string(),
            name: whom.name,
            number: whom.number,
            missed: words.minute(one.at),
            appealed: one.appealed_at.map(|at| words.minute(at)).unwrap_or_default(),
        }
    });
    let told = asked.done.as_deref().and_then(|word| portal.pages.was_told(visit, word)).is_some();
    let page = MissedPage { told, rows: rows.collect() };
    portal.pages.page(visit, "schedules/missed.html", &page)
}

/// `POST /admin/schedules/missed/{penalty}`: it does not count.
#[handler]
pub async fn waive(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(penalty): Path<String>,
) -> Result<Response, Failure> {
    portal.scheduling.waive(&staff.context, parsed(&penalty)?, visit.now).await?;
    let told = portal.pages.told(visit, "waived")?;
    Ok(see_other(&format!("{PATH}/missed?done={told}")))
}
