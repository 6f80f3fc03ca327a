//! Where a value lies to its range: the bar patients see. Always beside the words that say the same.

use std::fmt::Write;

use ehr::labs::{Flag, LabResult};
use web::render::{Html, push_escaped};

use crate::chart::figure;

const LEFT: f64 = 4.0;
const WIDTH: f64 = 312.0;

/// The part of the axis that is drawn.
fn domain(low: Option<f64>, high: Option<f64>, value: f64) -> Option<(f64, f64)> {
    let (from, to) = match (low, high) {
        (Some(low), Some(high)) if high > low => {
            let width = high - low;
            // Far outside, the mark stands at the edge: else the range would shrink to a line.
            (
                (low - 0.6 * width).min(value.max(low - 2.0 * width)),
                (high + 0.6 * width).max(value.min(high + 2.0 * width)),
            )
        }
        (None, Some(high)) if high > 0.0 => (0.0, (1.45 * high).max(value.min(3.0 * high) * 1.08)),
        (Some(low), None) if low > 0.0 => (0.0, (1.45 * low).max(value.min(3.0 * low) * 1.08)),
        _ => return None,
    };
    let from = if low.or(high).is_some_and(|limit| limit >= 0.0) && value >= 0.0 { from.max(0.0) } else { from };
    (to > from).then_some((from, to))
}

/// The bar; `None` when there is no number or no range. `label` says in words what it shows.
pub(crate) fn html(result: &LabResult, label: &str) -> Option<Html> {
    let value = result.value.as_ref()?.number?;
    let range = result.range.as_ref()?;
    let (from, to) = domain(range.low, range.high, value)?;
    let x = |at: f64| LEFT + ((at - from) / (to - from)).clamp(0.0, 1.0) * WIDTH;
    let (start, end) = (range.low.map_or(LEFT, x), range.high.map_or(LEFT + WIDTH, x));
    let mark = x(value).clamp(LEFT + 7.0, LEFT + WIDTH - 7.0);
    let class = match result.flag {
        Some(Flag::High | Flag::CriticalHigh | Flag::CriticalLow | Flag::Abnormal) => " rmark--h",
        Some(Flag::Low) => " rmark--l",
        Some(Flag::Normal) | None => "",
    };
    let mut out = String::with_capacity(900);
    out.push_str("<svg class=\"rbar\" viewBox=\"0 0 320 50\" role=\"img\" aria-label=\"");
    push_escaped(&mut out, label);
    let _ = write!(
        out,
        "\"><rect class=\"rtrack\" x=\"4\" y=\"14\" width=\"312\" height=\"12\" rx=\"6\"/><rect class=\"rband\" x=\"{start:.0}\" y=\"14\" width=\"{:.0}\" height=\"12\"/><path class=\"rmark{class}\" d=\"M{mark:.0} 15 l-7 -11 h14z\"/><rect class=\"rmark{class}\" x=\"{:.1}\" y=\"16\" width=\"3\" height=\"12\"/>",
        (end - start).max(2.0),
        mark - 1.5
    );
    match (range.low, range.high) {
        // Two labels that would touch become one.
        (Some(low), Some(high)) if end - start < 70.0 => {
            label_at(&mut out, (start + end) / 2.0, &format!("{}–{}", figure(low), figure(high)));
        }
        (low, high) => {
            if let Some(low) = low {
                label_at(&mut out, start, &figure(low));
            }
            if let Some(high) = high {
                label_at(&mut out, end, &figure(high));
            }
        }
    }
    out.push_str("</svg>");
    Some(Html::from_escaped(out))
}

fn label_at(out: &mut String, x: f64, text: &str) {
    let anchor = if x < 24.0 {
        "start"
    } else if x > 296.0 {
        "end"
    } else {
        "middle"
    };
    let _ = write!(out, "<text class=\"svg-t\" x=\"{x:.0}\" y=\"45\" text-anchor=\"{anchor}\">");
    push_escaped(out, text);
    out.push_str("</text>");
}

#[cfg(test)]
mod tests {
    use ehr::labs::{Range, Value};

    use super::*;

    fn result(number: f64, low: Option<f64>, high: Option<f64>) -> LabResult {
        LabResult {
            value: Some(Value {
                text: number.to_string(),
                number: Some(number),
                comparator: None,
                unit: None,
                ucum: None,
            }),
            range: Some(Range { text: String::new(), low, high }),
            ..LabResult::default()
        }
    }

    #[test]
    fn the_mark_stays_on_the_bar_however_far_out() {
        for value in [-50.0, 0.0, 3.4, 4.0, 5.4, 900.0, 1e12] {
            let bar = html(&result(value, Some(3.5), Some(5.3)), "x").expect("bar");
            let mark = bar.as_str().split("d=\"M").nth(1).and_then(|rest| rest.split(' ').next()).expect("mark");
            let x: f64 = mark.parse().expect("number");
            assert!((11.0..=309.0).contains(&x), "{value}: {x}");
        }
    }

    #[test]
    fn no_bar_without_a_range_or_a_number() {
        assert!(html(&result(1.0, None, None), "x").is_none());
        assert!(html(&result(1.0, Some(5.0), Some(5.0)), "x").is_none());
        assert!(html(&LabResult::default(), "x").is_none());
    }

    #[test]
    fn the_label_is_escaped() {
        let bar = html(&result(1.0, None, Some(2.0)), "\"><script>").expect("bar");
        assert!(!bar.as_str().contains("<script>"));
    }
}
