//! Planning half-days: from a weekly pattern to clinic sessions with their tickets.

use access::{Act, AuditLog, Context, Event, Outcome, StaffContext};
use jiff::{
    SignedDuration, Span, Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel, QueryFilter as _, sea_query::OnConflict};
use serde_json::json;
use store::{Tx, to_millis};
use uuid::Uuid;

use crate::{
    Channel, ClinicKind, HalfDay, Problem, Scheduling, SchedulingError, SessionState,
    claim::TicketState,
    entity::{schedule, session, ticket},
};

/// Days that are planned at once.
const MOST_DAYS: i32 = 366;
/// Tickets of one session.
const MOST_TICKETS: u32 = 500;
/// Longest half-day.
const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// A weekly pattern over some time, by the hospital's calendar and clocks.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// On which days of the week.
    pub weekdays: Vec<Weekday>,
    /// But not on these.
    pub except: Vec<Date>,
    /// Which part of the day.
    pub half_day: HalfDay,
    /// What kind.
    pub kind: ClinicKind,
    /// In 分.
    pub fee_fen: i64,
    /// When it begins.
    pub begins: Time,
    /// When it ends.
    pub ends: Time,
    /// How long the times are that people choose from, in minutes.
    pub band_minutes: u32,
    /// Tickets of each channel; each has its own.
    pub quotas: Vec<(Channel, u32)>,
    /// Given out so many days before, …
    pub release_days: u32,
    /// … from this time on.
    pub release_time: Time,
    /// Not given out in the last minutes before it begins.
    pub cutoff_minutes: u32,
    /// Given back until so many days before, …
    pub cancel_days: u32,
    /// … until this time.
    pub cancel_time: Time,
}

/// What was planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Sessions that are new.
    pub made: u32,
    /// Days that had one already: it stays as it is.
    pub there: u32,
}

impl Plan {
    /// Every field that has to be put right.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |is_wrong: bool, field, what| {
            if is_wrong {
                problems.push(Problem { field, what });
            }
        };
        wrong(self.to < self.from, "to", "before");
        let days = self.from.until(self.to).map_or(i32::MAX, |span| span.get_days());
        wrong(days > MOST_DAYS, "to", "too-long");
        wrong(self.weekdays.is_empty(), "weekdays", "missing");
        wrong(self.ends <= self.begins, "ends", "before");
        wrong(self.begins.duration_until(self.ends) > LONGEST, "ends", "too-long");
        wrong(!(5..=480).contains(&self.band_minutes), "band_minutes", "range");
        wrong(!(0..=1_000_000).contains(&self.fee_fen), "fee", "range");
        let tickets: u32 = self.quotas.iter().map(|(_, quota)| quota.min(&(MOST_TICKETS + 1))).sum();
        wrong(!(1..=MOST_TICKETS).contains(&tickets), "quota", "range");
        wrong(self.release_days > 90, "release_days", "range");
        wrong(self.cutoff_minutes > 7 * 24 * 60, "cutoff_minutes", "range");
        wrong(self.cancel_days > 14, "cancel_days", "range");
        problems
    }

    fn days(&self) -> impl Iterator<Item = Date> {
        let to = self.to;
        let days = self.from.series(1.day()).take_while(move |day| *day <= to);
        days.filter(|day| self.weekdays.contains(&day.weekday()) && !self.except.contains(day))
    }

    /// A session of a day and its tickets. Hours that the clocks skip are the first after them, hours that come twice the first.
    fn session(&self, (schedule, day, zone): (Uuid, Date, &TimeZone)) -> Option<(session::Model, Vec<ticket::Model>)> {
        let at = |day: Date, time: Time| zone.to_timestamp(day.to_datetime(time)).ok();
        let before = |days: u32| day.checked_sub(Span::new().days(i64::from(days))).ok();
        let (from, to) = (at(day, self.begins)?, at(day, self.ends)?);
        let row = session::Model {
            id: Uuid::now_v7(),
            schedule,
            local_date: day.to_string(),
            half_day: self.half_day.as_str().to_owned(),
            kind: self.kind.as_str().to_owned(),
            fee_fen: self.fee_fen,
            from_at: to_millis(from),
            to_at: to_millis(to),
            release_at: to_millis(at(before(self.release_days)?, self.release_time)?),
            cutoff_at: to_millis(from - SignedDuration::from_mins(i64::from(self.cutoff_minutes))),
            cancel_until: to_millis(at(before(self.cancel_days)?, self.cancel_time)?.min(from)),
            state: SessionState::Open.as_str().to_owned(),
            why: None,
            substitute_zh: None,
            substitute_en: None,
            rev: 1,
            held: false,
        };
        let tickets = self.tickets(&row);
        Some((row, tickets))
    }

    /// Spread over the times evenly, numbered as they come.
    fn tickets(&self, session: &session::Model) -> Vec<ticket::Model> {
        let length = i64::from(self.band_minutes) * 60_000;
        let mut bands = Vec::new();
        let mut from = session.from_at;
        while from < session.to_at {
            bands.push((from, (from + length).min(session.to_at)));
            from += length;
        }
        let count = u32::try_from(bands.len()).unwrap_or(u32::MAX);
        let (mut tickets, mut seq) = (Vec::new(), 0);
        for (number, (from_at, to_at)) in (0..).zip(bands) {
            for (channel, quota) in &self.quotas {
                for _ in 0..quota / count + u32::from(number < quota % count) {
                    seq += 1;
                    tickets.push(ticket::Model {
                        id: Uuid::now_v7(),
                        clinic_session: session.id,
                        seq,
                        from_at,
                        to_at,
                        channel: channel.as_str().to_owned(),
                        state: TicketState::Free.as_str().to_owned(),
                        free_at: session.release_at,
                        held_for: None,
                        held_until: None,
                    });
                }
            }
        }
        tickets
    }
}

