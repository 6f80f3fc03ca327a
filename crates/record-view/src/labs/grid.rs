//! Which rows and columns of the matrix are shown.

use std::collections::BTreeSet;

use ehr::labs::{Column, Flag, LabMatrix, LabResult, Panel, Row};
use jiff::Timestamp;

use super::Filters;

/// Columns on one page: what fits beside the charts at 1440 px.
pub(crate) const WINDOW: usize = 8;

/// The part of a matrix that the filters leave, cut to one page of columns.
pub(crate) struct Grid<'m, 'r> {
    pub matrix: &'m LabMatrix<'r>,
    /// Indices of the columns shown, newest first.
    pub columns: Vec<usize>,
    /// Panels with the rows shown; none is empty.
    pub panels: Vec<(&'m Panel<'r>, Vec<&'m Row<'r>>)>,
    /// Columns left out on either side of this page.
    pub newer: usize,
    pub older: usize,
    /// Rows that pass the filters but have nothing in these columns.
    pub rows_elsewhere: usize,
}

impl<'m, 'r> Grid<'m, 'r> {
    pub(crate) fn new(matrix: &'m LabMatrix<'r>, filters: &Filters, now: Timestamp) -> Self {
        let admitted: Vec<bool> = matrix.columns.iter().map(|column| filters.admits(column, now)).collect();
        let passes = |row: &Row<'r>| {
            let cells = || results(row).filter(|(column, _)| admitted.get(*column) == Some(&true));
            matches_text(row, &filters.text)
                && if filters.abnormal { cells().any(|(_, one)| is_abnormal(one)) } else { cells().next().is_some() }
        };
        let mut panels: Vec<(&Panel<'r>, Vec<&Row<'r>>)> = matrix
            .panels
            .iter()
            .filter(|panel| filters.panel.as_ref().is_none_or(|id| *id == panel.id))
            .map(|panel| (panel, panel.rows.iter().filter(|row| passes(row)).collect()))
            .collect();
        let with_results: BTreeSet<usize> = panels
            .iter()
            .flat_map(|(_, rows)| rows.iter().flat_map(|row| results(row)))
            .map(|(column, _)| column)
            .filter(|column| admitted.get(*column) == Some(&true))
            .collect();
        let newer = filters.skip.min(with_results.len().saturating_sub(1) / WINDOW * WINDOW);
        let columns: Vec<usize> = with_results.iter().copied().skip(newer).take(WINDOW).collect();
        let older = with_results.len().saturating_sub(newer + columns.len()) + matrix.columns_left_out;
        let all_rows: usize = panels.iter().map(|(_, rows)| rows.len()).sum();
        for (_, rows) in &mut panels {
            rows.retain(|row| columns.iter().any(|column| !cell(row, *column).is_empty()));
        }
        panels.retain(|(_, rows)| !rows.is_empty());
        let shown: usize = panels.iter().map(|(_, rows)| rows.len()).sum();
        Self { matrix, columns, panels, newer, older, rows_elsewhere: all_rows - shown }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &'m Row<'r>> + '_ {
        self.panels.iter().flat_map(|(_, rows)| rows.iter().copied())
    }

    pub(crate) fn column(&self, index: usize) -> Option<&'m Column> {
        self.matrix.columns.get(index)
    }

    /// Results in the cells shown.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (usize, &'r LabResult)> + '_ {
        self.rows().flat_map(|row| results(row)).filter(|(column, _)| self.columns.contains(column))
    }
}

/// Every result of a row with its column.
pub(crate) fn results<'r>(row: &Row<'r>) -> impl Iterator<Item = (usize, &'r LabResult)> {
    row.cells.iter().enumerate().flat_map(|(column, cell)| cell.iter().map(move |one| (column, *one)))
}

/// What is in a cell.
pub(crate) fn cell<'m, 'r>(row: &'m Row<'r>, column: usize) -> &'m [&'r LabResult] {
    row.cells.get(column).map_or(&[], Vec::as_slice)
}

pub(crate) fn is_abnormal(result: &LabResult) -> bool {
    result.flag.is_some_and(Flag::is_abnormal) || result.components.iter().any(is_abnormal)
}

pub(crate) fn is_critical(result: &LabResult) -> bool {
    matches!(result.flag, Some(Flag::CriticalHigh | Flag::CriticalLow)) || result.components.iter().any(is_critical)
}

fn matches_text(row: &Row<'_>, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let wanted = text.to_lowercase();
    let names = [Some(&row.name.zh), Some(&row.name.en), row.abbreviation.as_ref()];
    names.into_iter().flatten().any(|name| name.to_lowercase().contains(&wanted))
        || results(row).any(|(_, one)| {
            one.code.text.to_lowercase().contains(&wanted)
                || one.code.codings.iter().any(|coding| coding.code.to_lowercase() == wanted)
        })
}
