//! Examinations with instruments, and their reports.

use super::{Chart, Encounter, Exam, Making};
use crate::{
    SandboxError,
    clock::{DAY, minute},
    dice::Dice,
    people::Person,
    reference::care::{self, ExamKind},
};

/// Reports are kept for so many days.
const DAYS: i64 = 3 * 365;
/// At most so many for a person at a hospital.
const MOST: usize = 14;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let since = making.today.midnight() - DAYS * DAY;
    for (place, chart) in charts.iter_mut().enumerate() {
        let hospital = person.registrations.get(place).map_or(0, |at| at.hospital);
        let small = making.reference.script.hospitals.get(hospital).is_some_and(|row| !row.beds);
        let mut exams = Vec::new();
        for (index, encounter) in chart.encounters.iter().enumerate() {
            let Some(icd) = encounter.icd.as_deref().filter(|_| encounter.start > since) else { continue };
            if encounter.department == making.reference.script.words.dialysis || exams.len() >= MOST {
                continue;
            }
            let mut dice = Dice::new(making.seed, &format!("exams {} {}", person.resident_id, encounter.start));
            let share = match encounter.class.as_str() {
                "IMP" | "EMER" => 0.9,
                _ if person.is_curated() => 0.5,
                _ => 0.22,
            };
            // community centres have an electrocardiograph and an ultrasound machine
            let possible = |kind: &&ExamKind| kind.is_for(icd) && (!small || matches!(&*kind.category, "EC" | "RUS"));
            for kind in making.reference.care.exams.iter().filter(possible).take(3) {
                if dice.chance(share) {
                    exams.push(exam(making, hospital, (index, encounter), kind, &mut dice)?);
                }
            }
        }
        chart.exams = exams;
    }
    Ok(())
}

fn exam(
    making: &Making<'_>,
    hospital: usize,
    (index, encounter): (usize, &Encounter),
    kind: &ExamKind,
    dice: &mut Dice,
) -> Result<Exam, SandboxError> {
    let nothing = || SandboxError::reference("care.toml", format_args!("{} shows nothing", kind.zh));
    let [findings, conclusion] = dice.pick(&kind.variants).ok_or_else(nothing)?;
    let at = (encounter.start + dice.between(30, 90) * 60).min(encounter.end);
    let title = |icd: &str| making.reference.diagnosis(icd).map(|row| row.zh.clone());
    let author = making.colleague(hospital, &kind.department, 1);
    let text = care::filled(care::template("exam")?, |name| {
        Some(match name {
            "exam" => kind.zh.clone(),
            "exam_time" => minute(at),
            "request_dept" => encounter.department.clone(),
            "requester" => making.colleague(hospital, &encounter.department, 0),
            "clinical_diagnosis" => encounter.icd.as_deref().and_then(title)?,
            "findings" => findings.clone(),
            "conclusion" => conclusion.clone(),
            "reporter" => author.clone(),
            "reviewer" => making.colleague(hospital, &kind.department, 2),
            _ => return None,
        })
    })?;
    let (zh, category) = (kind.zh.clone(), kind.category.clone());
    Ok(Exam { zh, category, at, encounter: Some(index), conclusion: conclusion.clone(), text, author })
}
