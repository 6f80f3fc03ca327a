//! Laboratory follow-up of the last three years, made from the catalogue's panels along visits of its own.

use super::{
    Chart, Encounter, Making, Measured, Report, Value,
    measure::{self, Habit},
};
use crate::{SandboxError, dice::Dice, people::Person, reference::script::PanelScript};

const DAYS: i64 = 3 * 365;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let mut dice = Dice::new(making.seed, &format!("follow-up {}", person.resident_id));
    let habit = Habit::new(making, person, charts, &[]);
    let grown = person.age_days(making.today.midnight()) >= 18 * 365;
    for _ in 0..if grown { dice.between(4, 9) } else { dice.between(1, 4) } {
        let at = measure::morning_before(making.today, dice.between(1, DAYS), &mut dice);
        if person.age_days(at) < 28 {
            continue;
        }
        let place = dice.between(0, charts.len() as i64) as usize;
        let panels = panels(making, &habit, grown, &mut dice);
        let Some(chart) = charts.get_mut(place) else { continue };
        let encounter = Some(visit(making, chart, at));
        for panel in panels {
            let results = habit.measure(panel, at, &mut dice)?;
            chart.reports.push(measure::report(making, panel, at, encounter, results, &mut dice));
        }
    }
    recognise(making, charts, &mut dice);
    Ok(())
}

/// The visit at which the blood was taken, for the first open diagnosis.
fn visit(making: &Making<'_>, chart: &mut Chart, at: i64) -> usize {
    let icd =
        chart.conditions.iter().find(|condition| condition.ended.is_none()).map(|condition| condition.icd.clone());
    let department = making.reference.department_for(icd.as_deref()).to_owned();
    let (start, end) = (at - 1800, at + 5400);
    chart.encounters.push(Encounter { start, end, class: "AMB".to_owned(), department, icd, ..Encounter::default() });
    chart.encounters.len() - 1
}

fn panels<'a>(making: &'a Making<'_>, habit: &Habit<'_>, grown: bool, dice: &mut Dice) -> Vec<&'a PanelScript> {
    let script = &making.reference.script;
    let mut chosen: Vec<&PanelScript> = script.panel("cbc").into_iter().collect();
    let mut add = |panel: Option<&'a PanelScript>| {
        if let Some(panel) = panel.filter(|panel| chosen.iter().all(|other| other.id != panel.id)) {
            chosen.push(panel);
        }
    };
    if grown {
        for id in &habit.panels {
            add(script.panel(id).filter(|_| dice.chance(0.7)));
        }
        for _ in 0..dice.between(1, 4) {
            add(dice.weighted(&script.panels, |panel| panel.weight));
        }
    } else {
        add(script.panel("inflammation").filter(|_| dice.chance(0.5)));
        add(script.panel("urinalysis").filter(|_| dice.chance(0.4)));
    }
    chosen
}

/// A third of the people known twice have a report recognised by the other hospital: the same time and values, and in some
/// of them one value copied wrongly.
fn recognise(making: &Making<'_>, charts: &mut [Chart], dice: &mut Dice) {
    let [first, second] = charts else { return };
    if !dice.chance(0.35) {
        return;
    }
    let Some(report) = first.reports.iter().filter(|report| report.results.len() > 2).max_by_key(|report| report.at)
    else {
        return;
    };
    let mut results: Vec<Measured> = report.results.clone();
    if let (true, Some(Measured { value: Value::Number { text, .. }, .. })) = (dice.chance(0.5), results.first_mut()) {
        *text = miscopied(text);
    }
    let (title, at) = (report.title.clone(), report.at);
    let encounter = Some(visit(making, second, at));
    second.reports.push(Report { title, at, encounter, results, conclusion: None });
}

/// Another last digit.
fn miscopied(text: &str) -> String {
    let (head, last) = text.split_at(text.len().saturating_sub(1));
    format!("{head}{}", if last == "5" { "8" } else { "5" })
}
