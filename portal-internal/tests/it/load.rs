//! People at work while things break, and a ledger of what they were told is done.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sea_orm::sea_query::{Alias, Query};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::json;
use sha2::Digest as _;
use testbed::{Answer, Patient, Region, Visitor};
use tokio::task::JoinHandle;

/// What one person was told.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Sign-ins that were answered with a session: request id, and what the database knows the session by.
    pub signed_in: Vec<(String, String)>,
    /// Searches that were answered: request id.
    pub searched: Vec<String>,
    /// 503s: after how long, and whether each said when to come again.
    pub sent_away: Vec<(Duration, bool)>,
    /// No answer at all: the program itself was killed.
    pub cut_off: usize,
    /// Anything else.
    pub surprises: Vec<String>,
}

impl Ledger {
    fn take(&mut self, answer: &Answer, after: Duration) {
        match answer.status {
            503 => self.sent_away.push((after, answer.header("retry-after").parse::<u32>().is_ok())),
            // Counted for an attempt that the outage kept from being taken back.
            429 => {}
            status => self.surprises.push(format!("{status}: {:.300}", answer.body)),
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.signed_in.extend(other.signed_in);
        self.searched.extend(other.searched);
        self.sent_away.extend(other.sent_away);
        self.cut_off += other.cut_off;
        self.surprises.extend(other.surprises);
        self
    }

    /// Slowest and middle 503, in milliseconds.
    pub fn sent_away_after(&self) -> (u128, u128) {
        let mut after: Vec<u128> = self.sent_away.iter().map(|(after, _)| after.as_millis()).collect();
        after.sort_unstable();
        (after.last().copied().unwrap_or_default(), after.get(after.len() / 2).copied().unwrap_or_default())
    }
}

/// Who works where.
#[derive(Clone)]
pub enum Worker {
    /// Signs in at the intranet portal and searches.
    Staff { username: String, password: String, query: String },
    /// Signs in at the public portal.
    Patient { username: String, password: String },
}

impl Worker {
    /// So many clinicians of the directory.
    pub fn staff(region: &Region, count: usize) -> Result<Vec<Self>> {
        let clinicians = region.staff.iter().filter(|staff| staff.roles.iter().any(|role| role == "clinician"));
        let query = region.shown_patient().resident_id.clone();
        let worker = |staff: &testbed::Staff| Self::Staff {
            username: staff.username.clone(),
            password: staff.password.clone(),
            query: query.clone(),
        };
        let workers: Vec<Self> = clinicians.take(count).map(worker).collect();
        ensure!(workers.len() == count, "the region has {} clinicians", workers.len());
        Ok(workers)
    }

    /// A patient with an account.
    pub fn patient(patient: &Patient) -> Self {
        let (username, password) = testbed::credentials(patient);
        Self::Patient { username, password }
    }
}

/// People who work until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Result<Ledger>>>,
}

impl Load {
    /// Each worker at the portal at this address.
    pub fn start(workers: Vec<(String, Worker)>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let work = |(url, worker)| tokio::spawn(work(url, worker, stop.clone()));
        Self { workers: workers.into_iter().map(work).collect(), stop }
    }

    /// What all of them were told.
    pub async fn end(self) -> Result<Ledger> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Ledger::default();
        for worker in self.workers {
            all = all.join(worker.await??);
        }
        Ok(all)
    }
}

async fn work(url: String, worker: Worker, stop: Arc<AtomicBool>) -> Result<Ledger> {
    let mut ledger = Ledger::default();
    while !stop.load(Ordering::Relaxed) {
        let mut visitor = Visitor::new(&url)?;
        let (username, password) = match &worker {
            Worker::Staff { username, password, .. } | Worker::Patient { username, password } => (username, password),
        };
        let asked = Instant::now();
        let Ok(answer) = visitor.sign_in(username, password, None).await else {
            ledger.cut_off += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        if answer.status != 303 {
            ledger.take(&answer, asked.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        ledger.signed_in.push((answer.header("x-request-id").to_owned(), known_by(&mut visitor)?));
        if let Worker::Staff { query, .. } = &worker {
            for _ in 0..3 {
                search(&mut visitor, query, &mut ledger).await;
            }
        }
    }
    Ok(ledger)
}

async fn search(visitor: &mut Visitor, query: &str, ledger: &mut Ledger) {
    let Ok(session) = visitor.get("/api/v1/session").await else {
        ledger.cut_off += 1;
        return;
    };
    if session.status != 200 {
        return ledger.take(&session, Duration::ZERO);
    }
    let asked = Instant::now();
    match visitor.json(post(), "/api/v1/patient-searches", Some(&json!({ "q": query }))).await {
        Ok(answer) if answer.status == 200 => ledger.searched.push(answer.header("x-request-id").to_owned()),
        Ok(answer) => ledger.take(&answer, asked.elapsed()),
        Err(_) => ledger.cut_off += 1,
    }
}

fn post() -> poem::http::Method {
    poem::http::Method::POST
}

/// The session cookie's SHA-256, as `staff_session` and `patient_session` have it.
fn known_by(visitor: &mut Visitor) -> Result<String> {
    let cookie =
        visitor.cookies().iter().find(|(name, _)| matches!(name.as_str(), "portal-internal" | "portal-external"));
    let (_, cookie) = cookie.context("signed in without a session")?;
    Ok(sha2::Sha256::digest(cookie.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// How many acknowledged writes are not there, and how many are there more than once.
#[derive(Debug, PartialEq, Eq)]
pub struct Books {
    /// Acknowledged, and not there.
    pub lost: Vec<String>,
    /// Acknowledged once, and there twice.
    pub doubled: Vec<String>,
}

/// Holds the ledger against the database.
pub async fn balance(db: &DatabaseConnection, ledger: &Ledger) -> Result<Books> {
    let rows = column(db, "audit_event", &["request_id", "action", "outcome"]).await?;
    let count = |request: &str, action: &str, outcome: &str| {
        let same = |row: &&Vec<String>| row[0] == request && row[1] == action && row[2] == outcome;
        rows.iter().filter(same).count()
    };
    let mut sessions = column(db, "staff_session", &["id_hash"]).await?;
    sessions.extend(column(db, "patient_session", &["id_hash"]).await?);
    let mut books = Books { lost: Vec::new(), doubled: Vec::new() };
    let mut enter = |what: String, found: usize| match found {
        0 => books.lost.push(what),
        1 => {}
        _ => books.doubled.push(what),
    };
    for (request, session) in &ledger.signed_in {
        enter(format!("sign-in {request}"), count(request, "session.sign-in", "ok"));
        enter(format!("session {request}"), sessions.iter().filter(|row| row[0] == *session).count());
    }
    for request in &ledger.searched {
        for outcome in ["intent", "ok"] {
            enter(format!("search {request} {outcome}"), count(request, "patient.search", outcome));
        }
    }
    ensure!(ledger.signed_in.iter().all(|(request, _)| !request.is_empty()), "answers without a request id");
    Ok(books)
}

async fn column(db: &DatabaseConnection, table: &str, columns: &[&'static str]) -> Result<Vec<Vec<String>>> {
    let select =
        Query::select().columns(columns.iter().map(|name| Alias::new(*name))).from(Alias::new(table)).to_owned();
    let rows = db.query_all(&select).await?;
    let texts = |row: &sea_orm::QueryResult| {
        let text = |name: &&str| row.try_get::<Option<String>>("", name).map(Option::unwrap_or_default);
        columns.iter().map(text).collect::<Result<Vec<_>, _>>()
    };
    Ok(rows.iter().map(texts).collect::<Result<_, _>>()?)
}
