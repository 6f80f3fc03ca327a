//! Nursing: the chart of vital signs of a stay, scores, care plans.

use super::{Chart, Finding, Found, Making, Plan, Score, Vital};
use crate::{SandboxError, clock::DAY, dice::Dice, people::Person};

/// Nursing charts are kept for so many days of a stay.
const CHARTED: i64 = 14;
/// Hours of the day at which nurses measure.
const ROUNDS: [i64; 2] = [7, 15];

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    for (place, chart) in charts.iter_mut().enumerate() {
        let mut dice = Dice::new(making.seed, &format!("nursing {} {place}", person.resident_id));
        let stays: Vec<(usize, i64, i64)> = chart
            .encounters
            .iter()
            .enumerate()
            .filter(|(_, encounter)| encounter.class == "IMP")
            .map(|(index, encounter)| (index, encounter.start, encounter.end))
            .collect();
        for (index, start, end) in stays {
            rounds(chart, index, start, end, &mut dice);
            for (day, scale) in making.reference.care.scales.iter().enumerate() {
                let (loinc, zh) = (scale.loinc.clone(), scale.zh.clone());
                let at = start + 3600 + day as i64 * 60;
                let Some(value) = dice.pick(&scale.values).copied() else { continue };
                chart.scores.push(Score { loinc, zh, value, at, encounter: Some(index) });
            }
        }
        findings(making, person, place, chart);
        plan(making, chart)?;
    }
    Ok(())
}

/// What was seen each morning of a stay, and what went in and out.
fn findings(making: &Making<'_>, person: &Person, place: usize, chart: &mut Chart) {
    let mut dice = Dice::new(making.seed, &format!("findings {} {place}", person.resident_id));
    let care = &making.reference.care;
    for (index, stay) in chart.encounters.iter().enumerate().filter(|(_, one)| one.class == "IMP") {
        let days = ((stay.end - stay.start) / DAY).clamp(0, CHARTED);
        for day in 1..=days {
            let at = stay.start - stay.start.rem_euclid(DAY) + day * DAY;
            let mut found = |loinc: Option<&String>, zh: &str, said| {
                let (loinc, zh) = (loinc.cloned(), zh.to_owned());
                chart.findings.push(Finding { loinc, zh, said, at, encounter: Some(index) });
            };
            for kind in &care.findings {
                let Some(words) = dice.pick(&kind.words) else { continue };
                found(kind.loinc.as_ref(), &kind.zh, Found::Words(words.clone()));
            }
            for kind in &care.balances {
                let [least, most] = kind.millilitres;
                let millilitres = dice.between(least / 10, most / 10) * 10;
                found(Some(&kind.loinc), &kind.zh, Found::Millilitres(millilitres));
            }
        }
    }
}

/// Temperature, pulse, respiration, blood pressure and oxygen, twice a day.
fn rounds(chart: &mut Chart, encounter: usize, start: i64, end: i64, dice: &mut Dice) {
    let feverish = dice.chance(0.3);
    for day in 0..CHARTED {
        for hour in ROUNDS {
            let at = start - start.rem_euclid(DAY) + (day + 1) * DAY + (hour - 8) * 3600;
            if at <= start || at >= end {
                continue;
            }
            let fever = if feverish && day < 3 { 1.4 - 0.4 * day as f64 } else { 0.0 };
            let systolic = (128.0 + dice.bell() * 9.0).round();
            for (kind, values) in [
                ("temperature", vec![tenth(36.6 + fever + dice.bell() * 0.2)]),
                ("pulse", vec![(76.0 + fever * 9.0 + dice.bell() * 6.0).round()]),
                ("respiration", vec![(18.0 + dice.bell() * 1.2).round()]),
                ("blood-pressure", vec![systolic, (systolic * 0.6 + dice.bell() * 3.0).round()]),
                ("oxygen", vec![(97.0 + dice.bell() * 0.9).round().min(100.0)]),
            ] {
                chart.vitals.push(Vital { kind: kind.to_owned(), at, values, encounter: Some(encounter) });
            }
        }
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// One plan for the first lasting problem that has one.
fn plan(making: &Making<'_>, chart: &mut Chart) -> Result<(), SandboxError> {
    for condition in chart.conditions.iter().filter(|one| one.ended.is_none() && one.encounter.is_none()) {
        let story = making.reference.care.story(Some(&condition.icd))?;
        if story.plan.is_empty() {
            continue;
        }
        let mut activities = making.reference.care.orders.activities.clone();
        activities.push(story.advice.clone());
        chart.plans.push(Plan { title: story.plan.clone(), at: condition.onset + 30 * DAY, activities });
        break;
    }
    Ok(())
}
