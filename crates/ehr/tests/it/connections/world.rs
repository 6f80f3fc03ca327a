//! A hospital whose patients sign in themselves, and what stands between it and a chart.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use access::{AuditKey, AuditLog, Domain, PatientContext, PersonId, Policy};
use ehr::{Charts, Gathered, LabQuery, Reader, RecordSettings, SourceState, TreatmentRelation, labs::LabResult};
use jiff::{SignedDuration, Timestamp};
use patients::{Index, IndexKey};
use sandbox::{Config, DoorPatient, Known, Mode, PeopleClient, Region, Running, RunningSmart, SmartConfig};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Func, Query},
};
use sources::{Arrival, Callback, ConnectError, Connection, Connections, Copied, Copier, Departure, Secrets};
use store::{
    DatabaseConfig, Store,
    jobs::{Runner, Timing},
};
use testbed::Visitor;
use tokio::{sync::watch, task::JoinHandle};
use url::Url;

use super::{
    super::region::{Hospital, RESIDENT_ID, catalogue_with, envelope_at, patient, staff},
    PATIENCE,
};

pub const SESSION: &str = "of one browser";
const REDIRECT: &str = "http://localhost:8081/connections/callback";
const SCOPES: &str = "launch/patient openid fhirUser offline_access patient/*.read";
/// The hospital that is asked openly too.
const BEHIND: &str = "city-first";
/// What a slow hospital waits before each answer.
const SLOW_MS: u64 = 250;

/// Beyond the time of the story: tokens end when it is moved on.
static LATER: AtomicI64 = AtomicI64::new(0);

/// The hospital signs with its own time.
pub fn now() -> Timestamp {
    Timestamp::now()
}

fn clock() -> Timestamp {
    now() + SignedDuration::from_secs(LATER.load(Ordering::SeqCst))
}

pub struct World {
    running: Running,
    pub door: RunningSmart,
    /// Of the patients' portal.
    pub charts: Charts,
    /// Of the staff's.
    pub inside: Charts,
    copier: Copier,
    store: Store,
    db: testbed::Database,
    hospitals: Vec<Hospital<'static>>,
    pub person: PersonId,
    pub resident_id: String,
    /// `Patient` id of whoever signs in at the door.
    signs_in: String,
    pub somebody_else: String,
}

/// Jobs being done.
pub struct Working {
    tasks: [JoinHandle<()>; 2],
    stop: watch::Sender<bool>,
}

impl Working {
    /// As a process that is killed: nothing is given back.
    pub async fn kill(self) {
        for task in self.tasks {
            task.abort();
            assert!(task.await.expect_err("aborted").is_cancelled());
        }
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.expect("stopped");
        }
    }
}

impl World {
    pub async fn start(db: &testbed::Database) -> Self {
        let running = Region::start(Config { slow_ms: SLOW_MS, ..Config::default() }).await.expect("sandbox");
        let at_door = |person: &sandbox::PersonKnown| {
            let (_, id) = person.hospitals.iter().find(|(at, _)| at == BEHIND)?;
            Some(DoorPatient {
                id: id.clone(),
                name: person.name.clone(),
                resident_id: Some(person.resident_id.clone()),
            })
        };
        let shown = running.patients[running.show_patient].clone();
        let own = at_door(&shown).expect("known there");
        let patients: Vec<DoorPatient> = running.patients.iter().filter_map(at_door).collect();
        let somebody_else = patients.iter().find(|one| one.id != own.id).expect("another").id.clone();
        let behind = running.hospitals.iter().find(|one| one.id == BEHIND).expect("the hospital");
        let door = RunningSmart::start(SmartConfig {
            listen: "127.0.0.1:0".parse().expect("address"),
            upstream: behind.base_url.parse().expect("address"),
            client_id: String::new(),
            client: Known::Nobody,
            scopes: Vec::new(),
            lives_s: 300,
            people: Some(PeopleClient {
                client_id: "portal".to_owned(),
                secret: None,
                redirect_uris: vec![format!("{REDIRECT}/door")],
                patients,
            }),
        });
        let door = door.await.expect("door");
        let hospitals: Vec<Hospital<'static>> = running
            .hospitals
            .iter()
            .map(|one| {
                let (id, platform): (&'static str, &'static str) = (one.id.clone().leak(), one.platform.clone().leak());
                (id, platform, one.base_url.clone())
            })
            .collect();
        let Portal { store, charts, inside, copier } = portal(db, &hospitals, &door.base_url).await;
        let found =
            inside.search_patients(&staff("li.wei", "clinician"), &shown.resident_id, now()).await.expect("search");
        let (person, resident_id) = (found.items[0].person, shown.resident_id.clone());
        let (signs_in, db) = (own.id, db.clone());
        Self {
            running,
            door,
            charts,
            inside,
            copier,
            store,
            db,
            hospitals,
            person,
            resident_id,
            signs_in,
            somebody_else,
        }
    }

