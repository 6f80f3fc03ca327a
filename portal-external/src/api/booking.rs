//! `/api/v1/clinic-sessions` and `/api/v1/bookings`: tickets, and whose they are.

use std::sync::Arc;

use access::{Fault, PersonId};
use jiff::{Timestamp, civil::Date};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use scheduling::{Bilingual, Booking, Clinic, Made, NewBooking, Offered, Query as Wanted, SchedulingError};
use uuid::Uuid;
use web::{Failure, Visit};

use super::failed;
use crate::{portal::Portal, who::Patient};

/// Booking.
pub struct BookingApi;

/// A name in both languages.
#[derive(Object)]
struct Names {
    zh: String,
    en: String,
}

/// A place or person by id and name.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct Named {
    id: Option<String>,
    name: Names,
}

/// A half-day that can be booked, or could.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct SessionRow {
    id: String,
    hospital: Named,
    department: Named,
    /// Absent: whoever is on duty.
    doctor: Option<Named>,
    /// By the hospital's calendar.
    date: String,
    /// `morning`, `afternoon` or `evening`.
    half_day: String,
    /// In 分, a hundredth of a yuan.
    fee: i64,
    /// Tickets that can be had now; as they were a second ago at most.
    available: u32,
    /// Given out from then on.
    release_at: String,
    /// Why none can be had: `taken`, `not-released`, `too-late` or `suspended`.
    closed: Option<String>,
    /// Times to come at.
    times: Vec<TimeRow>,
}

/// A time to come at.
#[derive(Object)]
struct TimeRow {
    from: String,
    to: String,
    available: u32,
}

/// Half-days.
#[derive(Object)]
struct SessionRows {
    items: Vec<SessionRow>,
}

/// A ticket that is wanted.
#[derive(Object)]
struct WantedBooking {
    clinic_session: String,
    /// Whose visit it is.
    person: String,
    /// Beginning of one of the session's times; absent: the first that is free.
    from: Option<String>,
}

/// A number in a session.
#[derive(Object)]
struct TicketRow {
    seq: u32,
    from: String,
    to: String,
}

/// A ticket that is somebody's.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct BookingRow {
    id: String,
    person: String,
    clinic_session: String,
    ticket: TicketRow,
    /// `booked`, `checked-in`, `fulfilled`, `cancelled`, `rescheduled`, `moved`, `off-hospital` or `no-show`.
    state: String,
    /// What is read out at the desk.
    code: String,
    /// The booking in whose place it came.
    in_place_of: Option<String>,
}

#[derive(ApiResponse)]
enum Taken {
    /// The ticket is theirs: the same answer, however often the same request is sent.
    #[oai(status = 201)]
    Taken(Json<BookingRow>),
}

fn named(id: Option<&str>, name: &Bilingual) -> Named {
    Named { id: id.map(str::to_owned), name: Names { zh: name.zh.clone(), en: name.en.clone() } }
}

fn session(clinic: &Clinic, one: &Offered, now: Timestamp) -> SessionRow {
    let (about, session) = (&clinic.schedule.about, &one.session);
    SessionRow {
        id: session.id.to_string(),
        hospital: named(Some(&about.hospital), &about.hospital_name),
        department: named(Some(&about.department), &about.department_name),
        doctor: about.doctor.as_deref().map(|id| named(Some(id), &about.doctor_name)),
        date: session.date.to_string(),
        half_day: session.half_day.as_str().to_owned(),
        fee: session.fee_fen,
        available: if one.closed(now).is_none() { one.left() } else { 0 },
        release_at: session.release_at.to_string(),
        closed: one.closed(now).map(|refusal| refusal.as_str().to_owned()),
        times: one
            .bands
            .iter()
            .map(|band| TimeRow { from: band.from.to_string(), to: band.to.to_string(), available: band.left })
            .collect(),
    }
}

