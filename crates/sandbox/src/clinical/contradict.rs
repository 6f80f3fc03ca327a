//! Facts of one hospital that another denies: as they are found wherever records meet.

use super::{Allergy, Chart, Condition, Making, Medicine};
use crate::{clock::DAY, dice::Dice, people::Person};

/// This share of the people known twice take a medicine that two hospitals know differently.
const TWO_DOSES: f64 = 0.3;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) {
    match person.role.as_deref() {
        Some("unasked") => state(charts, false),
        Some("no-allergy") => state(charts, true),
        Some("conflicting") => deny(making, charts),
        _ if person.is_curated() => {}
        _ => doses(making, person, charts),
    }
}

/// Nobody knows of an allergy: because nobody asked, or because there is none.
fn state(charts: &mut [Chart], asked: bool) {
    for chart in charts {
        chart.allergies.clear();
        chart.no_known_allergy = asked;
    }
}

/// Allergy here and none known there; a problem active here and resolved there; one medicine in two doses, and stopped.
fn deny(making: &Making<'_>, charts: &mut [Chart]) {
    let Some(script) = &making.reference.script.denied else { return };
    let before = |days: i64| making.today.midnight() - days * DAY + 9 * 3600;
    for (place, chart) in charts.iter_mut().enumerate() {
        chart.allergies.clear();
        chart.no_known_allergy = place == 1;
        if place == 0 || place == 2 {
            chart.allergies.push(Allergy {
                allergen: script.allergen.clone(),
                since: None,
                note: None,
                recorded: before(900 - 300 * place as i64),
            });
        }
        chart.conditions.retain(|condition| condition.icd != script.icd);
        chart.medicines.retain(|medicine| medicine.drug != script.drug);
        let ended = (place == 1).then(|| before(200));
        chart.conditions.push(Condition { ended, ..Condition::lasting(&script.icd, before(2200)) });
        let (dose, status) = match place {
            0 => (script.doses[0], "active"),
            1 => (script.doses[1], "active"),
            _ => (script.doses[0], "stopped"),
        };
        let authored = before(30 + 20 * place as i64);
        chart.medicines.push(Medicine { dose: Some(dose), ..Medicine::usual(&script.drug, authored, status, None) });
    }
}

/// Another hospital's record of a medicine: twice the dose, or stopped.
fn doses(making: &Making<'_>, person: &Person, charts: &mut [Chart]) {
    let mut dice = Dice::new(making.seed, &format!("doses {}", person.resident_id));
    if charts.len() < 2 || !dice.chance(TWO_DOSES) {
        return;
    }
    let place = dice.between(0, charts.len() as i64) as usize;
    let active = |medicine: &&Medicine| medicine.status == "active";
    let taken = charts.get(place).and_then(|chart| chart.medicines.iter().find(active));
    let Some((drug, authored)) = taken.map(|medicine| (medicine.drug.clone(), medicine.authored)) else { return };
    let strength = making.reference.drug(&drug).and_then(|row| row.strength.parse::<f64>().ok());
    let stopped = dice.chance(0.4);
    let other = (place + 1) % charts.len();
    let Some(chart) = charts.get_mut(other) else { return };
    let later = authored + dice.between(5, 60) * DAY;
    let authored = later.min(making.today.midnight() - DAY);
    let status = if stopped { "stopped" } else { "active" };
    let dose = strength.filter(|_| !stopped).map(|strength| strength * 2.0);
    chart.medicines.push(Medicine { dose, ..Medicine::usual(&drug, authored, status, None) });
}
