//! `/people/{id}/record/search`: words in one's own record.

use std::sync::Arc;

use access::PersonId;
use ehr::{Banner, Reader, RecordWords};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use record_view::record_search::{RecordSearchInput, RecordSearchOutcome, patient_page};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use super::{record, scene};
use crate::{portal::Portal, who::Patient};

#[derive(Deserialize)]
pub struct Asked {
    search: Option<Uuid>,
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// `GET /people/{id}/record/search?search=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(id): Path<String>,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let (person, reader) = (record::person(&id)?, Reader::Patient(&patient.context));
    let kept = match asked.search {
        Some(id) => portal.charts.kept_record_words(reader, person, id, visit.now).await?,
        None => None,
    };
    let Some((words, id)) = kept.zip(asked.search) else {
        let banner = portal.charts.cover(reader, person, visit.now).await?;
        let outcome = if asked.search.is_some() { RecordSearchOutcome::Expired } else { RecordSearchOutcome::Start };
        return answer(portal, visit, &banner, outcome);
    };
    // The search first: it writes a refusal down, the banner does not.
    let found = portal.charts.search_record(reader, person, words, visit.now).await?;
    let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
    answer(portal, visit, &banner, RecordSearchOutcome::Found(&found, id.to_string()))
}

/// `POST /people/{id}/record/search`: what was typed may be anything of one's health, so it never becomes part of a URL.
#[handler]
pub async fn find(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let person: PersonId = record::person(&id)?;
    let reader = Reader::Patient(&patient.context);
    match RecordWords::read(&typed.q) {
        Ok(words) => {
            let id = portal.charts.keep_record_words(reader, person, &words, visit.now).await?;
            Ok(see_other(&format!("/people/{person}/record/search?search={id}")))
        }
        Err(problem) => {
            let banner = portal.charts.cover(reader, person, visit.now).await?;
            let mut response = answer(portal, visit, &banner, RecordSearchOutcome::Problem(&typed.q, problem))?;
            response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(response)
        }
    }
}

fn answer(
    portal: &Portal,
    visit: &Visit,
    banner: &Banner,
    outcome: RecordSearchOutcome<'_>,
) -> Result<Response, Failure> {
    let page = patient_page(&RecordSearchInput { banner, outcome, reader: "", scene: scene(portal, visit) });
    let path = match &page.search.problem {
        Some(_) => page.search.action.as_str(),
        None => visit.path.as_str(),
    };
    portal.pages.page_at(visit, path, "record/search.html", &page)
}
