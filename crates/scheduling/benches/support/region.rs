//! A region with tickets, and people who want them.

use std::{sync::Arc, time::Instant};

use access::{AuditKey, AuditLog, Domain, PatientContext, PersonId, Policy, RequestId, StaffContext, SubjectId};
use anyhow::{Context as _, Result};
use jiff::{
    Timestamp,
    civil::{date, time},
};
use parking_lot::Mutex;
use scheduling::{
    Bilingual, Channel, ClinicKind, HalfDay, NewBooking, NewSchedule, Offered, Plan, Query, Rules, Scheduling,
    SchedulingError,
};
use store::{DatabaseConfig, Store};
use testbed::Database;
use uuid::Uuid;

/// Tickets of a half-day.
pub const QUOTA: u32 = 50;

/// What the portals do, on one database.
pub struct Region {
    outside: Scheduling,
    inside: Scheduling,
    now: Timestamp,
    /// People so far: each wants one ticket.
    people: u128,
    /// Schedules so far.
    schedules: usize,
}

/// What became of a crowd.
#[derive(Default)]
pub struct Crowd {
    /// Bookings that were made.
    pub made: usize,
    /// Requests that were told why not.
    pub refused: usize,
    /// From the first request to the last answer, in seconds.
    pub took: f64,
    /// How long each waited, in seconds, the shortest first.
    pub waits: Vec<f64>,
}

impl Region {
    pub async fn on(db: &Database) -> Result<Self> {
        let now = "2026-11-24T01:00:00Z".parse()?;
        let (outside, inside) = (part(db, Domain::External).await?, part(db, Domain::Internal).await?);
        Ok(Self { outside, inside, now, people: 0, schedules: 0 })
    }

    /// That many tickets, in half-days of [`QUOTA`], each of a department of its own.
    pub async fn release(&mut self, tickets: usize) -> Result<Vec<Offered>> {
        let desk = StaffContext::establish(
            SubjectId::staff("region", "gao.yue"),
            "gao.yue".to_owned(),
            "region".to_owned(),
            vec![SubjectId::group("manager")],
            RequestId("req".to_owned()),
        );
        let mut released = Vec::new();
        for _ in 0..tickets.div_ceil(QUOTA as usize) {
            self.schedules += 1;
            let department = format!("d{}", self.schedules);
            let schedule = self.inside.define(&desk, (new_schedule(&department), None), self.now).await?;
            self.inside.plan(&desk, schedule, &plan(), self.now).await?;
            let query = Query { department: Some(department), ..Query::default() };
            let clinic = self.outside.clinics(&query, self.now).await?.pop().context("a clinic")?;
            released.extend(clinic.sessions);
        }
        Ok(released)
    }

    /// `requests` people who want the tickets of these sessions, each one; `waiting` of them at a time.
    pub async fn crowd(&mut self, sessions: &[Offered], requests: usize, waiting: usize) -> Result<Crowd> {
        let first = self.people;
        self.people += requests as u128;
        let wanted: Vec<(PatientContext, NewBooking)> = (0..requests)
            .map(|number| {
                // All of a half-day want it at the same time: that is how they come.
                let session = &sessions[number * sessions.len() / requests];
                let (ctx, person) = patient(first + number as u128);
                let clinic_session = session.session.id;
                let band = &session.bands[number % session.bands.len()];
                (ctx, NewBooking { person, clinic_session, from: Some(band.from), key: "k".to_owned() })
            })
            .collect();
        let wanted = Arc::new(Mutex::new(wanted.into_iter().rev().collect::<Vec<_>>()));
        let begun = Instant::now();
        let clients = (0..waiting).map(|_| tokio::spawn(client(self.outside.clone(), wanted.clone(), self.now)));
        let clients: Vec<_> = clients.collect();
        let mut all = Crowd::default();
        for one in clients {
            let one = one.await??;
            all.made += one.made;
            all.refused += one.refused;
            all.waits.extend(one.waits);
        }
        all.took = begun.elapsed().as_secs_f64();
        all.waits.sort_by(f64::total_cmp);
        Ok(all)
    }
}

type Wanted = Arc<Mutex<Vec<(PatientContext, NewBooking)>>>;

async fn client(portal: Scheduling, wanted: Wanted, now: Timestamp) -> Result<Crowd> {
    let mut own = Crowd::default();
    loop {
        let next = wanted.lock().pop();
        let Some((ctx, new)) = next else { return Ok(own) };
        let begun = Instant::now();
        match portal.book(&ctx, new, now).await {
            Ok(_) => own.made += 1,
            Err(SchedulingError::Refused(_)) => own.refused += 1,
            Err(error) => return Err(error.into()),
        }
        own.waits.push(begun.elapsed().as_secs_f64());
    }
}

async fn part(db: &Database, domain: Domain) -> Result<Scheduling> {
    let store = Store::open(&DatabaseConfig::new(&db.url, db.password.clone())).await?;
    let policy = Policy::open(store.clone(), domain).await?;
    let audit = AuditLog::new(AuditKey::of_portal(&[7; 32], domain));
    Ok(Scheduling::new(store, policy, audit, Rules::default(), Arc::new(|| 0.5)))
}

fn patient(number: u128) -> (PatientContext, PersonId) {
    let person = PersonId(Uuid::from_u128(0xabc_0000_0000 + number));
    let subject = SubjectId::account(Uuid::from_u128(number));
    (PatientContext::establish(subject, format!("p{number}"), Some(person), RequestId("req".to_owned())), person)
}

fn new_schedule(department: &str) -> NewSchedule {
    NewSchedule {
        hospital: "city-first".to_owned(),
        hospital_name: Bilingual::new("第一医院", "First"),
        department: department.to_owned(),
        department_name: Bilingual::new("内科", "Medicine"),
        zone: "Asia/Shanghai".to_owned(),
        ..NewSchedule::default()
    }
}

fn plan() -> Plan {
    let day = date(2026, 11, 25);
    Plan {
        from: day,
        to: day,
        weekdays: vec![day.weekday()],
        except: Vec::new(),
        half_day: HalfDay::Morning,
        kind: ClinicKind::Expert,
        fee_fen: 3_000,
        begins: time(8, 0, 0, 0),
        ends: time(13, 0, 0, 0),
        band_minutes: 30,
        quotas: vec![(Channel::Portal, QUOTA)],
        release_days: 7,
        release_time: time(20, 0, 0, 0),
        cutoff_minutes: 30,
        cancel_days: 1,
        cancel_time: time(18, 0, 0, 0),
    }
}
