//! Booking.

use access::{AuditLog, Event, Outcome, PatientContext, PersonId, audit::Draft};
use jiff::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, sea_query::ExprTrait as _};
use serde_json::json;
use store::{Tx, from_millis, to_millis};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Booking, BookingState, Problem, Refusal, Rules, Scheduling, SchedulingError,
    claim::{self, Which},
    entity::{booking, person, schedule, session},
    line::{self, Turn},
    quick,
};

/// Longest key, in bytes.
const LONGEST_KEY: usize = 100;

/// A ticket that somebody wants.
#[derive(Clone, Debug)]
pub struct NewBooking {
    /// Whose visit it is.
    pub person: PersonId,
    /// Of which session.
    pub clinic_session: Uuid,
    /// Beginning of the time they want to come at; `None`: the first that is free.
    pub from: Option<Timestamp>,
    /// The same for the same request, however often it is sent; at most 100 printable characters of ASCII.
    pub key: String,
}

/// A booking, and whether this request made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// It.
    pub booking: Booking,
    /// The same request has not come before.
    pub is_new: bool,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub person: PersonId,
    pub session: Uuid,
    pub which: Which,
    pub by: String,
    pub key: String,
    pub in_place_of: Option<Uuid>,
}

impl Scheduling {
    /// Takes a ticket. Of all that want the last one, one gets it; whoever sends the same request again gets the same booking.
    ///
    /// # Errors
    /// [`SchedulingError::Refused`] with the reason, [`SchedulingError::Invalid`] for a key that was used for something else,
    /// [`SchedulingError::NotFound`] for whom they may not act for or a session that is not there.
    pub async fn book(&self, ctx: &PatientContext, new: NewBooking, now: Timestamp) -> Result<Made, SchedulingError> {
        let made = self.booked(ctx, new, now).await;
        let outcome = match &made {
            Ok(Made { is_new: true, .. }) => "booked",
            Ok(_) => "again",
            Err(SchedulingError::Refused(refusal)) => refusal.as_str(),
            Err(_) => "failed",
        };
        metrics::counter!("portal_bookings_total", "outcome" => outcome).increment(1);
        made
    }

    async fn booked(&self, ctx: &PatientContext, new: NewBooking, now: Timestamp) -> Result<Made, SchedulingError> {
        self.require(ctx, new.person)?;
        check_key(&new.key)?;
        let by = ctx.subject().to_string();
        let (now, _turn) = self.in_turn(&new, &by, now).await?;
        let which = Which::of(new.from);
        let wanted =
            Wanted { person: new.person, session: new.clinic_session, which, by, key: new.key, in_place_of: None };
        let draft = AuditLog::draft(ctx, now, event("booking.make", new.person, new.clinic_session));
        let mut quick = None;
        if let Some(day) = self.board.day(new.person, new.clinic_session) {
            let log = (self.audit.clone(), draft.clone());
            quick = quick::book(&self.store, (wanted.clone(), day), log, &self.rules, now).await?;
        }
        let (row, is_new) = match quick {
            Some(row) => (row, true),
            None => self.carefully(wanted, draft, now).await?,
        };
        if is_new {
            self.board.taken(&row);
        }
        Ok(Made { booking: row.try_into()?, is_new })
    }

    /// Waits for their turn, unless it is known before or then that it is in vain. How late it is then, and the turn, which
    /// others wait for.
    async fn in_turn(&self, new: &NewBooking, by: &str, now: Timestamp) -> Result<(Timestamp, Turn), SchedulingError> {
        let begun = Instant::now();
        let release_at = self.promising(new, by, now).await?;
        let moment = line::wait((new.clinic_session, new.person), release_at, &self.rules, now);
        if let Some(moment) = moment {
            tokio::time::sleep(moment.unsigned_abs()).await;
        }
        let turn = self.line.turn(new.clinic_session).await;
        if moment.is_none() && !turn.has_waited {
            return Ok((now, turn));
        }
        let now = now + begun.elapsed();
        self.promising(new, by, now).await?;
        Ok((now, turn))
    }

    /// When the session's tickets are given out; a refusal, where it is known without asking.
    async fn promising(&self, new: &NewBooking, by: &str, now: Timestamp) -> Result<Timestamp, SchedulingError> {
        let known = self.board.look(&self.store, &[new.clinic_session], now).await?;
        let known = known.first().ok_or(SchedulingError::NotFound)?;
        let refusal = self.board.refusal(new.clinic_session, new.from, (by, &new.key), now);
        refusal.map_or(Ok(known.session.release_at), |refusal| Err(refusal.into()))
    }

    /// Row after row, each held: finds out what stands against it, and takes a ticket when nothing does.
    async fn carefully(
        &self,
        wanted: Wanted,
        draft: Draft,
        now: Timestamp,
    ) -> Result<(booking::Model, bool), SchedulingError> {
        let (session, which) = (wanted.session, wanted.which);
        let (audit, rules) = (self.audit.clone(), self.rules.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session(tx, wanted.session).await?;
                let person = claim::person(tx, wanted.person).await?;
                if let Some(before) = before(tx, &wanted).await? {
                    return Ok((before, false));
                }
                let row = make(tx, (&session, &person), &wanted, &rules, now).await?;
                audit.append(tx, draft).await?;
                Ok((row, true))
            })
        });
        let written = written.await;
        if let Err(SchedulingError::Refused(Refusal::Taken)) = written {
            self.board.gone(session, which);
        }
        written
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), SchedulingError> {
    let is_plain = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if is_plain { Ok(()) } else { Err(SchedulingError::Invalid(vec![Problem { field: "key", what: "malformed" }])) }
}

pub(crate) fn event(action: &'static str, person: PersonId, session: Uuid) -> Event {
    Event::new(action, "booking", Outcome::Ok).about(person).with(json!({ "clinic_session": session }))
}

