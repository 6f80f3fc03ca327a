//! The matrix as HTML. Written here and not by the template engine: a page has up to some thousand cells.

use std::{collections::HashMap, fmt::Write};

use ehr::{
    ClinicalTime, ItemReview, Precision, ReviewKind, Reviewed, Section, SourceReport,
    labs::{Column, Flag, LabResult, Range, Row},
};
use web::render::{Arg, Html, push_escaped};

use super::{
    Filters,
    grid::{self, Grid},
};
use crate::{
    Scene,
    scene::{flag_arrow, flag_class, flag_key, pretty_unit, short_source_of},
};

/// Words that every cell needs, looked up once.
struct CellWords {
    flags: HashMap<&'static str, String>,
    not_tested: String,
    conflict: String,
    no_value: String,
    also_at: String,
    range: String,
    reviewed: String,
    waits: String,
}

/// The table of what the grid shows. `path` is the page without its query.
pub(super) fn html(
    grid: &Grid<'_, '_>,
    (reports, reviews): (&[SourceReport], &Reviewed),
    filters: &Filters,
    path: &str,
    scene: &Scene<'_>,
) -> Html {
    let flags = [Flag::CriticalHigh, Flag::High, Flag::Low, Flag::CriticalLow, Flag::Abnormal, Flag::Normal];
    let words = CellWords {
        flags: flags.into_iter().map(|flag| (flag_key(flag), scene.text(flag_key(flag)))).collect(),
        not_tested: scene.text("cell-not-tested"),
        conflict: scene.text("cell-conflict"),
        no_value: scene.text("cell-no-value"),
        also_at: scene.text("cell-also-at"),
        range: scene.text("lab-range"),
        reviewed: scene.text("cell-reviewed"),
        waits: scene.text("cell-critical-open"),
    };
    let mut out = String::with_capacity(64 * 1024);
    out.push_str("<table class=\"mx\"><caption class=\"vh\">");
    push_escaped(&mut out, &scene.text("matrix-caption"));
    out.push_str("</caption><thead><tr><th scope=\"col\">");
    push_escaped(&mut out, &scene.text("lab-analyte"));
    out.push_str("</th><th scope=\"col\" class=\"ref\">");
    push_escaped(&mut out, &words.range);
    out.push_str("</th>");
    for (nth, index) in grid.columns.iter().enumerate() {
        if let Some(column) = grid.column(*index) {
            let newest = nth == 0 && grid.newer == 0;
            head(&mut out, column, needs_clock(grid, *index), newest, reports, scene);
        }
    }
    out.push_str("</tr></thead>");
    for (panel, rows) in &grid.panels {
        let name = panel.name.as_ref().map_or_else(|| scene.text("panel-other"), |name| scene.of(name));
        let _ = write!(out, "<tbody><tr class=\"grp\"><th scope=\"rowgroup\" colspan=\"{}\">", grid.columns.len() + 2);
        push_escaped(&mut out, &name);
        out.push_str("</th></tr>");
        for row in rows {
            write_row(&mut out, row, grid, (reports, reviews), filters, path, &words, scene);
        }
        out.push_str("</tbody>");
    }
    out.push_str("</table>");
    Html::from_escaped(out)
}

/// Two columns of one day tell each other apart by the time of day.
fn needs_clock(grid: &Grid<'_, '_>, index: usize) -> bool {
    let day = |column: &Column| column.time.as_ref().map(|time| time.date().to_owned());
    let Some(own) = grid.column(index).and_then(day) else { return false };
    grid.columns
        .iter()
        .filter(|other| **other != index)
        .filter_map(|other| grid.column(*other))
        .any(|other| day(other).as_ref() == Some(&own))
}

fn head(out: &mut String, column: &Column, clock: bool, newest: bool, reports: &[SourceReport], scene: &Scene<'_>) {
    out.push_str(if newest { "<th scope=\"col\" class=\"new\">" } else { "<th scope=\"col\">" });
    match &column.time {
        Some(time) => {
            out.push_str("<time datetime=\"");
            push_escaped(out, time.as_str());
            out.push_str("\">");
            push_escaped(out, &short_date(time));
            if let (true, Some(hour)) = (clock, time.time_of_day()) {
                out.push_str("<small>");
                push_escaped(out, hour);
                out.push_str("</small>");
            }
            out.push_str("</time>");
        }
        None => push_escaped(out, &scene.text("date-not-said")),
    }
    let (name, mark) = short_source_of(reports, &column.source, scene);
    write_source(out, mark, &name);
    out.push_str("</th>");
}

pub(super) fn write_source(out: &mut String, mark: &str, name: &str) {
    out.push_str("<span class=\"src src--");
    out.push_str(mark);
    out.push_str("\">");
    push_escaped(out, name);
    out.push_str("</span>");
}

/// `26-11-20`; a year or a month stays what it is.
pub(crate) fn short_date(time: &ClinicalTime) -> String {
    match time.precision() {
        Precision::Year | Precision::Month => time.date().to_owned(),
        _ => time.date().get(2..).unwrap_or(time.date()).to_owned(),
    }
}

