//! How a source did in the last hours, as pages draw it.

use jiff::Timestamp;
use serde::Serialize;
use sources::{HealthSpan, Source};
use web::render::Words;

use crate::pages::chart::Chart;

/// A chart, and the same as rows.
#[derive(Serialize)]
pub struct TrendView {
    pub chart: Chart,
    first: String,
    last: String,
    /// Those in which anything was asked, the newest first.
    rows: Vec<TrendRow>,
}

#[derive(Serialize)]
struct TrendRow {
    from: String,
    answered: u64,
    failed: u64,
    left_alone: u64,
    /// In seconds.
    mean: Option<String>,
}

/// What became of questions, from below.
fn parts(span: &HealthSpan) -> [(&'static str, u64); 3] {
    [("good", span.answered), ("idle", span.left_alone), ("bad", span.failed)]
}

/// The chart of one that was asked at all.
pub fn chart(source: &Source, now: Timestamp) -> Option<Chart> {
    let spans = source.trend(now);
    Some(Chart::new(spans.iter().map(parts))).filter(|chart| chart.most > 0)
}

impl TrendView {
    /// `None`: nothing was asked in this time.
    pub fn new(words: &Words, source: &Source, now: Timestamp) -> Option<Self> {
        let spans = source.trend(now);
        let chart = Chart::new(spans.iter().map(parts));
        let minute = |at| words.minute_today(at, now);
        let row = |span: &HealthSpan| TrendRow {
            from: minute(span.from),
            answered: span.answered,
            failed: span.failed,
            left_alone: span.left_alone,
            mean: span.mean_ms.map(super::view::seconds),
        };
        let was_asked = |span: &&HealthSpan| span.answered + span.failed + span.left_alone > 0;
        let rows = spans.iter().rev().filter(was_asked).map(row).collect();
        let first = spans.first().map(|span| minute(span.from)).unwrap_or_default();
        (chart.most > 0).then(|| Self { chart, first, last: minute(now), rows })
    }
}
