//! What is left of each session, as it was a second ago at most: when all want the same, few ask the database.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use access::PersonId;
use jiff::Timestamp;
use parking_lot::Mutex;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{CaseStatement, Expr, ExprTrait as _},
};
use store::{Store, from_millis, to_millis};
use tokio::{sync::Mutex as Gate, time::Instant};
use uuid::Uuid;

use crate::{
    Band, Channel, ClinicSession, Offered, Refusal, SchedulingError,
    book::{department, held_day},
    claim::{TicketState, Which},
    entity::{booking, schedule, session, ticket},
};

/// How old what is told may be.
const FRESH: Duration = Duration::from_secs(1);
/// Sessions that are remembered.
const MOST: usize = 4_096;

#[derive(Clone, Default)]
pub(crate) struct Board {
    known: Arc<Mutex<HashMap<Uuid, Known>>>,
    /// One reads, the others wait for what it reads.
    reading: Arc<Gate<()>>,
}

struct Known {
    at: Instant,
    /// From when to when on the clock nothing comes or goes by itself: no release, no cutoff, nothing that comes back.
    clock: Range<Timestamp>,
    offered: Offered,
    /// Its department and day, which never change: a person has one booking of them.
    department_day: (String, String),
    /// Requests that have a booking there: they get it again, also when nothing is left.
    requests: HashSet<(String, String)>,
}

#[derive(FromQueryResult)]
struct Count {
    clinic_session: Uuid,
    from_at: i64,
    to_at: i64,
    quota: i64,
    left: i64,
    /// When the next comes back that can't be had now.
    comes_at: Option<i64>,
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.at.elapsed() < FRESH && self.clock.contains(&now)
    }
}

impl Board {
    /// Sessions by their ids, in no order; those that are not there are left out.
    pub async fn look(&self, store: &Store, ids: &[Uuid], now: Timestamp) -> Result<Vec<Offered>, SchedulingError> {
        let (found, stale) = self.fresh(ids, now);
        if stale.is_empty() {
            return Ok(found);
        }
        let _reading = self.reading.lock().await;
        let (mut found, stale) = self.fresh(ids, now);
        if !stale.is_empty() {
            // What was read, not what is remembered by now: somebody may have forgotten it again.
            found.extend(self.read(store, &stale, now).await?);
        }
        Ok(found)
    }

    /// Why a request can't be served, where that is known without asking; `None`: it is to be tried.
    pub fn refusal(&self, id: Uuid, from: Option<Timestamp>, request: (&str, &str), now: Timestamp) -> Option<Refusal> {
        let known = self.known.lock();
        let known = known.get(&id).filter(|known| known.is_fresh(now))?;
        if known.requests.contains(&(request.0.to_owned(), request.1.to_owned())) {
            return None;
        }
        let band = known.offered.bands.iter().find(|band| Some(band.from) == from);
        let gone = band.is_some_and(|band| band.left == 0).then_some(Refusal::Taken);
        known.offered.closed(now).or(gone)
    }

    /// One ticket less.
    pub fn taken(&self, row: &booking::Model) {
        let mut all = self.known.lock();
        let Some(known) = all.get_mut(&row.clinic_session) else { return };
        known.requests.insert((row.booked_by.clone(), row.idempotency_key.clone()));
        let from = from_millis(row.from_at);
        if let Some(band) = known.offered.bands.iter_mut().find(|band| band.from == from) {
            band.left = band.left.saturating_sub(1);
        }
    }

    /// What somebody who books it has one booking of, where that is known.
    pub fn day(&self, person: PersonId, id: Uuid) -> Option<String> {
        let known = self.known.lock();
        let (department, day) = &known.get(&id)?.department_day;
        Some(held_day(person, department, day))
    }

    /// Nothing is left of what was wanted. Unless that is known, all is looked at again: others may have been given what is
    /// gone, and get it when they ask again.
    pub fn gone(&self, id: Uuid, which: Which) {
        let mut all = self.known.lock();
        let Some(known) = all.get(&id) else { return };
        let is_wanted = |band: &&Band| !matches!(which, Which::At(from) if to_millis(band.from) != from);
        if known.offered.bands.iter().filter(is_wanted).any(|band| band.left > 0) {
            all.remove(&id);
        }
    }

    /// It is not as it was.
    pub fn forget(&self, id: Uuid) {
        self.known.lock().remove(&id);
    }

    /// What is known of these, and those of which it has to be read.
    fn fresh(&self, ids: &[Uuid], now: Timestamp) -> (Vec<Offered>, Vec<Uuid>) {
        let all = self.known.lock();
        let (mut found, mut stale) = (Vec::new(), Vec::new());
        for id in ids {
            match all.get(id).filter(|known| known.is_fresh(now)) {
                Some(known) => found.push(known.offered.clone()),
                None => stale.push(*id),
            }
        }
        (found, stale)
    }