fn row(booking: Booking) -> BookingRow {
    BookingRow {
        id: booking.id.to_string(),
        person: booking.person.to_string(),
        clinic_session: booking.clinic_session.to_string(),
        ticket: TicketRow { seq: booking.seq, from: booking.from.to_string(), to: booking.to.to_string() },
        state: booking.state.as_str().to_owned(),
        code: booking.code,
        in_place_of: booking.in_place_of.map(|id| id.to_string()),
    }
}

/// A refusal is told by its own code.
fn refused(error: SchedulingError) -> poem::Error {
    match error {
        SchedulingError::Refused(refusal) => Failure::new(Fault::Conflict).with_problem(refusal.as_str()).into(),
        error => failed(error),
    }
}

fn made(made: Made) -> Taken {
    Taken::Taken(Json(row(made.booking)))
}

fn read(wanted: WantedBooking, key: Option<String>) -> Result<NewBooking, Failure> {
    let invalid = || Failure::new(Fault::Invalid);
    let from = wanted.from.as_deref().map(str::parse).transpose().map_err(|_| invalid())?;
    let person: PersonId = wanted.person.parse().map_err(|_| invalid())?;
    let clinic_session = wanted.clinic_session.parse().map_err(|_| invalid())?;
    // Without one, a caller that hears no answer could not ask again.
    Ok(NewBooking { person, clinic_session, from, key: key.ok_or_else(invalid)? })
}

#[OpenApi]
impl BookingApi {
    /// Half-days that are not over, full ones too.
    #[oai(path = "/clinic-sessions", method = "get", operation_id = "clinic_session_list")]
    async fn sessions(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        /// Code of a department.
        department: Query<Option<String>>,
        /// Of this day alone, by the hospital's calendar.
        date: Query<Option<String>>,
        /// Of one hospital alone.
        hospital: Query<Option<String>>,
    ) -> poem::Result<Json<SessionRows>> {
        let day: Option<Date> =
            date.0.as_deref().map(str::parse).transpose().map_err(|_| Failure::new(Fault::Invalid))?;
        let wanted = Wanted { hospital: hospital.0, department: department.0, from: day, to: day };
        let clinics = portal.scheduling.clinics(&wanted, visit.now).await.map_err(failed)?;
        let items = clinics.iter().flat_map(|one| one.sessions.iter().map(|of| session(one, of, visit.now)));
        Ok(Json(SessionRows { items: items.collect() }))
    }

    /// Take a ticket. The same request with the same key is the same booking; `409` says by its `type` why there is none.
    #[oai(path = "/bookings", method = "post", operation_id = "booking_make")]
    async fn book(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        /// The same for the same request, however often it is sent.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        wanted: Json<WantedBooking>,
    ) -> poem::Result<Taken> {
        let new = read(wanted.0, key.0)?;
        let patient = patient.acting_for(&portal, visit, new.person).await?;
        Ok(made(portal.scheduling.book(&patient.context, new, visit.now).await.map_err(refused)?))
    }

    /// Give a ticket back.
    #[oai(path = "/bookings/:id/cancel", method = "post", operation_id = "booking_cancel")]
    async fn cancel(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        id: Path<String>,
    ) -> poem::Result<Json<BookingRow>> {
        let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
        let person = portal.scheduling.whose(id).await.map_err(failed)?;
        let patient = patient.acting_for(&portal, visit, person).await?;
        let booking = portal.scheduling.cancel(&patient.context, person, id, visit.now).await.map_err(refused)?;
        Ok(Json(row(booking)))
    }

    /// Take another ticket in its place: it is given back with that, or kept.
    #[oai(path = "/bookings/:id/reschedule", method = "post", operation_id = "booking_reschedule")]
    async fn reschedule(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        /// The same for the same request, however often it is sent.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        id: Path<String>,
        wanted: Json<WantedBooking>,
    ) -> poem::Result<Taken> {
        let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
        let new = read(wanted.0, key.0)?;
        let patient = patient.acting_for(&portal, visit, new.person).await?;
        Ok(made(portal.scheduling.reschedule(&patient.context, id, new, visit.now).await.map_err(refused)?))
    }
}
