//! Visits that somebody missed: they count against the person and not the account, for a while, and can be taken back.

use access::{Act, AuditLog, Event, Outcome, PatientContext, PersonId, StaffContext};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::{Tx, from_millis, to_millis};
use uuid::Uuid;

use crate::{
    Rules, Scheduling, SchedulingError, claim,
    entity::{
        booking,
        penalty::{Column, Entity, Model},
        person,
    },
};

/// A missed visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Penalty {
    /// Its own.
    pub id: Uuid,
    /// Whose.
    pub person: PersonId,
    /// Which booking.
    pub booking: Uuid,
    /// When it was found.
    pub at: Timestamp,
    /// It counts until then.
    pub expires_at: Timestamp,
    /// They say that it was otherwise.
    pub appealed_at: Option<Timestamp>,
    /// It does not count.
    pub waived_at: Option<Timestamp>,
}

impl From<Model> for Penalty {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            person: PersonId(row.person),
            booking: row.booking,
            at: from_millis(row.at),
            expires_at: from_millis(row.expires_at),
            appealed_at: row.appealed_at.map(from_millis),
            waived_at: row.waived_at.map(from_millis),
        }
    }
}

/// Counts a missed booking, and bars the person when there are too many. The person's row is held.
pub(crate) async fn add(tx: &Tx, row: &booking::Model, rules: &Rules, now: Timestamp) -> Result<(), SchedulingError> {
    let new = Model {
        id: Uuid::now_v7(),
        person: row.person,
        booking: row.id,
        at: to_millis(now),
        expires_at: to_millis(now + rules.counted),
        appealed_at: None,
        waived_at: None,
    };
    Entity::insert(new.into_active_model()).exec_without_returning(tx).await?;
    judge(tx, row.person, rules, now).await
}

/// Bars or frees a person by what counts now.
async fn judge(tx: &Tx, person: Uuid, rules: &Rules, now: Timestamp) -> Result<(), SchedulingError> {
    let counts = Column::Person.eq(person).and(Column::WaivedAt.is_null()).and(Column::ExpiresAt.gt(to_millis(now)));
    let missed = Entity::find().filter(counts.clone()).count(tx).await?;
    let last = Entity::find().filter(counts).order_by_desc(Column::At).one(tx).await?;
    let until = last.filter(|_| missed >= rules.most_missed).map(|last| to_millis(from_millis(last.at) + rules.barred));
    let change = person::Entity::update_many()
        .col_expr(person::Column::BarredUntil, Expr::value(until))
        .filter(person::Column::Person.eq(person));
    change.exec(tx).await?;
    Ok(())
}

impl Scheduling {
    /// What a person has missed and what counts of it, the last first.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`] for whom they may not act for; the database's.
    pub async fn missed(&self, ctx: &PatientContext, person: PersonId) -> Result<Vec<Penalty>, SchedulingError> {
        self.require(ctx, person)?;
        let rows = Entity::find().filter(Column::Person.eq(person.0)).order_by_desc(Column::At);
        Ok(rows.all(self.store.reader()).await?.into_iter().map(Into::into).collect())
    }

    /// They say that it was otherwise: the desk looks at it.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`], the database's.
    pub async fn appeal(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<(), SchedulingError> {
        self.require(ctx, person)?;
        let event = Event::new("booking.appeal", "booking-penalty", Outcome::Ok).about(person).on(id.to_string());
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let change = Entity::update_many()
            .col_expr(Column::AppealedAt, Expr::value(to_millis(now)))
            .filter(Column::Id.eq(id).and(Column::Person.eq(person.0)).and(Column::AppealedAt.is_null()));
        let own = Entity::find_by_id(id).filter(Column::Person.eq(person.0));
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                if change.exec(tx).await?.rows_affected == 1 {
                    audit.append(tx, draft).await?;
                } else if own.one(tx).await?.is_none() {
                    return Err(SchedulingError::NotFound);
                }
                Ok(())
            })
        });
        written.await
    }

    /// What people say was otherwise, and nobody has looked at.
    ///
    /// # Errors
    /// The policy's, the database's.
    pub async fn appeals(&self, ctx: &StaffContext) -> Result<Vec<Penalty>, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let open = Column::AppealedAt.is_not_null().and(Column::WaivedAt.is_null());
        let rows = Entity::find().filter(open).order_by_asc(Column::AppealedAt);
        Ok(rows.all(self.store.reader()).await?.into_iter().map(Into::into).collect())
    }

    /// It does not count: whoever can't book for it can again.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`], the policy's, the database's.
    pub async fn waive(&self, ctx: &StaffContext, id: Uuid, now: Timestamp) -> Result<(), SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        let row = Entity::find_by_id(id).one(self.store.reader()).await?.ok_or(SchedulingError::NotFound)?;
        let person = PersonId(row.person);
        let event = Event::new("booking.waive", "booking-penalty", Outcome::Ok).about(person).on(id.to_string());
        let (draft, audit, rules) = (AuditLog::draft(ctx, now, event), self.audit.clone(), self.rules.clone());
        let change = Entity::update_many()
            .col_expr(Column::WaivedAt, Expr::value(to_millis(now)))
            .filter(Column::Id.eq(id).and(Column::WaivedAt.is_null()));
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                claim::person(tx, person).await?;
                if change.exec(tx).await?.rows_affected == 1 {
                    judge(tx, person.0, &rules, now).await?;
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        written.await
    }
}
