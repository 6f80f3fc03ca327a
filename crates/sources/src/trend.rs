//! How a source did in the last hours, as far as this process has seen.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Of a span, in seconds.
const LENGTH: i64 = 600;
/// Six hours.
const SPANS: usize = 36;

/// What was asked of a source in ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSpan {
    /// Where they begin.
    pub from: Timestamp,
    /// Answered in full.
    pub answered: u64,
    /// Not answered, or not in full.
    pub failed: u64,
    /// Not sent, because its breaker was open.
    pub left_alone: u64,
    /// How long answers in full took, on average, in milliseconds; absent where there are none.
    pub mean_ms: Option<u64>,
}

/// What is kept.
#[derive(Debug, Default)]
pub(crate) struct Trend(VecDeque<Span>);

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    /// Since 1970, in lengths.
    nth: i64,
    answered: u64,
    failed: u64,
    left_alone: u64,
    /// Of answers in full, together.
    waited_ms: u64,
}

fn nth(now: Timestamp) -> i64 {
    now.as_second().div_euclid(LENGTH)
}

impl Trend {
    pub(crate) fn answered(&mut self, waited_ms: u64, now: Timestamp) {
        let span = self.at(now);
        (span.answered, span.waited_ms) = (span.answered + 1, span.waited_ms.saturating_add(waited_ms));
    }

    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.at(now).failed += 1;
    }

    pub(crate) fn left_alone(&mut self, now: Timestamp) {
        self.at(now).left_alone += 1;
    }

    /// The span of `now`; what is said of a moment before the newest one counts for that.
    fn at(&mut self, now: Timestamp) -> &mut Span {
        let nth = nth(now);
        if self.0.back().is_none_or(|last| last.nth < nth) {
            self.0.push_back(Span { nth, ..Span::default() });
            while self.0.len() > SPANS {
                self.0.pop_front();
            }
        }
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// The last six hours, without gaps, the newest last.
    pub(crate) fn spans(&self, now: Timestamp) -> Vec<HealthSpan> {
        let (last, count) = (nth(now), i64::try_from(SPANS).unwrap_or(i64::MAX));
        let span = |nth: i64| {
            let seen = self.0.iter().find(|span| span.nth == nth).copied().unwrap_or_default();
            HealthSpan {
                from: Timestamp::from_second(nth * LENGTH).unwrap_or_default(),
                answered: seen.answered,
                failed: seen.failed,
                left_alone: seen.left_alone,
                mean_ms: seen.waited_ms.checked_div(seen.answered),
            }
        };
        (last - count + 1..=last).map(span).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("a time")
    }

    #[test]
    fn six_hours_are_kept_without_gaps() {
        let mut trend = Trend::default();
        assert!(trend.spans(at(0)).iter().all(|span| span.answered + span.failed + span.left_alone == 0));
        trend.answered(100, at(0));
        trend.answered(300, at(9));
        trend.failed(at(10));
        trend.left_alone(at(31));
        // A clock that was put back loses nothing.
        trend.failed(at(2));
        let spans = trend.spans(at(35));
        assert_eq!((spans.len(), spans[35].from, spans[0].from), (SPANS, at(30), at(-320)));
        let told: Vec<_> =
            spans[32..].iter().map(|one| (one.answered, one.failed, one.left_alone, one.mean_ms)).collect();
        assert_eq!(told, [(2, 0, 0, Some(200)), (0, 1, 0, None), (0, 0, 0, None), (0, 1, 1, None)]);
        for minutes in 0..10_000 {
            trend.answered(1, at(minutes));
        }
        assert_eq!(trend.0.len(), SPANS);
        assert!(trend.spans(at(9_999)).iter().all(|span| span.answered == 10 && span.mean_ms == Some(1)));
        assert!(trend.spans(at(20_000)).iter().all(|span| span.answered == 0));
    }
}
