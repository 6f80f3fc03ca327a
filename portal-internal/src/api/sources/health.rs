//! How a source is doing.

use jiff::Timestamp;
use poem_openapi::Object;
use sources::{BreakerState, HealthSpan, Source};

/// How a source is doing, as far as this replica has seen.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct SourceHealth {
    /// Questions asked since this replica started, or since the definition changed.
    asked: u64,
    /// Of these, not answered in full.
    failed: u64,
    /// In milliseconds.
    median_ms: Option<u64>,
    /// In milliseconds.
    p95_ms: Option<u64>,
    /// Last answer in full, RFC 3339.
    last_good: Option<String>,
    /// Last answer that was none, or not in full, RFC 3339.
    last_bad: Option<String>,
    /// Why: `why-timeout`, …
    last_bad_why: Option<String>,
    /// How often it said 429.
    rate_limited: u64,
    /// The last six hours, in spans of ten minutes, the newest last.
    trend: Vec<SourceSpan>,
}

/// What was asked in ten minutes.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct SourceSpan {
    /// Where they begin, RFC 3339.
    from: String,
    /// Answered in full.
    answered: u64,
    /// Not answered, or not in full.
    failed: u64,
    /// Not sent, because its breaker was open.
    left_alone: u64,
    /// Of answers in full, in milliseconds.
    mean_ms: Option<u64>,
}

/// Is it asked, or left alone because it failed? As far as this replica has seen: each finds out by itself.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct SourceBreaker {
    /// `closed`: it is asked. `open`: nothing is sent, and records say `why-resting`. `half-open`: one question is on its way to
    /// see whether it is well again.
    state: String,
    /// From when on the next question tries it, RFC 3339; while it is open.
    tried_at: Option<String>,
    /// Until when it asked to be left alone (`Retry-After`), RFC 3339; records say `why-told-to-wait`.
    told_to_wait_until: Option<String>,
}

impl SourceHealth {
    pub(super) fn of(source: &Source, now: Timestamp) -> Self {
        let health = source.health();
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let span = |span: HealthSpan| SourceSpan {
            from: span.from.to_string(),
            answered: span.answered,
            failed: span.failed,
            left_alone: span.left_alone,
            mean_ms: span.mean_ms,
        };
        Self {
            asked: health.asked,
            failed: health.failed,
            median_ms: health.median_ms,
            p95_ms: health.p95_ms,
            last_good: text(health.last_good),
            last_bad: text(health.last_bad),
            last_bad_why: health.last_bad_why.map(str::to_owned),
            rate_limited: health.rate_limited,
            trend: source.trend(now).into_iter().map(span).collect(),
        }
    }
}

impl SourceBreaker {
    pub(super) fn of(source: &Source, now: Timestamp) -> Self {
        let after = |left| now.checked_add(left).ok().map(|at: Timestamp| at.to_string());
        let state = source.breaker();
        Self {
            state: state.as_str().to_owned(),
            tried_at: if let BreakerState::Open(left) = state { after(left) } else { None },
            told_to_wait_until: source.told_to_wait().and_then(after),
        }
    }
}
