//! `/api/v1/flows`: how sign-ins of patients at hospitals end, and launches of staff from there. No person, no token and no code is in any answer.

use std::sync::Arc;

use access::Fault;
use poem::web::Data;
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use sources::{FlowFigures, FlowFilter, FlowOutcome, FlowReach, FlowSpan, FlowTrace};
use web::{Failure, Visit, render::Words};

use super::failed;
use crate::{
    pages::flows::{MOST, Window, cure, happened, trace_id},
    portal::Portal,
    who::Staff,
};

/// Sign-ins of patients at hospitals.
pub struct FlowsApi;

/// How a flow stands.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
enum Outcome {
    /// The person is at the hospital's page.
    Open,
    /// The record is connected.
    Connected,
    /// It came to nothing.
    Failed,
    /// The person did not come back in time.
    Lapsed,
}

impl From<FlowOutcome> for Outcome {
    fn from(outcome: FlowOutcome) -> Self {
        match outcome {
            FlowOutcome::Open => Self::Open,
            FlowOutcome::Connected => Self::Connected,
            FlowOutcome::Failed => Self::Failed,
            FlowOutcome::Lapsed => Self::Lapsed,
        }
    }
}

/// Why flows failed, and how often.
#[derive(Object)]
struct FlowReason {
    /// A code: `denied`, `token-refused`, …
    why: String,
    /// The same in words.
    happened: String,
    count: u64,
}

/// Figures of one hospital.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct FlowNumbers {
    /// Id of the source.
    source: String,
    /// Flows begun in the window. They are `connected`, `failed`, `lapsed` or `open` now.
    started: u64,
    connected: u64,
    failed: u64,
    lapsed: u64,
    open: u64,
    /// Half of those that connected took no longer, in milliseconds.
    median_ms: Option<i64>,
    /// The most frequent first.
    errors: Vec<FlowReason>,
    /// Connections that there are now, whenever they were made.
    connections: u64,
    /// Of these: the patient has to sign in there again.
    reconnect: u64,
}

/// A parameter of an address.
#[derive(Object)]
struct FlowParameter {
    name: String,
    /// `…` in the place of one that is not kept.
    value: String,
}

/// One flow.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct FlowItem {
    /// What people read out.
    id: String,
    /// `connection`: a patient connects the hospital; `launch`: staff come from the hospital's own system.
    kind: String,
    /// Id of the source; empty where somebody was sent here by a server that is not known.
    source: String,
    /// RFC 3339.
    begun_at: String,
    /// RFC 3339.
    finished_at: Option<String>,
    took_ms: Option<i64>,
    outcome: Outcome,
    /// How far it came: `discover`, `authorize`, `callback`, `token`, `identity` or `patient`.
    step: String,
    /// Why it failed: a code.
    why: Option<String>,
    /// The same in words.
    happened: Option<String>,
    /// What to do.
    cure: Option<String>,
    /// HTTP status of the hospital's refusal.
    status: Option<u16>,
    /// What the hospital calls it (RFC 6749 section 5.2); may be empty.
    error: String,
    /// What the hospital says, shortened: text from outside.
    said: String,
    /// Scopes that were asked for.
    asked: Vec<String>,
    /// Scopes that were granted.
    granted: Vec<String>,
    /// What the person was sent with.
    request: Vec<FlowParameter>,
    /// What they came back with.
    answer: Vec<FlowParameter>,
    /// What came with the token of a launch.
    context: Vec<FlowParameter>,
    /// Was what they came back with what they were sent with?
    state_found: bool,
}

/// A step, with the flows of the window that came to it.
#[derive(Object)]
struct FlowStepNumbers {
    /// `discover` (all that were begun), `authorize`, `callback`, `token`, `identity` or `patient`.
    step: String,
    /// Came to it, whatever became of them.
    reached: u64,
    /// Failed there.
    failed: u64,
    /// Left there, and never came back.
    lapsed: u64,
    /// Are there now.
    open: u64,
}

/// Flows begun in a part of the window, as they stand now.
#[derive(Object)]
struct FlowSpanNumbers {
    /// Where it begins, RFC 3339; it ends where the next one begins, the last one now.
    from: String,
    connected: u64,
    failed: u64,
    lapsed: u64,
    open: u64,
}

/// Figures of a window, and its newest flows.
#[derive(Object)]
struct FlowList {
    /// `24h`, `7d` or `30d`.
    window: String,
    /// Where it begins, RFC 3339.
    since: String,
    /// By hospital.
    figures: Vec<FlowNumbers>,
    /// How far they came, of the source or of all.
    steps: Vec<FlowStepNumbers>,
    /// By hour (`24h`), or by 24 hours.
    spans: Vec<FlowSpanNumbers>,
    /// The newest first, 200 at most.
    items: Vec<FlowItem>,
}

