//! Rows of the summary's cards.

use ehr::{
    Device, EarlierDose, Immunization, Medicine, Problem, Procedure, RecentResult, ReportLine, Section, SourceReport,
    labs::{Flag, LabResult},
};
use serde::Serialize;
use web::render::{Arg, Html};

use crate::{
    Scene,
    facts::{SourceMark, explained, short_day},
    labs::value_text,
    scene::{flag_arrow, flag_class, flag_key, pretty_unit},
    spark, usage,
};

/// A problem.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemRow {
    /// What.
    pub name: String,
    /// Its code.
    pub icd10: Option<String>,
    /// Since when; in the source's words where it is no date.
    pub since: Option<String>,
    /// Is that the day of recording, not of onset?
    pub is_recorded: bool,
    /// In words.
    pub status: String,
    /// `ok`, `warn` or none: class of the status.
    pub tone: &'static str,
    /// How grave, and remarks.
    pub text: String,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Does another row say something else?
    pub conflict: bool,
}

/// A medicine.
#[derive(Clone, Debug, Serialize)]
pub struct MedicineRow {
    /// What.
    pub name: String,
    /// `80 mg`
    pub dose: Option<String>,
    /// How and how often; the whole instruction where that is all there is.
    pub usage: String,
    /// Since when.
    pub since: Option<String>,
    /// What for, by whom.
    pub text: String,
    /// Is the dose another than before?
    pub changed: bool,
    /// What it was, as far as said.
    pub before: Option<String>,
    /// A status that is not `active`.
    pub status: Option<String>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Does another row say something else?
    pub conflict: bool,
}

/// The newest result of an analyte.
#[derive(Clone, Debug, Serialize)]
pub struct ResultRow {
    /// Analyte.
    pub name: String,
    /// All results of it.
    pub href: String,
    /// `较上次 +4`, `08-02 危急值 6.3`
    pub remarks: Vec<String>,
    /// Value with comparator, verbatim.
    pub value: String,
    /// Class of the flag.
    pub class: &'static str,
    /// Arrow of the flag.
    pub arrow: &'static str,
    /// Word of the flag.
    pub flag: Option<String>,
    /// Verbatim.
    pub range: Option<String>,
    /// Unit.
    pub unit: Option<String>,
    /// The small chart.
    pub spark_html: Option<Html>,
    /// Whole, for machines.
    pub date: Option<String>,
    /// `11-20`
    pub day: Option<String>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Other values of the same moment: who, what.
    pub against: Vec<(Vec<SourceMark>, String)>,
}

/// A report.
#[derive(Clone, Debug, Serialize)]
pub struct ReportRow {
    /// What.
    pub name: String,
    /// When.
    pub date: Option<String>,
    /// As written.
    pub conclusion: Option<String>,
    /// A status that is not `final`.
    pub status: Option<String>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
}

/// A vaccination, a procedure, a device.
#[derive(Clone, Debug, Serialize)]
pub struct EventRow {
    /// What.
    pub name: String,
    /// When; in the source's words where it is no date.
    pub date: Option<String>,
    /// The rest in one line.
    pub text: String,
    /// A status that is not the usual one.
    pub status: Option<String>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Does another row say something else?
    pub conflict: bool,
}

