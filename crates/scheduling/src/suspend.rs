//! 停诊 and 替诊: a session is not held, or by somebody else. Every booking of it comes to an outcome that has a name.

use access::{Act, AuditLog, Event, Outcome, PersonId, StaffContext, audit::Draft};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde_json::json;
use store::{Tx, to_millis};
use uuid::Uuid;

use crate::{
    Bilingual, BookingState, Problem, Refusal, Rules, Scheduling, SchedulingError, SessionState,
    book::{Wanted, make},
    change::end,
    claim::{self, TicketState, Which},
    desk::{set_state, standing},
    entity::{booking, session, ticket},
};

/// Why sessions are not held: keys of words.
pub(crate) const REASONS: [&str; 4] = ["doctor-away", "equipment", "emergency", "other"];

/// A session that is not held.
#[derive(Clone, Debug)]
pub struct Suspension {
    /// One of [`Suspension::REASONS`].
    pub why: String,
    /// Who booked it is given a ticket of this session, as far as there are any.
    pub move_to: Option<Uuid>,
}

impl Suspension {
    /// Keys of words.
    pub const REASONS: [&'static str; 4] = REASONS;
}

/// What became of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// It.
    pub booking: Uuid,
    /// [`BookingState::Moved`] or [`BookingState::CancelledByHospital`].
    pub outcome: BookingState,
    /// The one in its place.
    pub moved_to: Option<Uuid>,
}

impl Scheduling {
    /// Suspends a session: nothing of it is given out any more, and every booking of it is moved or cancelled, all in one
    /// transaction.
    ///
    /// # Errors
    /// [`Refusal::Ended`] when it is suspended or closed; [`SchedulingError::Invalid`], [`SchedulingError::NotFound`], the policy's.
    pub async fn suspend(
        &self,
        ctx: &StaffContext,
        id: Uuid,
        suspension: Suspension,
        now: Timestamp,
    ) -> Result<Vec<Ended>, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        if !REASONS.contains(&suspension.why.as_str()) {
            return Err(SchedulingError::Invalid(vec![Problem { field: "why", what: "malformed" }]));
        }
        if suspension.move_to == Some(id) {
            return Err(SchedulingError::Invalid(vec![Problem { field: "move_to", what: "same" }]));
        }
        let move_to = suspension.move_to;
        let event = Event::new("schedule.suspend", "clinic-session", Outcome::Ok)
            .on(id.to_string())
            .because(suspension.why.as_str())
            .with(json!({ "move_to": move_to }));
        let draft = AuditLog::draft(ctx, now, event);
        let context = ctx.clone();
        let told = move |row: &booking::Model, outcome: BookingState| {
            let event = Event::new("booking.end", "booking", Outcome::Ok)
                .on(row.id.to_string())
                .about(PersonId(row.person))
                .because(outcome.as_str());
            AuditLog::draft(&context, now, event)
        };
        let (audit, rules) = (self.audit.clone(), self.rules.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let (session, target) = held(tx, id, move_to).await?;
                if session.state != SessionState::Open.as_str() || session.to_at <= to_millis(now) {
                    return Err(Refusal::Ended.into());
                }
                set_state(tx, &session, (SessionState::Suspended, Some(&suspension.why))).await?;
                let mut outcomes = Vec::new();
                let rows = standing(tx, id).await?;
                claim::people(tx, &rows).await?;
                for row in rows {
                    let outcome = Leaving { row, why: &suspension.why };
                    let (row, outcome) = outcome.goes(tx, target.as_ref(), &rules, now).await?;
                    audit.append(tx, told(&row, outcome.outcome)).await?;
                    outcomes.push(outcome);
                }
                withdraw(tx, id).await?;
                audit.append(tx, draft).await?;
                Ok(outcomes)
            })
        });
        let outcomes = written.await?;
        self.board.forget(id);
        if let Some(target) = move_to {
            self.board.forget(target);
        }
        Ok(outcomes)
    }

    /// Somebody stands in for the doctor of the session that has `rev`: bookings stay, and who has them is told.
    ///
    /// # Errors
    /// [`SchedulingError::Stale`] when somebody else was first, [`Refusal::Ended`], [`SchedulingError::Invalid`], [`SchedulingError::NotFound`], the policy's.
    pub async fn substitute(
        &self,
        ctx: &StaffContext,
        (id, rev): (Uuid, i64),
        by_whom: Bilingual,
        now: Timestamp,
    ) -> Result<(), SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let is_name = |text: &str| (1..=100).contains(&text.trim().chars().count());
        if !is_name(&by_whom.zh) || !is_name(&by_whom.en) {
            return Err(SchedulingError::Invalid(vec![Problem { field: "substitute", what: "missing" }]));
        }
        let event = Event::new("schedule.substitute", "clinic-session", Outcome::Ok).on(id.to_string());
        let draft: Draft = AuditLog::draft(ctx, now, event);
        let audit = self.audit.clone();
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session_alone(tx, id).await?;
                if session.state != SessionState::Open.as_str() {
                    return Err(Refusal::Ended.into());
                }
                if session.rev != rev {
                    return Err(SchedulingError::Stale);
                }
                let change = session::Entity::update_many()
                    .col_expr(session::Column::SubstituteZh, Expr::value(by_whom.zh.trim()))
                    .col_expr(session::Column::SubstituteEn, Expr::value(by_whom.en.trim()))
                    .col_expr(session::Column::Rev, Expr::value(session.rev + 1))
                    .filter(session::Column::Id.eq(id));
                change.exec(tx).await?;
                // What was told of it is not what it is now.
                let again = booking::Entity::update_many()
                    .col_expr(booking::Column::ToldState, Expr::value(None::<String>))
                    .filter(booking::Column::ClinicSession.eq(id).and(booking::Column::HeldTicket.is_not_null()));
                again.exec(tx).await?;
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        written.await?;
        self.board.forget(id);
        Ok(())
    }
}

