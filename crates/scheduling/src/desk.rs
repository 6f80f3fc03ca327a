//! What staff do: schedules, and who came.

use access::{Act, AuditLog, Event, Outcome, PersonId, StaffContext, SubjectId};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::{Tx, to_millis};
use uuid::Uuid;

use crate::{
    Booking, BookingState, NewSchedule, Offered, Problem, Refusal, Schedule, Scheduling, SchedulingError, SessionState,
    change::end,
    claim,
    entity::{booking, schedule, session, staff as doctor},
    missed,
};

/// Longest name, in characters.
const LONGEST: usize = 100;
/// Sessions of one day that are listed.
const MOST: u64 = 500;

/// A session of a day as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskSession {
    /// Whose.
    pub schedule: Schedule,
    /// It, with what is left.
    pub offered: Offered,
}

impl Scheduling {
    /// Adds a schedule. `who` of the staff the doctor is may open the records of those who book.
    ///
    /// # Errors
    /// [`SchedulingError::Invalid`] with every field that has to be put right; the policy's, the database's.
    pub async fn define(
        &self,
        ctx: &StaffContext,
        (new, who): (NewSchedule, Option<SubjectId>),
        now: Timestamp,
    ) -> Result<Uuid, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let problems = problems(&new);
        if !problems.is_empty() {
            return Err(SchedulingError::Invalid(problems));
        }
        let row = row(new);
        let id = row.id;
        let event = Event::new("schedule.define", "schedule", Outcome::Ok).on(id.to_string());
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                schedule::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                if let Some(who) = who {
                    let row = doctor::Model { schedule: id, staff: who.to_string() };
                    doctor::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                }
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        written.await?;
        Ok(id)
    }

    /// All schedules that are not closed, by hospital and department.
    ///
    /// # Errors
    /// The policy's, the database's.
    pub async fn schedules(&self, ctx: &StaffContext) -> Result<Vec<Schedule>, SchedulingError> {
        self.require_staff(ctx, Act::View)?;
        let rows = schedule::Entity::find()
            .filter(schedule::Column::ClosedAt.is_null())
            .order_by_asc(schedule::Column::Hospital)
            .order_by_asc(schedule::Column::Department)
            .order_by_asc(schedule::Column::Id);
        rows.all(self.store.reader()).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Sessions of a day, over or not.
    ///
    /// # Errors
    /// The policy's, the database's.
    pub async fn day(
        &self,
        ctx: &StaffContext,
        day: Date,
        now: Timestamp,
    ) -> Result<Vec<DeskSession>, SchedulingError> {
        let schedules = self.schedules(ctx).await?;
        let ids: Vec<Uuid> = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .filter(session::Column::LocalDate.eq(day.to_string()))
            .order_by_asc(session::Column::FromAt)
            .limit(MOST)
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let offered = self.board.look(&self.store, &ids, now).await?;
        let mut found: Vec<DeskSession> = offered
            .into_iter()
            .filter_map(|offered| {
                let schedule = schedules.iter().find(|one| one.id == offered.session.schedule)?.clone();
                Some(DeskSession { schedule, offered })
            })
            .collect();
        found.sort_by(|one, other| order(one).cmp(&order(other)));
        Ok(found)
    }

    /// Who has booked a session, by number. That it was shown is in the log, for each of them.
    ///
    /// # Errors
    /// The policy's, the audit's, the database's.
    pub async fn roster(
        &self,
        ctx: &StaffContext,
        session: Uuid,
        now: Timestamp,
    ) -> Result<Vec<Booking>, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let rows = booking::Entity::find()
            .filter(booking::Column::ClinicSession.eq(session))
            .order_by_asc(booking::Column::Seq)
            .order_by_asc(booking::Column::MadeAt);
        let rows = rows.all(self.store.reader()).await?;
        let shown = |row: &booking::Model| {
            Event::new("booking.shown", "booking", Outcome::Ok).on(row.id.to_string()).about(PersonId(row.person))
        };
        let list = Event::new("schedule.roster", "clinic-session", Outcome::Ok).on(session.to_string());
        let events = std::iter::once(list).chain(rows.iter().map(shown));
        let drafts: Vec<_> = events.map(|event| AuditLog::draft(ctx, now, event)).collect();
        let audit = self.audit.clone();
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                for draft in drafts {
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        written.await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// They are here, or were seen.
    ///
    /// # Errors
    /// [`Refusal::Ended`] for one that has ended otherwise; [`SchedulingError::NotFound`], the policy's.
    pub async fn attend(
        &self,
        ctx: &StaffContext,
        id: Uuid,
        state: BookingState,
        now: Timestamp,
    ) -> Result<Booking, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let known = booking::Entity::find_by_id(id).one(self.store.reader()).await?.ok_or(SchedulingError::NotFound)?;
        let action = match state {
            BookingState::CheckedIn => "booking.check-in",
            BookingState::Fulfilled => "booking.fulfil",
            _ => return Err(SchedulingError::Invalid(vec![Problem { field: "state", what: "malformed" }])),
        };
        let event = Event::new(action, "booking", Outcome::Ok).on(id.to_string()).about(PersonId(known.person));
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                claim::session(tx, known.clinic_session).await?;
                claim::person(tx, PersonId(known.person)).await?;
                let row = one(tx, id).await?;
                if row.state == state.as_str() {
                    return Ok(row);
                }
                if row.held_ticket.is_none() {
                    return Err(Refusal::Ended.into());
                }
                let row = match state {
                    BookingState::CheckedIn => check_in(tx, row).await?,
                    _ => end(tx, row, (state, None), now).await?,
                };
                audit.append(tx, draft).await?;
                Ok(row)
            })
        });
        written.await?.try_into()
    }

    /// Ends a session that is over: who booked it and neither came nor gave it back has missed it. Returns how many.
    ///
    /// # Errors
    /// [`Refusal::Ended`] for one that is not over yet or is suspended or closed; [`SchedulingError::NotFound`], the policy's.
    pub async fn close(&self, ctx: &StaffContext, id: Uuid, now: Timestamp) -> Result<usize, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let (audit, rules) = (self.audit.clone(), self.rules.clone());
        let event = Event::new("schedule.close", "clinic-session", Outcome::Ok).on(id.to_string());
        let draft = AuditLog::draft(ctx, now, event);
        let context = ctx.clone();
        let missed = move |row: &booking::Model| {
            let event = Event::new("booking.missed", "booking", Outcome::Ok);
            let event = event.on(row.id.to_string()).about(PersonId(row.person));
            AuditLog::draft(&context, now, event)
        };
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session_alone(tx, id).await?;
                if session.state != SessionState::Open.as_str() || session.to_at > to_millis(now) {
                    return Err(Refusal::Ended.into());
                }
                set_state(tx, &session, (SessionState::Closed, None)).await?;
                let mut rows = standing(tx, id).await?;
                rows.retain(|row| row.state == BookingState::Booked.as_str());
                claim::people(tx, &rows).await?;
                let count = rows.len();
                for row in rows {
                    let row = end(tx, row, (BookingState::NoShow, None), now).await?;
                    missed::add(tx, &row, &rules, now).await?;
                    audit.append(tx, missed(&row)).await?;
                }
                audit.append(tx, draft).await?;
                Ok(count)
            })
        });
        let count = written.await?;
        self.board.forget(id);
        Ok(count)
    }
}

