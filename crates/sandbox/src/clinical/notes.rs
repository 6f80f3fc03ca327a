//! Clinical notes of encounters, from the templates.

use super::{Chart, Document, Encounter, Making};
use crate::{
    SandboxError,
    clock::{self, DAY, minute},
    dice::Dice,
    people::Person,
    reference::care::{self, Story},
};

/// Notes of visits are kept for so many days, those of stays for longer.
const VISIT_DAYS: i64 = 3 * 365;
const STAY_DAYS: i64 = 6 * 365;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) -> Result<(), SandboxError> {
    let now = making.today.midnight();
    for (place, chart) in charts.iter_mut().enumerate() {
        let hospital = person.registrations.get(place).map_or(0, |at| at.hospital);
        let mut documents = Vec::new();
        for (index, encounter) in chart.encounters.iter().enumerate() {
            let age = now - encounter.start;
            let (visit, stay) = (age < VISIT_DAYS * DAY, age < STAY_DAYS * DAY);
            let dialysis = encounter.department == making.reference.script.words.dialysis;
            let kinds: &[(&str, i64)] = match encounter.class.as_str() {
                "IMP" if stay && encounter.open => &STAY[..STAY.len() - 1],
                "IMP" if stay => &STAY,
                "EMER" if visit => &[("emergency-observation", 3600)],
                "AMB" if visit && !dialysis => &[("outpatient", 1200)],
                _ => &[],
            };
            let desk = Desk { making, person, hospital, chart, index, encounter };
            documents.extend(desk.notes(kinds)?);
        }
        chart.documents = documents;
    }
    Ok(())
}

/// Notes of a stay with the seconds after the admission; the discharge summary is the last.
const STAY: [(&str, i64); 5] = [
    ("admission", 4 * 3600),
    ("nursing-admission", 3600),
    ("daily-progress", 2 * DAY),
    ("nursing-general", 2 * DAY + 8 * 3600),
    ("discharge-summary", i64::MAX),
];

/// Where a note is written: whose, of which encounter.
struct Desk<'a> {
    making: &'a Making<'a>,
    person: &'a Person,
    hospital: usize,
    chart: &'a Chart,
    index: usize,
    encounter: &'a Encounter,
}

