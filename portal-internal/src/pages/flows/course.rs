//! How far flows come, and when they were begun, as a page draws it: bars, and the same as rows.

use serde::Serialize;
use sources::{FlowCourse, FlowReach, FlowSpan};
use web::{Visit, render::Words};

use super::view::{grouped, percent};
use crate::pages::chart::Chart;

/// Both.
#[derive(Serialize)]
pub struct CourseView {
    steps: Vec<StepRow>,
    spans: Vec<SpanRow>,
    chart: Chart,
    first: String,
    last: String,
    /// Anything was begun at all.
    any: bool,
}

/// A step with those who came to it.
#[derive(Serialize)]
struct StepRow {
    step: &'static str,
    reached: String,
    /// Of all that were begun, of a hundred, for the bar.
    share: Option<u64>,
    /// The same, as it is read.
    rate: Option<String>,
    failed: String,
    lapsed: String,
    open: String,
    /// More are lost here than at any other step.
    worst: bool,
}

/// A span as a row of a table.
#[derive(Serialize)]
struct SpanRow {
    from: String,
    begun: String,
    connected: String,
    failed: String,
    lapsed: String,
    open: String,
}

impl CourseView {
    pub fn new(words: &Words, visit: &Visit, course: &FlowCourse) -> Self {
        let begun = course.steps.first().map_or(0, |one| one.reached);
        let lost = |one: &FlowReach| one.failed + one.lapsed;
        let most_lost = course.steps.iter().map(lost).max().unwrap_or_default();
        let step = |one: &FlowReach| StepRow {
            step: one.step.as_str(),
            reached: grouped(one.reached),
            share: (one.reached * 100).checked_div(begun),
            rate: percent(one.reached, begun),
            failed: grouped(one.failed),
            lapsed: grouped(one.lapsed),
            open: grouped(one.open),
            worst: most_lost > 0 && lost(one) == most_lost,
        };
        let minute = |one: &FlowSpan| words.minute_today(one.from, visit.now);
        let span = |one: &FlowSpan| SpanRow {
            from: minute(one),
            begun: grouped(one.begun()),
            connected: grouped(one.connected),
            failed: grouped(one.failed),
            lapsed: grouped(one.lapsed),
            open: grouped(one.open),
        };
        Self {
            steps: course.steps.iter().map(step).collect(),
            spans: course.spans.iter().map(span).collect(),
            chart: Chart::new(course.spans.iter().map(parts)),
            first: course.spans.first().map(|one| words.minute(one.from)).unwrap_or_default(),
            last: words.minute(visit.now),
            any: begun > 0,
        }
    }
}

/// What became of them, from below.
fn parts(span: &FlowSpan) -> [(&'static str, u64); 4] {
    [("good", span.connected), ("open", span.open), ("idle", span.lapsed), ("bad", span.failed)]
}
