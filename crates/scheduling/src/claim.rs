//! Rows that are taken one at a time: a session, a person, a ticket. Always in this order, so that nobody waits for somebody
//! who waits for them.

use std::collections::BTreeSet;

use access::PersonId;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, OnConflict, Query},
};
use store::{Tx, to_millis};
use uuid::Uuid;

use crate::{
    Chance, Channel, Refusal, Rules, SchedulingError, SessionState, WaitState,
    entity::{booking, person, schedule, session, ticket, wait},
};

/// How a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TicketState {
    Free,
    /// Offered to somebody of the waiting list.
    Held,
    Booked,
    /// Its session is not held.
    Withdrawn,
}

impl TicketState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Held => "held",
            Self::Booked => "booked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A session that nobody changes until the transaction ends; others may read it so at the same time.
pub(crate) async fn session(tx: &Tx, id: Uuid) -> Result<session::Model, SchedulingError> {
    let found = session::Entity::find_by_id(id).lock_shared().one(tx).await?;
    found.ok_or(SchedulingError::NotFound)
}

/// The same for whoever changes it.
pub(crate) async fn session_alone(tx: &Tx, id: Uuid) -> Result<session::Model, SchedulingError> {
    let found = session::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    found.ok_or(SchedulingError::NotFound)
}

/// Nobody else books for this person until the transaction ends.
pub(crate) async fn person(tx: &Tx, id: PersonId) -> Result<person::Model, SchedulingError> {
    let first = person::Model { person: id.0, rev: 1, barred_until: None };
    let grown = Expr::col((person::Entity, person::Column::Rev)).add(1);
    let again = OnConflict::column(person::Column::Person).value(person::Column::Rev, grown).to_owned();
    let row = person::Entity::insert(first.into_active_model()).on_conflict(again).exec_with_returning(tx);
    Ok(row.await?)
}

/// The same of all who have these, in the order of their ids: two who end sessions of the same people don't wait for each other.
pub(crate) async fn people(tx: &Tx, rows: &[booking::Model]) -> Result<(), SchedulingError> {
    for id in rows.iter().map(|row| row.person).collect::<BTreeSet<_>>() {
        person(tx, PersonId(id)).await?;
    }
    Ok(())
}

/// Can it be booked at `now`?
pub(crate) fn bookable(session: &session::Model, now: Timestamp) -> Result<(), Refusal> {
    let at = to_millis(now);
    match SessionState::parse(&session.state) {
        Some(SessionState::Suspended) => Err(Refusal::Suspended),
        _ if at >= session.cutoff_at => Err(Refusal::TooLate),
        Some(SessionState::Open) if at < session.release_at => Err(Refusal::NotReleased),
        Some(SessionState::Open) => Ok(()),
        _ => Err(Refusal::TooLate),
    }
}

/// Which ticket is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// A free one of the portal that begins then.
    At(i64),
    /// The first free one of the portal at a time at which the person is not elsewhere.
    First,
    /// Any free one at a time at which the person is not elsewhere: the hospital gives it.
    Any,
    /// The one that is kept for this place on the waiting list.
    Held(Uuid),
}

impl Which {
    /// As somebody asks for it.
    pub fn of(from: Option<Timestamp>) -> Self {
        from.map_or(Self::First, |from| Self::At(to_millis(from)))
    }
}

/// Tickets at times at which none of these are.
fn fitting(tickets: Select<ticket::Entity>, elsewhere: &[booking::Model]) -> Select<ticket::Entity> {
    elsewhere.iter().fold(tickets, |fits, other| {
        fits.filter(ticket::Column::ToAt.lte(other.from_at).or(ticket::Column::FromAt.gte(other.to_at)))
    })
}

/// Takes one ticket, or nothing. `elsewhere` is what the person has at other times and places.
/// Those that others are taking at this moment are passed over.
pub(crate) async fn take(
    tx: &Tx,
    session: Uuid,
    (which, elsewhere): (Which, &[booking::Model]),
    now: Timestamp,
) -> Result<Option<ticket::Model>, SchedulingError> {
    let of_session = ticket::Entity::find().select_only().column(ticket::Column::Id);
    let of_session = of_session.filter(ticket::Column::ClinicSession.eq(session));
    let free = |channel: Option<Channel>| {
        let free = ticket::Column::State.eq(TicketState::Free.as_str());
        let free = free.and(ticket::Column::FreeAt.lte(to_millis(now)));
        match channel {
            Some(channel) => free.and(ticket::Column::Channel.eq(channel.as_str())),
            None => free,
        }
    };
    let wanted: Select<ticket::Entity> = match which {
        Which::At(from) => of_session.filter(free(Some(Channel::Portal)).and(ticket::Column::FromAt.eq(from))),
        Which::First => fitting(of_session.filter(free(Some(Channel::Portal))), elsewhere),
        Which::Any => fitting(of_session.filter(free(None)), elsewhere),
        Which::Held(place) => of_session.filter(
            ticket::Column::State
                .eq(TicketState::Held.as_str())
                .and(ticket::Column::HeldFor.eq(place))
                .and(ticket::Column::HeldUntil.gt(to_millis(now))),
        ),
    };
    let first = wanted
        .order_by_asc(ticket::Column::Seq)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_query();
    // `=` and not `IN`: PostgreSQL may run what is behind `IN` once for each row it looks at, and take another one each time.
    let first = Expr::SubQuery(None, Box::new(first.into()));
    let taken = ticket::Entity::update_many()
        .col_expr(ticket::Column::State, Expr::value(TicketState::Booked.as_str()))
        .col_expr(ticket::Column::HeldFor, Expr::value(None::<Uuid>))
        .col_expr(ticket::Column::HeldUntil, Expr::value(None::<i64>))
        .filter(Expr::col(ticket::Column::Id).eq(first))
        .exec_with_returning(tx)
        .await?;
    Ok(taken.into_iter().next())
}