impl Scheduling {
    /// Makes the sessions of a plan. Days that have one keep it.
    ///
    /// # Errors
    /// [`SchedulingError::Invalid`] with every field that has to be put right; [`SchedulingError::NotFound`], the policy's.
    pub async fn plan(
        &self,
        ctx: &StaffContext,
        schedule: Uuid,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Planned, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let problems = plan.problems();
        if !problems.is_empty() {
            return Err(SchedulingError::Invalid(problems));
        }
        let open = schedule::Entity::find_by_id(schedule).filter(schedule::Column::ClosedAt.is_null());
        let row = open.one(self.store.reader()).await?.ok_or(SchedulingError::NotFound)?;
        let zone = crate::Schedule::try_from(row)?.about.time_zone()?;
        self.plan_in((ctx, now), (schedule, &zone), plan).await
    }

    /// The same for whoever may, of a plan that is good.
    pub(crate) async fn plan_in(
        &self,
        (ctx, now): (&dyn Context, Timestamp),
        (schedule, zone): (Uuid, &TimeZone),
        plan: &Plan,
    ) -> Result<Planned, SchedulingError> {
        let mut planned = Planned::default();
        for day in plan.days() {
            let made = plan.session((schedule, day, zone));
            let (session, tickets) =
                made.ok_or(SchedulingError::Invalid(vec![Problem { field: "from", what: "range" }]))?;
            let event = Event::new("schedule.plan", "schedule", Outcome::Ok)
                .on(schedule.to_string())
                .with(json!({ "date": session.local_date, "half_day": session.half_day, "tickets": tickets.len() }));
            let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
            let written = self.store.write::<_, SchedulingError, _>(move |tx| {
                Box::pin(async move {
                    if !insert(tx, session, tickets).await? {
                        return Ok(false);
                    }
                    audit.append(tx, draft).await?;
                    Ok(true)
                })
            });
            if written.await? {
                planned.made += 1;
            } else {
                planned.there += 1;
            }
        }
        Ok(planned)
    }
}

