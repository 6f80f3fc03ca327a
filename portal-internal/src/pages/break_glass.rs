//! `/patients/{id}/break-glass`: opening a record in an emergency.

use std::sync::Arc;

use access::{Fault, GlassReason, Grounds, PersonId};
use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Path},
};
use record_view::break_glass::{GlassForm, GlassProblem};
use serde::Deserialize;
use web::{Failure, Visit, shell::see_other};
use zeroize::Zeroizing;

use super::scene;
use crate::{
    break_glass::{self, PASSWORD_REFUSED},
    portal::Portal,
    who::Staff,
};

/// An id in a path: whatever is none is nobody's.
fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /patients/{id}/break-glass`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    closed(portal, visit, &staff, person(&id)?).await
}

/// What stands where a record would, for whoever has no treatment relation: 403, with the way in an emergency.
pub async fn closed(portal: &Portal, visit: &Visit, staff: &Staff, person: PersonId) -> Result<Response, Failure> {
    draw(portal, visit, staff, person, GlassForm::default(), StatusCode::FORBIDDEN).await
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    form: GlassForm,
    status: StatusCode,
) -> Result<Response, Failure> {
    // Who it is, so that nobody opens the wrong record; none: it is open already, there is no glass to break.
    let Some(banner) = portal.charts.before_glass(&staff.context, person, visit.now).await? else {
        return Ok(see_other(&format!("/patients/{person}")));
    };
    let page = record_view::break_glass::page(Some(&banner), &scene(portal, visit)).with(form);
    let mut response = portal.pages.page_at(visit, &page.action, "break_glass.html", &page)?;
    response.set_status(status);
    Ok(response)
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    grounds: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    password: Zeroizing<String>,
}

/// `POST /patients/{id}/break-glass`
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let person = person(&id)?;
    let grounds = Grounds::parse(&typed.grounds);
    let reason = GlassReason::new(grounds.unwrap_or(Grounds::Other), &typed.reason);
    let mut problems = Vec::new();
    if grounds.is_none() {
        problems.push(GlassProblem::Grounds);
    }
    if reason.is_none() {
        problems.push(GlassProblem::Reason);
    }
    if typed.password.is_empty() {
        problems.push(GlassProblem::Password);
    }
    let form = GlassForm { grounds, reason: typed.reason.chars().take(GlassReason::LONGEST).collect(), problems };
    let Some(reason) = reason.filter(|_| form.problems.is_empty()) else {
        return draw(portal, visit, &staff, person, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    match break_glass::break_glass(portal, visit, &staff, person, &reason, &typed.password).await {
        Ok(_) => Ok(see_other(&format!("/patients/{person}"))),
        Err(failure) => {
            let problem = match failure.fault() {
                Fault::Forbidden if failure.problem() == PASSWORD_REFUSED => GlassProblem::PasswordRefused,
                Fault::TooMany => GlassProblem::TooMany,
                _ => return Err(failure),
            };
            let status = match problem {
                GlassProblem::TooMany => failure.status(),
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let form = GlassForm { problems: vec![problem], ..form };
            let mut response = draw(portal, visit, &staff, person, form, status).await?;
            if let Some(seconds) = failure.retry_after() {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}
