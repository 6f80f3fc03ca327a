//! `/patients`: looking for a patient.

use std::sync::Arc;

use access::{Classify, Fault, PersonId};
use ehr::{EhrError, QueryProblem};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{Data, Form, Query},
};
use record_view::search::{self, Listing, PeopleFilters, SearchPage};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use super::{launch::WITHOUT_PATIENT, record, scene};
use crate::{portal::Portal, who::Staff};

#[derive(Deserialize)]
pub struct Asked {
    search: Option<Uuid>,
    /// Where a hospital's own system has sent somebody here.
    launched: Option<String>,
}

/// `GET /patients?search=&launched=`, narrowed by `sex`, `from`, `until` and `source`.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    asked: Query<Asked>,
    request: &Request,
) -> Result<Response, Failure> {
    let Some(id) = asked.search else {
        let told = asked.launched.as_deref().and_then(|word| portal.pages.was_told(visit, word));
        let launched = told.is_some_and(|what| what == WITHOUT_PATIENT);
        return portal.pages.page(visit, "patients.html", &SearchPage { launched, ..search::empty("", None) });
    };
    match portal.charts.search_again(&staff.context, id, visit.now).await {
        Ok(found) => {
            let people: Vec<PersonId> = found.items.iter().map(|found| found.person).collect();
            let relations = portal.charts.relations().among(staff.context.subject(), &people, visit.now).await?;
            let pairs = record::pairs(request);
            let filters = PeopleFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let page = search::page(&found, &Listing { relations, filters }, "/patients", &scene(portal, visit));
            portal.pages.page(visit, "patients.html", &page)
        }
        // Searches are kept for ten minutes; after that the person looks again.
        Err(error) if error.fault() == Fault::NotFound => {
            portal.pages.page(visit, "patients.html", &search::empty("", Some("expired")))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// `POST /patients`: what was typed may be a resident ID, so it never becomes part of a URL.
#[handler]
pub async fn find(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    match portal.charts.search_patients(&staff.context, &typed.q, visit.now).await {
        Ok(found) => Ok(see_other(&format!("/patients?search={}", found.id))),
        Err(EhrError::Query(problem)) => {
            let problem = if problem == QueryProblem::TooShort { "too-short" } else { "invalid" };
            let page = search::empty(typed.q.trim(), Some(problem));
            let mut response = portal.pages.page_at(visit, "/patients", "patients.html", &page)?;
            response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