    /// Another process on the same database.
    pub async fn replica(&self) -> Charts {
        portal(&self.db, &self.hospitals, &self.door.base_url).await.charts
    }

    /// The same, after an administrator has pointed the hospital at another one of the same origin.
    pub async fn moved(&self) -> Charts {
        portal(&self.db, &self.hospitals, &format!("{}-of-another", self.door.base_url)).await.charts
    }

    pub fn ctx(&self) -> PatientContext {
        patient(Some(self.person))
    }

    pub fn connections(&self) -> &Connections {
        self.charts.connections().expect("a patients' portal")
    }

    pub fn signs_in_as(&mut self, patient: String) {
        self.signs_in = patient;
    }

    pub async fn begin(&self) -> Result<Departure, ConnectError> {
        self.connections().begin(&self.ctx(), self.person, "door", SESSION, now()).await
    }

    /// What the browser brings back from the hospital's page.
    pub async fn come_back(&self, url: &Url) -> Callback {
        let origin = url.origin().ascii_serialization();
        let mut browser = Visitor::new(&origin).expect("browser");
        let page = browser.get(&format!("{}?{}", url.path(), url.query().unwrap_or_default())).await.expect("page");
        let mut location = page.location().to_owned();
        if location.is_empty() {
            let mut fields: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            fields.push(("patient".to_owned(), self.signs_in.clone()));
            fields.push(("decision".to_owned(), "allow".to_owned()));
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = browser.post_form_with(url.path(), &fields, None).await.expect("answer");
            location = answer.location().to_owned();
        }
        let back = Url::parse(&location).unwrap_or_else(|error| panic!("{error}: {location} {}", page.body));
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        let value = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Callback {
            at: back.path().to_owned(),
            state: value("state"),
            code: value("code"),
            iss: value("iss"),
            error: value("error"),
            error_description: value("error_description"),
        }
    }

    /// There and back.
    pub async fn go(&self) -> Callback {
        let departure = self.begin().await.expect("begun");
        self.come_back(&departure.url).await
    }

    pub async fn connect(&self) -> Result<Connection, ConnectError> {
        let come = self.go().await;
        self.comes(&self.ctx(), SESSION, &come, now()).await
    }

    /// A browser comes back with an answer in its address.
    pub async fn comes(
        &self,
        ctx: &PatientContext,
        session: &str,
        come: &Callback,
        at: Timestamp,
    ) -> Result<Connection, ConnectError> {
        self.charts.connect(ctx, session, &Arrival::Address(come.clone()), at).await
    }

    async fn labs_of(&self, charts: &Charts) -> Gathered<LabResult> {
        let ctx = self.ctx();
        charts.lab_results(Reader::Patient(&ctx), self.person, &LabQuery::default(), now()).await.expect("labs")
    }

    pub async fn labs_of_patient(&self) -> Gathered<LabResult> {
        self.labs_of(&self.charts).await
    }

    /// Results that come from behind the door.
    pub async fn labs_from_door(&self, charts: &Charts) -> usize {
        let labs = self.labs_of(charts).await;
        let origins = labs.items.iter().flat_map(|item| &item.origins);
        origins.filter(|origin| origin.source == "door").count()
    }

    pub async fn has_labs(&self, charts: &Charts) -> bool {
        self.labs_from_door(charts).await > 0
    }

    /// Every token that was given so far has ended.
    pub async fn expire(&self) {
        LATER.fetch_add(400, Ordering::SeqCst);
        self.door.expire_tokens();
    }

