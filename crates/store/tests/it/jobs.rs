//! Jobs: done once, resumed, fair, patient.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{
    DatabaseConfig, Store, StoreError,
    jobs::{
        self, Clock, Ended, Enqueued, Failure, Filter, Handler, JobError, NewJob, Run, Runner, State, Step, Tidy,
        Timing,
    },
};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use crate::{open, put, rows, until};

/// A clock that stands until somebody moves it.
#[derive(Clone)]
struct Driven(Arc<AtomicI64>);

impl Driven {
    fn at_noon() -> Self {
        Self(Arc::new(AtomicI64::new(1_900_000_000_000)))
    }

    fn now(&self) -> Timestamp {
        store::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn forward(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).expect("a short time"), Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let own = self.clone();
        Arc::new(move || own.now())
    }
}

pub fn quick() -> Timing {
    Timing {
        lease: SignedDuration::from_secs(1),
        heartbeat: Duration::from_millis(30),
        poll: Duration::from_millis(5),
        grace: Duration::from_millis(200),
        slots: 2,
    }
}

pub fn runner(store: &Store, clock: Clock, timing: Timing) -> Runner {
    Runner::new(store.clone(), clock, Arc::new(|| 1.0), timing)
}

/// A runner at work, and how to stop it.
pub struct Working {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Working {
    pub fn begin(runner: Runner) -> Self {
        let (stop, stops) = watch::channel(false);
        Self { stop, task: tokio::spawn(runner.run(stops)) }
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("stopped");
    }
}

async fn enqueue(store: &Store, kind: &'static str, key: &str, now: Timestamp) -> Enqueued {
    let job = NewJob { kind, key: key.to_owned(), payload: json!({}), run_at: now };
    let asked = store.write(move |tx| Box::pin(async move { jobs::enqueue(tx, job, now).await }));
    asked.await.expect("enqueued")
}

async fn new(store: &Store, kind: &'static str, key: &str, now: Timestamp) -> Uuid {
    let Enqueued::New(id) = enqueue(store, kind, key, now).await else { panic!("{key} is open") };
    id
}

async fn step(store: &Store, id: Uuid, step: Step, now: Timestamp) -> Result<(), JobError> {
    store.write(move |tx| Box::pin(jobs::step(tx, id, step, "Li Wei", now))).await
}

async fn state(store: &Store, id: Uuid) -> State {
    jobs::one(store.reader(), id).await.expect("a job").state
}

async fn becomes(store: &Store, id: Uuid, wanted: State) {
    until(async || state(store, id).await == wanted).await;
}

async fn told(store: &Store, id: Uuid) -> Vec<String> {
    let lines = jobs::history(store.reader(), id, 100).await.expect("read");
    lines.into_iter().rev().map(|line| line.what).collect()
}

/// Twenty steps, each a row and a cursor in one transaction. A row written twice would be refused.
struct Steps(Store);

const STEPS: i64 = 20;

#[async_trait::async_trait]
impl Handler for Steps {
    fn kind(&self) -> &'static str {
        "steps"
    }

