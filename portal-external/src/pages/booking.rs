//! `/booking`: from a hospital to a ticket, one question a page; `/people/{id}/bookings`: what became of it.

pub mod mine;
mod view;

use std::sync::Arc;

use access::{Deed, Fault, PersonId};
use jiff::Timestamp;
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use scheduling::{Clinic, Made, NewBooking, Query as Wanted, SchedulingError};
use serde::Deserialize;
use url::form_urlencoded;
use uuid::Uuid;
use web::{Failure, Visit, render::Words, shell::see_other};

use self::view::{CheckPage, DepartmentsPage, HospitalsPage, SessionsPage, TimesPage, UnprovenPage};
use crate::{portal::Portal, who::Patient};

/// Days that are shown where nobody says otherwise.
const DAYS: i64 = 14;

/// For whom, and in the place of which booking: part of every address on the way.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Whom {
    person: Option<String>,
    instead: Option<String>,
}

/// The same, looked at.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Whose visit it will be.
    pub person: PersonId,
    /// The booking in whose place it comes.
    pub instead: Option<Uuid>,
    is_own: bool,
}

impl Way {
    /// `None`: nobody knows whose record the account's owner has.
    fn of(patient: &Patient, whom: &Whom) -> Result<Option<Self>, Failure> {
        let missing = || Failure::new(Fault::NotFound);
        let own = patient.context.own();
        let person = match &whom.person {
            Some(person) => person.parse().map_err(|_| missing())?,
            None => match own {
                Some(own) => own,
                None => return Ok(None),
            },
        };
        if !patient.context.may_act_for(person, Deed::Book) {
            return Err(missing());
        }
        let instead = whom.instead.as_deref().map(str::parse).transpose().map_err(|_| missing())?;
        Ok(Some(Self { person, instead, is_own: own == Some(person) }))
    }

