//! `/people/{id}/bookings`: what is booked, waited for and missed.

use std::sync::Arc;

use access::{Fault, PersonId};
use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Path, Query},
};
use scheduling::{Booking, ClinicSession, Schedule, SchedulingError};
use serde::Deserialize;
use web::{Failure, Visit, shell::see_other};

use super::{
    name_of, parsed,
    view::{self, BookingView, MinePage, MissedView, OnePage, WaitView},
    words,
};
use crate::{portal::Portal, who::Patient};

type Whole = (Booking, ClinicSession, Schedule);

#[derive(Deserialize)]
pub struct Asked {
    done: Option<String>,
}

fn of_path(person: &str) -> Result<PersonId, Failure> {
    person.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /people/{id}/bookings`
#[handler]
pub async fn list(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(person): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let person = of_path(&person)?;
    let words = words(portal, visit);
    let told = asked.done.as_deref().and_then(|word| portal.pages.was_told(visit, word));
    let known = ["waiting", "left", "appealed"];
    let notice = told.filter(|word| known.contains(word)).map(|word| format!("booking-told-{word}"));
    let page = mine(portal, visit, &patient, person).await?;
    let page = MinePage { notice: notice.map(|key| words.text(&key)), ..page };
    portal.pages.page(visit, "booking/mine.html", &page)
}

async fn mine(portal: &Portal, visit: &Visit, patient: &Patient, person: PersonId) -> Result<MinePage, Failure> {
    let (words, now) = (words(portal, visit), visit.now);
    let all = portal.scheduling.bookings(&patient.context, person).await?;
    let views = all
        .iter()
        .map(|one| (one.0.to <= now || !one.0.state.is_standing(), BookingView::new(one, &all, (words, now))));
    let (over, mut ahead): (Vec<_>, Vec<_>) = views.partition(|(is_over, _)| *is_over);
    // The next one first.
    ahead.reverse();
    let mut waits = Vec::new();
    for place in portal.scheduling.waits(&patient.context, person).await? {
        let found = portal.scheduling.session(place.clinic_session, now).await?;
        waits.push(WaitView::new(&place, &found, words));
    }
    let missed = portal.scheduling.missed(&patient.context, person).await?;
    let missed = missed.into_iter().filter(|one| one.expires_at > now).map(|one| MissedView {
        id: one.id.to_string(),
        date: web::render::local(one.at).date().to_string(),
        until: web::render::local(one.expires_at).date().to_string(),
        appealed: one.appealed_at.is_some(),
        waived: one.waived_at.is_some(),
    });
    Ok(MinePage {
        notice: None,
        person: person.to_string(),
        ahead: ahead.into_iter().map(|(_, view)| view).collect(),
        over: over.into_iter().map(|(_, view)| view).collect(),
        waits,
        missed: missed.collect(),
        key: visit.request.0.clone(),
        new_href: if patient.context.own() == Some(person) {
            "/booking".to_owned()
        } else {
            format!("/booking?person={person}")
        },
    })
}

async fn one(portal: &Portal, patient: &Patient, (person, id): (&str, &str)) -> Result<(PersonId, Whole), Failure> {
    let person = of_path(person)?;
    Ok((person, portal.scheduling.booking(&patient.context, person, parsed(id)?).await?))
}

async fn page(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    (person, whole): (PersonId, Whole),
) -> Result<OnePage, Failure> {
    let all = portal.scheduling.bookings(&patient.context, person).await?;
    let name = name_of(portal, patient, person, visit.now).await?;
    let one = BookingView::new(&whole, &all, (words(portal, visit), visit.now));
    Ok(OnePage { one, name, person: person.to_string(), notice: None, refused: None, barred: None })
}

/// `GET /people/{id}/bookings/{booking}`: the slip that is shown at the desk.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((person, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let found = one(portal, &patient, (&person, &id)).await?;
    let told = asked.done.as_deref().and_then(|word| portal.pages.was_told(visit, word));
    let notice = match told {
        Some("booked") => Some("booked"),
        Some("cancelled") => Some("cancelled"),
        _ => None,
    };
    let page = OnePage { notice, ..page(portal, visit, &patient, found).await? };
    portal.pages.page(visit, "booking/one.html", &page)
}

/// `GET /people/{id}/bookings/{booking}/cancel`
#[handler]
pub async fn ask(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let found = one(portal, &patient, (&person, &id)).await?;
    let page = page(portal, visit, &patient, found).await?;
    portal.pages.page(visit, "booking/cancel.html", &page)
}

/// `POST /people/{id}/bookings/{booking}/cancel`
#[handler]
pub async fn cancel(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let whose = of_path(&person)?;
    match portal.scheduling.cancel(&patient.context, whose, parsed(&id)?, visit.now).await {
        Ok(booking) => {
            let told = portal.pages.told(visit, "cancelled")?;
            Ok(see_other(&format!("/people/{whose}/bookings/{}?done={told}", booking.id)))
        }
        Err(SchedulingError::Refused(refusal)) => {
            let found = one(portal, &patient, (&person, &id)).await?;
            let page = OnePage { refused: Some(refusal.as_str()), ..page(portal, visit, &patient, found).await? };
            let back = format!("/people/{whose}/bookings/{id}");
            let mut response = portal.pages.page_at(visit, &back, "booking/one.html", &page)?;
            response.set_status(StatusCode::CONFLICT);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /people/{id}/bookings/{booking}/calendar`
#[handler]
pub async fn calendar(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (_, whole) = one(portal, &patient, (&person, &id)).await?;
    let text = view::calendar(&whole, (words(portal, visit), visit.now));
    let file = format!("attachment; filename=\"booking-{}.ics\"", whole.0.code);
    Ok(Response::builder()
        .content_type("text/calendar; charset=utf-8")
        .header(header::CONTENT_DISPOSITION, file)
        .body(text))
}

#[derive(Deserialize)]
pub struct Waiting {
    session: String,
}

/// `POST /people/{id}/waits`
#[handler]
pub async fn wait(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(person): Path<String>,
    Form(waiting): Form<Waiting>,
) -> Result<Response, Failure> {
    let person = of_path(&person)?;
    let waited = portal.scheduling.wait(&patient.context, person, parsed(&waiting.session)?, visit.now).await;
    settled(portal, visit, &patient, person, (waited, "waiting")).await
}

#[derive(Deserialize)]
pub struct Answer {
    step: String,
    #[serde(default)]
    key: String,
}

/// `POST /people/{id}/waits/{wait}`, with `step=leave`, or `step=accept` and a `key`.
#[handler]
pub async fn answer(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((person, id)): Path<(String, String)>,
    Form(answer): Form<Answer>,
) -> Result<Response, Failure> {
    let (person, id) = (of_path(&person)?, parsed(&id)?);
    if answer.step == "leave" {
        let left = portal.scheduling.leave(&patient.context, person, id, visit.now).await;
        return settled(portal, visit, &patient, person, (left, "left")).await;
    }
    if answer.step != "accept" {
        return Err(Failure::new(Fault::Invalid));
    }
    match portal.scheduling.accept(&patient.context, person, (id, answer.key), visit.now).await {
        Ok(made) => {
            let told = portal.pages.told(visit, "booked")?;
            Ok(see_other(&format!("/people/{person}/bookings/{}?done={told}", made.booking.id)))
        }
        Err(error) => settled(portal, visit, &patient, person, (Err(error), "")).await,
    }
}

/// `POST /people/{id}/missed/{penalty}`: they say that it was otherwise.
#[handler]
pub async fn appeal(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let person = of_path(&person)?;
    let appealed = portal.scheduling.appeal(&patient.context, person, parsed(&id)?, visit.now).await;
    settled(portal, visit, &patient, person, (appealed, "appealed")).await
}

/// The list, which says what was done or why it was not.
async fn settled(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    person: PersonId,
    (done, word): (Result<(), SchedulingError>, &str),
) -> Result<Response, Failure> {
    let back = format!("/people/{person}/bookings");
    match done {
        Ok(()) => Ok(see_other(&format!("{back}?done={}", portal.pages.told(visit, word)?))),
        Err(SchedulingError::Refused(refusal)) => {
            let said = words(portal, visit).text(&format!("booking-refused-{}", refusal.as_str()));
            let page = MinePage { notice: Some(said), ..mine(portal, visit, patient, person).await? };
            let mut response = portal.pages.page_at(visit, &back, "booking/mine.html", &page)?;
            response.set_status(StatusCode::CONFLICT);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
