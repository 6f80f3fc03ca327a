//! What the pages of schedules show.

use std::collections::BTreeMap;

use access::PersonId;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use scheduling::{Bilingual, Booking, BookingState, Clinic, DeskSession, Offered, Schedule, SessionState, Suspension};
use serde::Serialize;
use web::{Lang, render::Words};

/// In the reader's language, or in the other when it has none.
fn name(of: &Bilingual, words: &Words) -> String {
    let (first, second) = match words.lang() {
        Lang::Zh => (&of.zh, &of.en),
        Lang::En => (&of.en, &of.zh),
    };
    if first.is_empty() { second.clone() } else { first.clone() }
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-H:%M").to_string()
}

fn zone(schedule: &Schedule) -> TimeZone {
    schedule.about.time_zone().unwrap_or_else(|_| web::render::clock_zone())
}

/// Somebody as the desk calls them.
#[derive(Clone, Default)]
pub struct Whom {
    pub name: String,
    /// Masked.
    pub number: String,
}

/// A session in a list, or over its page.
#[derive(Serialize)]
struct SessionView {
    id: String,
    hospital: String,
    department: String,
    doctor: Option<String>,
    title: String,
    place: String,
    substitute: Option<String>,
    date: String,
    half_day: &'static str,
    from: String,
    to: String,
    left: u32,
    quota: u32,
    state: &'static str,
    why: Option<String>,
    /// It is not over.
    ahead: bool,
    rev: i64,
}

impl SessionView {
    fn new(schedule: &Schedule, offered: &Offered, words: &Words, now: Timestamp) -> Self {
        let (about, session, zone) = (&schedule.about, &offered.session, zone(schedule));
        Self {
            id: session.id.to_string(),
            hospital: name(&about.hospital_name, words),
            department: name(&about.department_name, words),
            doctor: about.doctor.as_ref().map(|_| name(&about.doctor_name, words)),
            title: name(&about.title, words),
            place: name(&about.place, words),
            substitute: session.substitute.as_ref().map(|who| name(who, words)),
            date: session.date.to_string(),
            half_day: session.half_day.as_str(),
            from: clock(session.from, &zone),
            to: clock(session.to, &zone),
            left: offered.bands.iter().map(|band| band.left).sum(),
            quota: offered.bands.iter().map(|band| band.quota).sum(),
            state: session.state.as_str(),
            why: session.why.as_ref().map(|why| words.text(&format!("schedules-why-{why}"))),
            ahead: session.to > now,
            rev: session.rev,
        }
    }
}

#[derive(Serialize)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// `schedules/day.html`
#[derive(Serialize)]
pub struct DayPage {
    day: String,
    before: Option<String>,
    after: Option<String>,
    is_today: bool,
    hospitals: Vec<Choice>,
    hospital: String,
    sessions: Vec<SessionView>,
    may_manage: bool,
}

impl DayPage {
    pub fn new(
        (day, today): (Date, Date),
        hospital: &str,
        all: &[DeskSession],
        may_manage: bool,
        (words, now): (&Words, Timestamp),
    ) -> Self {
        let hospitals: BTreeMap<&str, &Bilingual> =
            all.iter().map(|one| (one.schedule.about.hospital.as_str(), &one.schedule.about.hospital_name)).collect();
        let choice = |(id, of): (&str, &Bilingual)| Choice {
            value: id.to_owned(),
            name: name(of, words),
            chosen: id == hospital,
        };
        let wanted = |one: &&DeskSession| hospital.is_empty() || one.schedule.about.hospital == hospital;
        Self {
            day: day.to_string(),
            before: day.checked_sub(1.day()).ok().map(|day| day.to_string()),
            after: day.checked_add(1.day()).ok().map(|day| day.to_string()),
            is_today: day == today,
            hospitals: hospitals.into_iter().map(choice).collect(),
            hospital: hospital.to_owned(),
            sessions: all
                .iter()
                .filter(wanted)
                .map(|one| SessionView::new(&one.schedule, &one.offered, words, now))
                .collect(),
            may_manage,
        }
    }
}

#[derive(Serialize)]
struct BookingRow {
    id: String,
    seq: u32,
    name: String,
    number: String,
    from: String,
    to: String,
    code: String,
    state: &'static str,
    standing: bool,
    can_check_in: bool,
}

/// `schedules/session.html`
#[derive(Serialize)]
pub struct RosterPage {
    session: SessionView,
    rows: Vec<BookingRow>,
    standing: usize,
    pub told: Option<String>,
    pub refused: Option<&'static str>,
}

impl RosterPage {
    pub fn new(
        (schedule, offered): &(Schedule, Offered),
        bookings: &[Booking],
        people: &BTreeMap<PersonId, Whom>,
        (words, now): (&Words, Timestamp),
    ) -> Self {
        let zone = zone(schedule);
        let row = |one: &Booking| {
            let whom = people.get(&one.person).cloned().unwrap_or_default();
            BookingRow {
                id: one.id.to_string(),
                seq: one.seq,
                name: whom.name,
                number: whom.number,
                from: clock(one.from, &zone),
                to: clock(one.to, &zone),
                code: one.code.clone(),
                state: one.state.as_str(),
                standing: one.state.is_standing(),
                can_check_in: one.state == BookingState::Booked,
            }
        };
        Self {
            session: SessionView::new(schedule, offered, words, now),
            rows: bookings.iter().map(row).collect(),
            standing: bookings.iter().filter(|one| one.state.is_standing()).count(),
            told: None,
            refused: None,
        }
    }
}

/// `schedules/suspend.html`
#[derive(Serialize)]
pub struct SuspendPage {
    session: SessionView,
    standing: usize,
    reasons: [&'static str; 4],
    targets: Vec<Target>,
    /// It can be suspended still.
    open: bool,
    /// The field that has to be put right.
    pub problem: Option<&'static str>,
}

/// Where bookings may go.
#[derive(Serialize)]
struct Target {
    id: String,
    doctor: Option<String>,
    date: String,
    half_day: &'static str,
    from: String,
    to: String,
    left: u32,
}

impl SuspendPage {
    pub fn new(
        (schedule, offered): &(Schedule, Offered),
        bookings: &[Booking],
        near: &[Clinic],
        (words, now): (&Words, Timestamp),
    ) -> Self {
        let target = |clinic: &Clinic, one: &Offered| Target {
            id: one.session.id.to_string(),
            doctor: clinic.schedule.about.doctor.as_ref().map(|_| name(&clinic.schedule.about.doctor_name, words)),
            date: one.session.date.to_string(),
            half_day: one.session.half_day.as_str(),
            from: clock(one.session.from, &zone(&clinic.schedule)),
            to: clock(one.session.to, &zone(&clinic.schedule)),
            left: one.left(),
        };
        let fits = |one: &&Offered| one.session.id != offered.session.id && one.closed(now).is_none();
        let targets = near.iter().flat_map(|clinic| clinic.sessions.iter().filter(fits).map(|one| target(clinic, one)));
        Self {
            session: SessionView::new(schedule, offered, words, now),
            standing: bookings.iter().filter(|one| one.state.is_standing()).count(),
            reasons: Suspension::REASONS,
            targets: targets.collect(),
            open: offered.session.state == SessionState::Open && offered.session.to > now,
            problem: None,
        }
    }
}