impl Desk<'_> {
    fn notes(&self, kinds: &[(&str, i64)]) -> Result<Vec<Document>, SandboxError> {
        let mut documents = Vec::new();
        for (kind, after) in kinds {
            let at = match *after {
                i64::MAX => self.encounter.end - 1800,
                after => (self.encounter.start + after).min(self.encounter.end),
            };
            documents.push(self.note(kind, at, None)?);
        }
        for (place, operation) in self.chart.procedures.iter().enumerate() {
            if operation.encounter != Some(self.index) || self.encounter.class != "IMP" {
                continue;
            }
            let row = self.making.reference.operation(&operation.code);
            // What is done through a scope, a catheter or a lens has no wound to be closed.
            let kind = if row.is_some_and(|row| row.is_open()) { "operation" } else { "intervention" };
            documents.push(self.note(kind, operation.end + 3600, Some(place))?);
            if row.is_some_and(|row| row.anaesthesia == "general") {
                documents.push(self.note("anaesthesia", operation.end + 1800, Some(place))?);
            }
        }
        Ok(documents)
    }

    fn note(&self, kind: &str, at: i64, operation: Option<usize>) -> Result<Document, SandboxError> {
        let story = self.making.reference.care.story(self.encounter.icd.as_deref())?;
        let label = format!("note {kind} {} {} {at}", self.person.resident_id, self.hospital);
        let mut dice = Dice::new(self.making.seed, &label);
        let author = self.author(kind, operation);
        let text = care::filled(care::template(kind)?, |name| {
            let known = self.known(name, story, at, &author, operation);
            known.or_else(|| phrase(self.making, self.person, name, &mut dice))
        })?;
        Ok(Document { kind: kind.to_owned(), at, encounter: Some(self.index), author, text })
    }

    fn author(&self, kind: &str, operation: Option<usize>) -> String {
        let department = &self.encounter.department;
        let operation = operation.and_then(|place| self.chart.procedures.get(place));
        match (kind, operation) {
            ("operation" | "intervention", Some(operation)) => operation.surgeon.clone(),
            ("anaesthesia", Some(operation)) => operation.anaesthetist.clone(),
            _ if kind.starts_with("nursing") => self.making.colleague(self.hospital, department, 5),
            _ => self.making.colleague(self.hospital, department, 0),
        }
    }

    /// What the chart itself says for a placeholder.
    fn known(&self, name: &str, story: &Story, at: i64, author: &str, operation: Option<usize>) -> Option<String> {
        let (encounter, person) = (self.encounter, self.person);
        if let Some(text) = self.of_operation(name, operation) {
            return Some(text);
        }
        Some(match name {
            "name" => person.han.clone(),
            "sex" => self.making.reference.script.words.sexes.get(&person.sex).cloned().unwrap_or_default(),
            "age" => format!("{}{}", person.age_days(at) / 365, self.making.reference.script.words.years),
            "address" => format!("{}{}", person.address.city, person.address.district),
            "department" => encounter.department.clone(),
            "physician" | "resident" | "nurse" => author.to_owned(),
            "senior" => self.making.colleague(self.hospital, &encounter.department, 1),
            "visit_time" | "arrive_time" | "admit_time" | "obs_start" => minute(encounter.start),
            "obs_end" => minute(encounter.end),
            "note_time" | "sign_time" => minute(at),
            "t1" => clock_time(encounter.start + DAY),
            "t2" => clock_time(encounter.start + DAY + 4 * 3600),
            "admit_date" => clock::date(encounter.start).to_string(),
            "discharge_date" => clock::date(encounter.end).to_string(),
            "followup_date" => {
                clock::date(encounter.end + self.making.reference.care.stay.followup_days * DAY).to_string()
            }
            "los" => ((encounter.end - encounter.start) / DAY).max(1).to_string(),
            "hospital_day" => ((at - encounter.start) / DAY + 1).to_string(),
            "chief_complaint" | "admit_reason" | "main_symptom" => {
                encounter.reason.clone().unwrap_or_else(|| story.complaint.clone())
            }
            "present_illness" | "symptom_detail" => story.illness.clone(),
            "exam_points" | "specialty_exam" => story.exam.clone(),
            "tests_ordered" => story.tests.clone(),
            "advice" => story.advice.clone(),
            "course" => story.stay.as_ref().map_or_else(|| story.illness.clone(), |stay| stay.course.clone()),
            "outcome" => encounter.outcome.clone().unwrap_or_default(),
            "diagnosis_list" | "admit_diagnosis" | "pre_diagnosis" | "post_diagnosis" => self.diagnosis(),
            "allergy" => self.allergies(),
            "drugs_ordered" | "discharge_drugs" => self.drugs(),
            "height" | "weight" => self.measure(name)?,
            _ => return None,
        })
    }

    /// What is known of an operation; of a stay without one, that there was none.
    fn of_operation(&self, name: &str, operation: Option<usize>) -> Option<String> {
        let none = || self.making.reference.script.words.none.clone();
        let of_stay = || self.chart.procedures.iter().find(|one| one.encounter == Some(self.index));
        let operation = operation.and_then(|place| self.chart.procedures.get(place)).or_else(of_stay);
        let row = operation.and_then(|operation| self.making.reference.operation(&operation.code));
        let of = |text: fn(&crate::clinical::Procedure) -> String| operation.map_or_else(none, text);
        Some(match name {
            "procedure" => row.map_or_else(none, |row| row.zh.clone()),
            "procedure_code" => of(|operation| operation.code.clone()),
            "anaesthesia" => row.map_or_else(none, |row| row.anaesthesia_zh.clone()),
            "op_date" => of(|operation| clock::date(operation.start).to_string()),
            "op_start" => of(|operation| clock_time(operation.start)),
            "op_end" => of(|operation| clock_time(operation.end)),
            "surgeon" => of(|operation| operation.surgeon.clone()),
            "assistant" => of(|operation| operation.assistant.clone()),
            "anaesthetist" => of(|operation| operation.anaesthetist.clone()),
            "asa" => of(|operation| operation.asa.clone()),
            "complication" => of(|operation| operation.complication.clone()),
            _ => return None,
        })
    }

    fn diagnosis(&self) -> String {
        let title = |icd: &str| self.making.reference.diagnosis(icd).map(|row| row.zh.clone());
        let main = self.encounter.icd.as_deref().and_then(title);
        main.unwrap_or_else(|| self.making.reference.script.words.examination.clone())
    }

    fn allergies(&self) -> String {
        let words = &self.making.reference.script.words;
        let names: Vec<&str> = self.chart.allergies.iter().map(|one| one.allergen.as_str()).collect();
        match names.as_slice() {
            [] if self.chart.no_known_allergy => words.no_known_allergy.clone(),
            [] => words.not_asked.clone(),
            some => some.join(&words.and),
        }
    }

    fn drugs(&self) -> String {
        let words = &self.making.reference.script.words;
        let of = |medicine: &&super::Medicine| medicine.encounter == Some(self.index);
        let names: Vec<&str> =
            self.chart.medicines.iter().filter(of).take(6).map(|medicine| medicine.drug.as_str()).collect();
        if names.is_empty() { words.medicines_as_before.clone() } else { names.join(&words.and) }
    }

    /// The last height or weight in the chart.
    fn measure(&self, kind: &str) -> Option<String> {
        let last = self.chart.vitals.iter().rev().find(|vital| vital.kind == kind);
        let usual = if kind == "height" { 165.0 } else { 62.0 };
        Some(last.and_then(|vital| vital.values.first()).unwrap_or(&usual).to_string())
    }
}

/// One of the file's phrases: the same for a person where it stays with them.
fn phrase(making: &Making<'_>, person: &Person, name: &str, dice: &mut Dice) -> Option<String> {
    match making.reference.care.phrases(name) {
        (_, true) => own_phrase(making, person, name),
        (choices, false) => dice.pick(choices).cloned(),
    }
}

/// What is said of a person in every note.
pub(super) fn own_phrase(making: &Making<'_>, person: &Person, name: &str) -> Option<String> {
    let mut dice = Dice::new(making.seed, &format!("phrase {name} {}", person.resident_id));
    dice.pick(making.reference.care.phrases(name).0).cloned()
}

/// `08:10`
fn clock_time(at: i64) -> String {
    minute(at).get(11..).unwrap_or_default().to_owned()
}
