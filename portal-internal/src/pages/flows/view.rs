//! What the pages of flows are given.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sources::{FlowCourse, FlowFigures, FlowFilter, FlowKind, FlowOutcome, FlowStep, FlowTrace};
use uuid::Uuid;
use web::{
    Visit,
    render::{Arg, Words},
};

use super::{MOST, Window, course::CourseView, cure, happened};
use crate::{pages::sources::name, portal::Portal};

/// Of a hundred that were begun, this many may fail before it is shown in red.
const MANY: u64 = 10;

/// What the page is narrowed to.
pub struct Narrowing {
    pub window: Window,
    pub filter: FlowFilter,
}

/// What was found for it.
pub struct Found {
    /// Of all hospitals.
    pub figures: Vec<FlowFigures>,
    /// As narrowed, the newest first.
    pub flows: Vec<FlowTrace>,
    /// Those of the hospital that failed, whatever else the list is narrowed to.
    pub failed: Vec<FlowTrace>,
    /// Of the hospital, or of all.
    pub course: FlowCourse,
    pub since: Timestamp,
}

/// A hospital by name, or by id where nobody knows it any more.
#[derive(Serialize)]
struct Hospital {
    id: String,
    name: String,
    mark: &'static str,
    /// Its own page is there.
    known: bool,
}

impl Hospital {
    fn new(portal: &Portal, visit: &Visit, id: &str) -> Self {
        match portal.catalogue.named(id) {
            Some(source) => Self {
                id: id.to_owned(),
                name: name(&source, visit),
                mark: record_view::source_mark(source.mark),
                known: true,
            },
            None => {
                let nobody = || portal.pages.renderer().words(visit.lang).text("flow-unknown-server");
                let name = if id.is_empty() { nobody() } else { id.to_owned() };
                Self { id: id.to_owned(), name, mark: "", known: false }
            }
        }
    }
}

/// A number and its bar.
#[derive(Serialize)]
struct Cell {
    n: String,
    /// Length of the bar, of a hundred; absent where nothing was begun.
    share: Option<u64>,
    /// So many that somebody should look.
    bad: bool,
}

/// Figures of one hospital, or of all.
#[derive(Serialize)]
struct Cells {
    started: Cell,
    connected: Cell,
    failed: Cell,
    lapsed: Cell,
    open: String,
    /// In percent, of those that are over.
    rate: Option<String>,
    median: Option<String>,
    connections: String,
    reconnect: u64,
}

impl Cells {
    fn new(words: &Words, figures: &FlowFigures, most: u64) -> Self {
        let started = figures.started;
        let cell = |n: u64, bad: bool| Cell { n: grouped(n), share: (n * 100).checked_div(started), bad };
        let over = started.saturating_sub(figures.open);
        Self {
            started: Cell { share: (started * 100).checked_div(most), ..cell(started, false) },
            connected: cell(figures.connected, false),
            failed: cell(figures.failed, figures.failed > 0 && figures.failed * 100 > over * MANY),
            lapsed: cell(figures.lapsed, false),
            open: grouped(figures.open),
            rate: percent(figures.connected, over),
            median: figures.median_ms.map(|ms| lasted(words, ms)),
            connections: grouped(figures.connections),
            reconnect: figures.reconnect,
        }
    }
}

/// Thousands apart.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub fn percent(part: u64, whole: u64) -> Option<String> {
    let thousandths = (part * 1_000).checked_div(whole)?;
    Some(format!("{}.{}%", thousandths / 10, thousandths % 10))
}

/// A time in the unit that people would say.
fn lasted(words: &Words, ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    if seconds < 60 {
        let text = format!("{seconds}.{}", ms.max(0) % 1_000 / 100);
        return words.with("flow-seconds", &[("seconds", Arg::from(text))]);
    }
    words.with("flow-minutes", &[("minutes", Arg::from(seconds / 60)), ("seconds", Arg::from(seconds % 60))])
}

/// A row of the first table.
#[derive(Serialize)]
struct HospitalRow {
    hospital: Hospital,
    cells: Cells,
}

