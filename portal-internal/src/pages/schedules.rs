//! `/admin/schedules`: the clinics of a day, who comes to each, and what is done when one can't be held.

pub mod import;
pub mod missed;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use access::{Act, Fault, Object, PersonId};
use jiff::civil::Date;
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use scheduling::{Bilingual, BookingState, Query as Wanted, Refusal, SchedulingError, Suspension};
use serde::Deserialize;
use uuid::Uuid;
use web::{
    Failure, Visit,
    render::{Words, local},
    shell::see_other,
};

use self::view::{DayPage, RosterPage, SuspendPage, Whom};
use crate::{portal::Portal, who::Staff};

const PATH: &str = "/admin/schedules";
/// Sessions that bookings may be moved to are looked for within so many days.
const NEAR: i64 = 7;

#[derive(Deserialize)]
pub struct Asked {
    date: Option<String>,
    hospital: Option<String>,
}

fn words<'p>(portal: &'p Portal, visit: &Visit) -> &'p Words {
    portal.pages.renderer().words(visit.lang)
}

fn parsed(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /admin/schedules?date=&hospital=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let today = local(visit.now).date();
    let day: Date = asked.date.as_deref().and_then(|date| date.parse().ok()).unwrap_or(today);
    let sessions = portal.scheduling.day(&staff.context, day, visit.now).await?;
    let may_manage = portal.policy.decide(&staff.context, &Object::PAGE_SCHEDULES, Act::Manage);
    let hospital = asked.hospital.unwrap_or_default();
    let page = DayPage::new((day, today), &hospital, &sessions, may_manage, (words(portal, visit), visit.now));
    portal.pages.page(visit, "schedules/day.html", &page)
}

#[derive(Deserialize)]
pub struct Done {
    done: Option<String>,
}

/// `GET /admin/schedules/sessions/{session}`: who has booked it.
#[handler]
pub async fn roster(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(session): Path<String>,
    Query(asked): Query<Done>,
) -> Result<Response, Failure> {
    let told = asked.done.as_deref().and_then(|word| portal.pages.was_told(visit, word)).map(str::to_owned);
    roster_page(portal, visit, &staff, parsed(&session)?, (told, None)).await
}

async fn roster_page(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: Uuid,
    (told, refused): (Option<String>, Option<&'static str>),
) -> Result<Response, Failure> {
    let found = portal.scheduling.session(id, visit.now).await?;
    let bookings = portal.scheduling.roster(&staff.context, id, visit.now).await?;
    let people = people(portal, bookings.iter().map(|one| one.person)).await?;
    let mut page = RosterPage::new(&found, &bookings, &people, (words(portal, visit), visit.now));
    page.told = told;
    page.refused = refused;
    let mut response =
        portal.pages.page_at(visit, &format!("{PATH}/sessions/{id}"), "schedules/session.html", &page)?;
    if refused.is_some() {
        response.set_status(StatusCode::CONFLICT);
    }
    Ok(response)
}

async fn people(portal: &Portal, ids: impl Iterator<Item = PersonId>) -> Result<BTreeMap<PersonId, Whom>, Failure> {
    let mut ids: Vec<PersonId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let found = portal.index.people(&ids).await.map_err(Failure::internal)?;
    let mut people = BTreeMap::new();
    for person in found {
        let whom = Whom { name: person.name, number: person.resident_id_masked.unwrap_or(person.number) };
        // A steward may have joined some of them since.
        for id in person.ids {
            people.insert(id, whom.clone());
        }
        people.insert(person.id, whom);
    }
    Ok(people)
}

#[derive(Deserialize)]
pub struct Deed {
    #[serde(rename = "do")]
    deed: String,
    booking: Option<String>,
    rev: Option<i64>,
    #[serde(default)]
    zh: String,
    #[serde(default)]
    en: String,
}

/// `POST /admin/schedules/sessions/{session}`: `do=check-in` or `fulfil` a `booking`, `substitute`, `close`.
#[handler]
pub async fn act(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(session): Path<String>,
    Form(deed): Form<Deed>,
) -> Result<Response, Failure> {
    let id = parsed(&session)?;
    let done = carry_out(portal, visit, &staff, id, &deed).await;
    let refused = match done {
        Ok(word) => {
            let told = portal.pages.told(visit, word)?;
            return Ok(see_other(&format!("{PATH}/sessions/{id}?done={told}")));
        }
        Err(SchedulingError::Refused(Refusal::Ended)) => "ended",
        Err(SchedulingError::Stale) => "stale",
        Err(SchedulingError::Invalid(problems)) if problems.iter().any(|one| one.field == "substitute") => "substitute",
        Err(error) => return Err(error.into()),
    };
    roster_page(portal, visit, &staff, id, (None, Some(refused))).await
}

async fn carry_out(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: Uuid,
    deed: &Deed,
) -> Result<&'static str, SchedulingError> {
    let (scheduling, ctx, now) = (&portal.scheduling, &staff.context, visit.now);
    let attend = async |state| {
        let booking = deed.booking.as_deref().and_then(|id| id.parse().ok()).ok_or(SchedulingError::NotFound)?;
        scheduling.attend(ctx, booking, state, now).await
    };
    match deed.deed.as_str() {
        "check-in" => attend(BookingState::CheckedIn).await.map(|_| "checked-in"),
        "fulfil" => attend(BookingState::Fulfilled).await.map(|_| "fulfilled"),
        "close" => scheduling.close(ctx, id, now).await.map(|_| "closed"),
        "substitute" => {
            let who = Bilingual { zh: deed.zh.clone(), en: deed.en.clone() };
            scheduling.substitute(ctx, (id, deed.rev.unwrap_or_default()), who, now).await.map(|()| "substituted")
        }
        _ => Err(SchedulingError::NotFound),
    }
}

