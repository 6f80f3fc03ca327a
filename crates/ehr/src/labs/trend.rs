//! One row's results over time, on one axis.

use super::convert::{self, Linear, Measure};
use super::matrix::RowKey;
use super::{Flag, LabResult, Row, catalogue};
use crate::{Bilingual, ClinicalTime, Precision};

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
    /// Verbatim, with comparator; with its own unit where it was converted.
    pub text: String,
    /// Shape of the mark.
    pub flag: Option<Flag>,
    /// Source id.
    pub source: String,
    /// Was the value converted into `unit`?
    pub converted: bool,
}

/// The chart of a row: its results and those of its group that can be converted into its unit. `None` when there are
/// fewer than two points.
pub fn trend(row: &Row<'_>) -> Option<Trend> {
    let of_row: Vec<&LabResult> =
        row.history.iter().copied().filter(|result| RowKey::of(result).anchor() == row.key).collect();
    let axis = Axis::of(&of_row)?;
    let of_group = if axis.group.is_some() { &row.history } else { &of_row };
    let (mut points, mut not_plotted, mut newest) = (Vec::new(), 0, None);
    for result in of_group {
        let Some((point, linear)) = axis.point(result) else {
            not_plotted += usize::from(result.value.is_some());
            continue;
        };
        let range = result.range.as_ref().filter(|range| range.low.is_some() || range.high.is_some());
        if let Some(range) = range
            && newest.as_ref().is_none_or(|(at, _)| *at < point.at)
        {
            newest =
                Some((point.at, (range.low.map(|low| linear.apply(low)), range.high.map(|high| linear.apply(high)))));
        }
        points.push(point);
    }
    if points.len() < 2 {
        return None;
    }
    points.sort_by(|a, b| (&a.time, &a.source, &a.text).cmp(&(&b.time, &b.source, &b.text)));
    Some(Trend {
        key: row.key.clone(),
        name: axis.name,
        unit: axis.unit,
        points,
        band: newest.map(|(_, band)| band),
        not_plotted,
    })
}

/// Would [`trend`] make a chart of the row alone?
pub(super) fn has_trend(of_row: &[&LabResult]) -> bool {
    Axis::of(of_row)
        .is_some_and(|axis| of_row.iter().filter(|result| axis.point(result).is_some()).take(2).count() == 2)
}

/// What the points of a chart have in common.
struct Axis {
    group: Option<&'static str>,
    measure: Option<Measure>,
    /// As sent, for units that are not known: only the very same text shares the axis.
    sent: Option<String>,
    unit: String,
    name: Bilingual,
}

impl Axis {
    /// The measure of the row's newest number.
    fn of(of_row: &[&LabResult]) -> Option<Self> {
        let numbers = of_row.iter().filter(|result| is_plottable(result));
        let newest = numbers.max_by(|a, b| a.time.cmp(&b.time).then_with(|| b.id.cmp(&a.id)))?;
        let value = newest.value.as_ref()?;
        let analyte = newest.analyte.and_then(|id| catalogue().analyte(id));
        let measure = Measure::of(newest);
        let unit = value.unit_for_people().unwrap_or_default().to_owned();
        let own = || Bilingual { zh: newest.code.text.clone(), en: newest.code.text.clone() };
        // A measure that the unit leaves open shares an axis with nothing but itself.
        let certain = analyte.zip(measure).is_some_and(|(analyte, measure)| convert::kind(analyte, measure).is_some());
        Some(Self {
            group: newest.group.filter(|_| certain),
            measure,
            sent: value.unit.clone(),
            unit,
            name: analyte.map_or_else(own, |analyte| analyte.name.clone()),
        })
    }

    fn point(&self, result: &LabResult) -> Option<(TrendPoint, Linear)> {
        if !is_plottable(result) {
            return None;
        }
        let (time, value) = (result.time.as_ref()?, result.value.as_ref()?);
        let number = value.number?;
        let same = Linear { factor: 1.0, offset: 0.0 };
        let linear = match (self.measure, Measure::of(result)) {
            (Some(axis), Some(measure)) if axis == measure => same,
            (Some(axis), Some(measure)) => convert::between(catalogue().analyte(result.analyte?)?, measure, axis)?,
            (None, None) if value.unit == self.sent => same,
            _ => return None,
        };
        let point = TrendPoint {
            at: time.epoch_seconds(),
            time: time.clone(),
            value: linear.apply(number),
            text: value.on_axis(!linear.is_same()),
            flag: result.flag,
            source: result.origins.first().map(|origin| origin.source.clone()).unwrap_or_default(),
            converted: !linear.is_same(),
        };
        Some((point, linear))
    }
}

fn is_plottable(result: &LabResult) -> bool {
    let dated = result.time.as_ref().is_some_and(|time| time.precision() >= Precision::Day);
    dated && result.status != "cancelled" && result.value.as_ref().is_some_and(|value| value.number.is_some())
}
