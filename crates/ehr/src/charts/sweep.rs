//! Listing a source's patients into the index, part by part: what was listed stays when a sweep is broken off, and the next
//! one goes on where it stopped.

use access::Context;
use fhir::{Cause, Limits, Outcome, Query, kinds, rows};
use jiff::{SignedDuration, Timestamp};
use patients::{SourcePatient, SweepEnd};
use sources::Source;
use tokio::time::{Duration, Instant};

use super::{Charts, patient};
use crate::EhrError;

/// A small hospital is listed at once.
const AT_ONCE: Limits = Limits { pages: 20, entries: 2_000 };
/// One year of births of a large hospital.
const OF_A_YEAR: Limits = Limits { pages: 400, entries: 40_000 };
/// For one part; hospitals are asked for nothing else meanwhile.
const LONGEST: Duration = Duration::from_secs(120);
/// Identities written in one transaction.
const BATCH: usize = 100;
/// Parts: everything at once; those without a birth date; then year by year, the first and the last with all before and
/// behind them, where mistakes put people.
const WHOLE: i32 = 0;
const UNDATED: i32 = 1;
const FIRST_YEAR: i32 = 1890;

/// What a sweep of one source came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Source id.
    pub source: String,
    /// How it ended; `None` when this process was to stop, and the next sweep goes on there.
    pub end: Option<SweepEnd>,
    /// Patients seen, of the parts listed now.
    pub seen: usize,
}

/// What came of one part.
struct Part {
    seen: Vec<SourcePatient>,
    outcome: Outcome,
}

impl Charts {
    /// Lists the patients of every source that may be swept (of `only` one), one after the other. Stops between two parts
    /// when `stop` says so. `None` when another replica is at it.
    ///
    /// # Errors
    /// The database's, and the audit's. A hospital that does not answer is no error: its sweep ends as failed or partial.
    pub async fn sweep(
        &self,
        ctx: &dyn Context,
        only: Option<&str>,
        clock: impl Fn() -> Timestamp,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Vec<Swept>>, EhrError> {
        let mut all = Vec::new();
        for source in self.inner.catalogue.shared().filter(|source| source.sweep) {
            if only.is_some_and(|only| only != source.id) || stop() {
                continue;
            }
            match self.sweep_one(ctx, &source, &clock, &stop).await? {
                Some(swept) => all.push(swept),
                None => return Ok(None),
            }
        }
        self.inner.index.sweeps_no_more(clock()).await?;
        Ok(Some(all))
    }

    /// Sources that may be swept and were not since `every` ago, or whose last sweep was broken off.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_sweeps(&self, every: SignedDuration, now: Timestamp) -> Result<Vec<String>, EhrError> {
        let known = self.inner.index.sweeps().await?;
        let due = |id: &str| {
            let state = known.iter().find(|state| state.source == id);
            let ended = state.filter(|state| state.end.is_some()).and_then(|state| state.finished_at);
            ended.is_none_or(|ended| ended + every <= now)
        };
        let may = self.inner.catalogue.shared().filter(|source| source.sweep && due(&source.id));
        Ok(may.map(|source| source.id.clone()).collect())
    }

