//! A trend as accessible SVG: x is proportional to time, the range is a band, outliers are told by shape, and a table
//! stands beside it. Classes only: colours, dark mode and print come from the stylesheet.

use std::fmt::Write;

use ehr::labs::{Flag, Trend, TrendPoint};
use serde::Serialize;
use web::render::{Arg, Html, push_escaped};

use crate::{
    Scene,
    scene::{flag_arrow, flag_class, flag_key, pretty_unit},
};

/// A chart with its table.
#[derive(Debug, Serialize)]
pub struct Chart {
    /// Usable as an anchor.
    pub key: String,
    /// Analyte.
    pub name: String,
    /// Unit of the axis.
    pub unit: String,
    /// `5.4 mmol/L ↑ 偏高`: the newest point.
    pub newest: String,
    /// Class of the newest point's flag; empty when it is inside its range.
    pub newest_class: &'static str,
    /// The drawing.
    pub svg_html: Html,
    /// The band in words.
    pub range: Option<String>,
    /// Which shapes of outliers are there: `high`, `low`, `critical`, `abnormal`, `normal`, `unjudged`.
    pub shapes: Vec<&'static str>,
    /// Newest first.
    pub table: Vec<ChartRow>,
    /// Results of the analyte that can't be on the axis.
    pub not_plotted: usize,
    /// Were some values converted into the unit?
    pub converted: bool,
    /// Results before those drawn, which stand in a list elsewhere on the page.
    pub earlier: usize,
}

/// A point in the table.
#[derive(Debug, Serialize)]
pub struct ChartRow {
    /// At its precision.
    pub time: String,
    /// Verbatim.
    pub value: String,
    /// Arrow and word of its flag.
    pub flag: Option<String>,
    /// Source.
    pub source: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// Was it converted?
    pub converted: bool,
}

const LEFT: f64 = 38.0;
const RIGHT: f64 = 326.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 170.0;
/// Points keep this distance from the plot's edges.
const INSET: f64 = 8.0;
/// More points than this are drawn as a line with outliers only.
const DOTS: usize = 40;

