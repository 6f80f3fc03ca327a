//! `/admin/jobs`: what is done later, how far it is, and what stands in its way.

use std::sync::Arc;

use access::Fault;
use jiff::{SignedDuration, Timestamp};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use serde::{Deserialize, Serialize};
use store::jobs::{Counts, Filter, Happened, Job, State, Step};
use uuid::Uuid;
use web::{
    Failure, Visit,
    render::{Arg, Words},
    shell::see_other,
};

use crate::{jobs, portal::Portal, who::Staff};

/// `jobs.html`
#[derive(Serialize)]
struct JobsPage {
    kinds: Vec<Kind>,
    states: [&'static str; 6],
    /// What the list is narrowed to; empty for all.
    kind: String,
    state: &'static str,
    rows: Vec<Row>,
    more: bool,
}

/// One kind with its counts, in the order of the states.
#[derive(Serialize)]
struct Kind {
    kind: String,
    counts: Vec<Count>,
}

#[derive(Serialize)]
struct Count {
    state: &'static str,
    n: i64,
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    kind: String,
    key: String,
    state: &'static str,
    asked: Option<&'static str>,
    attempt: i32,
    done: Option<i64>,
    total: Option<i64>,
    error: Option<String>,
    age: String,
    changed: String,
    /// When it is tried next, for one that waits for its time.
    next: Option<String>,
    steps: Vec<&'static str>,
}

/// `job.html`
#[derive(Serialize)]
struct JobPage {
    job: Row,
    enqueued: String,
    started: Option<String>,
    finished: Option<String>,
    history: Vec<LineView>,
    /// The step came too late: it was in another state by then.
    conflict: bool,
}

#[derive(Serialize)]
struct LineView {
    at: String,
    what: String,
    attempt: i32,
    error: Option<String>,
    by: Option<String>,
}

/// How long ago, in the largest unit that is not nought.
fn age(words: &Words, since: Timestamp, now: Timestamp) -> String {
    let gone = now.duration_since(since).max(SignedDuration::ZERO);
    let (key, count) = match gone.as_secs() {
        secs @ ..60 => ("jobs-age-seconds", secs),
        secs @ ..3_600 => ("jobs-age-minutes", secs / 60),
        secs @ ..86_400 => ("jobs-age-hours", secs / 3_600),
        secs => ("jobs-age-days", secs / 86_400),
    };
    words.with(key, &[("count", Arg::from(count))])
}

impl Row {
    fn new(job: &Job, words: &Words, now: Timestamp) -> Self {
        let waits = job.state == State::Waiting && job.run_at > now;
        Self {
            id: job.id,
            kind: job.kind.clone(),
            key: job.key.clone(),
            state: job.state.as_str(),
            asked: job.asked.map(store::jobs::Asked::as_str),
            attempt: job.attempt,
            done: job.done,
            total: job.total,
            error: job.last_error.clone(),
            age: age(words, job.enqueued_at, now),
            changed: words.minute(job.changed_at),
            next: waits.then(|| words.minute(job.run_at)),
            steps: Step::ALL.into_iter().filter(|step| step.fits(job)).map(Step::as_str).collect(),
        }
    }
}

fn kinds(counts: &Counts) -> Vec<Kind> {
    let kind = |(kind, states): (&String, &std::collections::BTreeMap<State, i64>)| Kind {
        kind: kind.clone(),
        counts: State::ALL
            .map(|state| Count { state: state.as_str(), n: states.get(&state).copied().unwrap_or(0) })
            .into(),
    };
    counts.iter().map(kind).collect()
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Narrowed {
    kind: String,
    state: String,
}

/// `GET /admin/jobs?kind=&state=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(narrowed): Query<Narrowed>,
) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let state = State::parse(&narrowed.state);
    let filter = Filter { kind: Some(narrowed.kind).filter(|kind| !kind.is_empty()), state };
    let (counts, found) = jobs::list(portal, &staff, &filter).await?;
    let page = JobsPage {
        kinds: kinds(&counts),
        states: State::ALL.map(State::as_str),
        more: found.len() as u64 == jobs::MOST,
        rows: found.iter().map(|job| Row::new(job, words, visit.now)).collect(),
        kind: filter.kind.unwrap_or_default(),
        state: state.map_or("", State::as_str),
    };
    portal.pages.page(visit, "jobs.html", &page)
}

fn named(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /admin/jobs/{id}`
#[handler]
pub async fn one(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    draw(portal, visit, &staff, named(&id)?, false).await
}

async fn draw(portal: &Portal, visit: &Visit, staff: &Staff, id: Uuid, conflict: bool) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let (job, history) = jobs::one(portal, staff, id).await?;
    let line = |line: Happened| LineView {
        at: words.minute(line.at),
        what: line.what,
        attempt: line.attempt,
        error: line.error,
        by: line.by,
    };
    let page = JobPage {
        job: Row::new(&job, words, visit.now),
        enqueued: words.minute(job.enqueued_at),
        started: job.started_at.map(|at| words.minute(at)),
        finished: job.finished_at.map(|at| words.minute(at)),
        history: history.into_iter().map(line).collect(),
        conflict,
    };
    let mut response = portal.pages.page_at(visit, &format!("/admin/jobs/{id}"), "job.html", &page)?;
    if conflict {
        response.set_status(StatusCode::CONFLICT);
    }
    Ok(response)
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(rename = "do")]
    step: String,
}

/// `POST /admin/jobs/{id}`
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(asked): Form<Asked>,
) -> Result<Response, Failure> {
    let id = named(&id)?;
    let step = Step::parse(&asked.step).ok_or_else(|| Failure::new(Fault::Invalid))?;
    match jobs::step(portal, &staff, id, step, visit.now).await {
        Ok(()) => Ok(see_other(&format!("/admin/jobs/{id}"))),
        Err(failure) if failure.fault() == Fault::Conflict => draw(portal, visit, &staff, id, true).await,
        Err(failure) => Err(failure),
    }
}