#[expect(clippy::too_many_arguments, reason = "one row of one table: bundling them would only rename them")]
fn write_row(
    out: &mut String,
    row: &Row<'_>,
    grid: &Grid<'_, '_>,
    (reports, reviews): (&[SourceReport], &Reviewed),
    filters: &Filters,
    path: &str,
    words: &CellWords,
    scene: &Scene<'_>,
) {
    let chosen = filters.show.as_ref() == Some(&row.key);
    out.push_str(if chosen { "<tr class=\"on\">" } else { "<tr>" });
    let link = Filters { show: Some(row.key.clone()), ..filters.clone() }.query();
    out.push_str("<th scope=\"row\"><a href=\"");
    push_escaped(out, path);
    push_escaped(out, &link);
    out.push_str("#history\"");
    if chosen {
        out.push_str(" aria-current=\"true\"");
    }
    out.push('>');
    push_escaped(out, &scene.of(&row.name));
    out.push_str("</a></th><td class=\"ref\">");
    let range = row_range(row, grid);
    if let Some(range) = range {
        push_escaped(out, &range.text);
        out.push(' ');
    }
    if let Some(unit) = &row.unit {
        out.push_str("<span class=\"xs\">");
        push_escaped(out, &pretty_unit(unit));
        out.push_str("</span>");
    }
    out.push_str("</td>");
    for (nth, index) in grid.columns.iter().enumerate() {
        let source = grid.column(*index).map_or("", |column| column.source.as_str());
        let newest = nth == 0 && grid.newer == 0;
        write_cell(out, (row, range), grid::cell(row, *index), newest, (source, reports, reviews), words, scene);
    }
    out.push_str("</tr>");
}

/// The range that stands beside the analyte: that of the newest result shown. A cell judged by another says so itself.
fn row_range<'r>(row: &Row<'r>, grid: &Grid<'_, '_>) -> Option<&'r Range> {
    grid.columns.iter().flat_map(|column| grid::cell(row, *column)).find_map(|one| one.range.as_ref())
}

/// Is it the same range, however it is written (`3.5-5.3`, `3.5–5.3`, `3.50 – 5.30`)?
fn same_range(one: &Range, other: &Range) -> bool {
    let limits = |range: &Range| (range.low, range.high);
    if limits(one) == (None, None) || limits(other) == (None, None) {
        one.text.trim() == other.text.trim()
    } else {
        limits(one) == limits(other)
    }
}