impl Chart {
    /// `None` when there is nothing to compare: fewer than two points.
    pub(crate) fn new(
        trend: &Trend,
        name_of: &dyn Fn(&str) -> (String, &'static str),
        scene: &Scene<'_>,
    ) -> Option<Self> {
        let (first, last) = (trend.points.first()?, trend.points.last()?);
        if trend.points.len() < 2 {
            return None;
        }
        let flag = last.flag.filter(|flag| flag.is_abnormal());
        let unit = pretty_unit(&trend.unit);
        // What was converted says its own unit.
        let value = if last.converted { last.text.clone() } else { format!("{} {unit}", last.text) };
        let newest = match flag {
            Some(flag) => format!("{value} {} {}", flag_arrow(flag), scene.text(flag_key(flag))),
            None => value,
        };
        let range = band_words(trend.band, scene);
        let description = description(trend, first, last, range.as_deref(), scene);
        let anchor: String = trend.key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let table = trend.points.iter().rev().map(|point| {
            let (source, mark) = name_of(&point.source);
            let flag = point.flag.filter(|flag| flag.is_abnormal());
            ChartRow {
                time: scene.day(&point.time),
                value: point.text.clone(),
                flag: flag.map(|flag| format!("{} {}", flag_arrow(flag), scene.text(flag_key(flag)))),
                source,
                mark,
                converted: point.converted,
            }
        });
        let title = scene.with("chart-title", &[("name", Arg::from(scene.of(&trend.name)))]);
        Some(Self {
            name: scene.of(&trend.name),
            unit: unit.into_owned(),
            newest,
            newest_class: flag_class(flag),
            svg_html: draw(trend, &anchor, &title, &description),
            range,
            shapes: shapes(&trend.points),
            table: table.collect(),
            not_plotted: trend.not_plotted,
            converted: trend.points.iter().any(|point| point.converted),
            earlier: 0,
            key: anchor,
        })
    }
}

/// `3.5–5.3`, `≥ 90`, `≤ 3.4`
fn band_words(band: Option<(Option<f64>, Option<f64>)>, scene: &Scene<'_>) -> Option<String> {
    match band? {
        (Some(low), Some(high)) => Some(format!("{}–{}", figure(low), figure(high))),
        (Some(low), None) => Some(scene.with("range-at-least", &[("low", Arg::from(figure(low)))])),
        (None, Some(high)) => Some(scene.with("range-at-most", &[("high", Arg::from(figure(high)))])),
        (None, None) => None,
    }
}

/// A limit for people: at most four decimals, no trailing zeros (limits are parsed numbers, not a laboratory's text).
pub(crate) fn figure(value: f64) -> String {
    let text = format!("{value:.4}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn shapes(points: &[TrendPoint]) -> Vec<&'static str> {
    let any = |wanted: &[Flag]| points.iter().any(|point| point.flag.is_some_and(|flag| wanted.contains(&flag)));
    let mut shapes = Vec::new();
    if any(&[Flag::High]) {
        shapes.push("high");
    }
    if any(&[Flag::Low]) {
        shapes.push("low");
    }
    if any(&[Flag::CriticalHigh, Flag::CriticalLow]) {
        shapes.push("critical");
    }
    if any(&[Flag::Abnormal]) {
        shapes.push("abnormal");
    }
    // A dot says "normal" only where somebody has said so: without a range nobody has.
    if points.len() <= DOTS && any(&[Flag::Normal]) {
        shapes.push("normal");
    }
    if points.len() <= DOTS && points.iter().any(|point| point.flag.is_none()) {
        shapes.push("unjudged");
    }
    shapes
}

fn description(trend: &Trend, first: &TrendPoint, last: &TrendPoint, range: Option<&str>, scene: &Scene<'_>) -> String {
    let top = trend.points.iter().max_by(|a, b| a.value.total_cmp(&b.value)).unwrap_or(last);
    let bottom = trend.points.iter().min_by(|a, b| a.value.total_cmp(&b.value)).unwrap_or(last);
    let args = [
        ("count", Arg::from(trend.points.len())),
        ("first", Arg::from(first.text.as_str())),
        ("first_at", Arg::from(scene.day(&first.time))),
        ("last", Arg::from(last.text.as_str())),
        ("last_at", Arg::from(scene.day(&last.time))),
        ("high", Arg::from(top.text.as_str())),
        ("high_at", Arg::from(scene.day(&top.time))),
        ("low", Arg::from(bottom.text.as_str())),
        ("low_at", Arg::from(scene.day(&bottom.time))),
    ];
    let mut text = scene.with("chart-description", &args);
    if let Some(range) = range {
        text.push_str(&scene.with("chart-description-range", &[("range", Arg::from(range))]));
    }
    text
}

/// Axes: from data to the drawing.
struct Axes {
    from: i64,
    to: i64,
    low: f64,
    high: f64,
    step: f64,
}

impl Axes {
    fn new(trend: &Trend) -> Self {
        let values = trend.points.iter().map(|point| point.value);
        let limits = trend.band.into_iter().flat_map(|(low, high)| [low, high]).flatten();
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.clone() {
            least = least.min(value);
            most = most.max(value);
        }
        // A limit far off would press the curve flat: it is left to the words then.
        let reach = (most - least).max(most.abs() * 0.1).max(f64::MIN_POSITIVE) * 4.0;
        let (floor, ceiling) = (least - reach, most + reach);
        for limit in limits.filter(|limit| (floor..=ceiling).contains(limit)) {
            least = least.min(limit);
            most = most.max(limit);
        }
        if most - least < f64::EPSILON * most.abs().max(1.0) {
            let pad = if most == 0.0 { 1.0 } else { most.abs() * 0.1 };
            least -= pad;
            most += pad;
        }
        let pad = (most - least) * 0.08;
        let step = nice_step((most - least + 2.0 * pad) / 4.0);
        let floor = ((least - pad) / step).floor() * step;
        let low = if least >= 0.0 { floor.max(0.0) } else { floor };
        let high = ((most + pad) / step).ceil() * step;
        let at = |point: &TrendPoint| point.at;
        let from = trend.points.iter().map(at).min().unwrap_or(0);
        let to = trend.points.iter().map(at).max().unwrap_or(0);
        Self { from, to, low, high, step }
    }

    fn x(&self, at: i64) -> f64 {
        let span = (self.to - self.from).max(1) as f64;
        let share = if self.to == self.from { 0.5 } else { (at - self.from) as f64 / span };
        LEFT + INSET + share * (RIGHT - LEFT - 2.0 * INSET)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        (BOTTOM - share * (BOTTOM - TOP)).clamp(TOP, BOTTOM)
    }
}

/// 1, 2 or 5 times a power of ten.
fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let share = rough / power;
    power
        * if share <= 1.0 {
            1.0
        } else if share <= 2.0 {
            2.0
        } else if share <= 5.0 {
            5.0
        } else {
            10.0
        }
}

fn draw(trend: &Trend, anchor: &str, title: &str, description: &str) -> Html {
    let axes = Axes::new(trend);
    let mut out = String::with_capacity(4096);
    let _ = write!(
        out,
        "<svg class=\"chart\" viewBox=\"0 0 340 200\" role=\"img\" aria-labelledby=\"{anchor}-t {anchor}-d\"><title id=\"{anchor}-t\">"
    );
    push_escaped(&mut out, title);
    let _ = write!(out, "</title><desc id=\"{anchor}-d\">");
    push_escaped(&mut out, description);
    out.push_str("</desc>");
    draw_band(&mut out, trend, &axes);
    draw_values(&mut out, &axes);
    draw_times(&mut out, &axes);
    out.push_str("<polyline class=\"svg-line\" points=\"");
    for point in &trend.points {
        let _ = write!(out, "{:.1},{:.1} ", axes.x(point.at), axes.y(point.value));
    }
    out.push_str("\"/>");
    for point in &trend.points {
        draw_point(&mut out, &axes, point, trend.points.len() <= DOTS);
    }
    draw_labels(&mut out, &axes, &trend.points);
    out.push_str("</svg>");
    Html::from_escaped(out)
}

fn draw_band(out: &mut String, trend: &Trend, axes: &Axes) {
    let Some((low, high)) = trend.band.filter(|band| *band != (None, None)) else { return };
    let (top, bottom) = (high.map_or(TOP, |high| axes.y(high)), low.map_or(BOTTOM, |low| axes.y(low)));
    let _ = write!(
        out,
        "<rect class=\"svg-band\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{}\" height=\"{:.1}\"/>",
        RIGHT - LEFT,
        (bottom - top).max(0.0)
    );
    for y in [high.map(|_| top), low.map(|_| bottom)].into_iter().flatten() {
        let _ = write!(out, "<line class=\"svg-bandline\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
    }
}

fn draw_values(out: &mut String, axes: &Axes) {
    let decimals = (-axes.step.log10().floor()).clamp(0.0, 6.0) as usize;
    let ticks = ((axes.high - axes.low) / axes.step).round() as usize;
    for tick in 0..=ticks.min(10) {
        let value = axes.low + axes.step * tick as f64;
        let y = axes.y(value);
        let _ = write!(
            out,
            "<line class=\"svg-grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"svg-t\" x=\"33\" y=\"{:.1}\" text-anchor=\"end\">{value:.decimals$}</text>",
            y + 4.0
        );
    }
}

/// Marks on the time axis at round times: five at most.
fn draw_times(out: &mut String, axes: &Axes) {
    let (pattern, marks) = time_marks(axes.from, axes.to);
    // A mark with its day is wide: at the ends it stays inside.
    let wide = pattern.contains("%d");
    for at in marks {
        let x = axes.x(at);
        let anchor = match at {
            at if wide && at == axes.from => "start",
            _ if wide => "end",
            _ => "middle",
        };
        let text =
            web::render::local(jiff::Timestamp::from_second(at).unwrap_or_default()).strftime(pattern).to_string();
        let _ = write!(
            out,
            "<line class=\"svg-grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{BOTTOM}\" y2=\"{}\"/><text class=\"svg-t\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
            BOTTOM + 4.0,
            BOTTOM + 17.0
        );
    }
}

/// How marks are written, and where they stand: first days of months (or of every nth month, of years) inside the span;
/// the two ends when there is no such day.
fn time_marks(from: i64, to: i64) -> (&'static str, Vec<i64>) {
    let zone = web::render::clock_zone();
    let day = |at: i64| web::render::local(jiff::Timestamp::from_second(at).unwrap_or_default()).date();
    let months = |date: jiff::civil::Date| i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    let (first, last) = (months(day(from)), months(day(to)));
    let step = [1, 2, 3, 6, 12, 24, 60, 120, 240].into_iter().find(|step| (last - first) / step <= 4).unwrap_or(600);
    let begin = |month: i32| {
        let year = i16::try_from(month.div_euclid(12)).ok()?;
        let date = jiff::civil::Date::new(year, i8::try_from(month.rem_euclid(12)).ok()? + 1, 1).ok()?;
        Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second())
    };
    let marks: Vec<i64> = (first..=last)
        .filter(|month| month.rem_euclid(step) == 0)
        .filter_map(begin)
        .filter(|at| (from..=to).contains(at))
        .collect();
    match marks.len() {
        0 | 1 if to - from < 2 * 86_400 => ("%Y-%m-%d %H:%M", vec![from, to]),
        0 | 1 => ("%Y-%m-%d", vec![from, to]),
        _ if step >= 12 => ("%Y", marks),
        _ => ("%y-%m", marks),
    }
}

fn draw_point(out: &mut String, axes: &Axes, point: &TrendPoint, dots: bool) {
    let (x, y) = (axes.x(point.at), axes.y(point.value));
    let _ = match point.flag {
        Some(Flag::High) => write!(out, "<path class=\"svg-pt--h\" d=\"M{x:.1} {:.1}l5.5 9.5h-11z\"/>", y - 6.0),
        Some(Flag::Low) => write!(out, "<path class=\"svg-pt--l\" d=\"M{x:.1} {:.1}l5.5 -9.5h-11z\"/>", y + 6.0),
        Some(Flag::CriticalHigh) => write!(
            out,
            "<circle class=\"svg-ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\"/><path class=\"svg-pt--c\" d=\"M{x:.1} {:.1}l6 10.4h-12z\"/>",
            y - 7.0
        ),
        Some(Flag::CriticalLow) => write!(
            out,
            "<circle class=\"svg-ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\"/><path class=\"svg-pt--c\" d=\"M{x:.1} {:.1}l6 -10.4h-12z\"/>",
            y + 7.0
        ),
        Some(Flag::Abnormal) => {
            write!(out, "<path class=\"svg-pt--h\" d=\"M{x:.1} {:.1}l6 6l-6 6l-6 -6z\"/>", y - 6.0)
        }
        Some(Flag::Normal) | None if dots => {
            write!(out, "<circle class=\"svg-pt\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>")
        }
        Some(Flag::Normal) | None => Ok(()),
    };
}

/// The first and the newest value, and the most extreme critical one.
fn draw_labels(out: &mut String, axes: &Axes, points: &[TrendPoint]) {
    let last = points.len().saturating_sub(1);
    let mut drawn: Vec<f64> = Vec::new();
    let middle = (axes.low + axes.high) / 2.0;
    let critical = points
        .iter()
        .enumerate()
        .filter(|(_, point)| matches!(point.flag, Some(Flag::CriticalHigh | Flag::CriticalLow)))
        .max_by(|(_, a), (_, b)| (a.value - middle).abs().total_cmp(&(b.value - middle).abs()))
        .map(|(nth, _)| nth);
    for nth in [Some(last), Some(0), critical].into_iter().flatten() {
        let Some(point) = points.get(nth) else { continue };
        let x = axes.x(point.at);
        if drawn.iter().any(|other| (other - x).abs() < 34.0) {
            continue;
        }
        drawn.push(x);
        let (anchor, x) = match nth {
            0 => ("start", x - 4.0),
            nth if nth == last => ("end", x + 4.0),
            _ => ("middle", x),
        };
        let class = match point.flag {
            Some(Flag::High | Flag::CriticalHigh | Flag::Abnormal | Flag::CriticalLow) => " svg-tv--h",
            Some(Flag::Low) => " svg-tv--l",
            _ => "",
        };
        let clear = if matches!(point.flag, Some(Flag::CriticalHigh | Flag::CriticalLow)) { 13.0 } else { 11.0 };
        let y = axes.y(point.value) - clear;
        let y = if y < 12.0 { axes.y(point.value) + 20.0 } else { y };
        let _ = write!(out, "<text class=\"svg-tv{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">");
        push_escaped(out, &point.text);
        out.push_str("</text>");
    }
}
