//! Booking: schedules, clinic sessions, tickets, bookings, waiting lists, missed visits.
//!
//! A [`Schedule`] says who sees patients where, a [`ClinicSession`] is one half-day of it, a ticket (号) is one number in that
//! half-day, and a [`Booking`] is a ticket that is somebody's. Tickets are rows from the moment a session is planned, so that
//! there can never be more bookings than quota: whoever books takes a free row, and one row is taken once. One person has one
//! booking for a department and day, and none that overlap; a request that comes twice is one booking.
//!
//! Start reading at [`Scheduling::book`]. What patients ask is in `book`, `change`, `waiting` and `look`; what staff do, in
//! `desk`, `plan` and `suspend`. Everything is authorised and audited in the transaction of the act. Times are instants; the
//! dates and hours of a hospital are by its own zone.

mod board;
mod book;
mod change;
mod claim;
mod desk;
mod entity;
mod error;
mod import;
mod line;
mod look;
mod missed;
mod model;
mod plan;
mod quick;
mod suspend;
mod tell;
mod waiting;

use std::sync::Arc;

use access::{Act, AuditLog, Deed, Object, PatientContext, PersonId, Policy, StaffContext};
use store::Store;

pub use book::{Made, NewBooking};
pub use desk::DeskSession;
pub use error::{Problem, Refusal, SchedulingError};
pub use import::{Brought, NewClinic};
pub use look::{Clinic, Department, Query};
pub use missed::Penalty;
pub use model::{
    Band, Bilingual, Booking, BookingState, Channel, ClinicKind, ClinicSession, HalfDay, NewSchedule, Offered, Rules,
    Schedule, SessionState, WaitState,
};
pub use plan::{Plan, Planned};
pub use suspend::{Ended, Suspension};
pub use tell::Untold;
pub use waiting::Wait;

/// A number between 0 and 1, never twice the same.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The region's booking. Cheap to clone.
#[derive(Clone)]
pub struct Scheduling {
    store: Store,
    policy: Policy,
    audit: AuditLog,
    rules: Rules,
    chance: Chance,
    board: board::Board,
    line: line::Line,
}

impl Scheduling {
    /// Kept in `store`, remembered in `audit`. `chance` says when a ticket that was given back is there again.
    pub fn new(store: Store, policy: Policy, audit: AuditLog, rules: Rules, chance: Chance) -> Self {
        let line = line::Line::new(store.backend());
        Self { store, policy, audit, rules, chance, board: board::Board::default(), line }
    }

    /// How tickets are given out.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// May they book for `person`? Whoever may not is not told that there is such a person.
    fn require(&self, ctx: &PatientContext, person: PersonId) -> Result<(), SchedulingError> {
        if !ctx.may_act_for(person, Deed::Book) {
            return Err(SchedulingError::NotFound);
        }
        Ok(self.policy.require(ctx, &Object::SITE_EXTERNAL, Act::View)?)
    }

    fn require_staff(&self, ctx: &StaffContext, act: Act) -> Result<(), SchedulingError> {
        Ok(self.policy.require(ctx, &Object::PAGE_SCHEDULES, act)?)
    }
}
