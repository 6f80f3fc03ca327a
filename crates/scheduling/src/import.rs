//! Clinics from a hospital's own list: the schedule and its sessions at once, as often as it is sent.

use access::{Act, AuditLog, Context, Event, Outcome, StaffContext, SystemContext};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    sea_query::{ExprTrait as _, OnConflict},
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    NewSchedule, Plan, Planned, Problem, Scheduling, SchedulingError,
    desk::{problems, row},
    entity::schedule,
};

/// A line of such a list.
#[derive(Clone, Debug)]
pub struct NewClinic {
    /// Who sees patients where.
    pub schedule: NewSchedule,
    /// When.
    pub plan: Plan,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// There was no such schedule.
    pub schedule_is_new: bool,
    /// Its sessions.
    pub planned: Planned,
}

impl NewClinic {
    /// Every field that has to be put right.
    pub fn problems(&self) -> Vec<Problem> {
        let mut all = problems(&self.schedule);
        all.extend(self.plan.problems());
        all
    }
}

impl Scheduling {
    /// Brings a clinic in for a member of staff. The schedule of the same hospital, department and doctor is taken where there
    /// is one; days that have a session keep it: the same list twice changes nothing.
    ///
    /// # Errors
    /// [`SchedulingError::Invalid`] with every field that has to be put right; the policy's, the database's.
    pub async fn import(
        &self,
        ctx: &StaffContext,
        clinic: &NewClinic,
        now: Timestamp,
    ) -> Result<Brought, SchedulingError> {
        self.require_staff(ctx, Act::Manage)?;
        self.bring(ctx, clinic, now).await
    }

    /// The same for an operator at the command line.
    ///
    /// # Errors
    /// As [`Scheduling::import`].
    pub async fn import_as(
        &self,
        ctx: &SystemContext,
        clinic: &NewClinic,
        now: Timestamp,
    ) -> Result<Brought, SchedulingError> {
        self.bring(ctx, clinic, now).await
    }

    async fn bring(&self, ctx: &dyn Context, clinic: &NewClinic, now: Timestamp) -> Result<Brought, SchedulingError> {
        let problems = clinic.problems();
        if !problems.is_empty() {
            return Err(SchedulingError::Invalid(problems));
        }
        let (id, schedule_is_new) = self.found_or_made(ctx, clinic.schedule.clone(), now).await?;
        let zone = clinic.schedule.time_zone()?;
        let planned = self.plan_in((ctx, now), (id, &zone), &clinic.plan).await?;
        Ok(Brought { schedule_is_new, planned })
    }

    async fn found_or_made(
        &self,
        ctx: &dyn Context,
        new: NewSchedule,
        now: Timestamp,
    ) -> Result<(Uuid, bool), SchedulingError> {
        use schedule::Column;
        let doctor = new.doctor.as_ref().map_or(Column::Doctor.is_null(), |doctor| Column::Doctor.eq(doctor.as_str()));
        let same = Column::Hospital.eq(&new.hospital).and(Column::Department.eq(&new.department)).and(doctor);
        let open = schedule::Entity::find().filter(same).filter(Column::ClosedAt.is_null()).order_by_asc(Column::Id);
        if let Some(there) = open.one(self.store.reader()).await? {
            return Ok((there.id, false));
        }
        let row = schedule::Model { id: id_of(&new), ..row(new) };
        let id = row.id;
        let event = Event::new("schedule.define", "schedule", Outcome::Ok).on(id.to_string());
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let written = self.store.write::<_, SchedulingError, _>(move |tx| {
            Box::pin(async move {
                let once = OnConflict::column(Column::Id).do_nothing().to_owned();
                let added = schedule::Entity::insert(row.into_active_model()).on_conflict(once);
                let is_new = added.exec_without_returning(tx).await? == 1;
                if is_new {
                    audit.append(tx, draft).await?;
                }
                // Two lists at once make one; what was closed is not opened by a list.
                let stored = schedule::Entity::find_by_id(id).one(tx).await?;
                if stored.is_none_or(|stored| stored.closed_at.is_some()) {
                    return Err(SchedulingError::Invalid(vec![Problem { field: "doctor", what: "closed" }]));
                }
                Ok(is_new)
            })
        });
        Ok((id, written.await?))
    }
}

/// The same for the same clinic, whoever brings it and when (a UUID of version 8, RFC 9562: of SHA-256).
fn id_of(new: &NewSchedule) -> Uuid {
    let mut hash = Sha256::new();
    for part in [new.hospital.as_str(), new.department.as_str(), new.doctor.as_deref().unwrap_or("/")] {
        // Ids have no `|`.
        hash.update(part);
        hash.update("|");
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_bytes(bytes)
        .with_version(uuid::Version::Custom)
        .with_variant(uuid::Variant::RFC4122)
        .into_uuid()
}