/// Gives a ticket to the next on the waiting list, or back to all after a while that nobody knows.
pub(crate) async fn give_back(
    tx: &Tx,
    session: &session::Model,
    ticket: Uuid,
    (rules, chance): (&Rules, &Chance),
    now: Timestamp,
) -> Result<(), SchedulingError> {
    let at = to_millis(now);
    let is_open = session.state == SessionState::Open.as_str();
    let change = ticket::Entity::update_many().filter(ticket::Column::Id.eq(ticket));
    let next = if is_open && at < session.cutoff_at { next_waiting(tx, session, ticket, now).await? } else { None };
    let change = if let Some(next) = next {
        let until = Ord::min(to_millis(now + rules.offer), session.cutoff_at);
        let offered = wait::Entity::update_many()
            .col_expr(wait::Column::State, Expr::value(WaitState::Offered.as_str()))
            .col_expr(wait::Column::OfferUntil, Expr::value(until))
            .filter(wait::Column::Id.eq(next));
        offered.exec(tx).await?;
        change
            .col_expr(ticket::Column::State, Expr::value(TicketState::Held.as_str()))
            .col_expr(ticket::Column::HeldFor, Expr::value(next))
            .col_expr(ticket::Column::HeldUntil, Expr::value(until))
    } else {
        let state = if is_open { TicketState::Free } else { TicketState::Withdrawn };
        let wait = rules.return_within.as_secs_f64() * chance().clamp(0.0, 1.0);
        let free_at = to_millis(now + jiff::SignedDuration::from_secs_f64(wait));
        change
            .col_expr(ticket::Column::State, Expr::value(state.as_str()))
            .col_expr(ticket::Column::FreeAt, Expr::value(free_at))
            .col_expr(ticket::Column::HeldFor, Expr::value(None::<Uuid>))
            .col_expr(ticket::Column::HeldUntil, Expr::value(None::<i64>))
    };
    change.exec(tx).await?;
    Ok(())
}

/// Who has waited longest of those who could take this ticket: an offer to whoever has something else then would be kept for
/// nobody. They stay where they are in line.
async fn next_waiting(
    tx: &Tx,
    session: &session::Model,
    ticket: Uuid,
    now: Timestamp,
) -> Result<Option<Uuid>, SchedulingError> {
    let own = schedule::Entity::find_by_id(session.schedule).one(tx).await?;
    let own = own.ok_or(SchedulingError::Row("clinic_session"))?;
    let offered = ticket::Entity::find_by_id(ticket).one(tx).await?.ok_or(SchedulingError::Row("ticket"))?;
    let standing = || {
        Query::select()
            .expr(Expr::val(1))
            .from(booking::Entity)
            .and_where(
                Expr::col((booking::Entity, booking::Column::Person)).equals((wait::Entity, wait::Column::Person)),
            )
            .and_where(Expr::col((booking::Entity, booking::Column::HeldTicket)).is_not_null())
            .to_owned()
    };
    let elsewhere = standing()
        .and_where(Expr::col((booking::Entity, booking::Column::FromAt)).lt(offered.to_at))
        .and_where(Expr::col((booking::Entity, booking::Column::ToAt)).gt(offered.from_at))
        .to_owned();
    let of_session =
        Expr::col((session::Entity, session::Column::Id)).equals((booking::Entity, booking::Column::ClinicSession));
    let of_schedule =
        Expr::col((schedule::Entity, schedule::Column::Id)).equals((session::Entity, session::Column::Schedule));
    let same_day = standing()
        .inner_join(session::Entity, of_session)
        .inner_join(schedule::Entity, of_schedule)
        .and_where(Expr::col((session::Entity, session::Column::LocalDate)).eq(&session.local_date))
        .and_where(Expr::col((schedule::Entity, schedule::Column::Hospital)).eq(own.hospital))
        .and_where(Expr::col((schedule::Entity, schedule::Column::Department)).eq(own.department))
        .to_owned();
    let barred = Query::select()
        .expr(Expr::val(1))
        .from(person::Entity)
        .and_where(Expr::col((person::Entity, person::Column::Person)).equals((wait::Entity, wait::Column::Person)))
        .and_where(Expr::col((person::Entity, person::Column::BarredUntil)).gt(to_millis(now)))
        .to_owned();
    let next = wait::Entity::find()
        .select_only()
        .column(wait::Column::Id)
        .filter(wait::Column::ClinicSession.eq(session.id))
        .filter(wait::Column::State.eq(WaitState::Waiting.as_str()))
        .filter(Expr::exists(elsewhere).not())
        .filter(Expr::exists(same_day).not())
        .filter(Expr::exists(barred).not())
        .order_by_asc(wait::Column::Since)
        .order_by_asc(wait::Column::Id)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple::<Uuid>();
    Ok(next.one(tx).await?)
}
