//! What the pages of booking show.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use scheduling::{
    Band, Bilingual, Booking, BookingState, Clinic, ClinicSession, Department, Offered, Refusal, Rules, Schedule, Wait,
};
use serde::Serialize;
use web::{
    Lang,
    render::{Arg, Words},
};

use super::Way;

/// So many or fewer are told as few.
const FEW: u32 = 2;

/// In the reader's language, or in the other when it has none.
pub fn name(of: &Bilingual, words: &Words) -> String {
    let (first, second) = match words.lang() {
        Lang::Zh => (&of.zh, &of.en),
        Lang::En => (&of.en, &of.zh),
    };
    if first.is_empty() { second.clone() } else { first.clone() }
}

/// `8:30`, by the hospital's clocks.
fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-H:%M").to_string()
}

/// `2026-11-24 18:00`, by the hospital's clocks.
fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A hospital whose zone nobody knows speaks in the region's.
fn zone(schedule: &Schedule) -> TimeZone {
    schedule.about.time_zone().unwrap_or_else(|_| web::render::clock_zone())
}

/// Yuan: whole, or with two places.
fn yuan(fen: i64) -> String {
    if fen % 100 == 0 { (fen / 100).to_string() } else { format!("{}.{:02}", fen / 100, fen % 100) }
}

/// `booking/unproven.html`
#[derive(Default, Serialize)]
pub struct UnprovenPage {}

/// Something to choose.
#[derive(Serialize)]
pub struct Choice {
    href: String,
    name: String,
    count: u32,
}

/// `booking/hospitals.html`
#[derive(Serialize)]
pub struct HospitalsPage {
    hospitals: Vec<Choice>,
    instead: bool,
}

impl HospitalsPage {
    pub fn new(departments: &[Department], way: &Way, words: &Words) -> Self {
        let mut hospitals: BTreeMap<&str, Choice> = BTreeMap::new();
        for one in departments {
            let choice = hospitals.entry(&one.hospital).or_insert_with(|| Choice {
                href: way.href(&format!("/booking/hospitals/{}", one.hospital), &[]),
                name: name(&one.hospital_name, words),
                count: 0,
            });
            choice.count += 1;
        }
        Self { hospitals: hospitals.into_values().collect(), instead: way.instead.is_some() }
    }
}

/// `booking/departments.html`
#[derive(Serialize)]
pub struct DepartmentsPage {
    hospital: String,
    back: String,
    departments: Vec<Choice>,
    instead: bool,
}

impl DepartmentsPage {
    /// Of one hospital, at least one.
    pub fn new(departments: &[Department], way: &Way, words: &Words) -> Self {
        let choice = |one: &Department| Choice {
            href: way.href(&format!("/booking/hospitals/{}/{}", one.hospital, one.code), &[]),
            name: name(&one.name, words),
            count: one.schedules,
        };
        Self {
            hospital: departments.first().map(|one| name(&one.hospital_name, words)).unwrap_or_default(),
            back: way.href("/booking", &[]),
            departments: departments.iter().map(choice).collect(),
            instead: way.instead.is_some(),
        }
    }
}

/// A session to choose, or why it can't be.
#[derive(Serialize)]
struct Slot {
    href: Option<String>,
    id: String,
    date: String,
    half_day: &'static str,
    left: u32,
    few: bool,
    /// Key of words.
    closed: Option<&'static str>,
    release_at: Option<String>,
    fee: String,
    substitute: Option<String>,
}

#[derive(Serialize)]
struct Doctor {
    name: Option<String>,
    title: String,
    expertise: String,
    place: String,
    slots: Vec<Slot>,
}