    async fn sweep_one(
        &self,
        ctx: &dyn Context,
        source: &Source,
        clock: &impl Fn() -> Timestamp,
        stop: &impl Fn() -> bool,
    ) -> Result<Option<Swept>, EhrError> {
        let index = &self.inner.index;
        let last_year = i32::from(clock().to_zoned(jiff::tz::TimeZone::UTC).year()) + 1;
        let mut swept = Swept { source: source.id.clone(), end: None, seen: 0 };
        if !index.may_sweep(clock()).await? {
            return Ok(None);
        }
        let before = index.sweep_of(&source.id).await?;
        let mut gap: Option<&'static str> = None;
        let mut part = match before.filter(|before| before.end.is_none()).and_then(|before| before.part) {
            Some(part) => part,
            None => {
                index.sweep_begins(&source.id, WHOLE, clock()).await?;
                WHOLE
            }
        };
        // A part that was missing before the sweep was broken off is still missing.
        let resumed = index.sweep_of(&source.id).await?.and_then(|state| state.detail).is_some();
        while part <= last_year && !stop() {
            // Held for longer than any part takes; another replica goes on where this one stopped answering.
            if !index.may_sweep(clock()).await? {
                return Ok(None);
            }
            let listed = self.list(source, part, last_year, clock()).await;
            for batch in listed.seen.chunks(BATCH) {
                index.observe(ctx, batch, clock()).await?;
            }
            swept.seen += listed.seen.len();
            let seen = i64::try_from(listed.seen.len()).unwrap_or(i64::MAX);
            let end = match (part, listed.outcome) {
                (WHOLE, Outcome::Answered) => Some(SweepEnd::Finished),
                (WHOLE, Outcome::Refused(_) | Outcome::Unsupported | Outcome::Unreachable(_)) => Some(SweepEnd::Failed),
                _ => None,
            };
            // What the whole list did not give comes again year by year.
            let missing = listed.outcome.key().filter(|_| part != WHOLE || end.is_some());
            gap = gap.or(missing);
            part = if part == UNDATED { FIRST_YEAR } else { part + 1 };
            index.sweep_goes_on(&source.id, part, seen, missing).await?;
            if let Some(end) = end {
                index.sweep_ends(&source.id, end, gap, clock()).await?;
                return Ok(Some(Swept { end: Some(end), ..swept }));
            }
        }
        if part > last_year {
            let end = if gap.is_none() && !resumed { SweepEnd::Finished } else { SweepEnd::Partial };
            index.sweep_ends(&source.id, end, gap, clock()).await?;
            swept.end = Some(end);
        }
        Ok(Some(swept))
    }

    async fn list(&self, source: &Source, part: i32, last_year: i32, now: Timestamp) -> Part {
        let query = match part {
            WHOLE => Query::new(),
            UNDATED => Query::new().with("birthdate:missing", "true"),
            FIRST_YEAR => Query::new().with("birthdate", format!("lt{:04}", FIRST_YEAR + 1)),
            year if year == last_year => Query::new().with("birthdate", format!("ge{year:04}")),
            year => Query::new().with("birthdate", format!("{year:04}")),
        };
        let limits = if part == WHOLE { &AT_ONCE } else { &OF_A_YEAR };
        let systems = &source.resident_ids(&self.inner.settings.resident_id_systems);
        let base = source.client.base().clone();
        let mut seen = Vec::new();
        let mut take = |entry: fhir::Entry<'_, rows::Patient<'_>>| {
            // Servers ignore parameters that they don't know: only what was asked for is taken.
            if entry.row.resource_type == Some("Patient") && is_of(part, last_year, entry.row.birth_date) {
                seen.extend(patient::identity(&entry.row, &source.id, &base, systems));
            }
        };
        let report = source.search::<kinds::Patient>(&query, limits, Instant::now() + LONGEST, now, &mut take).await;
        if part == WHOLE && is_too_much(report.outcome) {
            // They come again, year by year.
            seen.clear();
        }
        Part { seen, outcome: report.outcome }
    }
}

fn is_too_much(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Partial(Cause::TooManyEntries | Cause::TooManyPages | Cause::FewerThanTotal))
}

fn is_of(part: i32, last_year: i32, born: Option<&str>) -> bool {
    let year = || born.and_then(|born| born.get(..4)).and_then(|born| born.parse::<i32>().ok());
    match part {
        WHOLE => true,
        UNDATED => year().is_none(),
        FIRST_YEAR => year().is_some_and(|year| year <= FIRST_YEAR),
        last if last == last_year => year().is_some_and(|year| year >= last),
        part => year() == Some(part),
    }
}
