//! Booking on real databases.

mod desk;
mod history;
mod kills;
mod races;
mod stories;

use std::sync::Arc;

use access::{AuditKey, AuditLog, Domain, PatientContext, PersonId, Policy, RequestId, StaffContext, SubjectId};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Weekday, date, time},
};
use scheduling::{
    Bilingual, Channel, ClinicKind, HalfDay, NewBooking, NewSchedule, Plan, Refusal, Rules, Scheduling, SchedulingError,
};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Func, Query},
};
use store::{DatabaseConfig, Store};
use testbed::Database;
use uuid::Uuid;

/// Both portals' parts on one database.
struct House {
    outside: Scheduling,
    inside: Scheduling,
    /// With all rights.
    db: Database,
    /// As the public portal has it.
    public: Database,
}

const DAY: Date = date(2026, 11, 25);

/// The morning of the day before: what is planned is given out since a week.
fn now() -> Timestamp {
    "2026-11-24T01:00:00Z".parse().expect("time")
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

impl House {
    async fn on(db: &Database) -> Self {
        Self::with(db, Rules::default()).await
    }

    async fn with(db: &Database, rules: Rules) -> Self {
        Self::of((db, db, db), rules).await
    }

    /// One of each kind, and one on which each portal has its own rights and no others.
    async fn all() -> Vec<Self> {
        Self::all_with(Rules::default()).await
    }

    async fn all_with(rules: Rules) -> Vec<Self> {
        let mut all = Vec::new();
        for db in testbed::databases().await {
            all.push(Self::with(&db, rules.clone()).await);
        }
        if !testbed::quick() {
            let split = testbed::SplitDatabase::new().await.expect("roles");
            all.push(Self::of((&split.all, &split.internal, &split.external), rules).await);
        }
        all
    }

    async fn of((db, internal, external): (&Database, &Database, &Database), rules: Rules) -> Self {
        Self {
            outside: part(external, Domain::External, rules.clone()).await,
            inside: part(internal, Domain::Internal, rules).await,
            db: db.clone(),
            public: external.clone(),
        }
    }

    /// Another process on the same database.
    async fn replica(&self) -> Scheduling {
        part(&self.public, Domain::External, self.outside.rules().clone()).await
    }

    /// The same, by which what is given back is there again after as long as can be.
    async fn slow_replica(&self) -> Scheduling {
        part_by_chance(&self.public, Domain::External, self.outside.rules().clone(), 1.0).await
    }

    async fn schedule(&self, department: &str, doctor: Option<&str>) -> Uuid {
        self.inside.define(&desk(), (new_schedule(department, doctor), None), now()).await.expect("defined")
    }

    /// A session of [`DAY`] with so many tickets of the portal, and its id.
    async fn session(&self, schedule: Uuid, quota: u32) -> Uuid {
        self.planned(schedule, &plan(quota)).await
    }

    async fn planned(&self, schedule: Uuid, plan: &Plan) -> Uuid {
        let planned = self.inside.plan(&desk(), schedule, plan, now()).await.expect("planned");
        assert_eq!((planned.made, planned.there), (1, 0));
        let day = self.inside.day(&desk(), plan.from, now()).await.expect("day");
        let is = |one: &&scheduling::DeskSession| {
            one.schedule.id == schedule && one.offered.session.half_day == plan.half_day
        };
        day.iter().find(is).expect("there").offered.session.id
    }

    async fn left(&self, session: Uuid, at: Timestamp) -> u32 {
        // As another process sees it, which has looked at nothing yet.
        self.replica().await.session(session, at).await.expect("session").1.left()
    }

    /// Rows of a table in which a column has this text.
    async fn count(&self, table: &str, column: &str, text: &str) -> i64 {
        let rows = Query::select()
            .expr(Func::count(Expr::val(1)))
            .from(Alias::new(table))
            .and_where(Expr::col(Alias::new(column)).eq(text))
            .to_owned();
        let row = self.db.connect().await.expect("connect").query_one(&rows).await.expect("rows").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }
}

async fn part(db: &Database, domain: Domain, rules: Rules) -> Scheduling {
    part_by_chance(db, domain, rules, 0.0).await
}

async fn part_by_chance(db: &Database, domain: Domain, rules: Rules, chance: f64) -> Scheduling {
    part_of(DatabaseConfig::new(&db.url, db.password.clone()), domain, rules, chance).await
}

async fn part_of(config: DatabaseConfig, domain: Domain, rules: Rules, chance: f64) -> Scheduling {
    let store = Store::open(&config).await.expect("opened");
    let policy = Policy::open(store.clone(), domain).await.expect("a policy");
    let audit = AuditLog::new(AuditKey::of_portal(&[7; 32], domain));
    Scheduling::new(store, policy, audit, rules, Arc::new(move || chance))
}

fn desk() -> StaffContext {
    staff("gao.yue", "manager")
}

fn staff(name: &str, group: &str) -> StaffContext {
    let request = RequestId(format!("req-{name}"));
    let groups = vec![SubjectId::group(group)];
    StaffContext::establish(SubjectId::staff("region", name), name.to_owned(), "region".to_owned(), groups, request)
}

/// The `number`th patient, who is themselves.
fn patient(number: u128) -> (PatientContext, PersonId) {
    let person = PersonId(Uuid::from_u128(0xabc_0000 + number));
    let subject = SubjectId::account(Uuid::from_u128(number));
    (PatientContext::establish(subject, format!("p{number}"), Some(person), RequestId("req".to_owned())), person)
}

fn new_schedule(department: &str, doctor: Option<&str>) -> NewSchedule {
    NewSchedule {
        hospital: "city-first".to_owned(),
        hospital_name: Bilingual::new("澜州市第一人民医院", "Lanzhou First"),
        department: department.to_owned(),
        department_name: Bilingual::new("肾内科", "Nephrology"),
        doctor: doctor.map(str::to_owned),
        doctor_name: if doctor.is_some() { Bilingual::new("林知远", "Lin Zhiyuan") } else { Bilingual::default() },
        zone: "Asia/Shanghai".to_owned(),
        ..NewSchedule::default()
    }
}

/// One morning of half-hours.
fn plan(quota: u32) -> Plan {
    Plan {
        from: DAY,
        to: DAY,
        weekdays: vec![Weekday::Wednesday],
        except: Vec::new(),
        half_day: HalfDay::Morning,
        kind: ClinicKind::Expert,
        fee_fen: 3_000,
        begins: time(8, 0, 0, 0),
        ends: time(11, 0, 0, 0),
        band_minutes: 30,
        quotas: vec![(Channel::Portal, quota), (Channel::Desk, 2)],
        release_days: 7,
        release_time: time(20, 0, 0, 0),
        cutoff_minutes: 30,
        cancel_days: 1,
        cancel_time: time(18, 0, 0, 0),
    }
}

/// The beginning of the `number`th half-hour of the morning.
fn band(number: i64) -> Timestamp {
    let eight: Timestamp = "2026-11-25T00:00:00Z".parse().expect("time");
    eight + SignedDuration::from_mins(30 * number)
}

fn wants(person: PersonId, session: Uuid, number: i64, key: &str) -> NewBooking {
    NewBooking { person, clinic_session: session, from: Some(band(number)), key: key.to_owned() }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, SchedulingError>) -> Refusal {
    match result {
        Err(SchedulingError::Refused(refusal)) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}
