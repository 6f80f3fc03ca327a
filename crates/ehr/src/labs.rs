//! 检验结果: laboratory results of all sources in one matrix.
//!
//! [`LabRows`] takes results off the wire, [`merge`] makes one list of several sources', [`MergedLabs::results`] what a
//! page shows; [`matrix`] and [`trend`] arrange it. [`catalogue`] knows analytes, [`units`] spellings and factors,
//! [`between`] what may share an axis.

mod catalogue;
mod classify;
mod concept;
mod convert;
mod critical;
mod decimal;
mod flags;
mod matrix;
mod measured;
mod merge;
mod range;
mod result;
mod rows;
mod trend;
pub mod units;
mod view;
mod weight;
mod words;

pub use catalogue::{Analyte, Catalogue, Conversion, LoincCode, PanelName, Specimen, catalogue};
pub(crate) use classify::is_laboratory;
pub use convert::{Linear, Measure, between};
pub use matrix::{Column, LabMatrix, MatrixWindow, Panel, Row, matrix};
pub(crate) use measured::{Measured, measured};
pub use merge::{MergedLabs, merge};
pub use result::{Code, Coding, Flag, LabResult, Range, Value};
pub use rows::{LabRows, RowSource};
pub use trend::{Trend, TrendPoint, trend};
pub(crate) use view::stable_hash;
pub(crate) use words::concept as concept_words;
pub use words::plain_words;

/// Panels for the filter, in the order of the matrix.
pub fn panels() -> &'static [PanelName] {
    catalogue().panels()
}
