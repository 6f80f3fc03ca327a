//! What waits for a clinician on the desk: critical values to acknowledge, results to look at; and where one could not look.

use ehr::{SourceReport, WaitingRecord, WaitingResults, labs::LabResult};
use serde::Serialize;
use web::render::Arg;

use crate::Scene;
use crate::labs::{FlagView, full_value};
use crate::review::{name_of, path};

/// Results of one patient that are listed; the others are counted.
const MOST_ROWS: usize = 4;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Critical values alone.
    Critical,
    /// Those, and results that nobody has looked at.
    All,
}

/// The list (`waiting` in templates).
#[derive(Clone, Debug, Serialize)]
pub struct WaitingView {
    /// Patients with critical values that nobody acknowledged.
    pub critical: Vec<WaitingGroup>,
    /// Patients with results that nobody has looked at.
    pub unseen: Vec<WaitingGroup>,
    /// Instead of both, when there are none.
    pub none: Option<String>,
    /// Where one could not look, a line each.
    pub limits: Vec<String>,
    /// When, and at what.
    pub as_of: String,
    /// Patients with anything.
    pub total: usize,
}

/// What waits of one patient.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingGroup {
    /// As registered.
    pub name: String,
    /// Regional index number.
    pub number: String,
    /// Their results.
    pub href: String,
    /// How many, in words.
    pub count: String,
    /// The first of them.
    pub rows: Vec<WaitingRow>,
    /// The others, in words.
    pub more: Option<String>,
}

/// A result.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRow {
    /// Analyte.
    pub name: String,
    /// Value and unit.
    pub value: String,
    /// Flag.
    pub flag: Option<FlagView>,
    /// When, at its precision; in words where nobody said it.
    pub time: String,
    /// Acknowledged before the hospital corrected it.
    pub corrected: bool,
    /// Where a clinician says that they have looked.
    pub href: String,
}

impl WaitingView {
    /// The list.
    pub fn new(of: &WaitingResults, wanted: Wanted, scene: &Scene<'_>) -> Self {
        let critical: Vec<_> = of.records.iter().filter_map(|record| critical(record, scene)).collect();
        let unseen: Vec<_> = match wanted {
            Wanted::Critical => Vec::new(),
            Wanted::All => of.records.iter().filter_map(|record| unseen(record, scene)).collect(),
        };
        let none = match (critical.is_empty() && unseen.is_empty(), of.complete(), wanted) {
            (false, ..) => None,
            (true, false, _) => Some("waiting-none-incomplete"),
            (true, true, Wanted::Critical) => Some("waiting-none-critical"),
            (true, true, Wanted::All) => Some("waiting-none"),
        };
        let any = |record: &&WaitingRecord| {
            let name = |group: &WaitingGroup| group.href == results_of(record);
            critical.iter().any(name) || unseen.iter().any(name)
        };
        Self {
            total: of.records.iter().filter(any).count(),
            none: none.map(|key| scene.text(key)),
            limits: limits(of, scene),
            as_of: scene.with("waiting-as-of", &[("at", Arg::from(scene.words.minute_today(of.as_of, scene.now)))]),
            critical,
            unseen,
        }
    }
}

fn results_of(record: &WaitingRecord) -> String {
    format!("/patients/{}/{}", record.person, ehr::Section::LabResults.slug())
}

fn critical(record: &WaitingRecord, scene: &Scene<'_>) -> Option<WaitingGroup> {
    let open = &record.critical;
    let count = |key: &str, count: usize| scene.with(key, &[("count", Arg::from(count))]);
    (!open.items.is_empty() || open.elsewhere > 0).then(|| WaitingGroup {
        count: count("waiting-count-critical", open.items.len()),
        rows: open.items.iter().map(|one| row(record, &one.result, one.corrected, scene)).collect(),
        more: (open.elsewhere > 0).then(|| count("critical-elsewhere", open.elsewhere)),
        ..group(record)
    })
}

/// What is out of its range comes first.
fn unseen(record: &WaitingRecord, scene: &Scene<'_>) -> Option<WaitingGroup> {
    let mut results: Vec<&LabResult> = record.unseen.iter().collect();
    results.sort_by_key(|one| !is_abnormal(one));
    let abnormal = results.iter().filter(|one| is_abnormal(one)).count();
    let rest = results.len().saturating_sub(MOST_ROWS);
    let counts = [("count", Arg::from(results.len())), ("abnormal", Arg::from(abnormal))];
    (!results.is_empty()).then(|| WaitingGroup {
        count: scene.with("waiting-count", &counts),
        rows: results.iter().take(MOST_ROWS).map(|one| row(record, one, false, scene)).collect(),
        more: (rest > 0).then(|| scene.with("waiting-more", &[("count", Arg::from(rest))])),
        ..group(record)
    })
}

fn is_abnormal(result: &LabResult) -> bool {
    result.flag.is_some_and(|flag| flag.is_abnormal()) || result.components.iter().any(is_abnormal)
}

fn group(record: &WaitingRecord) -> WaitingGroup {
    WaitingGroup {
        name: record.name.clone(),
        number: record.number.clone(),
        href: results_of(record),
        count: String::new(),
        rows: Vec::new(),
        more: None,
    }
}

fn row(record: &WaitingRecord, result: &LabResult, corrected: bool, scene: &Scene<'_>) -> WaitingRow {
    WaitingRow {
        name: name_of(result, scene),
        value: full_value(result, scene),
        flag: FlagView::of(result, scene),
        time: result.time.as_ref().map_or_else(|| scene.text("date-not-said"), |time| scene.minute(time)),
        corrected,
        href: path(record.person, ehr::Section::LabResults, &result.id),
    }
}

/// Each hospital once, with the number of records that may have more there.
fn limits(of: &WaitingResults, scene: &Scene<'_>) -> Vec<String> {
    let mut silent: Vec<(&SourceReport, usize)> = Vec::new();
    for report in of.records.iter().flat_map(WaitingRecord::silent) {
        match silent.iter_mut().find(|(known, _)| known.id == report.id) {
            Some((_, count)) => *count += 1,
            None => silent.push((report, 1)),
        }
    }
    let named = |key: &str, report: &SourceReport, count: usize| {
        let why = report.detail.as_deref().filter(|key| scene.words.has(key)).unwrap_or("why-unknown");
        let name = ("name", Arg::from(scene.of(&report.name)));
        scene.with(key, &[name, ("why", Arg::from(scene.text(why))), ("count", Arg::from(count))])
    };
    let mut lines: Vec<String> = silent.iter().map(|(report, count)| named("waiting-silent", report, *count)).collect();
    lines.extend(of.unsure.iter().map(|report| named("waiting-unsure", report, 0)));
    if of.nowhere {
        lines.push(scene.text("waiting-nowhere"));
    }
    if !of.unread.is_empty() {
        lines.push(scene.with("waiting-unread", &[("names", Arg::from(scene.list(&of.unread)))]));
    }
    if of.unasked > 0 {
        let counts = [("most", Arg::from(ehr::MOST_RECORDS)), ("count", Arg::from(of.unasked))];
        lines.push(scene.with("waiting-unasked", &counts));
    }
    lines
}