    async fn read(&self, store: &Store, ids: &[Uuid], now: Timestamp) -> Result<Vec<Offered>, SchedulingError> {
        let at = Instant::now();
        let of_session = session::Column::Id.is_in(ids.iter().copied());
        let sessions = session::Entity::find().filter(of_session).all(store.reader()).await?;
        let mut bands: HashMap<Uuid, Vec<Band>> = HashMap::new();
        let mut coming: HashMap<Uuid, Timestamp> = HashMap::new();
        for count in counts(store, ids, now).await? {
            let number = |number| u32::try_from(number).unwrap_or_default();
            if let Some(at) = count.comes_at.map(from_millis) {
                let first = coming.entry(count.clinic_session).or_insert(at);
                *first = Ord::min(*first, at);
            }
            bands.entry(count.clinic_session).or_default().push(Band {
                from: from_millis(count.from_at),
                to: from_millis(count.to_at),
                left: number(count.left),
                quota: number(count.quota),
            });
        }
        // After the tickets: whoever has taken one that is not there any more is among these.
        let mut requests: HashMap<Uuid, HashSet<(String, String)>> = HashMap::new();
        for (id, by, key) in booked(store, ids).await? {
            requests.entry(id).or_default().insert((by, key));
        }
        let of_session = schedule::Column::Id.is_in(sessions.iter().map(|row| row.schedule));
        let schedules = schedule::Entity::find().filter(of_session).all(store.reader()).await?;
        let schedules: HashMap<Uuid, String> = schedules.iter().map(|row| (row.id, department(row))).collect();
        let mut fresh = Vec::with_capacity(sessions.len());
        for row in sessions {
            let department = schedules.get(&row.schedule).ok_or(SchedulingError::Row("clinic_session"))?.clone();
            let department_day = (department, row.local_date.clone());
            let session = ClinicSession::try_from(row)?;
            let id = session.id;
            let turns = [Some(session.release_at), Some(session.cutoff_at), coming.remove(&id)];
            let next = turns.into_iter().flatten().filter(|turn| *turn > now).min();
            let clock = now..next.unwrap_or(Timestamp::MAX);
            let offered = Offered { session, bands: bands.remove(&id).unwrap_or_default() };
            let requests = requests.remove(&id).unwrap_or_default();
            fresh.push((id, Known { at, clock, offered, department_day, requests }));
        }
        let found = fresh.iter().map(|(_, known): &(Uuid, Known)| known.offered.clone()).collect();
        let mut known = self.known.lock();
        if known.len() + fresh.len() > MOST {
            known.retain(|_, known| known.is_fresh(now));
        }
        known.extend(fresh);
        Ok(found)
    }
}

/// Tickets of the portal, by session and time.
async fn counts(store: &Store, ids: &[Uuid], now: Timestamp) -> Result<Vec<Count>, SchedulingError> {
    let is_free = ticket::Column::State.eq(TicketState::Free.as_str()).and(ticket::Column::FreeAt.lte(to_millis(now)));
    let one: Expr = CaseStatement::new().case(is_free, 1).finally(0).into();
    let at = to_millis(now);
    let delayed = ticket::Column::State.eq(TicketState::Free.as_str()).and(ticket::Column::FreeAt.gt(at));
    let held = ticket::Column::State.eq(TicketState::Held.as_str()).and(ticket::Column::HeldUntil.gt(at));
    let comes_at: Expr = CaseStatement::new()
        .case(delayed, Expr::col(ticket::Column::FreeAt))
        .case(held, Expr::col(ticket::Column::HeldUntil))
        .into();
    let rows = ticket::Entity::find()
        .select_only()
        .column(ticket::Column::ClinicSession)
        .column(ticket::Column::FromAt)
        .column(ticket::Column::ToAt)
        .column_as(ticket::Column::Id.count(), "quota")
        .column_as(one.sum(), "left")
        .column_as(comes_at.min(), "comes_at")
        .filter(ticket::Column::ClinicSession.is_in(ids.iter().copied()))
        .filter(ticket::Column::Channel.eq(Channel::Portal.as_str()))
        .filter(ticket::Column::State.ne(TicketState::Withdrawn.as_str()))
        .group_by(ticket::Column::ClinicSession)
        .group_by(ticket::Column::FromAt)
        .group_by(ticket::Column::ToAt)
        .order_by_asc(ticket::Column::FromAt)
        .into_model::<Count>();
    Ok(rows.all(store.reader()).await?)
}

async fn booked(store: &Store, ids: &[Uuid]) -> Result<Vec<(Uuid, String, String)>, SchedulingError> {
    let rows = booking::Entity::find()
        .select_only()
        .column(booking::Column::ClinicSession)
        .column(booking::Column::BookedBy)
        .column(booking::Column::IdempotencyKey)
        .filter(booking::Column::ClinicSession.is_in(ids.iter().copied()))
        .into_tuple();
    Ok(rows.all(store.reader()).await?)
}
