//! `/patients/{id}/search`: words in one person's record.

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{Banner, QueryProblem, Reader, RecordWords};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use record_view::record_search::{RecordSearchInput, RecordSearchOutcome, page};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use super::{break_glass, record, scene};
use crate::{portal::Portal, who::Staff};

#[derive(Deserialize)]
pub struct Asked {
    search: Option<Uuid>,
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// `GET /patients/{id}/search?search=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    closed_or(draw(portal, visit, &staff, person, asked.search).await, portal, visit, &staff, person).await
}

/// `POST /patients/{id}/search`: what was typed may be anything of somebody's health, so it never becomes part of a URL.
#[handler]
pub async fn find(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    let done = match RecordWords::read(&typed.q) {
        Ok(words) => keep(portal, visit, &staff, person, &words).await,
        Err(problem) => refuse(portal, visit, &staff, person, (&typed.q, problem)).await,
    };
    closed_or(done, portal, visit, &staff, person).await
}

async fn closed_or(
    drawn: Result<Response, Failure>,
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
) -> Result<Response, Failure> {
    match drawn {
        Err(error) if error.fault() == Fault::BreakGlassRequired => {
            break_glass::closed(portal, visit, staff, person).await
        }
        drawn => drawn,
    }
}

async fn keep(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    words: &RecordWords,
) -> Result<Response, Failure> {
    let id = portal.charts.keep_record_words(Reader::Staff(&staff.context), person, words, visit.now).await?;
    Ok(see_other(&format!("/patients/{person}/search?search={id}")))
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    search: Option<Uuid>,
) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let kept = match search {
        Some(id) => portal.charts.kept_record_words(reader, person, id, visit.now).await?,
        None => None,
    };
    let Some((words, id)) = kept.zip(search) else {
        let banner = cover(portal, visit, staff, person).await?;
        let outcome = if search.is_some() { RecordSearchOutcome::Expired } else { RecordSearchOutcome::Start };
        return answer(portal, visit, staff, &banner, outcome);
    };
    let (found, banner) = tokio::join!(
        portal.charts.search_record(reader, person, words, visit.now),
        portal.charts.banner(reader, person, visit.now),
    );
    // A refusal is the search's: it writes it down, the banner does not.
    let (found, banner) = (found?, banner?);
    answer(portal, visit, staff, &banner, RecordSearchOutcome::Found(&found, id.to_string()))
}

async fn refuse(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    (typed, problem): (&str, QueryProblem),
) -> Result<Response, Failure> {
    let banner = cover(portal, visit, staff, person).await?;
    let mut response = answer(portal, visit, staff, &banner, RecordSearchOutcome::Problem(typed, problem))?;
    response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(response)
}

/// The banner of a page that shows nothing else of the record.
async fn cover(portal: &Portal, visit: &Visit, staff: &Staff, person: PersonId) -> Result<Banner, Failure> {
    let reader = Reader::Staff(&staff.context);
    portal.charts.cover(reader, person, visit.now).await?;
    Ok(portal.charts.banner(reader, person, visit.now).await?)
}

fn answer(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    banner: &Banner,
    outcome: RecordSearchOutcome<'_>,
) -> Result<Response, Failure> {
    let (reader, scene) = (staff.identity.name(), scene(portal, visit));
    let page = page(&RecordSearchInput { banner, outcome, reader, scene });
    let path = match &page.search.problem {
        Some(_) => page.search.action.as_str(),
        None => visit.path.as_str(),
    };
    portal.pages.page_at(visit, path, "record/search.html", &page)
}