/// `false`: there is one on this half-day.
async fn insert(tx: &Tx, session: session::Model, tickets: Vec<ticket::Model>) -> Result<bool, SchedulingError> {
    let once = [session::Column::Schedule, session::Column::LocalDate, session::Column::HalfDay];
    let once = OnConflict::columns(once).do_nothing().to_owned();
    let added = session::Entity::insert(session.into_active_model()).on_conflict(once).exec_without_returning(tx);
    if added.await? == 0 {
        return Ok(false);
    }
    let tickets = tickets.into_iter().map(IntoActiveModel::into_active_model);
    ticket::Entity::insert_many(tickets).exec_without_returning(tx).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn plan() -> Plan {
        Plan {
            from: date(2026, 11, 23),
            to: date(2026, 11, 29),
            weekdays: vec![Weekday::Monday, Weekday::Wednesday],
            except: vec![date(2026, 11, 23)],
            half_day: HalfDay::Morning,
            kind: ClinicKind::Expert,
            fee_fen: 3_000,
            begins: time(8, 0, 0, 0),
            ends: time(11, 0, 0, 0),
            band_minutes: 30,
            quotas: vec![(Channel::Portal, 14), (Channel::Desk, 4)],
            release_days: 7,
            release_time: time(20, 0, 0, 0),
            cutoff_minutes: 60,
            cancel_days: 1,
            cancel_time: time(18, 0, 0, 0),
        }
    }

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("a zone")
    }

    #[test]
    fn a_plan_has_its_days_and_each_as_many_tickets_as_its_quotas() {
        let plan = plan();
        assert_eq!(plan.problems(), []);
        assert_eq!(plan.days().collect::<Vec<_>>(), [date(2026, 11, 25)]);
        let (session, tickets) = plan.session((Uuid::nil(), date(2026, 11, 25), &shanghai())).expect("a session");
        assert_eq!(store::from_millis(session.from_at).to_string(), "2026-11-25T00:00:00Z");
        assert_eq!(store::from_millis(session.release_at).to_string(), "2026-11-18T12:00:00Z");
        assert_eq!(store::from_millis(session.cancel_until).to_string(), "2026-11-24T10:00:00Z");
        let of = |channel: Channel| tickets.iter().filter(|one| one.channel == channel.as_str()).count();
        assert_eq!((tickets.len(), of(Channel::Portal), of(Channel::Desk)), (18, 14, 4));
        assert!(tickets.windows(2).all(|two| two[0].seq + 1 == two[1].seq && two[0].from_at <= two[1].from_at));
        let first = tickets.iter().filter(|one| one.from_at == session.from_at).count();
        assert_eq!(first, 4, "three of the portal's and one of the desk's");
    }

    #[test]
    fn a_clock_that_changes_neither_loses_nor_doubles_a_ticket() {
        let zone = TimeZone::get("America/New_York").expect("a zone");
        for day in [date(2026, 3, 8), date(2026, 11, 1)] {
            let plan = Plan { begins: time(1, 0, 0, 0), ends: time(4, 0, 0, 0), ..plan() };
            let (session, tickets) = plan.session((Uuid::nil(), day, &zone)).expect("a session");
            assert_eq!(tickets.len(), 18, "{day}");
            assert!(tickets.iter().all(|one| one.from_at < one.to_at && one.to_at <= session.to_at), "{day}");
        }
    }

    #[test]
    fn every_mistake_is_told() {
        let wrong = Plan {
            to: date(2020, 1, 1),
            weekdays: Vec::new(),
            ends: time(7, 0, 0, 0),
            band_minutes: 0,
            fee_fen: -1,
            quotas: vec![(Channel::Portal, 0)],
            ..plan()
        };
        let fields: Vec<_> = wrong.problems().iter().map(|one| one.field).collect();
        assert_eq!(fields, ["to", "weekdays", "ends", "band_minutes", "fee", "quota"]);
    }
}
