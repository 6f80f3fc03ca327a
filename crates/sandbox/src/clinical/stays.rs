//! Admissions with what was done in them, and the diagnosis made at each encounter.

use jiff::civil::Time;

use super::{Chart, Condition, Device, Encounter, Making, Medicine, Procedure};
use crate::{
    SandboxError,
    clock::DAY,
    dice::Dice,
    people::Person,
    reference::care::{StayStory, Story},
};

/// Diagnoses at encounters are kept for so many days.
const DIAGNOSIS_DAYS: i64 = 3 * 365;
/// This share of those who were in hospital were there before.
const AGAIN: f64 = 0.45;
/// What does not last is over after so many days.
const SHORT_ILLNESS: i64 = 14 * DAY;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let mut dice = Dice::new(making.seed, &format!("stays {}", person.resident_id));
    let grown = person.age_days(making.today.midnight()) > 18 * 365;
    let chosen = person.role.as_deref() == Some("admitted");
    if person.is_blank() || person.is_curated() || !grown || !(chosen || dice.chance(0.6)) {
        return Ok(());
    }
    let beds = |place: &usize| {
        let hospital = person.registrations.get(*place).map(|at| at.hospital);
        hospital.and_then(|index| making.reference.script.hospitals.get(index)).is_some_and(|row| row.beds)
    };
    let places: Vec<usize> = (0..charts.len()).filter(beds).collect();
    let stays = if dice.chance(AGAIN) { 2 } else { 1 };
    for nth in 0..stays {
        let Some(place) = dice.pick(&places).copied() else { return Ok(()) };
        let Some((icd, story)) = cause(making, charts, &mut dice)? else { return Ok(()) };
        let Some(stay) = &story.stay else { return Ok(()) };
        let open = chosen && nth == 0;
        // the second was years ago: two stays never overlap
        let days = if open { 3 } else { dice.between(25, 700) + 800 * nth };
        let start = making.today.before(days, Time::constant(9, 30, 0, 0)) + dice.between(0, 300) * 60;
        let end = start + if open { days * DAY } else { dice.between(stay.days[0], stay.days[1] + 1) * DAY };
        let Some(chart) = charts.get_mut(place) else { return Ok(()) };
        let hospital = person.registrations.get(place).map_or(0, |at| at.hospital);
        admit(making, hospital, chart, Admission { icd: &icd, story, stay, start, end, open }, &mut dice);
    }
    Ok(())
}

/// A lasting diagnosis that is worth an admission; more often one that is operated on.
fn cause<'m>(
    making: &'m Making<'_>,
    charts: &[Chart],
    dice: &mut Dice,
) -> Result<Option<(String, &'m Story)>, SandboxError> {
    let (mut operated, mut others) = (Vec::new(), Vec::new());
    for condition in charts.iter().flat_map(|chart| &chart.conditions) {
        let story = making.reference.care.story(Some(&condition.icd))?;
        let Some(stay) = story.stay.as_ref().filter(|_| condition.ended.is_none()) else { continue };
        let list = if stay.operations.is_empty() { &mut others } else { &mut operated };
        list.push((condition.icd.clone(), story));
    }
    let first = if dice.chance(0.75) { &operated } else { &others };
    Ok(dice.pick(first).or_else(|| operated.first()).or_else(|| others.first()).cloned())
}

/// An admission to be written down.
pub(super) struct Admission<'a> {
    pub(super) icd: &'a str,
    pub(super) story: &'a Story,
    pub(super) stay: &'a StayStory,
    pub(super) start: i64,
    pub(super) end: i64,
    /// It still lasts; `end` is now.
    pub(super) open: bool,
}

/// Writes a stay with its operations, devices and orders; returns the encounter's place.
pub(super) fn admit(
    making: &Making<'_>,
    hospital: usize,
    chart: &mut Chart,
    admission: Admission<'_>,
    dice: &mut Dice,
) -> usize {
    let Admission { icd, story, stay, start, end, open } = admission;
    let words = &making.reference.care.stay;
    chart.encounters.push(Encounter {
        start,
        end,
        class: "IMP".to_owned(),
        department: stay.department.clone(),
        icd: Some(icd.to_owned()),
        reason: Some(story.complaint.clone()),
        bed: Some(format!("{}{} {}{}", stay.department, words.ward, dice.between(1, 60), words.bed)),
        outcome: (!open).then(|| stay.outcome.clone()),
        open,
    });
    let encounter = chart.encounters.len() - 1;
    for (index, code) in stay.operations.iter().enumerate() {
        let begin = start + (2 + index as i64) * DAY / 2 + dice.between(0, 180) * 60;
        if begin + 4 * 3600 > end {
            continue;
        }
        chart.procedures.push(Procedure {
            code: code.clone(),
            start: begin,
            end: begin + dice.between(35, 190) * 60,
            encounter: Some(encounter),
            surgeon: making.colleague(hospital, &stay.department, 1),
            assistant: making.colleague(hospital, &stay.department, 2),
            anaesthetist: making.colleague(hospital, "", 3),
            asa: dice.pick(making.reference.care.phrases("asa").0).cloned().unwrap_or_default(),
            complication: dice.pick(&words.complications).cloned().unwrap_or_default(),
            outcome: stay.outcome.clone(),
        });
    }
    if let Some(device) = &stay.device {
        let serial = dice.hex().to_uppercase();
        chart.devices.push(Device {
            zh: device.zh.clone(),
            kind: device.kind.clone(),
            since: start + DAY,
            serial: serial.get(..10).unwrap_or_default().to_owned(),
        });
    }
    let status = if open { "active" } else { "completed" };
    for drug in &stay.drugs {
        chart.medicines.push(Medicine::usual(drug, start + 3600, status, Some(encounter)));
    }
    encounter
}

/// The diagnosis of each encounter of the last years, unless the chart has it already. Dialysis sessions have none.
pub(super) fn diagnoses(making: &Making<'_>, charts: &mut [Chart]) {
    let since = making.today.midnight() - DIAGNOSIS_DAYS * DAY;
    let dialysis = &making.reference.script.words.dialysis;
    for chart in charts {
        for (index, encounter) in chart.encounters.iter().enumerate() {
            let Some(icd) = encounter.icd.as_ref().filter(|_| encounter.start > since) else { continue };
            if encounter.department == *dialysis {
                continue;
            }
            let lasts = making.reference.diagnosis(icd).is_some_and(|row| row.chronic == "yes");
            let same = |known: &&mut Condition| {
                !lasts
                    && known.icd == *icd
                    && known.encounter.is_none()
                    && (known.onset - encounter.start).abs() < 2 * DAY
            };
            if let Some(known) = chart.conditions.iter_mut().find(same) {
                known.encounter = Some(index);
                continue;
            }
            let over = encounter.start + SHORT_ILLNESS;
            let ended = (!lasts && over < making.today.midnight()).then_some(over);
            let made = Condition { ended, encounter: Some(index), ..Condition::lasting(icd, encounter.start) };
            chart.conditions.push(made);
        }
    }
}
