//! Waiting lists: what is given back is kept for a while for who has waited longest.

use access::{AuditLog, PatientContext, PersonId};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, JoinType, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use store::{from_millis, to_millis};
use uuid::Uuid;

use crate::{
    Made, Refusal, Scheduling, SchedulingError, WaitState,
    book::{Wanted, before, check_key, department, event, held_day, make},
    claim::{self, TicketState, Which},
    entity::{
        booking, schedule, session, ticket,
        wait::{Column, Entity, Model},
    },
};

/// Offers that are looked through at a time.
const AT_A_LOOK: u64 = 100;

/// A place on a waiting list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Its own.
    pub id: Uuid,
    /// Of which session.
    pub clinic_session: Uuid,
    /// How it stands.
    pub state: WaitState,
    /// Until when a ticket is kept for them.
    pub offer_until: Option<Timestamp>,
    /// How many come before them.
    pub ahead: u64,
}

impl Scheduling {
    /// Puts a person on the list of a session; whoever is on it stays where they are.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] lists, [`Refusal::SameDay`] for who has a ticket of this department and day, [`Refusal::TooLate`], [`Refusal::Suspended`]; [`SchedulingError::NotFound`].
    pub async fn wait(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        session: Uuid,
        now: Timestamp,
    ) -> Result<(), SchedulingError> {
        self.require(ctx, person)?;
        let row = Model {
            id: Uuid::now_v7(),
            person: person.0,
            clinic_session: session,
            since: to_millis(now),
            state: WaitState::Waiting.as_str().to_owned(),
            offer_until: None,
            held_place: Some(format!("{person}|{session}")),
        };
        let draft = AuditLog::draft(ctx, now, event("booking.wait", person, session));
        let (audit, most) = (self.audit.clone(), self.rules.most_waiting);
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session(tx, session).await?;
                claim::person(tx, person).await?;
                claim::bookable(&session, now)?;
                has_no_ticket(tx, person, &session).await?;
                let places = Column::Person.eq(person.0).and(Column::HeldPlace.is_not_null());
                let others = places.and(Column::ClinicSession.ne(session.id));
                if Entity::find().filter(others).count(tx).await? >= most {
                    return Err(Refusal::TooMany.into());
                }
                let once = OnConflict::column(Column::HeldPlace).do_nothing().to_owned();
                let added = Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(tx);
                if added.await? == 1 {
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        written.await
    }

    /// Leaves it. A ticket that was kept for them goes to the next.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`], the database's.
    pub async fn leave(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<(), SchedulingError> {
        self.require(ctx, person)?;
        let place = self.place(person, id).await?;
        let event = event("booking.leave", person, place.clinic_session);
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let (rules, chance) = (self.rules.clone(), self.chance.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session(tx, place.clinic_session).await?;
                if settle(tx, id, WaitState::Left).await? {
                    give_on(tx, &session, id, (&rules, &chance), now).await?;
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        written.await
    }

    /// Takes the ticket that is kept for them.
    ///
    /// # Errors
    /// [`Refusal::OfferOver`] when it went to the next; as [`Scheduling::book`]: then it is kept as long as it was.
    pub async fn accept(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        (id, key): (Uuid, String),
        now: Timestamp,
    ) -> Result<Made, SchedulingError> {
        self.require(ctx, person)?;
        check_key(&key)?;
        let place = self.place(person, id).await?;
        let by = ctx.subject().to_string();
        let session = place.clinic_session;
        let wanted = Wanted { person, session, which: Which::Held(id), by, key, in_place_of: None };
        let draft = AuditLog::draft(ctx, now, event("booking.accept", person, session));
        let (audit, rules) = (self.audit.clone(), self.rules.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let session = claim::session(tx, session).await?;
                let held = claim::person(tx, person).await?;
                if let Some(before) = before(tx, &wanted).await? {
                    return Ok((before, false));
                }
                if !settle(tx, id, WaitState::Booked).await? {
                    return Err(Refusal::OfferOver.into());
                }
                let made = make(tx, (&session, &held), &wanted, &rules, now).await;
                let row = made.map_err(|error| match error {
                    SchedulingError::Refused(Refusal::Taken) => Refusal::OfferOver.into(),
                    error => error,
                })?;
                audit.append(tx, draft).await?;
                Ok((row, true))
            })
        });
        let (row, is_new) = written.await?;
        Ok(Made { booking: row.try_into()?, is_new })
    }

    /// The lists that a person is on.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`] for whom they may not act for; the database's.
    pub async fn waits(&self, ctx: &PatientContext, person: PersonId) -> Result<Vec<Wait>, SchedulingError> {
        self.require(ctx, person)?;
        let places = Column::Person.eq(person.0).and(Column::HeldPlace.is_not_null());
        let rows = Entity::find().filter(places).order_by_asc(Column::Since).all(self.store.reader()).await?;
        let mut waits = Vec::with_capacity(rows.len());
        for row in rows {
            let before = Column::Since.lt(row.since).or(Column::Since.eq(row.since).and(Column::Id.lt(row.id)));
            let ahead = Entity::find()
                .filter(Column::ClinicSession.eq(row.clinic_session))
                .filter(Column::State.eq(WaitState::Waiting.as_str()).and(before))
                .count(self.store.reader())
                .await?;
            waits.push(Wait {
                id: row.id,
                clinic_session: row.clinic_session,
                state: WaitState::parse(&row.state).ok_or(SchedulingError::Row("booking_wait"))?,
                offer_until: row.offer_until.map(from_millis),
                ahead,
            });
        }
        Ok(waits)
    }

    /// Offers that nobody took go to the next; lists of sessions that can't be booked any more end. Returns how many were changed:
    /// to be called until there are none, every few seconds, by one process of the region.
    ///
    /// # Errors
    /// The database's.
    pub async fn tidy(&self, now: Timestamp) -> Result<u64, SchedulingError> {
        let mut changed = 0;
        for place in self.lapsed(now).await? {
            let (rules, chance) = (self.rules.clone(), self.chance.clone());
            let written = self.store.write::<_, SchedulingError, _>(move |tx| {
                Box::pin(async move {
                    let session = claim::session(tx, place.clinic_session).await?;
                    if !settle(tx, place.id, WaitState::Over).await? {
                        return Ok(false);
                    }
                    give_on(tx, &session, place.id, (&rules, &chance), now).await?;
                    Ok(true)
                })
            });
            changed += u64::from(written.await?);
        }
        Ok(changed)
    }

    /// Places whose offer or whose session is over.
    async fn lapsed(&self, now: Timestamp) -> Result<Vec<Model>, SchedulingError> {
        let at = to_millis(now);
        let offer_over = Column::State.eq(WaitState::Offered.as_str()).and(Column::OfferUntil.lte(at));
        let mut rows = Entity::find().filter(offer_over).limit(AT_A_LOOK).all(self.store.reader()).await?;
        let session_over =
            session::Column::CutoffAt.lte(at).or(session::Column::State.ne(crate::SessionState::Open.as_str()));
        let over = Entity::find()
            .join(
                JoinType::InnerJoin,
                Entity::belongs_to(session::Entity).from(Column::ClinicSession).to(session::Column::Id).into(),
            )
            .filter(Column::State.eq(WaitState::Waiting.as_str()))
            .filter(session_over)
            .limit(AT_A_LOOK);
        rows.extend(over.all(self.store.reader()).await?);
        Ok(rows)
    }

    async fn place(&self, person: PersonId, id: Uuid) -> Result<Model, SchedulingError> {
        let found = Entity::find_by_id(id).filter(Column::Person.eq(person.0)).one(self.store.reader()).await?;
        found.ok_or(SchedulingError::NotFound)
    }
}

/// Whoever has a ticket of the department and day can't take another one: nothing is kept for them.
async fn has_no_ticket(tx: &store::Tx, person: PersonId, of: &session::Model) -> Result<(), SchedulingError> {
    let schedule = schedule::Entity::find_by_id(of.schedule).one(tx).await?;
    let schedule = schedule.ok_or(SchedulingError::Row("clinic_session"))?;
    let day = held_day(person, &department(&schedule), &of.local_date);
    let has = booking::Entity::find().filter(booking::Column::HeldDay.eq(day)).one(tx).await?;
    has.map_or(Ok(()), |_| Err(Refusal::SameDay.into()))
}

/// Ends a place that is still held; `false`: it is not.
async fn settle(tx: &store::Tx, id: Uuid, state: WaitState) -> Result<bool, SchedulingError> {
    let change = Entity::update_many()
        .col_expr(Column::State, Expr::value(state.as_str()))
        .col_expr(Column::OfferUntil, Expr::value(None::<i64>))
        .col_expr(Column::HeldPlace, Expr::value(None::<String>))
        .filter(Column::Id.eq(id).and(Column::HeldPlace.is_not_null()));
    Ok(change.exec(tx).await?.rows_affected == 1)
}

/// What was kept for a place goes to the next.
async fn give_on(
    tx: &store::Tx,
    session: &session::Model,
    place: Uuid,
    how: (&crate::Rules, &crate::Chance),
    now: Timestamp,
) -> Result<(), SchedulingError> {
    let kept = ticket::Column::State.eq(TicketState::Held.as_str()).and(ticket::Column::HeldFor.eq(place));
    if let Some(kept) = ticket::Entity::find().filter(kept).one(tx).await? {
        claim::give_back(tx, session, kept.id, how, now).await?;
    }
    Ok(())
}
