//! What has to be told of bookings outside their transaction: to the person, and to whoever may open their record.

use access::{PersonId, SubjectId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::Tx;
use uuid::Uuid;

use crate::{
    Booking, ClinicSession, Schedule, Scheduling, SchedulingError,
    entity::{
        booking::{Column, Entity},
        staff,
    },
};

/// A booking of which something was not told yet.
#[derive(Clone, Debug)]
pub struct Untold {
    /// It.
    pub booking: Booking,
    /// Of which session.
    pub session: ClinicSession,
    /// Whose.
    pub schedule: Schedule,
    /// Who of the staff the doctor is.
    pub staff: Option<SubjectId>,
    /// What was told last: a state.
    pub before: Option<String>,
}

impl Untold {
    /// Whose visit it is.
    pub fn person(&self) -> PersonId {
        self.booking.person
    }

    /// Remembers, in the transaction of what is told, that it was; `false`: somebody else has, or it changed meanwhile.
    ///
    /// # Errors
    /// The database's.
    pub async fn told(&self, tx: &Tx) -> Result<bool, SchedulingError> {
        let state = self.booking.state.as_str();
        let is_untold = match &self.before {
            Some(before) => Column::ToldState.eq(before),
            None => Column::ToldState.is_null(),
        };
        let change = Entity::update_many()
            .col_expr(Column::ToldState, Expr::value(state))
            .filter(Column::Id.eq(self.booking.id).and(Column::State.eq(state)).and(is_untold));
        Ok(change.exec(tx).await?.rows_affected == 1)
    }
}

impl Scheduling {
    /// Bookings of which something has to be told, the oldest first: for the process that tells, whoever booked them where.
    ///
    /// # Errors
    /// The database's.
    pub async fn untold(&self, most: u64) -> Result<Vec<Untold>, SchedulingError> {
        let changed = Column::ToldState.is_null().or(Expr::col(Column::ToldState).ne(Expr::col(Column::State)));
        let rows = Entity::find().filter(changed).order_by_asc(Column::MadeAt).limit(most);
        let rows = rows.all(self.store.reader()).await?;
        let before: Vec<(Uuid, Option<String>)> = rows.iter().map(|row| (row.id, row.told_state.clone())).collect();
        let found = self.with_sessions(rows).await?;
        let of = staff::Column::Schedule.is_in(found.iter().map(|(_, _, schedule)| schedule.id));
        let doctors = staff::Entity::find().filter(of).all(self.store.reader()).await?;
        let of = |((booking, session, schedule), (_, before)): ((Booking, ClinicSession, Schedule), _)| {
            let doctor = doctors.iter().find(|row| row.schedule == schedule.id);
            let staff = doctor.and_then(|row| SubjectId::parse(&row.staff));
            Untold { booking, session, schedule, staff, before }
        };
        Ok(found.into_iter().zip(before).map(of).collect())
    }
}
