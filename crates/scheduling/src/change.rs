//! Giving a booking back, and having another one in its place.

use access::{AuditLog, PatientContext, PersonId};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::{Tx, to_millis};
use uuid::Uuid;

use crate::{
    Booking, BookingState, Made, NewBooking, Refusal, Scheduling, SchedulingError,
    book::{Wanted, before, check_key, event, make},
    claim::{self, Which},
    entity::booking::{Column, Entity, Model},
};

impl Scheduling {
    /// Gives it back, as long as the session lets. Given back twice is given back.
    ///
    /// # Errors
    /// [`Refusal::TooLate`], [`Refusal::Ended`] for one that has ended otherwise; [`SchedulingError::NotFound`].
    pub async fn cancel(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Booking, SchedulingError> {
        self.require(ctx, person)?;
        let session = self.row(person, id).await?.clinic_session;
        let draft = AuditLog::draft(ctx, now, event("booking.cancel", person, session).on(id.to_string()));
        let (audit, rules, chance) = (self.audit.clone(), self.rules.clone(), self.chance.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session(tx, session).await?;
                claim::person(tx, person).await?;
                let row = own(tx, person, id).await?;
                if row.state == BookingState::Cancelled.as_str() {
                    return Ok(row);
                }
                changeable(&row, session.cancel_until, now)?;
                let row = end(tx, row, (BookingState::Cancelled, None), now).await?;
                claim::give_back(tx, &session, row.ticket, (&rules, &chance), now).await?;
                audit.append(tx, draft).await?;
                Ok(row)
            })
        });
        let row = written.await?;
        self.board.forget(row.clinic_session);
        row.try_into()
    }

    /// Takes a ticket in the place of the one of `id`, which is given back with it, or kept when there is none to be had.
    ///
    /// # Errors
    /// As [`Scheduling::book`] and [`Scheduling::cancel`]; then all is as it was.
    pub async fn reschedule(
        &self,
        ctx: &PatientContext,
        id: Uuid,
        new: NewBooking,
        now: Timestamp,
    ) -> Result<Made, SchedulingError> {
        self.require(ctx, new.person)?;
        check_key(&new.key)?;
        let person = new.person;
        let old_session = self.row(person, id).await?.clinic_session;
        let which = Which::of(new.from);
        let by = ctx.subject().to_string();
        let wanted = Wanted { person, session: new.clinic_session, which, by, key: new.key, in_place_of: Some(id) };
        let event = event("booking.reschedule", person, new.clinic_session).on(id.to_string());
        let draft = AuditLog::draft(ctx, now, event);
        let (audit, rules, chance) = (self.audit.clone(), self.rules.clone(), self.chance.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let (old_session, session) = both(tx, old_session, wanted.session).await?;
                let held = claim::person(tx, person).await?;
                if let Some(before) = before(tx, &wanted).await? {
                    return Ok((before, false));
                }
                let old = own(tx, person, id).await?;
                changeable(&old, old_session.cancel_until, now)?;
                let old = end(tx, old, (BookingState::Rescheduled, None), now).await?;
                let row = make(tx, (&session, &held), &wanted, &rules, now).await?;
                claim::give_back(tx, &old_session, old.ticket, (&rules, &chance), now).await?;
                audit.append(tx, draft).await?;
                Ok((row, true))
            })
        });
        let (row, is_new) = written.await?;
        self.board.forget(old_session);
        self.board.forget(row.clinic_session);
        let outcome = if is_new { "rescheduled" } else { "again" };
        metrics::counter!("portal_bookings_total", "outcome" => outcome).increment(1);
        Ok(Made { booking: row.try_into()?, is_new })
    }

    /// A booking of a person.
    pub(crate) async fn row(&self, person: PersonId, id: Uuid) -> Result<Model, SchedulingError> {
        let found = Entity::find_by_id(id).filter(Column::Person.eq(person.0)).one(self.store.reader()).await?;
        found.ok_or(SchedulingError::NotFound)
    }
}

/// Both sessions, in the order of their ids: whoever holds several holds them so.
pub(crate) async fn both(
    tx: &Tx,
    one: Uuid,
    other: Uuid,
) -> Result<(crate::entity::session::Model, crate::entity::session::Model), SchedulingError> {
    if one <= other {
        let first = claim::session(tx, one).await?;
        Ok((first, claim::session(tx, other).await?))
    } else {
        let second = claim::session(tx, other).await?;
        Ok((claim::session(tx, one).await?, second))
    }
}

async fn own(tx: &Tx, person: PersonId, id: Uuid) -> Result<Model, SchedulingError> {
    let found = Entity::find_by_id(id).filter(Column::Person.eq(person.0)).one(tx).await?;
    found.ok_or(SchedulingError::NotFound)
}

fn changeable(row: &Model, until: i64, now: Timestamp) -> Result<(), Refusal> {
    match BookingState::parse(&row.state) {
        Some(BookingState::Booked) if to_millis(now) < until => Ok(()),
        Some(BookingState::Booked | BookingState::CheckedIn) => Err(Refusal::TooLate),
        _ => Err(Refusal::Ended),
    }
}

/// The end of a booking that holds a ticket: what it held is free for another row.
pub(crate) async fn end(
    tx: &Tx,
    row: Model,
    (state, why): (BookingState, Option<&str>),
    now: Timestamp,
) -> Result<Model, SchedulingError> {
    let row = Model {
        state: state.as_str().to_owned(),
        why: why.map(str::to_owned),
        held_ticket: None,
        held_day: None,
        ended_at: Some(to_millis(now)),
        ..row
    };
    let change = Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state.clone()))
        .col_expr(Column::Why, Expr::value(row.why.clone()))
        .col_expr(Column::HeldTicket, Expr::value(None::<Uuid>))
        .col_expr(Column::HeldDay, Expr::value(None::<String>))
        .col_expr(Column::EndedAt, Expr::value(row.ended_at))
        .filter(Column::Id.eq(row.id).and(Column::HeldTicket.is_not_null()));
    if change.exec(tx).await?.rows_affected == 1 { Ok(row) } else { Err(Refusal::Ended.into()) }
}