/// `GET /admin/schedules/sessions/{session}/suspend`: what it would mean.
#[handler]
pub async fn ask_suspend(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(session): Path<String>,
) -> Result<Response, Failure> {
    suspend_page(portal, visit, &staff, (parsed(&session)?, None)).await
}

async fn suspend_page(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (id, problem): (Uuid, Option<&'static str>),
) -> Result<Response, Failure> {
    let found = portal.scheduling.session(id, visit.now).await?;
    let bookings = portal.scheduling.roster(&staff.context, id, visit.now).await?;
    let (about, date) = (&found.0.about, found.1.session.date);
    let wanted = Wanted {
        hospital: Some(about.hospital.clone()),
        department: Some(about.department.clone()),
        from: Some(date),
        to: date.checked_add(jiff::Span::new().days(NEAR)).ok(),
    };
    let near = portal.scheduling.clinics(&wanted, visit.now).await?;
    let mut page = SuspendPage::new(&found, &bookings, &near, (words(portal, visit), visit.now));
    page.problem = problem;
    let path = format!("{PATH}/sessions/{id}/suspend");
    let mut response = portal.pages.page_at(visit, &path, "schedules/suspend.html", &page)?;
    if problem.is_some() {
        response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(response)
}

#[derive(Deserialize)]
pub struct Suspending {
    #[serde(default)]
    why: String,
    #[serde(default)]
    move_to: String,
}

/// `POST /admin/schedules/sessions/{session}/suspend`
#[handler]
pub async fn suspend(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(session): Path<String>,
    Form(typed): Form<Suspending>,
) -> Result<Response, Failure> {
    let id = parsed(&session)?;
    let move_to = match typed.move_to.as_str() {
        "" => None,
        other => Some(parsed(other)?),
    };
    let suspension = Suspension { why: typed.why, move_to };
    match portal.scheduling.suspend(&staff.context, id, suspension, visit.now).await {
        Ok(_) => {
            let told = portal.pages.told(visit, "suspended")?;
            Ok(see_other(&format!("{PATH}/sessions/{id}?done={told}")))
        }
        Err(SchedulingError::Refused(_)) => roster_page(portal, visit, &staff, id, (None, Some("ended"))).await,
        Err(SchedulingError::Invalid(problems)) => {
            suspend_page(portal, visit, &staff, (id, problems.first().map(|one| one.field))).await
        }
        Err(error) => Err(error.into()),
    }
}
