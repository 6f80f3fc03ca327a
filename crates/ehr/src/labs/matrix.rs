//! Analyte × time: the matrix of the results page, and trends of what may share an axis.

use super::{Flag, LabResult};
use crate::{Bilingual, ClinicalTime};

/// The matrix. Columns run newest first; rows follow the catalogue's panels, unknown codes last under their own text.
#[derive(Clone, Debug)]
pub struct LabMatrix<'r> {
    /// Newest first; undated last.
    pub columns: Vec<Column>,
    /// Panels in catalogue order.
    pub panels: Vec<Panel<'r>>,
    /// Columns older than the window that were left out (a later page of the matrix has them).
    pub columns_left_out: usize,
}

/// A time at a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// When, at its precision; `None` when the source did not say.
    pub time: Option<ClinicalTime>,
    /// Source id.
    pub source: String,
}

/// A block of rows.
#[derive(Clone, Debug)]
pub struct Panel<'r> {
    /// Catalogue id, e.g. `renal`; `other` for unknown codes.
    pub id: String,
    /// Name; `None` for `other`.
    pub name: Option<Bilingual>,
    /// Rows.
    pub rows: Vec<Row<'r>>,
}

/// One analyte in one unit.
#[derive(Clone, Debug)]
pub struct Row<'r> {
    /// Usable as an anchor.
    pub key: String,
    /// Name in the catalogue; else both are the laboratory's own text.
    pub name: Bilingual,
    /// Abbreviation, when the catalogue has one.
    pub abbreviation: Option<String>,
    /// Unit for people.
    pub unit: Option<String>,
    /// The newest result's range, verbatim.
    pub range: Option<String>,
    /// Do ranges differ between cells? Then each cell shows its own.
    pub ranges_differ: bool,
    /// One per column; several results in one cell stay several.
    pub cells: Vec<Vec<&'r LabResult>>,
    /// Enough convertible numbers for a chart?
    pub has_trend: bool,
}

/// A chart's worth of results of one row: one unit, times known to the day at least, oldest first.
#[derive(Clone, Debug)]
pub struct Trend {
    /// The row's key.
    pub key: String,
    /// Analyte.
    pub name: Bilingual,
    /// Unit of every point and of the band.
    pub unit: String,
    /// Oldest first.
    pub points: Vec<TrendPoint>,
    /// The newest range, converted with the values: shown as a band. Either side may be open.
    pub band: Option<(Option<f64>, Option<f64>)>,
    /// Results of this row that can't be on the axis (text, other unit): counted, listed in the table.
    pub not_plotted: usize,
}

/// A point.
#[derive(Clone, Debug)]
pub struct TrendPoint {
    /// Seconds since the epoch, for the axis.
    pub at: i64,
    /// As shown: the time at its precision.
    pub time: ClinicalTime,
    /// Height.
    pub value: f64,
    /// Verbatim, with comparator.
    pub text: String,
    /// Shape of the mark.
    pub flag: Option<Flag>,
    /// Source id.
    pub source: String,
    /// Was the value converted into `unit`?
    pub converted: bool,
}