/// Why flows failed, with the newest of them.
#[derive(Serialize)]
struct Reason {
    why: String,
    happened: String,
    cure: Option<String>,
    hospital: Hospital,
    count: String,
    /// Of the newest one: how far it came, what the hospital called it, its id.
    step: Option<&'static str>,
    error: String,
    example: Option<Uuid>,
}

/// One flow in the list.
#[derive(Serialize)]
struct Row {
    id: Uuid,
    kind: &'static str,
    hospital: Hospital,
    outcome: &'static str,
    step: &'static str,
    why: Option<String>,
    error: String,
    begun: String,
    took: Option<String>,
}

impl Row {
    fn new(portal: &Portal, visit: &Visit, words: &Words, flow: &FlowTrace) -> Self {
        Self {
            id: flow.id,
            kind: flow.kind.as_str(),
            hospital: Hospital::new(portal, visit, &flow.source),
            outcome: flow.outcome.as_str(),
            step: flow.step.as_str(),
            why: flow.why.as_deref().map(|why| happened(words, why)),
            error: flow.error.clone(),
            begun: words.minute_today(flow.begun_at, visit.now),
            took: flow.took_ms.map(|ms| lasted(words, ms)),
        }
    }
}

/// `flows/list.html`
#[derive(Serialize)]
pub struct ListPage {
    windows: [&'static str; 3],
    window: &'static str,
    outcomes: [&'static str; 4],
    /// Empty for all.
    outcome: &'static str,
    sources: Vec<Hospital>,
    /// Empty for all.
    source: String,
    hospitals: Vec<HospitalRow>,
    total: Cells,
    course: CourseView,
    reasons: Vec<Reason>,
    rows: Vec<Row>,
    /// There are older ones.
    more: bool,
    /// What somebody read out, which is no flow's.
    trace: String,
    as_of: String,
}

impl ListPage {
    pub fn new(portal: &Portal, visit: &Visit, narrowing: &Narrowing, found: &Found, trace: &str) -> Self {
        let words = portal.pages.renderer().words(visit.lang);
        let wanted = narrowing.filter.source.as_deref();
        let figures = || found.figures.iter().filter(|one| wanted.is_none_or(|id| id == one.source));
        let most = figures().map(|one| one.started).max().unwrap_or_default();
        let row = |one: &FlowFigures| HospitalRow {
            hospital: Hospital::new(portal, visit, &one.source),
            cells: Cells::new(words, one, most),
        };
        let total = total(figures());
        let flows = found.flows.iter().filter(|flow| flow.begun_at >= found.since);
        Self {
            windows: Window::ALL.map(Window::as_str),
            window: narrowing.window.as_str(),
            outcomes: FlowOutcome::ALL.map(FlowOutcome::as_str),
            outcome: narrowing.filter.outcome.map_or("", FlowOutcome::as_str),
            sources: choices(portal, visit, &found.figures, wanted),
            source: wanted.unwrap_or_default().to_owned(),
            hospitals: figures().map(row).collect(),
            total: Cells::new(words, &total, total.started),
            course: CourseView::new(words, visit, &found.course),
            reasons: reasons(portal, visit, words, figures(), found),
            rows: flows.map(|flow| Row::new(portal, visit, words, flow)).collect(),
            more: found.flows.len() as u64 == MOST
                && found.flows.last().is_some_and(|flow| flow.begun_at >= found.since),
            trace: trace.to_owned(),
            as_of: words.minute(visit.now),
        }
    }
}

/// All hospitals together. Half of all that connected took no longer than… is not told: halves don't add up.
fn total<'f>(all: impl Iterator<Item = &'f FlowFigures>) -> FlowFigures {
    all.fold(FlowFigures::default(), |sum, one| FlowFigures {
        started: sum.started + one.started,
        connected: sum.connected + one.connected,
        failed: sum.failed + one.failed,
        lapsed: sum.lapsed + one.lapsed,
        open: sum.open + one.open,
        connections: sum.connections + one.connections,
        reconnect: sum.reconnect + one.reconnect,
        ..FlowFigures::default()
    })
}

/// Hospitals that patients connect, and those of which there are flows still.
fn choices(portal: &Portal, visit: &Visit, figures: &[FlowFigures], wanted: Option<&str>) -> Vec<Hospital> {
    let personal = portal.catalogue.all().filter(|source| source.is_personal());
    let mut ids: Vec<String> = personal.map(|source| source.id.clone()).collect();
    let others = figures.iter().map(|one| one.source.as_str()).chain(wanted);
    for id in others.filter(|id| !id.is_empty()) {
        if !ids.iter().any(|one| one == id) {
            ids.push(id.to_owned());
        }
    }
    ids.iter().map(|id| Hospital::new(portal, visit, id)).collect()
}

fn reasons<'f>(
    portal: &Portal,
    visit: &Visit,
    words: &Words,
    figures: impl Iterator<Item = &'f FlowFigures>,
    found: &Found,
) -> Vec<Reason> {
    let mut newest: BTreeMap<(&str, &str), &FlowTrace> = BTreeMap::new();
    for flow in &found.failed {
        newest.entry((&flow.source, flow.why.as_deref().unwrap_or_default())).or_insert(flow);
    }
    let mut counted: Vec<(&FlowFigures, &str, u64)> =
        figures.flat_map(|one| one.errors.iter().map(move |(why, count)| (one, why.as_str(), *count))).collect();
    counted.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    let reason = |(of, why, count): (&FlowFigures, &str, u64)| {
        let example = newest.get(&(of.source.as_str(), why)).filter(|flow| flow.begun_at >= found.since);
        Reason {
            why: why.to_owned(),
            happened: happened(words, why),
            cure: cure(words, why),
            hospital: Hospital::new(portal, visit, &of.source),
            count: grouped(count),
            step: example.map(|flow| flow.step.as_str()),
            error: example.map(|flow| flow.error.clone()).unwrap_or_default(),
            example: example.map(|flow| flow.id),
        }
    };
    counted.into_iter().map(reason).collect()
}