/// What the same request has made before. While the person's row is held nobody makes it.
pub(crate) async fn before(tx: &Tx, wanted: &Wanted) -> Result<Option<booking::Model>, SchedulingError> {
    let same = booking::Column::BookedBy.eq(&wanted.by).and(booking::Column::IdempotencyKey.eq(&wanted.key));
    let Some(row) = booking::Entity::find().filter(same).one(tx).await? else { return Ok(None) };
    let is_same_time = !matches!(wanted.which, Which::At(from) if from != row.from_at);
    let is_same = row.person == wanted.person.0 && row.clinic_session == wanted.session && is_same_time;
    if is_same && row.in_place_of == wanted.in_place_of {
        return Ok(Some(row));
    }
    Err(SchedulingError::Invalid(vec![Problem { field: "key", what: "used" }]))
}

/// Takes a ticket. Both rows are held: nobody changes the session or books for the person meanwhile.
pub(crate) async fn make(
    tx: &Tx,
    (session, person): (&session::Model, &person::Model),
    wanted: &Wanted,
    rules: &Rules,
    now: Timestamp,
) -> Result<booking::Model, SchedulingError> {
    claim::bookable(session, now)?;
    if let Some(until) = person.barred_until.filter(|until| *until > to_millis(now)) {
        return Err(Refusal::Barred(from_millis(until)).into());
    }
    let schedule = schedule::Entity::find_by_id(session.schedule).one(tx).await?;
    let schedule = schedule.ok_or(SchedulingError::Row("clinic_session"))?;
    let day = held_day(wanted.person, &department(&schedule), &session.local_date);
    let standing = standing(tx, wanted.person, &day, now).await?;
    if standing.iter().any(|one| one.held_day.as_deref() == Some(day.as_str())) {
        return Err(Refusal::SameDay.into());
    }
    if standing.len() as u64 >= rules.most_standing {
        return Err(Refusal::TooMany.into());
    }
    let taken = claim::take(tx, session.id, (wanted.which, &standing), now).await?;
    let Some(ticket) = taken else { return Err(none_left(tx, session.id, (wanted.which, &standing), now).await) };
    // Whoever chose the time is told; nothing of what they began stays.
    if standing.iter().any(|one| one.from_at < ticket.to_at && ticket.from_at < one.to_at) {
        return Err(Refusal::Overlap.into());
    }
    let id = Uuid::now_v7();
    let row = booking::Model {
        id,
        person: wanted.person.0,
        clinic_session: session.id,
        ticket: ticket.id,
        seq: ticket.seq,
        from_at: ticket.from_at,
        to_at: ticket.to_at,
        state: BookingState::Booked.as_str().to_owned(),
        why: None,
        code: code(id),
        booked_by: wanted.by.clone(),
        idempotency_key: wanted.key.clone(),
        held_ticket: Some(ticket.id),
        held_day: Some(day),
        in_place_of: wanted.in_place_of,
        made_at: to_millis(now),
        ended_at: None,
        told_state: None,
    };
    booking::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

/// Why there was no ticket: all are taken, or those that are left are at times at which the person is elsewhere.
async fn none_left(
    tx: &Tx,
    session: Uuid,
    (which, standing): (Which, &[booking::Model]),
    now: Timestamp,
) -> SchedulingError {
    if !matches!(which, Which::First) || standing.is_empty() {
        return Refusal::Taken.into();
    }
    // What is taken here is given up with the transaction.
    match claim::take(tx, session, (which, &[]), now).await {
        Ok(Some(_)) => Refusal::Overlap.into(),
        Ok(None) => Refusal::Taken.into(),
        Err(error) => error,
    }
}

/// A department of a hospital.
pub(crate) fn department(of: &schedule::Model) -> String {
    format!("{}/{}", of.hospital, of.department)
}

/// What a person has one booking of.
pub(crate) fn held_day(person: PersonId, department: &str, day: &str) -> String {
    format!("{person}|{department}|{day}")
}

/// Bookings by which a person holds tickets that are not over, and whatever they have on that day.
async fn standing(
    tx: &Tx,
    person: PersonId,
    day: &str,
    now: Timestamp,
) -> Result<Vec<booking::Model>, SchedulingError> {
    let is_ahead = booking::Column::HeldTicket.is_not_null().and(booking::Column::ToAt.gt(to_millis(now)));
    let rows = booking::Entity::find()
        .filter(booking::Column::Person.eq(person.0))
        .filter(is_ahead.or(booking::Column::HeldDay.eq(day)));
    Ok(rows.all(tx).await?)
}

/// Eight characters that nobody mistakes for others when they are read out (no 0, O, 1, I, L, U): the random end of the id.
pub(crate) fn code(id: Uuid) -> String {
    const LETTERS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut rest = id.as_u128() & ((1 << 62) - 1);
    let mut code = String::with_capacity(8);
    for _ in 0..8 {
        let letter = usize::try_from(rest % 30).unwrap_or_default();
        code.push(char::from(LETTERS[letter]));
        rest /= 30;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_and_told_apart() {
        let codes: std::collections::BTreeSet<String> = (0..1_000).map(|_| code(Uuid::now_v7())).collect();
        assert_eq!(codes.len(), 1_000);
        assert!(codes.iter().all(|code| code.len() == 8 && !code.contains(['0', 'O', '1', 'I', 'L', 'U'])));
    }

    #[test]
    fn a_key_is_short_and_plain() {
        for (key, is_good) in [("a", true), ("", false), ("a b", false), ("键", false)] {
            assert_eq!(check_key(key).is_ok(), is_good, "{key}");
        }
        assert!(check_key(&"x".repeat(101)).is_err());
    }
}
