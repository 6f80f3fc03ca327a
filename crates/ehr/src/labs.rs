//! 检验结果: laboratory results of all sources in one matrix.

mod matrix;
mod result;

pub use matrix::{Column, LabMatrix, Panel, Row, Trend, TrendPoint};
pub use result::{Code, Coding, Flag, LabResult, Range, Value};
