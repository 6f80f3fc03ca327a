//! The person behind the patient: habits, family, medicines bought without a prescription.

use super::{Chart, Making, notes};
use crate::{dice::Dice, people::Person};

/// Children have no habits to be asked for.
const ASKED_FROM_DAYS: i64 = 16 * 365;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) {
    let mut dice = Dice::new(making.seed, &format!("background {}", person.resident_id));
    if person.age_days(making.today.midnight()) < ASKED_FROM_DAYS {
        return;
    }
    let care = &making.reference.care;
    let family = notes::own_phrase(making, person, "family_history");
    for chart in charts {
        // one desk asks, another does not
        if dice.chance(0.75) {
            for habit in &care.habits {
                let Some(said) = notes::own_phrase(making, person, &habit.phrase) else { continue };
                chart.habits.push((habit.loinc.clone(), habit.zh.clone(), said));
            }
        }
        if dice.chance(0.6) {
            let told =
                care.relatives.iter().enumerate().filter(|(_, relative)| family.as_ref() == Some(&relative.said));
            chart.relatives = told.map(|(index, _)| index).collect();
        }
        if dice.chance(0.25) {
            chart.self_bought.extend(dice.pick(&care.orders.self_bought).cloned());
        }
    }
}

/// The questionnaire of the desk: filled in or not, and not always the same everywhere.
pub(super) fn ask(making: &Making<'_>, person: &Person, charts: &mut [Chart]) {
    if person.is_blank() || person.age_days(making.today.midnight()) < ASKED_FROM_DAYS {
        return;
    }
    for (place, chart) in charts.iter_mut().enumerate() {
        let mut dice = Dice::new(making.seed, &format!("questionnaire {} {place}", person.resident_id));
        if dice.chance(0.6) {
            let questions = &making.reference.care.questionnaire.questions;
            chart.answers = questions.iter().filter_map(|question| dice.pick(&question.answers).cloned()).collect();
        }
    }
}
