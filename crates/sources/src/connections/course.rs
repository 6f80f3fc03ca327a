//! How far flows come, and when they were begun.

use access::StaffContext;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use store::{from_millis, to_millis};

use super::{FlowOutcome, FlowStep, Flows, flows::MOST};
use crate::{
    SourceError,
    entity::flow::{Column, Entity},
};

/// Flows of a time, by how far they came and by when they were begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowCourse {
    /// In their order: each step with the flows that came to it.
    pub steps: Vec<FlowReach>,
    /// Of the same length each, the last one ends now.
    pub spans: Vec<FlowSpan>,
}

/// Flows that came as far as a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowReach {
    /// Which.
    pub step: FlowStep,
    /// Came to it, whatever became of them.
    pub reached: u64,
    /// Failed there.
    pub failed: u64,
    /// Left there, and never came back.
    pub lapsed: u64,
    /// Are there now.
    pub open: u64,
}

/// Flows begun in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowSpan {
    /// Where it begins.
    pub from: Timestamp,
    /// Of those begun: how they stand now.
    pub connected: u64,
    /// The same.
    pub failed: u64,
    /// The same.
    pub lapsed: u64,
    /// The same.
    pub open: u64,
}

impl FlowSpan {
    /// Begun.
    pub fn begun(&self) -> u64 {
        self.connected + self.failed + self.lapsed + self.open
    }
}

/// What a course is made of.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Came {
    outcome: Option<String>,
    step: String,
    begun_at: i64,
    expires_at: i64,
}

impl Flows {
    /// Of one source, or of all: what was begun in so many spans of this length before `now`.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn course(
        &self,
        ctx: &StaffContext,
        source: Option<&str>,
        (count, length): (u16, SignedDuration),
        now: Timestamp,
    ) -> Result<FlowCourse, SourceError> {
        self.require(ctx)?;
        let begin = to_millis(now) - i64::from(count) * to_length(length);
        let mut rows = Entity::find().filter(Column::BegunAt.gt(begin)).filter(Column::BegunAt.lte(to_millis(now)));
        if let Some(source) = source {
            rows = rows.filter(Column::Source.eq(source));
        }
        let rows = rows.order_by_desc(Column::BegunAt).limit(MOST).into_partial_model::<Came>();
        let rows = rows.all(self.store.reader()).await?;
        Ok(course(&rows, (count, to_length(length)), to_millis(now)))
    }
}

/// In milliseconds, and never nothing.
fn to_length(length: SignedDuration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX).max(1)
}

fn course(rows: &[Came], (count, length): (u16, i64), now: i64) -> FlowCourse {
    let begin = now - i64::from(count) * length;
    let span = |nth: u16| {
        let from = from_millis(begin + i64::from(nth) * length);
        FlowSpan { from, connected: 0, failed: 0, lapsed: 0, open: 0 }
    };
    let step = |step| FlowReach { step, reached: 0, failed: 0, lapsed: 0, open: 0 };
    let mut steps = FlowStep::ALL.map(step);
    let mut spans: Vec<FlowSpan> = (0..count).map(span).collect();
    for row in rows {
        let outcome = FlowOutcome::of(row.outcome.as_deref(), row.expires_at, now);
        let came = FlowStep::parse(&row.step).unwrap_or(FlowStep::Discover);
        for reach in steps.iter_mut().filter(|reach| reach.step <= came) {
            reach.reached += 1;
            let here = u64::from(reach.step == came);
            match outcome {
                FlowOutcome::Connected => {}
                FlowOutcome::Failed => reach.failed += here,
                FlowOutcome::Lapsed => reach.lapsed += here,
                FlowOutcome::Open => reach.open += here,
            }
        }
        // A span ends with its last millisecond, so that the one that ends now holds what was begun now.
        let nth = usize::try_from((row.begun_at - begin - 1).div_euclid(length)).ok();
        let Some(span) = nth.and_then(|nth| spans.get_mut(nth)) else { continue };
        match outcome {
            FlowOutcome::Connected => span.connected += 1,
            FlowOutcome::Failed => span.failed += 1,
            FlowOutcome::Lapsed => span.lapsed += 1,
            FlowOutcome::Open => span.open += 1,
        }
    }
    FlowCourse { steps: steps.to_vec(), spans }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(outcome: Option<&str>, step: FlowStep, begun_at: i64) -> Came {
        let outcome = outcome.map(str::to_owned);
        Came { outcome, step: step.as_str().to_owned(), begun_at, expires_at: begun_at + 10 }
    }

    #[test]
    fn each_flow_is_in_one_span_and_at_each_step_that_it_came_to() {
        let now = 1_000_000;
        let rows = [
            came(Some("connected"), FlowStep::Patient, now),
            came(Some("failed"), FlowStep::Token, now - 99),
            came(Some("failed"), FlowStep::Discover, now - 100),
            came(None, FlowStep::Authorize, now - 199),
            came(None, FlowStep::Authorize, now - 5),
            came(Some("failed"), FlowStep::Patient, now - 250),
        ];
        let all = course(&rows, (3, 100), now);
        let spans: Vec<[u64; 5]> =
            all.spans.iter().map(|one| [one.connected, one.failed, one.lapsed, one.open, one.begun()]).collect();
        assert_eq!(spans, [[0, 1, 0, 0, 1], [0, 1, 1, 0, 2], [1, 1, 0, 1, 3]]);
        assert_eq!(all.spans[0].from, from_millis(now - 300));
        let steps: Vec<[u64; 4]> =
            all.steps.iter().map(|one| [one.reached, one.failed, one.lapsed, one.open]).collect();
        assert_eq!(steps[0], [6, 1, 0, 0], "begun");
        assert_eq!(steps[1], [5, 0, 1, 1], "left for the hospital");
        assert_eq!((steps[2], steps[3]), ([3, 0, 0, 0], [3, 1, 0, 0]));
        assert_eq!((steps[4], steps[5]), ([2, 0, 0, 0], [2, 1, 0, 0]));
        assert_eq!(course(&[], (2, 100), now).spans.len(), 2);
    }
}