/// What no longer holds, in one line.
#[derive(Clone, Debug, Serialize)]
pub struct PastRow {
    /// What.
    pub name: String,
    /// Status and the like.
    pub text: String,
    /// When.
    pub date: Option<String>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn certainty(verification: &str, scene: &Scene<'_>) -> Option<String> {
    (!matches!(verification, "confirmed" | "")).then(|| scene.coded("verification-", verification))
}

impl ProblemRow {
    pub(super) fn new(one: &Problem, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let unsure = certainty(&one.verification, scene);
        let tone = match one.fact.status.as_str() {
            _ if unsure.is_some() => "warn",
            "active" | "recurrence" | "relapse" => "ok",
            _ => "",
        };
        let status = match one.fact.status.as_str() {
            "" => scene.text("clinical-not-said"),
            status => scene.coded("clinical-", status),
        };
        let notes = one.notes.first().cloned();
        Self {
            name: one.fact.code.text.clone(),
            icd10: one.icd10.clone(),
            since: one.fact.time.as_ref().map(|time| scene.day(time)).or_else(|| one.onset_text.clone()),
            is_recorded: one.fact.time.is_some() && !one.time_is_onset,
            status: unsure.unwrap_or(status),
            tone,
            text: joined([one.severity.clone(), notes]),
            sources: explained(Section::Summary, &one.fact.origins, reports, scene),
            conflict: one.fact.is_contradicted(),
        }
    }
}

/// What a hospital says of a problem, where others say something else.
pub(super) fn problem_words(one: &Problem, scene: &Scene<'_>) -> String {
    let status = scene.coded("clinical-", if one.fact.status.is_empty() { "not-said" } else { &one.fact.status });
    joined([
        Some(one.fact.code.text.clone()),
        Some(status),
        certainty(&one.verification, scene),
        one.fact.time.as_ref().map(|time| scene.day(time)),
    ])
}

/// A problem that is over.
pub(super) fn past_problem(one: &Problem, reports: &[SourceReport], scene: &Scene<'_>) -> PastRow {
    let status = scene.coded("clinical-", if one.fact.status.is_empty() { "not-said" } else { &one.fact.status });
    PastRow {
        name: one.fact.code.text.clone(),
        text: joined([Some(status), certainty(&one.verification, scene)]),
        date: one.ended.as_ref().or(one.fact.time.as_ref()).map(|time| scene.day(time)),
        sources: explained(Section::Summary, &one.fact.origins, reports, scene),
    }
}

/// How a medicine is taken: frequency and route, else the whole instruction.
pub(crate) fn medicine_words(one: &Medicine, scene: &Scene<'_>) -> String {
    let short = joined([one.frequency.as_deref().map(|said| usage::frequency(said, scene)), one.route.clone()]);
    if short.is_empty() { one.instruction.clone().unwrap_or_default() } else { short }
}

/// What an earlier prescription said, in the words of the current one.
fn earlier_words(one: &EarlierDose, scene: &Scene<'_>) -> String {
    let said = joined([one.dose.clone(), one.frequency.as_deref().map(|said| usage::frequency(said, scene))]);
    if said.is_empty() { one.text.clone() } else { said }
}

fn medicine_status(status: &str, scene: &Scene<'_>) -> String {
    match status {
        "" => scene.text("medicine-not-said"),
        status => scene.coded("medicine-", status),
    }
}

impl MedicineRow {
    pub(super) fn new(one: &Medicine, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let before = one.earlier.iter().map(|earlier| earlier_words(earlier, scene)).find(|text| !text.is_empty());
        let prescriber = one.prescriber.clone().map(|name| scene.with("prescribed-by", &[("name", Arg::from(name))]));
        Self {
            name: one.fact.code.text.clone(),
            dose: one.dose.clone(),
            usage: medicine_words(one, scene),
            since: one.since.as_ref().or(one.fact.time.as_ref()).map(|time| scene.day(time)),
            text: joined([one.reason.clone(), one.supply.clone(), prescriber]),
            changed: one.dose_changed,
            before: before.filter(|_| one.dose_changed),
            status: (one.fact.status != "active").then(|| medicine_status(&one.fact.status, scene)),
            sources: explained(Section::Summary, &one.fact.origins, reports, scene),
            conflict: one.fact.is_contradicted(),
        }
    }
}

/// What a hospital says of a medicine, where others say something else.
pub(super) fn medicine_statement(one: &Medicine, scene: &Scene<'_>) -> String {
    let status = medicine_status(&one.fact.status, scene);
    joined([
        one.dose.clone(),
        Some(medicine_words(one, scene)),
        Some(status),
        one.fact.time.as_ref().map(|time| scene.day(time)),
    ])
}

/// A medicine that is no longer taken.
pub(super) fn past_medicine(one: &Medicine, reports: &[SourceReport], scene: &Scene<'_>) -> PastRow {
    PastRow {
        name: one.fact.code.text.clone(),
        text: joined([
            Some(medicine_status(&one.fact.status, scene)),
            one.dose.clone(),
            Some(medicine_words(one, scene)),
        ]),
        date: one.fact.time.as_ref().map(|time| scene.day(time)),
        sources: explained(Section::Summary, &one.fact.origins, reports, scene),
    }
}

/// Critical and abnormal ones first, then those with a course; the order of the catalogue inside.
pub(super) fn by_urgency(all: &[RecentResult]) -> Vec<&RecentResult> {
    let mut sorted: Vec<&RecentResult> = all.iter().collect();
    sorted.sort_by_key(|one| {
        let flag = one.newest.flag;
        let critical = matches!(flag, Some(Flag::CriticalHigh | Flag::CriticalLow)) || one.newest.alarming;
        (!critical, one.critical.is_none(), !flag.is_some_and(Flag::is_abnormal), one.trend.is_none())
    });
    sorted
}

/// Newest first, undated last.
pub(crate) fn newest_first(all: &[RecentResult]) -> Vec<&RecentResult> {
    let mut sorted: Vec<&RecentResult> = all.iter().collect();
    sorted.sort_by(|a, b| b.newest.time.cmp(&a.newest.time));
    sorted
}

fn shown(one: &LabResult, scene: &Scene<'_>) -> String {
    value_text(one).or_else(|| one.absent.clone()).unwrap_or_else(|| scene.text("cell-no-value"))
}

impl ResultRow {
    pub(super) fn new(one: &RecentResult, labs: &str, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let newest = &one.newest;
        let flag = newest.flag.filter(|flag| flag.is_abnormal());
        let mut remarks = Vec::new();
        remarks.extend(one.previous.as_ref().and_then(|previous| previous_words(previous, newest, scene)));
        if let Some(critical) = &one.critical {
            let date = critical.time.as_ref().map(|time| short_day(time, scene)).unwrap_or_default();
            let args = [("date", Arg::from(date)), ("value", Arg::from(shown(critical, scene)))];
            remarks.push(scene.with("result-critical", &args));
        }
        let unit = unit_of(newest);
        Self {
            name: scene.of(&one.name),
            href: format!("{labs}?show={}#history", one.key),
            remarks,
            value: shown(newest, scene),
            class: flag_class(flag),
            arrow: flag.map_or("", flag_arrow),
            flag: flag.map(|flag| scene.text(flag_key(flag))),
            range: newest.range.as_ref().map(|range| range.text.clone()),
            unit,
            spark_html: one.trend.as_ref().and_then(|trend| spark::html(trend, scene)),
            date: newest.time.as_ref().map(|time| time.as_str().to_owned()),
            day: newest.time.as_ref().map(|time| short_day(time, scene)),
            sources: explained(Section::Summary, &newest.origins, reports, scene),
            against: one
                .contradicting
                .iter()
                .map(|other| (explained(Section::Summary, &other.origins, reports, scene), shown(other, scene)))
                .collect(),
        }
    }
}

/// Its unit for the eye: one spelling for one unit.
pub(crate) fn unit_of(one: &LabResult) -> Option<String> {
    one.value.as_ref()?.unit_for_people().filter(|unit| *unit != "1").map(|unit| pretty_unit(unit).into_owned())
}

/// `上次 101（08-20）`: what stood there before, in the laboratory's own digits.
fn previous_words(previous: &LabResult, newest: &LabResult, scene: &Scene<'_>) -> Option<String> {
    newest.value.as_ref()?;
    let unit = if unit_of(previous) == unit_of(newest) { String::new() } else { unit_of(previous).unwrap_or_default() };
    let date = previous.time.as_ref().map(|time| short_day(time, scene)).unwrap_or_default();
    let value = format!("{} {unit}", value_text(previous)?);
    Some(scene.with("result-previous", &[("value", Arg::from(value.trim())), ("date", Arg::from(date))]))
}

impl ReportRow {
    pub(super) fn new(one: &ReportLine, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        Self {
            name: one.fact.code.text.clone(),
            date: one.fact.time.as_ref().map(|time| scene.day(time)),
            conclusion: one.conclusion.clone(),
            status: crate::labs::status_key(&one.fact.status).map(|key| scene.text(key)),
            sources: explained(Section::Summary, &one.fact.origins, reports, scene),
        }
    }
}

/// A vaccination in one row.
pub(crate) fn event_of_immunization(one: &Immunization, reports: &[SourceReport], scene: &Scene<'_>) -> EventRow {
    let dose = one.dose.clone().map(|dose| scene.with("dose-number", &[("dose", Arg::from(dose))]));
    let lot = one.lot.clone().map(|lot| scene.with("lot-number", &[("lot", Arg::from(lot))]));
    EventRow {
        name: one.fact.code.text.clone(),
        date: one.fact.time.as_ref().map(|time| scene.day(time)).or_else(|| one.when_text.clone()),
        text: joined([dose, lot, one.performer.clone(), one.reason.clone()]),
        status: (!matches!(one.fact.status.as_str(), "completed" | ""))
            .then(|| scene.coded("event-", &one.fact.status)),
        sources: explained(Section::Summary, &one.fact.origins, reports, scene),
        conflict: one.fact.is_contradicted(),
    }
}

/// A procedure in one row.
pub(crate) fn event_of_procedure(one: &Procedure, reports: &[SourceReport], scene: &Scene<'_>) -> EventRow {
    EventRow {
        name: one.fact.code.text.clone(),
        date: one.fact.time.as_ref().map(|time| scene.day(time)).or_else(|| one.when_text.clone()),
        text: joined([
            one.body_site.clone(),
            one.reason.clone(),
            one.outcome.clone(),
            (!one.performers.is_empty()).then(|| scene.list(&one.performers)),
        ]),
        status: (!matches!(one.fact.status.as_str(), "completed" | ""))
            .then(|| scene.coded("event-", &one.fact.status)),
        sources: explained(Section::Summary, &one.fact.origins, reports, scene),
        conflict: one.fact.is_contradicted(),
    }
}

/// A device in one row.
pub(crate) fn event_of_device(one: &Device, reports: &[SourceReport], scene: &Scene<'_>) -> EventRow {
    let until = one.expires.as_ref().map(|time| scene.with("use-until", &[("date", Arg::from(scene.day(time)))]));
    let made = one
        .fact
        .time
        .as_ref()
        .map(|time| scene.day(time))
        .map(|date| scene.with("made-on", &[("date", Arg::from(date))]));
    EventRow {
        name: one.fact.code.text.clone(),
        date: None,
        text: joined([one.manufacturer.clone(), one.model.clone(), made, until, one.notes.first().cloned()]),
        status: (!matches!(one.fact.status.as_str(), "active" | "")).then(|| scene.coded("event-", &one.fact.status)),
        sources: explained(Section::Summary, &one.fact.origins, reports, scene),
        conflict: one.fact.is_contradicted(),
    }
}