fn numbers(words: &Words, figures: FlowFigures) -> FlowNumbers {
    let reason = |(why, count): (String, u64)| FlowReason { happened: happened(words, &why), why, count };
    FlowNumbers {
        source: figures.source,
        started: figures.started,
        connected: figures.connected,
        failed: figures.failed,
        lapsed: figures.lapsed,
        open: figures.open,
        median_ms: figures.median_ms,
        errors: figures.errors.into_iter().map(reason).collect(),
        connections: figures.connections,
        reconnect: figures.reconnect,
    }
}

fn step(reach: FlowReach) -> FlowStepNumbers {
    FlowStepNumbers {
        step: reach.step.as_str().to_owned(),
        reached: reach.reached,
        failed: reach.failed,
        lapsed: reach.lapsed,
        open: reach.open,
    }
}

fn span(span: FlowSpan) -> FlowSpanNumbers {
    FlowSpanNumbers {
        from: span.from.to_string(),
        connected: span.connected,
        failed: span.failed,
        lapsed: span.lapsed,
        open: span.open,
    }
}

fn item(words: &Words, flow: FlowTrace) -> FlowItem {
    let parameter = |(name, value): (String, String)| FlowParameter { name, value };
    FlowItem {
        id: flow.id.to_string(),
        kind: flow.kind.as_str().to_owned(),
        source: flow.source,
        begun_at: flow.begun_at.to_string(),
        finished_at: flow.finished_at.map(|at| at.to_string()),
        took_ms: flow.took_ms,
        outcome: flow.outcome.into(),
        step: flow.step.as_str().to_owned(),
        happened: flow.why.as_deref().map(|why| happened(words, why)),
        cure: flow.why.as_deref().and_then(|why| cure(words, why)),
        why: flow.why,
        status: flow.status,
        error: flow.error,
        said: flow.said,
        asked: flow.asked,
        granted: flow.granted,
        request: flow.request.into_iter().map(parameter).collect(),
        answer: flow.answer.into_iter().map(parameter).collect(),
        context: flow.context.into_iter().map(parameter).collect(),
        state_found: flow.state_found,
    }
}

#[OpenApi]
impl FlowsApi {
    /// How sign-ins of patients at hospitals ended in a window: figures by hospital, and the newest flows.
    #[oai(path = "/flows", method = "get", operation_id = "flow_list")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        /// `24h`, `7d` (without) or `30d`.
        window: Query<Option<String>>,
        /// Flows of this source alone.
        source: Query<Option<String>>,
        /// Flows that stand so alone: `open`, `connected`, `failed` or `lapsed`.
        outcome: Query<Option<String>>,
    ) -> poem::Result<Json<FlowList>> {
        let invalid = || Failure::new(Fault::Invalid);
        let window = window.0.map_or(Ok(Window::default()), |text| Window::parse(&text).ok_or_else(invalid))?;
        let outcome = outcome.0.map(|text| FlowOutcome::parse(&text).ok_or_else(invalid)).transpose()?;
        let since = window.since(visit.now)?;
        let figures = portal.flows.figures(&staff.context, since, visit.now).await.map_err(failed)?;
        let course = portal.flows.course(&staff.context, source.0.as_deref(), window.spans(), visit.now);
        let course = course.await.map_err(failed)?;
        let filter = FlowFilter { source: source.0, outcome };
        let flows = portal.flows.list(&staff.context, &filter, MOST, visit.now).await.map_err(failed)?;
        let words = portal.pages.renderer().words(visit.lang);
        let flows = flows.into_iter().filter(|flow| flow.begun_at >= since);
        Ok(Json(FlowList {
            window: window.as_str().to_owned(),
            since: since.to_string(),
            figures: figures.into_iter().map(|one| numbers(words, one)).collect(),
            steps: course.steps.into_iter().map(step).collect(),
            spans: course.spans.into_iter().map(span).collect(),
            items: flows.map(|flow| item(words, flow)).collect(),
        }))
    }

    /// One flow, by the id that people read out, with or without hyphens.
    #[oai(path = "/flows/:flow", method = "get", operation_id = "flow_read")]
    async fn read(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        flow: Path<String>,
    ) -> poem::Result<Json<FlowItem>> {
        let id = trace_id(&flow).ok_or_else(|| Failure::new(Fault::NotFound))?;
        let flow = portal.flows.one(&staff.context, id, visit.now).await.map_err(failed)?;
        Ok(Json(item(portal.pages.renderer().words(visit.lang), flow)))
    }
}
