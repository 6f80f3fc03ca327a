//! What patients look at: departments, who sees patients when, and what they have booked.

use std::collections::BTreeMap;

use access::{PatientContext, PersonId};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use store::to_millis;
use uuid::Uuid;

use crate::{
    Bilingual, Booking, ClinicSession, Offered, Schedule, Scheduling, SchedulingError,
    entity::{booking, schedule, session},
};

/// Sessions of one answer.
const MOST_SESSIONS: u64 = 500;
/// Bookings of one answer.
const MOST_BOOKINGS: u64 = 200;

/// A department of a hospital in which tickets can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// Id of the hospital.
    pub hospital: String,
    /// Its name.
    pub hospital_name: Bilingual,
    /// Code at the hospital.
    pub code: String,
    /// Its name.
    pub name: Bilingual,
    /// Doctors and clinics.
    pub schedules: u32,
}

/// Which sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this hospital alone.
    pub hospital: Option<String>,
    /// Of this department alone.
    pub department: Option<String>,
    /// From this day on; days are the hospitals'.
    pub from: Option<Date>,
    /// Until this day, which is in it.
    pub to: Option<Date>,
}

/// A schedule with its sessions in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clinic {
    /// Who sees patients where.
    pub schedule: Schedule,
    /// When.
    pub sessions: Vec<Offered>,
}

impl Scheduling {
    /// Departments with schedules, by hospital. It is public.
    ///
    /// # Errors
    /// The database's.
    pub async fn departments(&self) -> Result<Vec<Department>, SchedulingError> {
        let rows = schedule::Entity::find().filter(schedule::Column::ClosedAt.is_null());
        let mut found: BTreeMap<(String, String), Department> = BTreeMap::new();
        for row in rows.all(self.store.reader()).await? {
            let Schedule { about, .. } = row.try_into()?;
            let key = (about.hospital.clone(), about.department.clone());
            let one = found.entry(key).or_insert_with(|| Department {
                hospital: about.hospital,
                hospital_name: about.hospital_name,
                code: about.department,
                name: about.department_name,
                schedules: 0,
            });
            one.schedules += 1;
        }
        Ok(found.into_values().collect())
    }

    /// Who sees patients when, with what is left as it was a second ago at most: sessions that are not over, also those that are
    /// full, suspended or not given out yet. It is public.
    ///
    /// # Errors
    /// The database's.
    pub async fn clinics(&self, query: &Query, now: Timestamp) -> Result<Vec<Clinic>, SchedulingError> {
        let mut rows = schedule::Entity::find().filter(schedule::Column::ClosedAt.is_null());
        if let Some(hospital) = &query.hospital {
            rows = rows.filter(schedule::Column::Hospital.eq(hospital));
        }
        if let Some(department) = &query.department {
            rows = rows.filter(schedule::Column::Department.eq(department));
        }
        let rows = rows.order_by_asc(schedule::Column::Id).all(self.store.reader()).await?;
        let mut clinics: BTreeMap<Uuid, Clinic> = BTreeMap::new();
        for row in rows {
            clinics.insert(row.id, Clinic { schedule: row.try_into()?, sessions: Vec::new() });
        }
        let ids = self.sessions_of(clinics.keys().copied().collect(), query, now).await?;
        let mut offered = self.board.look(&self.store, &ids, now).await?;
        offered.sort_by_key(|one| (one.session.from, one.session.id));
        for one in offered {
            if let Some(clinic) = clinics.get_mut(&one.session.schedule) {
                clinic.sessions.push(one);
            }
        }
        Ok(clinics.into_values().filter(|clinic| !clinic.sessions.is_empty()).collect())
    }

    async fn sessions_of(
        &self,
        schedules: Vec<Uuid>,
        query: &Query,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, SchedulingError> {
        let mut rows = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .filter(session::Column::Schedule.is_in(schedules))
            .filter(session::Column::ToAt.gt(to_millis(now)));
        if let Some(from) = query.from {
            rows = rows.filter(session::Column::LocalDate.gte(from.to_string()));
        }
        if let Some(to) = query.to {
            rows = rows.filter(session::Column::LocalDate.lte(to.to_string()));
        }
        let rows = rows.order_by_asc(session::Column::FromAt).limit(MOST_SESSIONS).into_tuple();
        Ok(rows.all(self.store.reader()).await?)
    }

    /// One session and whose it is. It is public.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`], the database's.
    pub async fn session(&self, id: Uuid, now: Timestamp) -> Result<(Schedule, Offered), SchedulingError> {
        let offered = self.board.look(&self.store, &[id], now).await?.pop().ok_or(SchedulingError::NotFound)?;
        let schedule = schedule::Entity::find_by_id(offered.session.schedule).one(self.store.reader()).await?;
        Ok((schedule.ok_or(SchedulingError::Row("clinic_session"))?.try_into()?, offered))
    }

    /// What is booked for a person, the next first, then what is over.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`] for whom they may not act for; the database's.
    pub async fn bookings(
        &self,
        ctx: &PatientContext,
        person: PersonId,
    ) -> Result<Vec<(Booking, ClinicSession, Schedule)>, SchedulingError> {
        self.require(ctx, person)?;
        let rows = booking::Entity::find()
            .filter(booking::Column::Person.eq(person.0))
            .order_by_desc(booking::Column::FromAt)
            .limit(MOST_BOOKINGS)
            .all(self.store.reader())
            .await?;
        self.with_sessions(rows).await
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Scheduling::bookings`].
    pub async fn booking(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        id: Uuid,
    ) -> Result<(Booking, ClinicSession, Schedule), SchedulingError> {
        self.require(ctx, person)?;
        let row = self.row(person, id).await?;
        self.with_sessions(vec![row]).await?.pop().ok_or(SchedulingError::Row("booking"))
    }

    /// Whose booking it is: so that it can be asked what they have entrusted to somebody. It is nothing to tell anybody.
    ///
    /// # Errors
    /// [`SchedulingError::NotFound`]; the database's.
    pub async fn whose(&self, id: Uuid) -> Result<PersonId, SchedulingError> {
        let found = booking::Entity::find_by_id(id).one(self.store.reader()).await?;
        Ok(PersonId(found.ok_or(SchedulingError::NotFound)?.person))
    }

    pub(crate) async fn with_sessions(
        &self,
        rows: Vec<booking::Model>,
    ) -> Result<Vec<(Booking, ClinicSession, Schedule)>, SchedulingError> {
        let of = session::Column::Id.is_in(rows.iter().map(|row| row.clinic_session));
        let sessions = session::Entity::find().filter(of).all(self.store.reader()).await?;
        let of = schedule::Column::Id.is_in(sessions.iter().map(|row| row.schedule));
        let schedules = schedule::Entity::find().filter(of).all(self.store.reader()).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let session = sessions.iter().find(|session| session.id == row.clinic_session);
            let schedule = session.and_then(|session| schedules.iter().find(|one| one.id == session.schedule));
            let (session, schedule) = session.zip(schedule).ok_or(SchedulingError::Row("booking"))?;
            found.push((row.try_into()?, session.clone().try_into()?, schedule.clone().try_into()?));
        }
        Ok(found)
    }
}
