//! How far flows come, and when they were begun, as a page draws it: bars in a coordinate system, and the same as rows.

use serde::Serialize;
use sources::{FlowCourse, FlowReach, FlowSpan};
use web::{Visit, render::Words};

use super::view::{grouped, percent};

/// Of the chart, in its own units; a page draws it as wide as it is.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 120;
/// Between two bars.
const GAP: u64 = 3;

/// Both.
#[derive(Serialize)]
pub struct CourseView {
    steps: Vec<StepRow>,
    spans: Vec<SpanRow>,
    bars: Vec<Bar>,
    width: u64,
    height: u64,
    /// Flows of the highest bar.
    most: u64,
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

/// A part of a bar.
#[derive(Serialize)]
struct Bar {
    outcome: &'static str,
    x: u64,
    y: u64,
    width: u64,
    height: u64,
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
            bars: bars(&course.spans),
            width: WIDTH,
            height: HEIGHT,
            most: course.spans.iter().map(FlowSpan::begun).max().unwrap_or_default(),
            first: course.spans.first().map(|one| words.minute(one.from)).unwrap_or_default(),
            last: words.minute(visit.now),
            any: begun > 0,
        }
    }
}

/// Each span one bar, of what became of its flows; as high as the highest is the most.
fn bars(spans: &[FlowSpan]) -> Vec<Bar> {
    let most = spans.iter().map(FlowSpan::begun).max().unwrap_or_default();
    let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
    if most == 0 || count == 0 {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (nth, span) in (0..count).zip(spans) {
        let (x, end) = (nth * WIDTH / count, (nth + 1) * WIDTH / count);
        let mut below = 0;
        let parts =
            [("connected", span.connected), ("open", span.open), ("lapsed", span.lapsed), ("failed", span.failed)];
        for (outcome, n) in parts.into_iter().filter(|(_, n)| *n > 0) {
            // By what is below, so that rounding never lets a bar grow over the chart.
            let (low, high) = (below * HEIGHT / most, (below + n) * HEIGHT / most);
            all.push(Bar { outcome, x, y: HEIGHT - high, width: end - x - GAP, height: (high - low).max(1) });
            below += n;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn span(connected: u64, failed: u64) -> FlowSpan {
        FlowSpan { from: Timestamp::UNIX_EPOCH, connected, failed, lapsed: 0, open: 0 }
    }

    #[test]
    fn bars_stand_side_by_side_and_within_the_chart() {
        let all = bars(&[span(0, 0), span(1, 1), span(7, 0)]);
        let drawn: Vec<_> = all.iter().map(|bar| (bar.outcome, bar.x, bar.y + bar.height)).collect();
        assert_eq!(drawn, [("connected", 240, 120), ("failed", 240, 103), ("connected", 480, 120)]);
        assert!(all.iter().all(|bar| bar.x + bar.width < WIDTH && bar.height <= HEIGHT && bar.height > 0));
        assert_eq!(all[2].height, HEIGHT);
        assert!(bars(&[span(0, 0)]).is_empty() && bars(&[]).is_empty());
        // One of many is still seen.
        assert!(bars(&[span(100_000, 1)]).iter().any(|bar| bar.outcome == "failed" && bar.height == 1));
    }
}
