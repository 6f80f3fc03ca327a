//! Vital signs over time, each on an axis of its own.

use super::{NursingFields, NursingKind};
use crate::findings::{Vital, vital, vitals};
use crate::labs::{Code, Flag, Range, Trend, TrendPoint, Value};
use crate::{Entry, Precision};

/// One measurement, of an entry or of a part of it.
struct Point<'e> {
    code: &'e Code,
    value: &'e Value,
    range: Option<&'e Range>,
    flag: Option<Flag>,
}

/// A gap of more seconds than this ends what is drawn: a stay of five years ago would press this week's flat. Yearly
/// check-ups are closer together.
const LONGEST_GAP: i64 = 400 * 86_400;

/// A vital sign over time.
#[derive(Clone, Debug)]
pub struct VitalTrend {
    /// What is drawn: the newest measurements without a gap of more than a year.
    pub trend: Trend,
    /// Measurements before them, which are in the list alone.
    pub earlier: usize,
}

/// A chart of each vital sign that was measured twice at least, in the order of `data/findings.toml`. Only values that can
/// be converted into the unit of the axis are on it, with the band of the newest range that a source gave; the others are
/// counted.
pub fn vital_trends(entries: &[&Entry<NursingFields>]) -> Vec<VitalTrend> {
    vitals().iter().filter_map(|vital| trend(vital, entries)).collect()
}

fn trend(of: &'static Vital, entries: &[&Entry<NursingFields>]) -> Option<VitalTrend> {
    let unit = of.unit.as_deref()?;
    let (mut points, mut not_plotted, mut newest) = (Vec::new(), 0, None);
    for entry in entries.iter().filter(|entry| counts(entry)) {
        for point in measured(entry).filter(|point| vital(point.code).is_some_and(|own| own.id == of.id)) {
            let time = entry.fact.time.as_ref().filter(|time| time.precision() >= Precision::Day);
            let (Some(time), Some(number), Some(linear)) = (time, point.value.number, of.onto_axis(point.value)) else {
                not_plotted += 1;
                continue;
            };
            let at = time.epoch_seconds();
            if let Some(range) = point.range.filter(|range| range.low.is_some() || range.high.is_some())
                && newest.as_ref().is_none_or(|(before, _)| *before < at)
            {
                let band = (range.low.map(|low| linear.apply(low)), range.high.map(|high| linear.apply(high)));
                newest = Some((at, band));
            }
            points.push(TrendPoint {
                at,
                time: time.clone(),
                value: linear.apply(number),
                text: point.value.on_axis(!linear.is_same()),
                flag: point.flag,
                source: entry.fact.origins.first().map(|origin| origin.source.clone()).unwrap_or_default(),
                converted: !linear.is_same(),
            });
        }
    }
    if points.len() < 2 {
        return None;
    }
    points.sort_by(|a, b| (&a.time, &a.source, &a.text).cmp(&(&b.time, &b.source, &b.text)));
    let earlier = earlier(&points);
    points.drain(..earlier);
    let trend = Trend {
        key: format!("vital-{}", of.id),
        name: of.name.clone(),
        unit: crate::labs::units::normalise(unit).map_or(unit, |unit| &unit.display).to_owned(),
        points,
        band: newest.map(|(_, band)| band),
        not_plotted,
    };
    Some(VitalTrend { trend, earlier })
}

/// Points before the last long gap, unless too few would be left to compare.
fn earlier(points: &[TrendPoint]) -> usize {
    let gap = points.windows(2).rposition(|pair| pair[1].at - pair[0].at > LONGEST_GAP);
    gap.map(|at| at + 1).filter(|earlier| points.len() - earlier >= 2).unwrap_or(0)
}

fn counts(entry: &Entry<NursingFields>) -> bool {
    entry.fields.what == NursingKind::VitalSign && entry.fact.status != "cancelled"
}

fn measured(entry: &Entry<NursingFields>) -> impl Iterator<Item = Point<'_>> {
    let fields = &entry.fields;
    let own = fields.value.as_ref().map(|value| Point {
        code: &entry.fact.code,
        value,
        range: fields.range.as_ref(),
        flag: fields.flag,
    });
    let parts = fields.components.iter().filter_map(|part| {
        Some(Point { code: &part.code, value: part.value.as_ref()?, range: part.range.as_ref(), flag: part.flag })
    });
    own.into_iter().chain(parts)
}