    /// An address of the way, with what it carries and what is asked beside.
    pub fn href(&self, path: &str, beside: &[(&str, String)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.is_own {
            query.append_pair("person", &self.person.to_string());
        }
        if let Some(instead) = self.instead {
            query.append_pair("instead", &instead.to_string());
        }
        query.extend_pairs(beside);
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

fn words<'p>(portal: &'p Portal, visit: &Visit) -> &'p Words {
    portal.pages.renderer().words(visit.lang)
}

fn unproven(portal: &Portal, visit: &Visit) -> Result<Response, Failure> {
    portal.pages.page(visit, "booking/unproven.html", &UnprovenPage::default())
}

/// `GET /booking`: which hospital?
#[handler]
pub async fn hospitals(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Query(whom): Query<Whom>,
) -> Result<Response, Failure> {
    let Some(way) = Way::of(&patient, &whom)? else { return unproven(portal, visit) };
    let all = portal.scheduling.departments().await?;
    let page = HospitalsPage::new(&all, &way, words(portal, visit));
    portal.pages.page(visit, "booking/hospitals.html", &page)
}

/// `GET /booking/hospitals/{hospital}`: which department?
#[handler]
pub async fn departments(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(hospital): Path<String>,
    Query(whom): Query<Whom>,
) -> Result<Response, Failure> {
    let Some(way) = Way::of(&patient, &whom)? else { return unproven(portal, visit) };
    let mut all = portal.scheduling.departments().await?;
    all.retain(|one| one.hospital == hospital);
    if all.is_empty() {
        return Err(Failure::new(Fault::NotFound));
    }
    let page = DepartmentsPage::new(&all, &way, words(portal, visit));
    portal.pages.page(visit, "booking/departments.html", &page)
}

#[derive(Deserialize)]
pub struct Filter {
    days: Option<i64>,
    free: Option<String>,
}

/// `GET /booking/hospitals/{hospital}/{department}?days=7&free=1`: whom, and on which day?
#[handler]
pub async fn sessions(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path((hospital, department)): Path<(String, String)>,
    Query(whom): Query<Whom>,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let Some(way) = Way::of(&patient, &whom)? else { return unproven(portal, visit) };
    let mut all = portal.scheduling.departments().await?;
    all.retain(|one| one.hospital == hospital && one.code == department);
    let one = all.pop().ok_or_else(|| Failure::new(Fault::NotFound))?;
    let days = filter.days.filter(|days| [7, DAYS].contains(days)).unwrap_or(DAYS);
    let mut found = clinics(portal, (&hospital, &department), days, visit.now).await?;
    let is_free = filter.free.is_some();
    if is_free {
        for clinic in &mut found {
            clinic.sessions.retain(|one| one.closed(visit.now).is_none());
        }
        found.retain(|clinic| !clinic.sessions.is_empty());
    }
    let page = SessionsPage::new(&one, &found, (days, is_free), &way, (words(portal, visit), visit.now));
    portal.pages.page(visit, "booking/sessions.html", &page)
}

async fn clinics(
    portal: &Portal,
    (hospital, department): (&str, &str),
    days: i64,
    now: Timestamp,
) -> Result<Vec<Clinic>, SchedulingError> {
    let today = web::render::local(now).date();
    let wanted = Wanted {
        hospital: Some(hospital.to_owned()),
        department: Some(department.to_owned()),
        from: Some(today),
        to: today.checked_add(jiff::Span::new().days(days)).ok(),
    };
    portal.scheduling.clinics(&wanted, now).await
}

#[derive(Deserialize)]
pub struct At {
    /// Milliseconds since 1970.
    at: Option<i64>,
}

/// `GET /booking/sessions/{session}?at=`: at what time?
#[handler]
pub async fn times(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(session): Path<String>,
    Query(whom): Query<Whom>,
    Query(at): Query<At>,
) -> Result<Response, Failure> {
    let Some(way) = Way::of(&patient, &whom)? else { return unproven(portal, visit) };
    time_page(portal, visit, &way, (parsed(&session)?, at.at), None).await
}

fn parsed(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// The times of a session; with why none was given, where one was wanted.
async fn time_page(
    portal: &Portal,
    visit: &Visit,
    way: &Way,
    (session, at): (Uuid, Option<i64>),
    refused: Option<scheduling::Refusal>,
) -> Result<Response, Failure> {
    let found = portal.scheduling.session(session, visit.now).await?;
    let page = TimesPage::new(&found, at, refused, way, (words(portal, visit), visit.now));
    let back = way.href(&format!("/booking/sessions/{session}"), &[]);
    let mut response = portal.pages.page_at(visit, &back, "booking/times.html", &page)?;
    if refused.is_some() {
        response.set_status(StatusCode::CONFLICT);
    }
    Ok(response)
}

/// `GET /booking/sessions/{session}/check?at=`: everything once more, before it is theirs.
#[handler]
pub async fn check(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(session): Path<String>,
    Query(whom): Query<Whom>,
    Query(at): Query<At>,
) -> Result<Response, Failure> {
    let Some(way) = Way::of(&patient, &whom)? else { return unproven(portal, visit) };
    let id = parsed(&session)?;
    let found = portal.scheduling.session(id, visit.now).await?;
    let band = at.at.and_then(|at| found.1.bands.iter().find(|band| band.from.as_millisecond() == at));
    // Nothing was chosen, or it does not stand there.
    let Some(band) = band else { return Ok(see_other(&way.href(&format!("/booking/sessions/{id}"), &[]))) };
    let name = name_of(portal, &patient, way.person, visit.now).await?;
    let seen = (words(portal, visit), portal.scheduling.rules());
    let page = CheckPage::new(&found, band, (&name, &visit.request.0), &way, seen);
    portal.pages.page(visit, "booking/check.html", &page)
}

/// As they are registered.
async fn name_of(portal: &Portal, patient: &Patient, person: PersonId, now: Timestamp) -> Result<String, Failure> {
    Ok(portal.charts.cover(ehr::Reader::Patient(&patient.context), person, now).await?.name)
}

#[derive(Deserialize)]
pub struct Typed {
    session: String,
    at: i64,
    key: String,
    instead: Option<String>,
}

/// `POST /people/{id}/bookings`: takes the ticket, and leads to the page on which it can be found again.
#[handler]
pub async fn book(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(person): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let instead = typed.instead.filter(|instead| !instead.is_empty());
    let way = Way::of(&patient, &Whom { person: Some(person), instead })?;
    let way = way.ok_or_else(|| Failure::new(Fault::NotFound))?;
    let session = parsed(&typed.session)?;
    let from = Timestamp::from_millisecond(typed.at).map_err(|_| Failure::new(Fault::Invalid))?;
    let new = NewBooking { person: way.person, clinic_session: session, from: Some(from), key: typed.key };
    let made = match way.instead {
        Some(old) => portal.scheduling.reschedule(&patient.context, old, new, visit.now).await,
        None => portal.scheduling.book(&patient.context, new, visit.now).await,
    };
    match made {
        Ok(Made { booking, .. }) => {
            let told = portal.pages.told(visit, "booked")?;
            Ok(see_other(&format!("/people/{}/bookings/{}?done={told}", way.person, booking.id)))
        }
        Err(SchedulingError::Refused(refusal)) => {
            time_page(portal, visit, &way, (session, Some(typed.at)), Some(refusal)).await
        }
        Err(error) => Err(error.into()),
    }
}