/// `booking/sessions.html`
#[derive(Serialize)]
pub struct SessionsPage {
    hospital: String,
    department: String,
    hospital_href: String,
    department_href: String,
    action: String,
    hidden: Vec<(&'static str, String)>,
    days: i64,
    free: bool,
    doctors: Vec<Doctor>,
    person: String,
    instead: bool,
}

impl SessionsPage {
    pub fn new(
        department: &Department,
        clinics: &[Clinic],
        (days, free): (i64, bool),
        way: &Way,
        (words, now): (&Words, Timestamp),
    ) -> Self {
        let base = format!("/booking/hospitals/{}", department.hospital);
        let mut hidden = vec![("person", way.person.to_string())];
        hidden.extend(way.instead.map(|instead| ("instead", instead.to_string())));
        let doctor = |clinic: &Clinic| {
            let about = &clinic.schedule.about;
            Doctor {
                name: about.doctor.as_ref().map(|_| name(&about.doctor_name, words)),
                title: name(&about.title, words),
                expertise: name(&about.expertise, words),
                place: name(&about.place, words),
                slots: clinic.sessions.iter().map(|one| slot(one, &zone(&clinic.schedule), way, words, now)).collect(),
            }
        };
        Self {
            hospital: name(&department.hospital_name, words),
            department: name(&department.name, words),
            hospital_href: way.href("/booking", &[]),
            department_href: way.href(&base, &[]),
            action: format!("{base}/{}", department.code),
            hidden,
            days,
            free,
            doctors: clinics.iter().map(doctor).collect(),
            person: way.person.to_string(),
            instead: way.instead.is_some(),
        }
    }
}

fn slot(one: &Offered, zone: &TimeZone, way: &Way, words: &Words, now: Timestamp) -> Slot {
    let session = &one.session;
    let closed = one.closed(now);
    Slot {
        href: closed.is_none().then(|| way.href(&format!("/booking/sessions/{}", session.id), &[])),
        id: session.id.to_string(),
        date: session.date.to_string(),
        half_day: session.half_day.as_str(),
        left: one.left(),
        few: (1..=FEW).contains(&one.left()),
        closed: closed.map(Refusal::as_str),
        release_at: (closed == Some(Refusal::NotReleased)).then(|| minute(session.release_at, zone)),
        fee: yuan(session.fee_fen),
        substitute: session.substitute.as_ref().map(|who| name(who, words)),
    }
}

/// Which session, in the words of the pages that follow.
#[derive(Serialize)]
pub struct What {
    hospital: String,
    department: String,
    doctor: Option<String>,
    title: String,
    expertise: String,
    place: String,
    date: String,
    half_day: &'static str,
    kind: &'static str,
    fee: String,
    cancel_until: String,
    substitute: Option<String>,
}

impl What {
    pub fn new(schedule: &Schedule, session: &ClinicSession, words: &Words) -> Self {
        let about = &schedule.about;
        Self {
            hospital: name(&about.hospital_name, words),
            department: name(&about.department_name, words),
            doctor: about.doctor.as_ref().map(|_| name(&about.doctor_name, words)),
            title: name(&about.title, words),
            expertise: name(&about.expertise, words),
            place: name(&about.place, words),
            date: session.date.to_string(),
            half_day: session.half_day.as_str(),
            kind: session.kind.as_str(),
            fee: yuan(session.fee_fen),
            cancel_until: minute(session.cancel_until, &zone(schedule)),
            substitute: session.substitute.as_ref().map(|who| name(who, words)),
        }
    }
}

/// Where each part of the summary is changed.
#[derive(Serialize)]
struct Ways {
    hospital: String,
    department: String,
    session: String,
}

impl Ways {
    fn new(schedule: &Schedule, way: &Way) -> Self {
        let hospital = format!("/booking/hospitals/{}", schedule.about.hospital);
        Self {
            session: way.href(&format!("{hospital}/{}", schedule.about.department), &[]),
            department: way.href(&hospital, &[]),
            hospital: way.href("/booking", &[]),
        }
    }
}

#[derive(Serialize)]
struct Time {
    value: i64,
    from: String,
    to: String,
    left: u32,
    few: bool,
    chosen: bool,
}

/// `booking/times.html`
#[derive(Serialize)]
pub struct TimesPage {
    what: What,
    ways: Ways,
    action: String,
    hidden: Vec<(&'static str, String)>,
    times: Vec<Time>,
    /// Can none be chosen? A key of words.
    closed: Option<&'static str>,
    /// Why what was wanted was not given: a key of words, and until when.
    refused: Option<&'static str>,
    refused_until: Option<String>,
    id: String,
    person: String,
    instead: bool,
}

impl TimesPage {
    pub fn new(
        (schedule, offered): &(Schedule, Offered),
        at: Option<i64>,
        refused: Option<Refusal>,
        way: &Way,
        (words, now): (&Words, Timestamp),
    ) -> Self {
        let zone = zone(schedule);
        let closed = offered.closed(now);
        let time = |band: &Band| Time {
            value: band.from.as_millisecond(),
            from: clock(band.from, &zone),
            to: clock(band.to, &zone),
            left: if closed.is_none() { band.left } else { 0 },
            few: (1..=FEW).contains(&band.left),
            chosen: closed.is_none() && band.left > 0 && at == Some(band.from.as_millisecond()),
        };
        let until = match refused {
            Some(Refusal::Barred(until)) => Some(minute(until, &zone)),
            _ => None,
        };
        let mut hidden = vec![("person", way.person.to_string())];
        hidden.extend(way.instead.map(|instead| ("instead", instead.to_string())));
        Self {
            what: What::new(schedule, &offered.session, words),
            ways: Ways::new(schedule, way),
            action: format!("/booking/sessions/{}/check", offered.session.id),
            hidden,
            times: offered.bands.iter().map(time).collect(),
            closed: closed.map(Refusal::as_str),
            refused: refused.map(Refusal::as_str),
            refused_until: until,
            id: offered.session.id.to_string(),
            person: way.person.to_string(),
            instead: way.instead.is_some(),
        }
    }
}

/// `booking/check.html`
#[derive(Serialize)]
pub struct CheckPage {
    what: What,
    ways: Ways,
    times_href: String,
    from: String,
    to: String,
    name: String,
    action: String,
    hidden: Vec<(&'static str, String)>,
    most_missed: u64,
    barred_days: i64,
    instead: bool,
}

impl CheckPage {
    pub fn new(
        (schedule, offered): &(Schedule, Offered),
        band: &Band,
        (name, key): (&str, &str),
        way: &Way,
        (words, rules): (&Words, &Rules),
    ) -> Self {
        let (zone, session) = (zone(schedule), &offered.session);
        let at = band.from.as_millisecond().to_string();
        let mut hidden = vec![("session", session.id.to_string()), ("at", at.clone()), ("key", key.to_owned())];
        hidden.extend(way.instead.map(|instead| ("instead", instead.to_string())));
        Self {
            what: What::new(schedule, session, words),
            ways: Ways::new(schedule, way),
            times_href: way.href(&format!("/booking/sessions/{}", session.id), &[("at", at)]),
            from: clock(band.from, &zone),
            to: clock(band.to, &zone),
            name: name.to_owned(),
            action: format!("/people/{}/bookings", way.person),
            hidden,
            most_missed: rules.most_missed,
            barred_days: rules.barred.as_hours() / 24,
            instead: way.instead.is_some(),
        }
    }
}

/// A booking in a list or on a page of its own.
#[derive(Serialize)]
pub struct BookingView {
    pub id: String,
    href: String,
    pub what: What,
    from: String,
    to: String,
    seq: u32,
    code: String,
    state: &'static str,
    /// Why, in words.
    why: Option<String>,
    /// Does the ticket hold?
    standing: bool,
    /// Can it be given back or changed?
    changeable: bool,
    over: bool,
    successor: Option<String>,
    change_href: String,
}

impl BookingView {
    pub fn new(
        (booking, session, schedule): &(Booking, ClinicSession, Schedule),
        all: &[(Booking, ClinicSession, Schedule)],
        (words, now): (&Words, Timestamp),
    ) -> Self {
        let zone = zone(schedule);
        let base = format!("/people/{}/bookings", booking.person);
        let next = all.iter().find(|(one, ..)| one.in_place_of == Some(booking.id));
        let why = booking.why.as_ref().map(|why| words.text(&format!("booking-off-{why}")));
        Self {
            id: booking.id.to_string(),
            href: format!("{base}/{}", booking.id),
            what: What::new(schedule, session, words),
            from: clock(booking.from, &zone),
            to: clock(booking.to, &zone),
            seq: booking.seq,
            code: booking.code.clone(),
            state: booking.state.as_str(),
            why,
            standing: booking.state.is_standing(),
            changeable: booking.state == BookingState::Booked && now < session.cancel_until,
            over: !booking.state.is_standing() || booking.to <= now,
            successor: next.map(|(one, ..)| format!("{base}/{}", one.id)),
            change_href: format!("/booking?person={}&instead={}", booking.person, booking.id),
        }
    }
}

/// A place on a waiting list.
#[derive(Serialize)]
pub struct WaitView {
    id: String,
    what: What,
    ahead: u64,
    offer_until: Option<String>,
}

impl WaitView {
    pub fn new(wait: &Wait, (schedule, offered): &(Schedule, Offered), words: &Words) -> Self {
        let zone = zone(schedule);
        Self {
            id: wait.id.to_string(),
            what: What::new(schedule, &offered.session, words),
            ahead: wait.ahead,
            offer_until: wait.offer_until.map(|until| minute(until, &zone)),
        }
    }
}

/// A missed visit that counts.
#[derive(Serialize)]
pub struct MissedView {
    pub id: String,
    pub date: String,
    pub until: String,
    pub appealed: bool,
    pub waived: bool,
}

/// `booking/mine.html`
#[derive(Serialize)]
pub struct MinePage {
    pub notice: Option<String>,
    pub person: String,
    pub ahead: Vec<BookingView>,
    pub over: Vec<BookingView>,
    pub waits: Vec<WaitView>,
    pub missed: Vec<MissedView>,
    pub key: String,
    pub new_href: String,
}

/// `booking/one.html`, `booking/cancel.html`
#[derive(Serialize)]
pub struct OnePage {
    pub one: BookingView,
    pub name: String,
    pub person: String,
    /// A key of words.
    pub notice: Option<&'static str>,
    pub refused: Option<&'static str>,
    pub barred: Option<String>,
}

/// A calendar's lines (RFC 5545): one event, in instants, so that no zone is needed.
pub fn calendar(
    (booking, session, schedule): &(Booking, ClinicSession, Schedule),
    (words, now): (&Words, Timestamp),
) -> String {
    let utc = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let what = What::new(schedule, session, words);
    let args = [("hospital", Arg::from(what.hospital.as_str())), ("department", Arg::from(what.department.as_str()))];
    let code = [("code", Arg::from(booking.code.as_str()))];
    let status = if booking.state.is_standing() { "CONFIRMED" } else { "CANCELLED" };
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//portal-external//booking//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}", booking.id),
        format!("DTSTAMP:{}", utc(now)),
        format!("DTSTART:{}", utc(booking.from)),
        format!("DTEND:{}", utc(booking.to)),
        format!("STATUS:{status}"),
        format!("SUMMARY:{}", escaped(&words.with("booking-calendar-title", &args))),
        format!("LOCATION:{}", escaped(&[what.hospital.as_str(), what.place.as_str()].join(" "))),
        format!("DESCRIPTION:{}", escaped(&words.with("booking-calendar-text", &code))),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| folded(line)).collect()
}

/// RFC 5545 section 3.3.11.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '\\' | ';' | ',' => out.extend(['\\', one]),
            '\n' => out.push_str("\\n"),
            one if one.is_control() => {}
            one => out.push(one),
        }
    }
    out
}

/// RFC 5545 section 3.1: at most 75 bytes a line.
fn folded(line: &str) -> String {
    let (mut out, mut length) = (String::with_capacity(line.len() + 8), 0);
    for one in line.chars() {
        if length + one.len_utf8() > 74 {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(one);
        length += one.len_utf8();
    }
    out + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_calendar_are_short_and_mean_what_they_say() {
        let line = folded(&format!("SUMMARY:{}", escaped(&"肾内科，a;b,c\\d\r\n".repeat(9))));
        assert!(line.split("\r\n").all(|part| part.len() <= 75), "{line}");
        assert!(line.contains("a\\;b\\,c\\\\d\\n") || line.contains("a\\;b"), "{line}");
        assert!(line.ends_with("\r\n"));
    }

    #[test]
    fn money_is_written_as_people_write_it() {
        for (fen, text) in [(3_000, "30"), (1_250, "12.50"), (5, "0.05"), (0, "0")] {
            assert_eq!(yuan(fen), text);
        }
    }
}
