//! A trend in the width of a table's cell: the range as a band, time from left to right, the newest point marked. What it
//! shows is in its label too.

use std::fmt::Write;

use ehr::labs::Trend;
use web::render::{Arg, Html, push_escaped};

use crate::{Scene, scene::flag_class};

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// Values read out by the label, newest last.
const SPOKEN: usize = 8;

/// The drawing; `None` when there is nothing to compare.
pub(crate) fn html(trend: &Trend, scene: &Scene<'_>) -> Option<Html> {
    let (first, last) = (trend.points.first()?, trend.points.last()?);
    if trend.points.len() < 2 {
        return None;
    }
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for point in &trend.points {
        least = least.min(point.value);
        most = most.max(point.value);
    }
    let reach = (most - least).max(most.abs() * 0.1).max(f64::MIN_POSITIVE) * 3.0;
    let (low, high) = trend.band.unwrap_or((None, None));
    // A limit far off would press the curve flat: the band then runs to the edge.
    let near = least - reach..=most + reach;
    for limit in [low, high].into_iter().flatten().filter(|limit| near.contains(limit)) {
        least = least.min(limit);
        most = most.max(limit);
    }
    let pad = ((most - least) * 0.2).max(f64::MIN_POSITIVE);
    let (from, to) = (least - pad, most + pad);
    let y = |value: f64| (HEIGHT - (value - from) / (to - from) * HEIGHT).clamp(0.0, HEIGHT);
    let span = (last.at - first.at).max(1) as f64;
    let x = |at: i64| 4.0 + (at - first.at) as f64 / span * (WIDTH - 10.0);
    let mut out = String::with_capacity(600);
    let _ = write!(out, "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"");
    push_escaped(&mut out, &label(trend, scene));
    out.push_str("\">");
    if low.or(high).is_some() {
        let (top, bottom) = (high.map_or(0.0, y), low.map_or(HEIGHT, y));
        let _ = write!(
            out,
            "<rect class=\"svg-band\" x=\"0\" y=\"{top:.1}\" width=\"{WIDTH}\" height=\"{:.1}\"/>",
            (bottom - top).max(0.0)
        );
    }
    out.push_str("<polyline class=\"svg-line\" points=\"");
    for point in &trend.points {
        let _ = write!(out, "{:.1},{:.1} ", x(point.at), y(point.value));
    }
    let class = match flag_class(last.flag) {
        "" => String::new(),
        "ab" => " svg-pt--h".to_owned(),
        class => format!(" svg-pt--{class}"),
    };
    let _ = write!(
        out,
        "\"/><circle class=\"svg-pt{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/></svg>",
        x(last.at),
        y(last.value)
    );
    Some(Html::from_escaped(out))
}

fn label(trend: &Trend, scene: &Scene<'_>) -> String {
    let skipped = trend.points.len().saturating_sub(SPOKEN);
    let values: Vec<String> = trend.points.iter().skip(skipped).map(|point| point.text.clone()).collect();
    scene.with(
        "spark-label",
        &[
            ("name", Arg::from(scene.of(&trend.name))),
            ("count", Arg::from(values.len())),
            ("values", Arg::from(scene.list(&values))),
        ],
    )
}
