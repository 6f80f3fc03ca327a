//! 护理记录

use ehr::labs::{Flag, Value};
use ehr::{Entry, Note, NursingFields, NursingKind, Section, VitalTrend, balances, vital_trends};

use crate::Scene;
use crate::chart::{Chart, figure};
use crate::facts::SourceMark;
use crate::scene::{flag_arrow, flag_key, pretty_unit, source_of};
use crate::sheet::{Cell, Cells, Digest, DigestColumn, DigestRow, Labelled, Look, SheetView, Tag, status_tag};
use crate::visits::NoteView;

/// Days of intake and output above the list.
const MOST_DAYS: usize = 14;

/// Vital signs, assessments, care plans, nursing notes.
pub struct NursingView;

impl SheetView for NursingView {
    type Fields = NursingFields;
    const SECTION: Section = Section::Nursing;
    const COLUMNS: &'static [&'static str] = &["nursing-value", "nursing-range", "nursing-by"];

    fn notes(entry: &Entry<NursingFields>) -> &[Note] {
        &entry.fields.notes
    }

    fn row(entry: &Entry<NursingFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let notes = fields
            .notes
            .iter()
            .map(|note| NoteView::new(note, look.reports, look.targets, scene).explained(Self::SECTION, &note.origin));
        let until = fields.period.as_ref().and_then(|period| period.end.as_ref());
        let until = until.map(|end| scene.with("nursing-until", &[("at", scene.minute(end).into())]));
        let about: Vec<String> = fields.how.iter().chain(&fields.about).cloned().chain(until).collect();
        let by = fields.by.iter().filter_map(|by| by.words().map(str::to_owned)).collect();
        Cells {
            title: entry.fact.code.text.is_empty().then(|| scene.text(&format!("nursing-{}", fields.what.as_str()))),
            sub: Some(scene.list(&about)).filter(|sub| !sub.is_empty()),
            tag: tag(entry, scene),
            cells: vec![
                Cell { number: true, ..Cell::lines(values(fields, scene)) },
                Cell::number(fields.range.as_ref().map(|range| range.text.clone())),
                Cell::lines(by),
            ],
            texts: texts(fields, scene),
            notes: notes.collect(),
            ..Cells::default()
        }
    }

    fn group(entry: &Entry<NursingFields>, look: &Look<'_>) -> Option<String> {
        Some(look.scene.text(&format!("nursing-group-{}", entry.fields.what.as_str())))
    }

    fn charts(entries: &[&Entry<NursingFields>], look: &Look<'_>) -> Vec<Chart> {
        let name_of = |id: &str| source_of(look.reports, id, &look.scene);
        let chart = |one: &VitalTrend| {
            let chart = Chart::new(&one.trend, &name_of, &look.scene)?;
            Some(Chart { earlier: one.earlier, ..chart })
        };
        vital_trends(entries).iter().filter_map(chart).collect()
    }

    fn digest(entries: &[&Entry<NursingFields>], look: &Look<'_>) -> Option<Digest> {
        let scene = &look.scene;
        let days = balances(entries);
        if days.is_empty() {
            return None;
        }
        let amount = |of: Option<f64>| of.map_or_else(|| scene.text("not-said"), figure);
        let row = |day: &ehr::Balance| {
            let mut remarks: Vec<String> = Vec::new();
            remarks.extend(day.stated.then(|| scene.text("balance-stated")));
            let left_out = || scene.with("balance-left-out", &[("count", day.left_out.into())]);
            remarks.extend((day.left_out > 0).then(left_out));
            let sums = [day.intake, day.output, day.difference()].map(|sum| Cell::number(Some(amount(sum))));
            DigestRow {
                title: scene.date(&day.day),
                cells: sums.into_iter().chain([Cell::lines(remarks)]).collect(),
                source: Some(SourceMark::of(&day.source, look.reports, scene)),
            }
        };
        let columns = ["balance-day", "balance-intake", "balance-output", "balance-difference", "balance-remark"];
        Some(Digest {
            title: scene.text("balance-title"),
            remark: scene.text("balance-note"),
            columns: columns.iter().map(|key| DigestColumn::text(key, scene)).collect(),
            rows: days.iter().take(MOST_DAYS).map(row).collect(),
        })
    }
}

/// A flag before a status: a measurement that is not final says so in its value's line.
fn tag(entry: &Entry<NursingFields>, scene: &Scene<'_>) -> Option<Tag> {
    let flag = entry.fields.flag.filter(|flag| flag.is_abnormal());
    let status = match entry.fields.what {
        NursingKind::Plan => status_tag("plan-", &entry.fact.status, &["active"], scene),
        NursingKind::Note => None,
        _ => status_tag("finding-", &entry.fact.status, &["final"], scene),
    };
    status.or_else(|| flag.map(|flag| Tag { text: flag_words(flag, scene), tone: tone(flag) }))
}

fn flag_words(flag: Flag, scene: &Scene<'_>) -> String {
    format!("{} {}", flag_arrow(flag), scene.text(flag_key(flag)))
}

fn tone(flag: Flag) -> &'static str {
    match flag {
        Flag::CriticalHigh | Flag::CriticalLow => "crit",
        Flag::Low => "low",
        _ => "high",
    }
}

/// The value, then its parts; of a blood pressure the one line that its parts make.
fn values(fields: &NursingFields, scene: &Scene<'_>) -> Vec<String> {
    let mut lines: Vec<String> = fields.value.iter().map(value_words).chain(fields.text_value()).collect();
    let pressure = fields.value.as_ref().is_some_and(|value| value.number.is_none() && value.text.contains('/'));
    for part in fields.components.iter().filter(|_| !pressure) {
        let said = part.value.as_ref().map(value_words).or_else(|| part.absent.clone());
        let said = said.unwrap_or_else(|| scene.text("not-said"));
        let args = [("name", part.code.text.as_str().into()), ("value", said.as_str().into())];
        lines.push(scene.with("nursing-part", &args));
    }
    if lines.is_empty() {
        lines.extend(fields.absent.clone());
    }
    let grouped = || scene.with("nursing-members", &[("count", fields.members.len().into())]);
    lines.extend((!fields.members.is_empty()).then(grouped));
    lines
}

pub(super) fn value_words(value: &Value) -> String {
    let unit = value.unit.as_deref().map(pretty_unit).unwrap_or_default();
    let text = format!("{}{} {unit}", value.comparator.as_deref().unwrap_or_default(), value.text);
    text.trim_end().to_owned()
}

fn texts(fields: &NursingFields, scene: &Scene<'_>) -> Vec<Labelled> {
    let mut all = Vec::new();
    let mut add = |key: &str, text: String| {
        if !text.is_empty() {
            all.push(Labelled { label: scene.text(key), text });
        }
    };
    if fields.what == NursingKind::Plan {
        add("nursing-description", fields.text.clone().unwrap_or_default());
    }
    add("nursing-goals", fields.goals.join("\n"));
    let activity = |one: &ehr::Activity| {
        let status = one.status.as_deref().map(|status| scene.coded("activity-", status));
        let said = std::iter::once(one.text.clone()).chain(status).chain(one.progress.iter().cloned());
        said.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    add("nursing-activities", fields.activities.iter().map(activity).collect::<Vec<_>>().join("\n"));
    add("sheet-remarks", fields.remarks.join("\n"));
    all
}

/// A finding in words stands where a value would; a plan's words stand below.
trait TextValue {
    fn text_value(&self) -> Option<String>;
}

impl TextValue for NursingFields {
    fn text_value(&self) -> Option<String> {
        self.text.clone().filter(|_| self.what != NursingKind::Plan)
    }
}
