//! Charts from a Synthea course: its end is moved to some days before today, its encounters shared out among the hospitals.

use jiff::civil::Time;

use super::{Allergy, Chart, Condition, Encounter, Making, Measured, Medicine, Vital, measure};
use crate::{
    SandboxError,
    clock::{self, DAY},
    dice::Dice,
    people::Person,
    reference::courses::Course,
};

/// Results older than this many days are left to the archive.
const LABS_DAYS: i64 = 4 * 365;
/// Encounters closer than this many seconds belong to one episode, in one hospital.
const EPISODE: i64 = 3 * DAY;

pub(super) fn charts(making: &Making<'_>, person: &Person) -> Result<Vec<Chart>, SandboxError> {
    let mut charts: Vec<Chart> = person.registrations.iter().map(|_| Chart::default()).collect();
    let Some(course) = making.reference.courses.get(person.course) else { return Ok(charts) };
    let mut dice = Dice::new(making.seed, &format!("course {}", person.resident_id));
    let end = making.today.before(dice.between(2, 40), Time::midnight());
    if !person.is_curated() && !person.is_blank() {
        encounters(making, course, end, &mut dice, &mut charts);
        vitals(course, end, &mut charts);
        conditions(making, course, end, &mut dice, &mut charts);
        allergies(course, end, &mut dice, &mut charts);
        medicines(course, end, &mut charts);
        laboratory(making, person, course, end, &mut charts)?;
    }
    Ok(charts)
}

/// Patients come between half past seven and five.
fn office_hours(seconds: i64, dice: &mut Dice) -> i64 {
    clock::seconds(clock::date(seconds), Time::midnight()) + 7 * 3600 + 1800 + 60 * dice.between(0, 9 * 60)
}

fn encounters(making: &Making<'_>, course: &Course, end: i64, dice: &mut Dice, charts: &mut [Chart]) {
    let (mut place, mut last) = (0, i64::MIN);
    for encounter in &course.encounters {
        let at = end - encounter.before * 60;
        if at.saturating_sub(last) > EPISODE {
            place = dice.between(0, charts.len() as i64) as usize;
        }
        last = at;
        let start = if encounter.class == "AMB" { office_hours(at, dice) } else { at };
        let Some(chart) = charts.get_mut(place) else { continue };
        let icd = encounter.reason.clone();
        let department = match encounter.class.as_str() {
            "EMER" => &making.reference.script.words.emergency,
            _ => making.reference.department_for(icd.as_deref()),
        };
        chart.encounters.push(Encounter {
            start,
            end: start + encounter.minutes.clamp(15, 60 * 24 * 30) * 60,
            class: encounter.class.clone(),
            department: department.to_owned(),
            icd,
            ..Encounter::default()
        });
    }
    for chart in charts {
        chart.encounters.sort_by_key(|encounter| encounter.start);
    }
}

/// The chart with the encounter nearest in time, and that encounter.
fn nearest(charts: &[Chart], at: i64) -> (usize, Option<usize>) {
    let candidates = charts.iter().enumerate().flat_map(|(place, chart)| {
        chart.encounters.iter().enumerate().map(move |(index, encounter)| ((encounter.start - at).abs(), place, index))
    });
    candidates.min().map_or((0, None), |(_, place, index)| (place, Some(index)))
}

fn conditions(making: &Making<'_>, course: &Course, end: i64, dice: &mut Dice, charts: &mut [Chart]) {
    for condition in &course.conditions {
        let chronic = making.reference.diagnosis(&condition.icd).is_some_and(|row| row.chronic == "yes");
        let onset = end - condition.before * 60;
        let ended = condition.ended.map(|before| end - before * 60);
        let (home, _) = nearest(charts, onset);
        for (place, chart) in charts.iter_mut().enumerate() {
            // both hospitals know what lasts; now and then the second says that it is over
            if place == home || (chronic && dice.chance(0.7)) {
                let over = place != home && ended.is_none() && dice.chance(0.12);
                let ended = if over { Some(onset + (end - onset) / 2) } else { ended };
                chart.conditions.push(Condition { ended, ..Condition::lasting(&condition.icd, onset) });
            }
        }
    }
}

fn allergies(course: &Course, end: i64, dice: &mut Dice, charts: &mut [Chart]) {
    let asked = dice.between(0, charts.len() as i64) as usize;
    for (place, chart) in charts.iter_mut().enumerate() {
        if place == asked {
            let known = |name: &String| Allergy {
                allergen: name.clone(),
                since: None,
                note: None,
                recorded: end - dice.between(200, 2000) * DAY,
            };
            chart.allergies = course.allergies.iter().map(known).collect();
        }
        chart.no_known_allergy = chart.allergies.is_empty() && dice.chance(0.5);
    }
}

fn medicines(course: &Course, end: i64, charts: &mut [Chart]) {
    for medicine in &course.medicines {
        let authored = end - medicine.before * 60;
        let (place, encounter) = nearest(charts, authored);
        if let Some(chart) = charts.get_mut(place) {
            chart.medicines.push(Medicine::usual(&medicine.drug, authored, &medicine.status, encounter));
        }
    }
}

fn vitals(course: &Course, end: i64, charts: &mut [Chart]) {
    for vital in &course.vitals {
        let at = end - vital.before * 60;
        let (place, encounter) = nearest(charts, at);
        if let Some(chart) = charts.get_mut(place) {
            let (kind, values) = (vital.kind.clone(), vital.values.clone());
            chart.vitals.push(Vital { kind, at, values, encounter });
        }
    }
}

/// Synthea's own values, grouped into the region's panels.
fn laboratory(
    making: &Making<'_>,
    person: &Person,
    course: &Course,
    end: i64,
    charts: &mut [Chart],
) -> Result<(), SandboxError> {
    let mut dice = Dice::new(making.seed, &format!("course labs {}", person.resident_id));
    for labs in course.labs.iter().filter(|labs| labs.before < LABS_DAYS * 1440) {
        let at = measure::morning(end - labs.before * 60, &mut dice);
        let (place, encounter) = nearest(charts, at);
        for panel in &making.reference.script.panels {
            let mut results = Vec::new();
            for (id, value) in
                labs.values.iter().filter(|(id, _)| panel.id != "dialysis" && panel.analytes.contains(id))
            {
                let analyte = making.reference.laboratory.analyte(id)?;
                results.push(Measured::new(id, measure::printed(making, analyte, *value)));
            }
            if let (false, Some(chart)) = (results.is_empty(), charts.get_mut(place)) {
                chart.reports.push(measure::report(making, panel, at, encounter, results, &mut dice));
            }
        }
    }
    Ok(())
}
