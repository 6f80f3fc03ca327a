//! The demo's patient: kidney and diabetes follow-up at four hospitals, written in the script value by value, with one
//! of each peculiarity a reader must survive.

use super::{
    Allergy, Chart, Condition, Device, Encounter, Making, Measured, Medicine, Procedure, Report, Value, Vital, What,
};
use crate::{
    SandboxError,
    clock::DAY,
    dice::Dice,
    people::Person,
    reference::script::{ShowExtra, ShowVisit},
};

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let show = &making.reference.script.show;
    lasting(making, person, charts)?;
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
    operations(making, person, charts)?;
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
    let at = making.today.before(visit.days, visit.time);
    // blood is taken on the morning after an admission
    let start = if visit.nights.is_some() { at - 20 * 3600 } else { at - 1500 };
    let end = match (visit.nights, visit.hours) {
        (Some(nights), _) => start + nights * DAY,
        (None, Some(hours)) => start + hours * 3600,
        (None, None) => start + 7200,
    };
    chart.encounters.push(Encounter {
        start,
        end,
        class: visit.class.clone(),
        department: visit.department.clone(),
        icd: Some(visit.icd.clone()),
        reason: Some(visit.reason.clone()),
        bed: visit.bed.clone(),
        outcome: visit.nights.map(|_| making.reference.script.words.better.clone()),
        open: false,
    });
    let encounter = chart.encounters.len() - 1;
    if let Some(pressure) = visit.pressure {
        let (kind, values) = ("blood-pressure".to_owned(), pressure.to_vec());
        chart.vitals.push(Vital { kind, at: at - 900, values, encounter: Some(encounter) });
    }
    encounter
}

/// Problems, allergies and devices.
fn lasting(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let show = &making.reference.script.show;
    let before = |days: i64| making.today.midnight() - days * DAY;
    for condition in &show.conditions {
        for hospital in &condition.at {
            chart_of(making, person, charts, hospital)?.conditions.push(Condition {
                ended: condition.ended.map(before),
                text: condition.text.clone(),
                verified: if condition.verified.is_some() { "provisional" } else { "confirmed" },
                ..Condition::lasting(&condition.icd, before(condition.days))
            });
        }
    }
    for allergy in &show.allergies {
        chart_of(making, person, charts, &allergy.at)?.allergies.push(Allergy {
            allergen: allergy.allergen.clone(),
            since: allergy.since.clone(),
            note: allergy.note.clone(),
            recorded: before(allergy.days),
        });
    }
    for device in &show.devices {
        let mut dice = Dice::new(making.seed, &device.zh);
        chart_of(making, person, charts, &device.at)?.devices.push(Device {
            zh: device.zh.clone(),
            kind: device.kind.clone(),
            since: before(device.days),
            serial: dice.hex().get(..10).unwrap_or_default().to_uppercase(),
        });
    }
    Ok(())
}

fn operations(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    for operation in &making.reference.script.show.operations {
        let start = making.today.before(operation.days, operation.time);
        let hospital = hospital_of(making, &operation.at);
        let chart = chart_of(making, person, charts, &operation.at)?;
        let during = |encounter: &Encounter| encounter.start <= start && start <= encounter.end;
        let encounter = chart.encounters.iter().position(during);
        let department = encounter.and_then(|at| chart.encounters.get(at)).map(|one| one.department.clone());
        let department = department.unwrap_or_default();
        chart.procedures.push(Procedure {
            code: operation.code.clone(),
            start,
            end: start + 2400,
            encounter,
            surgeon: making.colleague(hospital, &department, 1),
            assistant: making.colleague(hospital, &department, 2),
            anaesthetist: making.colleague(hospital, "", 3),
            asa: making.reference.care.phrases("asa").0.first().cloned().unwrap_or_default(),
            complication: making.reference.script.words.none.clone(),
            outcome: making.reference.script.words.better.clone(),
        });
    }
    Ok(())
}

fn hospital_of(making: &Making<'_>, id: &str) -> usize {
    making.reference.script.hospitals.iter().position(|row| row.id == id).unwrap_or(0)
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
    for medicine in &making.reference.script.show.medicines {
        let chart = chart_of(making, person, charts, &medicine.at)?;
        let day = making.today.midnight() - medicine.days * DAY;
        let that_day = |encounter: &Encounter| (day..day + DAY).contains(&encounter.start);
        let encounter = chart.encounters.iter().position(that_day);
        let seen = encounter.and_then(|at| chart.encounters.get(at)).map_or(day + 9 * 3600, |one| one.start + 1800);
        let status = medicine.status.as_deref().unwrap_or("active");
        chart.medicines.push(Medicine {
            dose: medicine.dose,
            frequency: medicine.frequency.clone(),
            note: medicine.note.clone(),
            ..Medicine::usual(&medicine.drug, seen, status, encounter)
        });
    }
    Ok(())
}