    /// So many seconds go by.
    pub fn go_by(&self, seconds: i64) {
        LATER.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Works at jobs, at a hospital that takes its time as long as nothing else is said.
    pub fn runner(&self) -> Working {
        let (stop, stopped) = watch::channel(false);
        let timing = Timing {
            lease: SignedDuration::from_millis(1_500),
            heartbeat: Duration::from_millis(200),
            poll: Duration::from_millis(50),
            ..Timing::default()
        };
        let runner = Runner::new(self.store.clone(), Arc::new(clock), Arc::new(|| 0.5), timing);
        let runner = runner.with(self.copier.clone());
        let tasks = [
            tokio::spawn(self.copier.clone().follow(stopped.clone())),
            tokio::spawn(async move { runner.run(stopped).await }),
        ];
        Working { tasks, stop }
    }

    pub fn slow(&self, slow: bool) {
        assert!(self.running.set_mode(BEHIND, if slow { Mode::Slow } else { Mode::Ok }));
    }

    pub fn down(&self, down: bool) {
        assert!(self.running.set_mode(BEHIND, if down { Mode::Down } else { Mode::Ok }));
    }

    /// What is read is the copy that was made then: as many results, with its age, and not as all that there is.
    pub async fn copy_is_read(&self, results: usize, made_at: Option<Timestamp>) {
        let labs = self.labs_of_patient().await;
        let report = labs.sources.iter().find(|report| report.id == "door").expect("in the ledger");
        assert_eq!((report.state, report.detail.as_deref()), (SourceState::Partial, Some("why-copied")), "{report:?}");
        assert_eq!((self.labs_from_door(&self.charts).await, report.retrieved_at), (results, made_at));
        assert!(!labs.complete());
    }

    pub async fn copied(&self) -> Copied {
        let mine = self.connections().mine(&self.ctx(), self.person).await.expect("mine");
        mine.first().map(|connection| connection.copied.clone()).unwrap_or_default()
    }

    pub async fn until(&self, what: &str, is: impl AsyncFn() -> bool) {
        let waiting = async {
            while !is().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}: {:?}", self.copied().await);
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let all = Query::select().expr(Func::count(Expr::val(1))).from(Alias::new(table)).to_owned();
        let row = self.db.connect().await.expect("connect").query_one(&all).await.expect("rows").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// Does any row of a table hold this text in the clear?
    pub async fn holds(&self, (table, column): (&str, &str), text: &str) -> bool {
        let found = Query::select()
            .expr(Expr::val(1))
            .from(Alias::new(table))
            .and_where(Expr::col(Alias::new(column)).like(format!("%{text}%")))
            .to_owned();
        self.db.connect().await.expect("connect").query_one(&found).await.expect("rows").is_some()
    }

    /// As somebody who can write the database.
    pub async fn later(&self, table: &str, column: &str) {
        let column = Alias::new(column);
        let change =
            Query::update().table(Alias::new(table)).value(column.clone(), Expr::col(column).add(1)).to_owned();
        self.db.connect().await.expect("connect").execute(&change).await.expect("changed");
    }
}

struct Portal {
    store: Store,
    charts: Charts,
    inside: Charts,
    copier: Copier,
}

async fn portal(db: &testbed::Database, hospitals: &[Hospital<'_>], base_url: &str) -> Portal {
    let store = Store::open(&DatabaseConfig::new(&db.url, db.password.clone())).await.expect("store");
    let policy = Policy::open(store.clone(), Domain::Internal).await.expect("policy");
    let outside = Policy::open(store.clone(), Domain::External).await.expect("policy");
    let audit = AuditLog::new(AuditKey::new([1; 32]));
    let index = Index::new(store.clone(), IndexKey::derive(&[2; 32]), audit.clone());
    let settings = RecordSettings {
        treatment_relation: TreatmentRelation::Advisory,
        resident_id_systems: vec![RESIDENT_ID.to_owned()],
    };
    let envelope = envelope_at(store.clone(), clock);
    let entry = format!(
        "[[source]]\nid = \"door\"\nname = {{ zh = \"门\", en = \"Door\" }}\nplatform = \"plain\"\nenvironment = \"sandbox\"\n\
         base_url = \"{base_url}\"\nauth = {{ kind = \"smart-patient\", client_id = \"portal\", scopes = \"{SCOPES}\" }}\n\
         timeout_ms = 30000\nsweep = false\n"
    );
    let catalogue = catalogue_with(db.folder(), hospitals, &entry);
    let secrets = Secrets::new(store.clone(), envelope.clone());
    catalogue.unlock(secrets.clone());
    let copier = Copier::new(store.clone(), audit.clone(), catalogue.clone(), secrets.clone());
    let redirect = REDIRECT.parse().expect("address");
    let connections =
        Connections::new(store.clone(), outside.clone(), audit.clone(), catalogue.clone(), secrets, redirect);
    let charts = |policy| {
        let (audit, index, catalogue) = (audit.clone(), index.clone(), catalogue.clone());
        Charts::new(store.clone(), policy, audit, index, catalogue, settings.clone(), envelope.clone())
    };
    let (charts, inside) = (charts(outside).with_connections(connections), charts(policy));
    Portal { store, charts, inside, copier }
}
