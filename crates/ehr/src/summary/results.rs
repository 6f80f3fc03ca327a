//! The newest value of each analyte of the last twelve months.

use jiff::{SignedDuration, Timestamp};

use super::RecentResult;
use crate::labs::{self, Flag, LabResult, MatrixWindow};

/// A year and the days that controls come late.
const WINDOW_DAYS: i64 = 366;

/// One row an analyte, in the order of the catalogue. Undated results are not recent, and are on the results page.
pub(crate) fn recent_results(results: &[LabResult], now: Timestamp) -> Vec<RecentResult> {
    let since = now.saturating_sub(SignedDuration::from_hours(WINDOW_DAYS * 24)).unwrap_or(Timestamp::MIN).as_second();
    let is_recent = |result: &&LabResult| result.time.as_ref().is_some_and(|time| time.epoch_seconds() >= since);
    let recent: Vec<LabResult> = results.iter().filter(is_recent).cloned().collect();
    let matrix = labs::matrix(&recent, &MatrixWindow::default());
    let mut rows = Vec::new();
    for row in matrix.panels.iter().flat_map(|panel| &panel.rows) {
        let mut of_group = row.history.iter().copied();
        let Some(newest) = of_group.next() else { continue };
        if !row.cells.iter().flatten().any(|own| own.id == newest.id) {
            // The same analyte in another unit has a row of its own, and that one holds what is newest.
            continue;
        }
        let rest: Vec<&LabResult> = of_group.collect();
        let contradicts = |other: &&LabResult| newest.conflict.contains(&other.id);
        let critical = |result: &&LabResult| {
            result.alarming || matches!(result.flag, Some(Flag::CriticalHigh | Flag::CriticalLow))
        };
        rows.push(RecentResult {
            key: row.key.clone(),
            name: row.name.clone(),
            contradicting: rest.iter().copied().filter(contradicts).cloned().collect(),
            previous: rest.iter().copied().find(|other| !contradicts(other) && other.value.is_some()).cloned(),
            critical: rest.iter().copied().find(critical).filter(|_| !critical(&newest)).cloned(),
            trend: labs::trend(row),
            newest: newest.clone(),
        });
    }
    rows
}