/// The session alone, and the one that bookings go to, in the order of their ids.
async fn held(
    tx: &Tx,
    id: Uuid,
    move_to: Option<Uuid>,
) -> Result<(session::Model, Option<session::Model>), SchedulingError> {
    match move_to {
        None => Ok((claim::session_alone(tx, id).await?, None)),
        Some(target) if target < id => {
            let target = claim::session(tx, target).await?;
            Ok((claim::session_alone(tx, id).await?, Some(target)))
        }
        Some(target) => {
            let session = claim::session_alone(tx, id).await?;
            Ok((session, Some(claim::session(tx, target).await?)))
        }
    }
}

/// Nobody has or is given a ticket of it any more.
async fn withdraw(tx: &Tx, session: Uuid) -> Result<(), SchedulingError> {
    let change = ticket::Entity::update_many()
        .col_expr(ticket::Column::State, Expr::value(TicketState::Withdrawn.as_str()))
        .col_expr(ticket::Column::HeldFor, Expr::value(None::<Uuid>))
        .col_expr(ticket::Column::HeldUntil, Expr::value(None::<i64>))
        .filter(ticket::Column::ClinicSession.eq(session));
    change.exec(tx).await?;
    Ok(())
}

/// A booking of a session that is not held.
struct Leaving<'s> {
    row: booking::Model,
    why: &'s str,
}

impl Leaving<'_> {
    async fn goes(
        self,
        tx: &Tx,
        target: Option<&session::Model>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<(booking::Model, Ended), SchedulingError> {
        let person = PersonId(self.row.person);
        let held = claim::person(tx, person).await?;
        let (id, by_account) = (self.row.id, self.row.booked_by.clone());
        let moved = BookingState::Moved;
        let row = end(tx, self.row, (moved, Some(self.why)), now).await?;
        if let Some(target) = target {
            let key = format!("moved-{id}");
            let wanted =
                Wanted { person, session: target.id, which: Which::Any, by: by_account, key, in_place_of: Some(id) };
            // Whoever could book may be barred since, or have five others: it is the hospital that moves them.
            let lenient = Rules { most_standing: u64::MAX, ..rules.clone() };
            let free = crate::entity::person::Model { barred_until: None, ..held };
            match make(tx, (target, &free), &wanted, &lenient, now).await {
                Ok(new) => return Ok((row, Ended { booking: id, outcome: moved, moved_to: Some(new.id) })),
                Err(SchedulingError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let off = BookingState::CancelledByHospital;
        let change = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(off.as_str()))
            .filter(booking::Column::Id.eq(id));
        change.exec(tx).await?;
        let row = booking::Model { state: off.as_str().to_owned(), ..row };
        Ok((row, Ended { booking: id, outcome: off, moved_to: None }))
    }
}