    fn limit(&self) -> usize {
        2
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let from = run.cursor().map_or(0, |cursor| cursor.parse().expect("a number"));
        for step in from..STEPS {
            let (own, row) = (run.clone(), format!("{} {step}", run.key()));
            let written = self.0.write::<(), JobError, _>(move |tx| {
                Box::pin(async move {
                    own.save(tx, &(step + 1).to_string()).await?;
                    put(tx, row).await?;
                    Ok(())
                })
            });
            written.await?;
            run.progress(step + 1, Some(STEPS), None).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Ended::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process of its own, begun and killed by a_killed_process_loses_nothing_and_doubles_nothing"]
async fn a_process_that_works() {
    let url = std::env::var("JOBS_TEST_DATABASE").expect("begun by the other test");
    let config = DatabaseConfig::new(url, std::env::var("JOBS_TEST_PASSWORD").ok());
    let store = Store::open(&config).await.expect("opened");
    let (_never, stops) = watch::channel(false);
    runner(&store, Arc::new(Timestamp::now), quick()).with(Steps(store)).run(stops).await;
}

fn process(database: &testbed::Database) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "jobs::a_process_that_works", "--ignored"]).env("JOBS_TEST_DATABASE", &database.url);
    if let Some(password) = &database.password {
        command.env("JOBS_TEST_PASSWORD", password);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("begun")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_and_doubles_nothing() {
    const JOBS: i64 = 14;
    for database in testbed::databases().await {
        let store = open(&database).await;
        let now = Timestamp::now();
        let mut ids = Vec::new();
        for n in 0..JOBS {
            ids.push(new(&store, "steps", &format!("job-{n}"), now).await);
        }
        let (mut killed, mut other) = (process(&database), process(&database));
        until(async || rows(&store).await > 3 * STEPS).await;
        killed.kill().expect("killed");
        killed.wait().expect("gone");
        let all = async || {
            let counts = jobs::counts(store.reader()).await.expect("counted");
            counts["steps"].get(&State::Done).copied().unwrap_or(0) == JOBS
        };
        until(all).await;
        other.kill().expect("killed");
        other.wait().expect("gone");
        assert_eq!(rows(&store).await, JOBS * STEPS, "{:?}", database.kind);
        let mut resumed = 0;
        for id in ids {
            let told = told(&store, id).await;
            assert_eq!(told.first().map(String::as_str), Some("enqueued"));
            assert!(!told.iter().any(|what| what == "put-off" || what == "failed"), "{told:?}");
            resumed += told.iter().filter(|what| *what == "resumed").count();
        }
        assert!(resumed > 0, "{:?}: the process was killed between two jobs", database.kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_was_never_asked_for() {
    for database in testbed::databases().await {
        let (store, now) = (open(&database).await, Timestamp::now());
        let refused = store.write::<(), JobError, _>(move |tx| {
            Box::pin(async move {
                let job = NewJob { kind: "steps", key: "k".to_owned(), payload: json!({}), run_at: now };
                jobs::enqueue(tx, job, now).await?;
                Err(StoreError::Panicked.into())
            })
        });
        assert!(refused.await.is_err());
        assert!(jobs::list(store.reader(), &Filter::default(), 9).await.expect("read").is_empty());
        let first = new(&store, "steps", "k", now).await;
        assert_eq!(enqueue(&store, "steps", "k", now).await, Enqueued::Open);
        assert!(matches!(enqueue(&store, "steps", "l", now).await, Enqueued::New(_)));
        step(&store, first, Step::Cancel, now).await.expect("cancelled");
        // What is over stands in nobody's way, but two are not open at once.
        new(&store, "steps", "k", now).await;
        assert!(matches!(step(&store, first, Step::Retry, now).await, Err(JobError::Open)));
        assert_eq!(told(&store, first).await, ["enqueued", "cancel"]);
    }
}

/// Writes down whose turn it was.
struct Turns(&'static str, Arc<Mutex<Vec<&'static str>>>);

#[async_trait::async_trait]
impl Handler for Turns {
    fn kind(&self) -> &'static str {
        self.0
    }

    fn limit(&self) -> usize {
        8
    }

    async fn run(&self, _run: &Run) -> Result<Ended, Failure> {
        self.1.lock().expect("not poisoned").push(self.0);
        Ok(Ended::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_of_one_kind_do_not_keep_another_waiting() {
    for database in testbed::databases().await {
        let (store, now) = (open(&database).await, Timestamp::now());
        let many = store.write::<(), JobError, _>(move |tx| {
            Box::pin(async move {
                for n in 0..1_000 {
                    let job = NewJob { kind: "many", key: n.to_string(), payload: json!({}), run_at: now };
                    jobs::enqueue(tx, job, now).await?;
                }
                Ok(())
            })
        });
        many.await.expect("enqueued");
        let few: Vec<Uuid> = [new(&store, "few", "a", now).await, new(&store, "few", "b", now).await].into();
        let turns = Arc::new(Mutex::new(Vec::new()));
        let one_slot = Timing { slots: 1, ..quick() };
        let runner = runner(&store, Arc::new(Timestamp::now), one_slot)
            .with(Turns("many", turns.clone()))
            .with(Turns("few", turns.clone()));
        let working = Working::begin(runner);
        for id in few {
            becomes(&store, id, State::Done).await;
        }
        working.stop().await;
        let turns = turns.lock().expect("not poisoned").clone();
        assert_eq!(turns[..4], ["many", "few", "many", "few"], "{:?}", database.kind);
    }
}

/// Fails as it is told, and writes down when.
struct Failing(Arc<Mutex<Vec<Failure>>>, Arc<Mutex<Vec<Timestamp>>>);

#[async_trait::async_trait]
impl Handler for Failing {
    fn kind(&self) -> &'static str {
        "failing"
    }

    fn most_attempts(&self) -> i32 {
        4
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        self.1.lock().expect("not poisoned").push(run.now());
        let mut failures = self.0.lock().expect("not poisoned");
        if failures.is_empty() { Ok(Ended::Done) } else { Err(failures.remove(0)) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_waits_longer_each_time_and_as_long_as_it_was_told() {
    let (second, secs) = (SignedDuration::from_secs(1), SignedDuration::from_secs);
    let busy = Failure::passing("source-busy");
    for database in testbed::databases().await {
        let (store, time) = (open(&database).await, Driven::at_noon());
        let (failures, attempts) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let working =
            Working::begin(runner(&store, time.clock(), quick()).with(Failing(failures.clone(), attempts.clone())));
        let begin = async |told: Vec<Failure>, key: &str| {
            *failures.lock().expect("not poisoned") = told;
            attempts.lock().expect("not poisoned").clear();
            new(&store, "failing", key, time.now()).await
        };
        // Each try waits twice as long; the third as long as the other side said.
        let id = begin(vec![busy.clone(), busy.clone(), busy.clone().after(secs(90))], "back-off").await;
        for (attempt, wait) in [(1, 5), (2, 10), (3, 90)] {
            let put_off = async || {
                let job = jobs::one(store.reader(), id).await.expect("a job");
                job.attempt == attempt && job.state == State::Waiting
            };
            until(put_off).await;
            let job = jobs::one(store.reader(), id).await.expect("a job");
            assert_eq!((job.run_at, job.last_error.as_deref()), (time.now() + secs(wait), Some("source-busy")));
            let pending = jobs::pending(store.reader(), "failing", time.now()).await.expect("figures");
            assert_eq!(pending, jobs::Pending { overdue_ms: 0, attempts: attempt }, "{:?}", database.kind);
            time.forward(secs(wait) - second);
            tokio::time::sleep(Duration::from_millis(40)).await;
            assert_eq!(attempts.lock().expect("not poisoned").len(), attempt as usize, "{:?}: too soon", database.kind);
            time.forward(second);
        }
        becomes(&store, id, State::Done).await;
        assert_eq!(told(&store, id).await.iter().filter(|what| *what == "put-off").count(), 3);
        // What can't work is not tried again; what was tried often enough neither.
        let id = begin(vec![Failure::lasting("gone")], "lasting").await;
        becomes(&store, id, State::Failed).await;
        let id = begin(vec![busy.clone(); 9], "again and again").await;
        let over = async || {
            time.forward(secs(3_600));
            state(&store, id).await == State::Failed
        };
        until(over).await;
        assert_eq!(attempts.lock().expect("not poisoned").len(), 4);
        // Somebody puts it right and has it tried again.
        failures.lock().expect("not poisoned").clear();
        step(&store, id, Step::Retry, time.now()).await.expect("tried again");
        becomes(&store, id, State::Done).await;
        working.stop().await;
    }
}

/// Works until it is told to stop; from its cursor it has nothing left to do.
struct Patient {
    listens: bool,
}

#[async_trait::async_trait]
impl Handler for Patient {
    fn kind(&self) -> &'static str {
        "patient"
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        if run.cursor().is_some() {
            return Ok(Ended::Done);
        }
        run.progress(1, Some(2), None).await?;
        if !self.listens {
            std::future::pending::<()>().await;
        }
        run.until_interrupted().await;
        Ok(Ended::Interrupted)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_pause_resume_and_cancel() {
    for database in testbed::databases().await {
        let (store, now) = (open(&database).await, Timestamp::now);
        let working = Working::begin(runner(&store, Arc::new(Timestamp::now), quick()).with(Patient { listens: true }));
        let id = new(&store, "patient", "k", now()).await;
        becomes(&store, id, State::Running).await;
        step(&store, id, Step::Pause, now()).await.expect("asked");
        becomes(&store, id, State::Paused).await;
        assert!(matches!(step(&store, id, Step::Pause, now()).await, Err(JobError::Not(State::Paused))));
        step(&store, id, Step::Resume, now()).await.expect("goes on");
        becomes(&store, id, State::Running).await;
        step(&store, id, Step::Cancel, now()).await.expect("asked");
        becomes(&store, id, State::Cancelled).await;
        assert!(matches!(step(&store, id, Step::Cancel, now()).await, Err(JobError::Not(State::Cancelled))));
        assert!(matches!(step(&store, Uuid::now_v7(), Step::Retry, now()).await, Err(JobError::NotFound)));
        let told = told(&store, id).await;
        let expect = ["enqueued", "begun", "pause", "paused", "resume", "begun", "cancel", "cancelled"];
        assert_eq!(told, expect, "{:?}", database.kind);
        working.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_goes_down_gives_its_jobs_back_in_time() {
    for database in testbed::databases().await {
        for listens in [true, false] {
            let (store, now) = (open(&database).await, Timestamp::now());
            let runner = runner(&store, Arc::new(Timestamp::now), quick()).with(Patient { listens });
            let working = Working::begin(runner);
            let key = format!("listens: {listens}");
            let id = new(&store, "patient", &key, now).await;
            until(async || jobs::one(store.reader(), id).await.expect("a job").done == Some(1)).await;
            let begun = std::time::Instant::now();
            working.stop().await;
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
            let job = jobs::one(store.reader(), id).await.expect("a job");
            assert_eq!((job.state, job.attempt), (State::Waiting, 0), "{key} {:?}", database.kind);
            step(&store, id, Step::Cancel, now).await.expect("cancelled");
        }
    }
}

/// Holds its job until it is let go.
struct Held(watch::Receiver<bool>, Arc<AtomicI64>);

#[async_trait::async_trait]
impl Handler for Held {
    fn kind(&self) -> &'static str {
        "held"
    }

    fn limit(&self) -> usize {
        2
    }

    async fn run(&self, _run: &Run) -> Result<Ended, Failure> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.clone().wait_for(|go| *go).await.expect("a sender");
        Ok(Ended::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_while_it_runs_runs_once_more() {
    for database in testbed::databases().await {
        let (store, now) = (open(&database).await, Timestamp::now());
        let ((go, goes), runs) = (watch::channel(false), Arc::new(AtomicI64::new(0)));
        let working = Working::begin(runner(&store, Arc::new(Timestamp::now), quick()).with(Held(goes, runs.clone())));
        let id = new(&store, "held", "k", now).await;
        becomes(&store, id, State::Running).await;
        for _ in 0..3 {
            assert_eq!(enqueue(&store, "held", "k", now).await, Enqueued::Open);
        }
        // Longer than a lease: it is renewed, and nobody begins it a second time.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        go.send_replace(true);
        becomes(&store, id, State::Done).await;
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        assert_eq!(told(&store, id).await, ["enqueued", "begun", "again", "begun", "done"], "{:?}", database.kind);
        working.stop().await;
    }
}

/// The first to begin it stands still until somebody else has done it, and then goes on as if nothing had been.
struct Frozen(Store, Arc<AtomicI64>, watch::Receiver<bool>, Arc<Mutex<Vec<bool>>>);

#[async_trait::async_trait]
impl Handler for Frozen {
    fn kind(&self) -> &'static str {
        "frozen"
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst);
        if turn == 0 {
            self.2.clone().wait_for(|over| *over).await.expect("a sender");
        }
        let (own, row) = (run.clone(), format!("written by turn {turn}"));
        let written = self.0.write::<(), JobError, _>(move |tx| {
            Box::pin(async move {
                put(tx, row).await?;
                own.save(tx, "1").await
            })
        });
        let written = written.await;
        self.3.lock().expect("not poisoned").push(written.is_ok());
        Ok(written.map(|()| Ended::Done)?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_lease_writes_nothing_more() {
    for database in testbed::databases().await {
        let (store, now) = (open(&database).await, Timestamp::now());
        let ((over, is_over), turns) = (watch::channel(false), Arc::new(AtomicI64::new(0)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let handler = || Frozen(store.clone(), turns.clone(), is_over.clone(), written.clone());
        // It never renews its lease, as a process that was halted does not.
        let halted = Timing { heartbeat: Duration::from_secs(600), lease: SignedDuration::from_millis(300), ..quick() };
        let first = Working::begin(runner(&store, Arc::new(Timestamp::now), halted).with(handler()));
        let id = new(&store, "frozen", "k", now).await;
        becomes(&store, id, State::Running).await;
        let second = Working::begin(runner(&store, Arc::new(Timestamp::now), quick()).with(handler()));
        becomes(&store, id, State::Done).await;
        let done = jobs::one(store.reader(), id).await.expect("a job");
        over.send_replace(true);
        until(async || written.lock().expect("not poisoned").len() == 2).await;
        first.stop().await;
        second.stop().await;
        let written = written.lock().expect("not poisoned").clone();
        assert_eq!((written, rows(&store).await), (vec![true, false], 1), "{:?}", database.kind);
        assert_eq!(jobs::one(store.reader(), id).await.expect("a job"), done, "how it ended was written over");
    }
}

/// Every hour.
struct Hourly(Arc<Mutex<Vec<Timestamp>>>);

#[async_trait::async_trait]
impl Handler for Hourly {
    fn kind(&self) -> &'static str {
        "hourly"
    }

    fn every(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_hours(1))
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        self.0.lock().expect("not poisoned").push(run.now());
        Ok(Ended::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_every_hour_happens_once_an_hour_whoever_is_there() {
    for database in testbed::databases().await {
        let (store, time) = (open(&database).await, Driven::at_noon());
        let times = Arc::new(Mutex::new(Vec::new()));
        let two = [0, 1].map(|_| Working::begin(runner(&store, time.clock(), quick()).with(Hourly(times.clone()))));
        let hour = SignedDuration::from_hours(1);
        for n in 1..=3 {
            // Forty minutes to the hour at first, so that the hours are those of the clock on the wall.
            let planned = async || {
                let waiting = Filter { state: Some(State::Waiting), ..Filter::default() };
                jobs::list(store.reader(), &waiting, 9).await.expect("read").len() == 1
            };
            until(planned).await;
            time.forward(hour);
            until(async || times.lock().expect("not poisoned").len() >= n).await;
        }
        for working in two {
            working.stop().await;
        }
        assert_eq!(times.lock().expect("not poisoned").len(), 3, "{:?}", database.kind);
        let all = jobs::list(store.reader(), &Filter::default(), 99).await.expect("read");
        assert!(all.iter().all(|job| job.run_at.as_second() % 3_600 == 0), "{all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_for_a_month_is_forgotten() {
    for database in testbed::databases().await {
        let (store, time) = (open(&database).await, Driven::at_noon());
        let old = new(&store, "steps", "old", time.now()).await;
        let open_still = new(&store, "steps", "open", time.now()).await;
        step(&store, old, Step::Cancel, time.now()).await.expect("cancelled");
        time.forward(SignedDuration::from_hours(31 * 24));
        let fresh = new(&store, "steps", "fresh", time.now()).await;
        step(&store, fresh, Step::Cancel, time.now()).await.expect("cancelled");
        let working = Working::begin(runner(&store, time.clock(), quick()).with(Tidy::default()));
        let planned = async || !jobs::counts(store.reader()).await.expect("counted").contains_key("jobs-tidy");
        until(async || !planned().await).await;
        time.forward(SignedDuration::from_hours(1));
        until(async || matches!(jobs::one(store.reader(), old).await, Err(JobError::NotFound))).await;
        working.stop().await;
        assert!(jobs::history(store.reader(), old, 9).await.expect("read").is_empty());
        assert_eq!(state(&store, fresh).await, State::Cancelled);
        assert_eq!(state(&store, open_still).await, State::Waiting);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_is_told_by_how_long_it_has_been_due() {
    for database in testbed::databases().await {
        let (store, time) = (open(&database).await, Driven::at_noon());
        let pending = async |kind: &str| jobs::pending(store.reader(), kind, time.now()).await.expect("figures");
        assert_eq!(pending("nobody's").await, jobs::Pending::default());
        let later = time.now() + SignedDuration::from_secs(30);
        new(&store, "nobody's", "now", time.now()).await;
        new(&store, "nobody's", "later", later).await;
        new(&store, "another's", "now", time.now() - SignedDuration::from_hours(1)).await;
        assert_eq!(pending("nobody's").await, jobs::Pending::default());
        time.forward(SignedDuration::from_secs(90));
        assert_eq!(pending("nobody's").await, jobs::Pending { overdue_ms: 90_000, attempts: 0 });
    }
}