/// One step of a flow.
#[derive(Serialize)]
struct StepView {
    step: &'static str,
    /// `done`, `failed`, `waiting`, `lapsed`, `unasked` or `unreached`.
    end: &'static str,
    /// What was expected, where something else came: the end of a message key.
    expected: Option<String>,
}

fn steps(flow: &FlowTrace) -> Vec<StepView> {
    // Who signed in is looked at only where it was asked for.
    let unasked = |step| step == FlowStep::Identity && !flow.asked.iter().any(|scope| scope == "openid");
    let end = |step: FlowStep| match flow.outcome {
        _ if unasked(step) && step < flow.step => "unasked",
        _ if step < flow.step => "done",
        _ if step > flow.step => "unreached",
        FlowOutcome::Connected => "done",
        FlowOutcome::Failed => "failed",
        FlowOutcome::Lapsed => "lapsed",
        FlowOutcome::Open => "waiting",
    };
    let expected = |step: FlowStep| {
        // Who comes from a hospital's own system is a practitioner, for somebody else.
        let is_other = flow.kind == FlowKind::Launch && matches!(step, FlowStep::Identity | FlowStep::Patient);
        format!("{}{}", step.as_str(), if is_other { "-launch" } else { "" })
    };
    let view = |step: FlowStep| StepView {
        step: step.as_str(),
        end: end(step),
        expected: (end(step) == "failed").then(|| expected(step)),
    };
    FlowStep::ALL.into_iter().map(view).collect()
}

/// A parameter and its value, or what stands for one that is not kept.
#[derive(Serialize)]
struct Parameter {
    name: String,
    value: String,
}

fn parameters(all: &[(String, String)]) -> Vec<Parameter> {
    all.iter().map(|(name, value)| Parameter { name: name.clone(), value: value.clone() }).collect()
}

