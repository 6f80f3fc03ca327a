//! The demo's patient: fifteen months of kidney follow-up at both hospitals, written in the script value by value, with one
//! of each peculiarity a reader must survive.

use super::{Chart, Condition, Encounter, Making, Measured, Medicine, Report, Value, What};
use crate::{
    SandboxError,
    clock::DAY,
    people::Person,
    reference::script::{ShowExtra, ShowVisit},
};

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let show = &making.reference.script.show;
    let midnight = making.today.midnight();
    for (place, chart) in charts.iter_mut().enumerate() {
        for condition in &show.conditions {
            let onset = midnight - condition.days * DAY;
            chart.conditions.push(Condition { icd: condition.icd.clone(), onset, ended: None });
        }
        // each hospital knows one of the allergies
        chart.allergies = show.allergies.iter().skip(place).take(1).cloned().collect();
    }
    for (index, visit) in show.visits.iter().enumerate() {
        let chart = chart_of(making, person, charts, &visit.hospital)?;
        let encounter = see(making, chart, visit);
        let at = making.today.before(visit.days, visit.time);
        chart.reports.extend(reports(making, index, at, encounter)?);
        for extra in show.extra.iter().filter(|extra| extra.visit == index) {
            let results = vec![extra_result(making, extra)];
            let title = making.reference.script.words.laboratory.clone();
            chart.reports.push(Report { title, at: at + 60, encounter: Some(encounter), results, conclusion: None });
        }
    }
    recognised(making, person, charts)?;
    prescribe(making, person, charts)
}

fn chart_of<'c>(
    making: &Making<'_>,
    person: &Person,
    charts: &'c mut [Chart],
    hospital: &str,
) -> Result<&'c mut Chart, SandboxError> {
    let hospitals = &making.reference.script.hospitals;
    let is = |index: usize| hospitals.get(index).is_some_and(|row| row.id == hospital);
    person
        .registrations
        .iter()
        .position(|registration| is(registration.hospital))
        .and_then(|place| charts.get_mut(place))
        .ok_or_else(|| SandboxError::reference("region.toml", format_args!("not known at {hospital}")))
}

fn see(making: &Making<'_>, chart: &mut Chart, visit: &ShowVisit) -> usize {
    let start = making.today.before(visit.days, visit.time) - 1500;
    let icd = Some(visit.icd.clone());
    let (class, department) = (visit.class.clone(), visit.department.clone());
    chart.encounters.push(Encounter { start, end: start + 7200, class, department, icd });
    chart.encounters.len() - 1
}

/// The rows of one column, by the panels they belong to.
fn reports(making: &Making<'_>, visit: usize, at: i64, encounter: usize) -> Result<Vec<Report>, SandboxError> {
    let script = &making.reference.script;
    let mut reports: Vec<Report> = Vec::new();
    for row in &script.show.rows {
        making.reference.laboratory.analyte(&row.analyte)?;
        let Some(text) = row.values.get(visit).filter(|text| !text.is_empty()) else { continue };
        let mut result = Measured::new(&row.analyte, Value::read(text));
        let remark = script.show.notes.iter().find(|note| note.visit == visit && note.analyte == row.analyte);
        result.note = remark.and_then(|remark| script.note(&remark.note));
        let panel = script.panels.iter().find(|panel| panel.id != "dialysis" && panel.analytes.contains(&row.analyte));
        let title = panel.map_or(&script.words.laboratory, |panel| &panel.zh);
        match reports.iter_mut().find(|report| report.title == *title) {
            Some(report) => report.results.push(result),
            None => reports.push(Report {
                title: title.clone(),
                at,
                encounter: Some(encounter),
                results: vec![result],
                conclusion: None,
            }),
        }
    }
    Ok(reports)
}

fn extra_result(making: &Making<'_>, extra: &ShowExtra) -> Measured {
    let script = &making.reference.script;
    let what = match (&extra.analyte, &extra.local) {
        (None, Some(code)) => What::Local { code: code.clone(), unit: extra.unit.clone().unwrap_or_default() },
        (analyte, _) => What::Analyte(analyte.clone().unwrap_or_default()),
    };
    let value = match &extra.absent {
        Some(_) => Value::Absent { code: "not-performed", text: script.words.specimen_clotted.clone() },
        None => Value::read(extra.value.as_deref().unwrap_or_default()),
    };
    let status = match extra.status.as_deref() {
        Some("entered-in-error") => "entered-in-error",
        Some("preliminary") => "preliminary",
        Some("amended") => "amended",
        _ => "final",
    };
    let note = extra.note.as_deref().and_then(|key| script.note(key));
    Measured { what, value, status, precision: extra.precision, note }
}

/// The second hospital reports results of the first again, one of them differently.
fn recognised(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let show = &making.reference.script.show;
    let recognised = &show.recognised;
    let Some(visit) = show.visits.get(recognised.visit) else { return Ok(()) };
    let of = |analyte: &String| {
        let row = show.rows.iter().find(|row| row.analyte == *analyte)?;
        Some((analyte.clone(), row.values.get(recognised.visit)?.clone()))
    };
    let same = recognised.same.iter().filter_map(of);
    let differing = recognised.differing.iter().map(|(analyte, value)| (analyte.clone(), value.clone()));
    let results = same.chain(differing).map(|(analyte, value)| Measured::new(&analyte, Value::read(&value))).collect();
    let title = making.reference.script.words.laboratory.clone();
    let at = making.today.before(visit.days, visit.time);
    let chart = chart_of(making, person, charts, &recognised.hospital)?;
    chart.reports.push(Report { title, at, encounter: None, results, conclusion: None });
    Ok(())
}

fn prescribe(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let show = &making.reference.script.show;
    for (index, drug) in show.medicines.iter().enumerate() {
        let Some(visit) = show.visits.get(index % show.visits.len().max(1)) else { continue };
        let chart = chart_of(making, person, charts, &visit.hospital)?;
        let authored = making.today.before(visit.days, visit.time) + 1800;
        let status = "active".to_owned();
        chart.medicines.push(Medicine { drug: drug.clone(), authored, status, encounter: None });
    }
    Ok(())
}