fn write_cell(
    out: &mut String,
    row: (&Row<'_>, Option<&Range>),
    cell: &[&LabResult],
    newest: bool,
    from: (&str, &[SourceReport], &Reviewed),
    words: &CellWords,
    scene: &Scene<'_>,
) {
    let new = if newest { " new" } else { "" };
    match cell {
        [] => {
            let _ = write!(out, "<td class=\"x{new}\"><span aria-hidden=\"true\">·</span><span class=\"vh\">");
            push_escaped(out, &words.not_tested);
            out.push_str("</span><span class=\"fl\"></span></td>");
        }
        [one] => {
            let _ = write!(out, "<td class=\"{}{new}\">", flag_class(one.flag));
            write_result(out, row, one, from, words, scene);
            out.push_str("</td>");
        }
        several => {
            let _ = write!(out, "<td class=\"{new}\"><ul class=\"multi\">");
            for one in several {
                let _ = write!(out, "<li class=\"{}\">", flag_class(one.flag));
                write_result(out, row, one, from, words, scene);
                out.push_str("</li>");
            }
            out.push_str("</ul></td>");
        }
    }
}

fn write_result(
    out: &mut String,
    (row, row_range): (&Row<'_>, Option<&Range>),
    one: &LabResult,
    (source, reports, reviews): (&str, &[SourceReport], &Reviewed),
    words: &CellWords,
    scene: &Scene<'_>,
) {
    if let Some(tag) = scene.fresh_tag(&one.id) {
        out.push_str("<span class=\"tag tag--brand\">");
        push_escaped(out, &tag.text);
        out.push_str("</span> ");
    }
    // That of this column's hospital, where it is one of several.
    let own = one.origins.iter().find(|origin| origin.source == source).or(one.origins.first());
    let href = own.and_then(|origin| origin.path(Section::LabResults));
    if one.value.is_some() || one.components.is_empty() {
        let text = value_text(one).unwrap_or_else(|| without_value(one, words));
        // Words may run over lines; a number never.
        let is_number = one.value.as_ref().is_some_and(|value| value.number.is_some());
        write_value(out, &text, if is_number { "vl" } else { "vl tx" }, href.as_deref());
        out.push(' ');
        write_flag(out, one.flag, words);
    }
    // The row's own unit stands beside the analyte; any other one beside its value.
    let unit = one.value.as_ref().and_then(|value| value.unit_for_people());
    if let Some(unit) = unit.filter(|unit| *unit != "1" && row.unit.as_deref() != Some(unit)) {
        small(out, &pretty_unit(unit));
    }
    if let Some(range) = one.range.as_ref().filter(|range| row_range.is_none_or(|row| !same_range(row, range))) {
        small(out, &range.text);
    }
    if let Some(status) = status_key(&one.status) {
        write_status(out, &scene.text(status));
    }
    let review = reviews.get(&one.id);
    let reviewed = |review: &&ItemReview| review.standing(ReviewKind::Reviewed).is_some();
    if review.is_some_and(ItemReview::is_open) {
        write_status(out, &words.waits);
    } else if review.filter(reviewed).is_some() {
        write_status(out, &words.reviewed);
    }
    if !one.conflict.is_empty() {
        out.push_str("<small class=\"cf\"><a href=\"#conflicts\">");
        push_escaped(out, &words.conflict);
        out.push_str("</a></small>");
    }
    for component in &one.components {
        write_component(out, component, href.as_deref(), words);
    }
    let mut others: Vec<&str> =
        one.origins.iter().map(|origin| origin.source.as_str()).filter(|id| *id != source).collect();
    others.dedup();
    if !others.is_empty() {
        out.push_str("<small class=\"also\"><span class=\"vh\">");
        push_escaped(out, &words.also_at);
        out.push_str("</span>");
        for id in others {
            let (name, mark) = short_source_of(reports, id, scene);
            write_source(out, mark, &name);
        }
        out.push_str("</small>");
    }
}

/// A value, leading to where it is explained.
fn write_value(out: &mut String, text: &str, class: &str, href: Option<&str>) {
    let (open, close) = if href.is_some() { ("<a", "</a>") } else { ("<span", "</span>") };
    let _ = write!(out, "{open} class=\"{class}\"");
    if let Some(href) = href {
        out.push_str(" href=\"");
        push_escaped(out, href);
        out.push('"');
    }
    out.push('>');
    push_escaped(out, text);
    out.push_str(close);
}

fn write_component(out: &mut String, component: &LabResult, href: Option<&str>, words: &CellWords) {
    let _ = write!(out, "<span class=\"part {}\"><span class=\"xs\">", flag_class(component.flag));
    push_escaped(out, &component.code.text);
    out.push_str("</span> ");
    write_value(out, &value_text(component).unwrap_or_else(|| without_value(component, words)), "vl", href);
    if let Some(unit) = component.value.as_ref().and_then(|value| value.unit.as_ref()) {
        out.push(' ');
        out.push_str("<span class=\"xs\">");
        push_escaped(out, unit);
        out.push_str("</span>");
    }
    out.push(' ');
    write_flag(out, component.flag, words);
    out.push_str("</span>");
}

fn write_status(out: &mut String, text: &str) {
    out.push_str("<small class=\"st\">");
    push_escaped(out, text);
    out.push_str("</small>");
}

fn small(out: &mut String, text: &str) {
    out.push_str("<small>");
    push_escaped(out, text);
    out.push_str("</small>");
}

fn write_flag(out: &mut String, flag: Option<Flag>, words: &CellWords) {
    out.push_str("<span class=\"fl\">");
    if let Some(flag) = flag.filter(|flag| flag.is_abnormal()) {
        out.push_str("<span aria-hidden=\"true\">");
        out.push_str(flag_arrow(flag));
        out.push_str("</span><span class=\"vh\">");
        push_escaped(out, words.flags.get(flag_key(flag)).map_or("", String::as_str));
        out.push_str("</span>");
    }
    out.push_str("</span>");
}

/// `<5.0`: the comparator, then the value as the source wrote it.
pub(crate) fn value_text(one: &LabResult) -> Option<String> {
    let value = one.value.as_ref()?;
    let comparator = value.comparator.as_deref().unwrap_or_default();
    let said = value.text.starts_with(['<', '>', '≤', '≥']);
    Some(if said { value.text.clone() } else { format!("{comparator}{}", value.text) })
}

fn without_value(one: &LabResult, words: &CellWords) -> String {
    one.absent.clone().unwrap_or_else(|| words.no_value.clone())
}

/// Statuses worth a word; `final` is what everybody expects.
pub(crate) fn status_key(status: &str) -> Option<&'static str> {
    match status {
        "registered" => Some("status-registered"),
        "preliminary" => Some("status-preliminary"),
        "amended" => Some("status-amended"),
        "corrected" => Some("status-corrected"),
        "cancelled" => Some("status-cancelled"),
        "unknown" => Some("status-unknown"),
        _ => None,
    }
}

/// `15 项 × 8 次，新的在左 · 54 个异常、1 个危急值`
pub(super) fn summary(grid: &Grid<'_, '_>, scene: &Scene<'_>) -> String {
    let abnormal = grid.shown().filter(|(_, one)| grid::is_abnormal(one)).count();
    let critical = grid.shown().filter(|(_, one)| grid::is_critical(one)).count();
    scene.with(
        "matrix-summary",
        &[
            ("rows", Arg::from(grid.rows().count())),
            ("columns", Arg::from(grid.columns.len())),
            ("abnormal", Arg::from(abnormal)),
            ("critical", Arg::from(critical)),
        ],
    )
}
