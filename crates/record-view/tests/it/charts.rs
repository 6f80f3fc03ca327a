//! Trend charts: time-proportional, outliers by shape, never a figure without words.

use ehr::{
    SourceState,
    labs::{Flag, LabResult},
};
use record_view::labs::Filters;
use web::Lang;

use crate::sample::{gathered, internal, potassium, with_page};

fn svg(items: Vec<LabResult>) -> String {
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |page, _| {
        page.charts.first().expect("chart").svg_html.as_str().to_owned()
    })
}

fn xs(svg: &str) -> Vec<f64> {
    let points = svg.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("line");
    points.split_whitespace().map(|pair| pair.split(',').next().expect("x").parse().expect("number")).collect()
}

#[test]
fn distance_on_the_axis_is_distance_in_time() {
    let at = |day: &str| potassium(&format!("{day}T08:00:00+08:00"), "5.0", Flag::Normal, "one");
    let svg = svg(vec![at("2026-01-01"), at("2026-01-11"), at("2026-02-10")]);
    let xs = xs(&svg);
    let ratio = (xs[2] - xs[1]) / (xs[1] - xs[0]);
    assert!((ratio - 3.0).abs() < 0.02, "{xs:?}");
}

#[test]
fn outliers_differ_by_shape_and_the_drawing_is_described() {
    let svg = svg(vec![
        potassium("2025-09-11", "4.80", Flag::Normal, "one"),
        potassium("2026-03-10", "2.90", Flag::Low, "one"),
        potassium("2026-08-02", "6.30", Flag::CriticalHigh, "two"),
        potassium("2026-11-20", "5.40", Flag::High, "one"),
    ]);
    for shape in ["svg-pt\"", "svg-pt--l", "svg-pt--c", "svg-ring", "svg-pt--h", "svg-band\""] {
        assert!(svg.contains(shape), "{shape}");
    }
    assert!(svg.contains("<title id=") && svg.contains("最高 6.30（2026-08-02）") && svg.contains("参考范围 3.5–5.3"));
    assert!(!svg.contains("style="), "no inline style");
}

#[test]
fn extreme_and_equal_values_still_draw() {
    for values in [["5.0", "5.0"], ["0", "0"], ["0.0001", "900000"], ["-3", "4"]] {
        let items = values.iter().zip(["2026-01-01", "2026-01-02"]);
        let svg = svg(items.map(|(text, day)| potassium(day, text, Flag::Normal, "one")).collect());
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{values:?} {svg}");
    }
    let svg = svg(vec![
        potassium("2026-01-01T08:00:00+08:00", "5.0", Flag::Normal, "one"),
        potassium("2026-01-01T08:00:00+08:00", "5.1", Flag::Normal, "two"),
    ]);
    assert!(!svg.contains("NaN"), "one moment only");
}

#[test]
fn a_long_history_stays_small() {
    let day = |nth: i64| jiff::civil::date(1990, 1, 1).checked_add(jiff::Span::new().days(nth * 3)).expect("day");
    let items = (0..2000).map(|nth| potassium(&day(nth).to_string(), "5.0", Flag::Normal, "one")).collect();
    let svg = svg(items);
    assert!(svg.len() < 60_000, "{}", svg.len());
    assert!(!svg.contains("<circle"), "a line, not two thousand dots");
}

#[test]
fn the_history_of_an_analyte_has_every_unit_newest_first() {
    let mut other = potassium("2026-11-20T08:00:00+08:00", "5.2", Flag::Normal, "two");
    let value = other.value.as_mut().expect("value");
    (value.unit, value.ucum) = (Some("mEq/L".to_owned()), Some("meq/L"));
    let items = vec![
        potassium("2026-08-03T08:00:00+08:00", "6.30", Flag::CriticalHigh, "one"),
        other,
        potassium("2026-10-01T08:00:00+08:00", "5.0", Flag::Normal, "one"),
    ];
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    let rows = |key: &str| {
        let filters = Filters { show: Some(key.to_owned()), ..Filters::default() };
        with_page(&internal(), Lang::Zh, &gathered, &filters, |page, _| {
            let history = page.history.as_ref().expect("history");
            history.rows.iter().map(|row| row.value.clone()).collect::<Vec<_>>()
        })
    };
    let expect = ["5.2 mEq/L", "5.0 mmol/L", "6.30 mmol/L"];
    assert_eq!(rows("potassium.mmol-L"), expect);
    let table = with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |page, _| {
        page.matrix.as_ref().expect("matrix").table_html.as_str().to_owned()
    });
    assert_eq!(table.matches("<th scope=\"row\">").count(), 1, "one row: the numbers are the same in both units");
    assert_eq!(table.matches("<small>mEq/L</small>").count(), 1, "and the laboratory's own unit beside its value");
}
