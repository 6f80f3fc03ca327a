//! The patient with ten thousand results: haemodialysis, measured three times a week at the first hospital.

use super::{
    Chart, Condition, Encounter, Making,
    measure::{self, Habit},
};
use crate::{SandboxError, clock::DAY, dice::Dice, people::Person};

/// Exactly so many laboratory results at the first hospital.
pub(crate) const RESULTS: usize = 10_000;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let mut dice = Dice::new(making.seed, "heavy");
    let midnight = making.today.midnight();
    for chart in charts.iter_mut() {
        chart.reports.clear();
        for (icd, days) in [("N18.5", 1900), ("I12.9", 3600), ("D64.9", 1500)] {
            chart.conditions.push(Condition::lasting(icd, midnight - days * DAY));
        }
    }
    let habit = Habit::new(making, person, &[], &["DIALYSIS"]);
    let panel = (making.reference.script.panel("dialysis"))
        .ok_or_else(|| SandboxError::reference("region.toml", "no dialysis panel"))?;
    let Some(chart) = charts.first_mut() else { return Ok(()) };
    let (mut written, mut session) = (0, 0);
    while written < RESULTS {
        // Monday, Wednesday, Friday, backwards
        let days = session / 3 * 7 + [1, 3, 5][(session % 3) as usize];
        let at = measure::morning_before(making.today, days, &mut dice);
        let mut results = habit.measure(panel, at, &mut dice)?;
        results.truncate(RESULTS - written);
        written += results.len();
        let (start, end) = (at - 900, at + 4 * 3600);
        let department = making.reference.script.words.dialysis.clone();
        chart.encounters.push(Encounter {
            start,
            end,
            class: "AMB".to_owned(),
            department,
            icd: Some("N18.5".to_owned()),
            ..Encounter::default()
        });
        let encounter = Some(chart.encounters.len() - 1);
        chart.reports.push(measure::report(making, panel, at, encounter, results, &mut dice));
        session += 1;
    }
    if let Some(second) = charts.get_mut(1) {
        for days in [40, 220, 400] {
            let at = measure::morning_before(making.today, days, &mut dice);
            let results = habit.measure(panel, at, &mut dice)?;
            second.reports.push(measure::report(making, panel, at, None, results, &mut dice));
        }
    }
    Ok(())
}