/// `flows/flow.html`
#[derive(Serialize)]
pub struct FlowPage {
    id: Uuid,
    kind: &'static str,
    hospital: Hospital,
    outcome: &'static str,
    begun: String,
    finished: Option<String>,
    took: Option<String>,
    /// Was what they came back with what they were sent with? `found`, `lost`, or `none` while they have not come back.
    state: &'static str,
    steps: Vec<StepView>,
    why: Option<String>,
    happened: Option<String>,
    cure: Option<String>,
    error: String,
    status: Option<u16>,
    said: String,
    asked: Vec<String>,
    granted: Vec<String>,
    /// Asked for and not granted, where a token came.
    missing: Vec<String>,
    request: Vec<Parameter>,
    answer: Vec<Parameter>,
    /// What came with the token of a launch.
    context: Vec<Parameter>,
}

impl FlowPage {
    pub fn new(portal: &Portal, visit: &Visit, flow: &FlowTrace) -> Self {
        let words = portal.pages.renderer().words(visit.lang);
        let state = match (flow.state_found, flow.answer.is_empty()) {
            (true, _) => "found",
            (false, false) => "lost",
            (false, true) => "none",
        };
        let missing = flow.asked.iter().filter(|scope| !flow.granted.is_empty() && !flow.granted.contains(scope));
        Self {
            id: flow.id,
            kind: flow.kind.as_str(),
            hospital: Hospital::new(portal, visit, &flow.source),
            outcome: flow.outcome.as_str(),
            begun: words.minute(flow.begun_at),
            finished: flow.finished_at.map(|at| words.minute(at)),
            took: flow.took_ms.map(|ms| lasted(words, ms)),
            state,
            steps: steps(flow),
            why: flow.why.clone(),
            happened: flow.why.as_deref().map(|why| happened(words, why)),
            cure: flow.why.as_deref().and_then(|why| cure(words, why)),
            error: flow.error.clone(),
            status: flow.status,
            said: flow.said.clone(),
            asked: flow.asked.clone(),
            granted: flow.granted.clone(),
            missing: missing.cloned().collect(),
            request: parameters(&flow.request),
            answer: parameters(&flow.answer),
            context: parameters(&flow.context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([0, 999, 1_000, 41_920, 1_234_567].map(grouped), ["0", "999", "1,000", "41,920", "1,234,567"]);
        assert_eq!(percent(2, 3).as_deref(), Some("66.6%"));
        assert_eq!(percent(0, 0), None, "nothing of nothing");
    }

    fn ends(outcome: FlowOutcome, step: FlowStep, asked: &[&str]) -> Vec<&'static str> {
        let flow = FlowTrace {
            id: Uuid::nil(),
            kind: FlowKind::Connection,
            source: String::new(),
            begun_at: Timestamp::UNIX_EPOCH,
            finished_at: None,
            took_ms: None,
            outcome,
            step,
            why: None,
            error: String::new(),
            status: None,
            said: String::new(),
            asked: asked.iter().map(|scope| (*scope).to_owned()).collect(),
            granted: Vec::new(),
            request: Vec::new(),
            answer: Vec::new(),
            context: Vec::new(),
            state_found: false,
        };
        steps(&flow).into_iter().map(|step| step.end).collect()
    }

    #[test]
    fn a_step_is_done_failed_or_not_reached() {
        use FlowOutcome::{Connected, Failed, Lapsed, Open};
        let end = |outcome, step| ends(outcome, step, &["openid"]).join(" ");
        assert_eq!(end(Failed, FlowStep::Discover), "failed unreached unreached unreached unreached unreached");
        assert_eq!(end(Open, FlowStep::Authorize), "done waiting unreached unreached unreached unreached");
        assert_eq!(end(Lapsed, FlowStep::Authorize), "done lapsed unreached unreached unreached unreached");
        assert_eq!(end(Failed, FlowStep::Token), "done done done failed unreached unreached");
        assert_eq!(end(Connected, FlowStep::Patient), "done done done done done done");
        let unasked = ends(Connected, FlowStep::Patient, &["patient/*.read"]).join(" ");
        assert_eq!(unasked, "done done done done unasked done", "who signed in was not asked");
    }
}