fn order(one: &DeskSession) -> (&str, &str, Timestamp, Uuid) {
    let session = &one.offered.session;
    (&one.schedule.about.hospital, &one.schedule.about.department, session.from, session.id)
}

pub(crate) async fn one(tx: &Tx, id: Uuid) -> Result<booking::Model, SchedulingError> {
    booking::Entity::find_by_id(id).one(tx).await?.ok_or(SchedulingError::NotFound)
}

/// Bookings that hold tickets of a session, by number.
pub(crate) async fn standing(tx: &Tx, session: Uuid) -> Result<Vec<booking::Model>, SchedulingError> {
    let rows = booking::Entity::find()
        .filter(booking::Column::ClinicSession.eq(session))
        .filter(booking::Column::HeldTicket.is_not_null())
        .order_by_asc(booking::Column::Seq);
    Ok(rows.all(tx).await?)
}

async fn check_in(tx: &Tx, row: booking::Model) -> Result<booking::Model, SchedulingError> {
    let state = BookingState::CheckedIn.as_str();
    let change = booking::Entity::update_many()
        .col_expr(booking::Column::State, Expr::value(state))
        .filter(booking::Column::Id.eq(row.id).and(booking::Column::HeldTicket.is_not_null()));
    change.exec(tx).await?;
    Ok(booking::Model { state: state.to_owned(), ..row })
}

/// How a session is from now on.
pub(crate) async fn set_state(
    tx: &Tx,
    session: &session::Model,
    (state, why): (SessionState, Option<&str>),
) -> Result<(), SchedulingError> {
    let change = session::Entity::update_many()
        .col_expr(session::Column::State, Expr::value(state.as_str()))
        .col_expr(session::Column::Why, Expr::value(why))
        .col_expr(session::Column::Rev, Expr::value(session.rev + 1))
        .filter(session::Column::Id.eq(session.id));
    change.exec(tx).await?;
    Ok(())
}

pub(crate) fn problems(new: &NewSchedule) -> Vec<Problem> {
    let mut problems = Vec::new();
    let id = |text: &str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'|' && b != b'/')
    };
    for (field, is_good) in [("hospital", id(&new.hospital)), ("department", id(&new.department))] {
        if !is_good {
            problems.push(Problem { field, what: "malformed" });
        }
    }
    if new.doctor.as_deref().is_some_and(|doctor| !id(doctor)) {
        problems.push(Problem { field: "doctor", what: "malformed" });
    }
    let needed = [("hospital_name", &new.hospital_name), ("department_name", &new.department_name)];
    let doctor = new.doctor.is_some().then_some(("doctor_name", &new.doctor_name));
    for (field, name) in needed.into_iter().chain(doctor) {
        if name.zh.trim().is_empty() || name.en.trim().is_empty() {
            problems.push(Problem { field, what: "missing" });
        }
    }
    let names = [
        ("hospital_name", &new.hospital_name),
        ("department_name", &new.department_name),
        ("doctor_name", &new.doctor_name),
        ("title", &new.title),
        ("expertise", &new.expertise),
        ("place", &new.place),
    ];
    for (field, name) in names {
        if [&name.zh, &name.en].iter().any(|text| text.chars().count() > LONGEST) {
            problems.push(Problem { field, what: "too-long" });
        }
    }
    if TimeZone::get(&new.zone).is_err() {
        problems.push(Problem { field: "zone", what: "malformed" });
    }
    problems
}

pub(crate) fn row(new: NewSchedule) -> schedule::Model {
    schedule::Model {
        id: Uuid::now_v7(),
        hospital: new.hospital,
        hospital_zh: new.hospital_name.zh,
        hospital_en: new.hospital_name.en,
        department: new.department,
        department_zh: new.department_name.zh,
        department_en: new.department_name.en,
        doctor: new.doctor,
        doctor_zh: new.doctor_name.zh,
        doctor_en: new.doctor_name.en,
        title_zh: new.title.zh,
        title_en: new.title.en,
        about_zh: new.expertise.zh,
        about_en: new.expertise.en,
        place_zh: new.place.zh,
        place_en: new.place.en,
        zone: new.zone,
        closed_at: None,
    }
}
