//! `/patients/{id}/reviews/{section}/{item}`: a clinician says that they have looked at a result.

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{EhrError, Markable, Reader, ReviewKind, ReviewNote, Section};
use poem::{
    Response, handler,
    http::{HeaderValue, StatusCode},
    web::{Data, Form, Path},
};
use record_view::review::{ReviewInput, page};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use super::{break_glass, record::person, scene};
use crate::{portal::Portal, who::Staff};

/// Which item, as a path names it.
struct Of {
    person: PersonId,
    section: Section,
    item: String,
}

impl Of {
    fn read((id, slug, item): (String, String, String)) -> Result<Self, Failure> {
        let section = Section::from_slug(&slug).ok_or_else(|| Failure::new(Fault::NotFound))?;
        Ok(Self { person: person(&id)?, section, item })
    }

    fn path(&self) -> String {
        format!("/patients/{}/reviews/{}/{}", self.person, self.section.slug(), self.item)
    }
}

/// What has to be put right, and what was typed.
#[derive(Default)]
struct Told<'a> {
    problem: Option<(&'static str, StatusCode)>,
    note: &'a str,
}

/// `GET /patients/{id}/reviews/{section}/{item}`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(path): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    draw(portal, visit, &staff, &Of::read(path)?, Told::default()).await
}

async fn draw(portal: &Portal, visit: &Visit, staff: &Staff, of: &Of, told: Told<'_>) -> Result<Response, Failure> {
    let read = portal.charts.reviewable(&staff.context, of.person, (of.section, &of.item), visit.now);
    let reader = Reader::Staff(&staff.context);
    let (found, banner) = tokio::join!(read, portal.charts.banner(reader, of.person, visit.now));
    // A refusal is the item's: it writes it down, the banner does not.
    let found = match found {
        Err(EhrError::BreakGlassRequired) => return break_glass::closed(portal, visit, staff, of.person).await,
        found => found?,
    };
    let banner = banner?;
    let page = page(&ReviewInput {
        banner: &banner,
        of: &found,
        note: told.note,
        problem: told.problem.map(|(problem, _)| problem),
        reader: staff.identity.name(),
        scene: scene(portal, visit),
    });
    let mut response = portal.pages.page_at(visit, &of.path(), "record/review.html", &page)?;
    response.set_status(told.problem.map_or(StatusCode::OK, |(_, status)| status));
    // Swapped in place, the address stays one that can be read again.
    response.headers_mut().insert("hx-push-url", HeaderValue::from_str(&of.path()).map_err(Failure::internal)?);
    Ok(response)
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    seen: String,
    #[serde(default)]
    note: String,
    /// The page that the form stood on, where it was another.
    #[serde(default)]
    back: String,
}

/// `POST /patients/{id}/reviews/{section}/{item}`
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(path): Path<(String, String, String)>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    say(portal, visit, &staff, &Of::read(path)?, ReviewKind::Reviewed, &typed).await
}

/// `POST /patients/{id}/reviews/{section}/{item}/acknowledge`
#[handler]
pub async fn acknowledge(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(path): Path<(String, String, String)>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let typed = Typed { note: String::new(), ..typed };
    say(portal, visit, &staff, &Of::read(path)?, ReviewKind::Acknowledged, &typed).await
}

async fn say(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    of: &Of,
    kind: ReviewKind,
    typed: &Typed,
) -> Result<Response, Failure> {
    let Ok(note) = ReviewNote::new(&typed.note) else {
        let problem = Some(("too-long", StatusCode::UNPROCESSABLE_ENTITY));
        return draw(portal, visit, staff, of, Told { problem, note: &typed.note }).await;
    };
    let what = Markable { section: of.section, item: &of.item, seen: &typed.seen };
    let problem = match portal.charts.review(&staff.context, of.person, &what, (kind, note), visit.now).await {
        Ok(_) => {
            let back = Section::from_slug(&typed.back).map(|back| format!("/patients/{}/{}", of.person, back.slug()));
            return Ok(see_other(&back.unwrap_or_else(|| of.path())));
        }
        Err(EhrError::Changed) => "changed",
        Err(EhrError::NotCritical) => "not-critical",
        Err(EhrError::BreakGlassRequired) => return break_glass::closed(portal, visit, staff, of.person).await,
        Err(error) => return Err(error.into()),
    };
    let problem = Some((problem, StatusCode::CONFLICT));
    draw(portal, visit, staff, of, Told { problem, note: &typed.note }).await
}

#[derive(Deserialize)]
pub struct Withdrawn {
    #[serde(default)]
    review: String,
}

/// `POST /patients/{id}/reviews/{section}/{item}/withdraw`
#[handler]
pub async fn withdraw(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(path): Path<(String, String, String)>,
    Form(typed): Form<Withdrawn>,
) -> Result<Response, Failure> {
    let of = Of::read(path)?;
    let mark: Uuid = typed.review.parse().map_err(|_| Failure::new(Fault::NotFound))?;
    match portal.charts.withdraw_review(&staff.context, of.person, mark, visit.now).await {
        Err(EhrError::BreakGlassRequired) => break_glass::closed(portal, visit, &staff, of.person).await,
        withdrawn => {
            withdrawn?;
            Ok(see_other(&of.path()))
        }
    }
}
