//! What happened to people, before any hospital writes it down in its own way.

mod background;
mod charges;
mod contradict;
mod course;
mod exams;
mod follow_up;
mod heavy;
mod measure;
mod notes;
mod nursing;
mod orders;
mod prevention;
mod show;
mod stays;

use crate::{
    SandboxError,
    clock::{Precision, Today},
    people::Person,
    reference::Reference,
};

/// One person's stay in one hospital's books. Times are seconds of the Unix epoch.
#[derive(Default)]
pub(crate) struct Chart {
    pub(crate) encounters: Vec<Encounter>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) allergies: Vec<Allergy>,
    /// The hospital asked, and the answer was no.
    pub(crate) no_known_allergy: bool,
    pub(crate) medicines: Vec<Medicine>,
    pub(crate) vitals: Vec<Vital>,
    pub(crate) reports: Vec<Report>,
    pub(crate) immunizations: Vec<Immunization>,
    pub(crate) procedures: Vec<Procedure>,
    pub(crate) devices: Vec<Device>,
    pub(crate) documents: Vec<Document>,
    pub(crate) exams: Vec<Exam>,
    pub(crate) orders: Vec<Order>,
    pub(crate) scores: Vec<Score>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) charges: Vec<Charge>,
    /// Index in `care.charges.payers`.
    pub(crate) payer: Option<usize>,
    /// LOINC, name and what was said.
    pub(crate) habits: Vec<(String, String, String)>,
    /// Indexes in `care.relatives`.
    pub(crate) relatives: Vec<usize>,
    /// Medicines that the person said they buy themselves.
    pub(crate) self_bought: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    /// What the person ticked, one answer to each question of `care.questionnaire`; empty when they were not asked.
    pub(crate) answers: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Encounter {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// HL7 v3 ActCode: `AMB`, `EMER`, `IMP`.
    pub(crate) class: String,
    pub(crate) department: String,
    pub(crate) icd: Option<String>,
    /// Why they came, in words.
    pub(crate) reason: Option<String>,
    /// Ward and bed of a stay.
    pub(crate) bed: Option<String>,
    /// What became of it, in words.
    pub(crate) outcome: Option<String>,
    /// It lasts still: `end` is now.
    pub(crate) open: bool,
}

pub(crate) struct Condition {
    pub(crate) icd: String,
    pub(crate) onset: i64,
    pub(crate) ended: Option<i64>,
    /// A diagnosis made at this encounter; otherwise an item of the problem list.
    pub(crate) encounter: Option<usize>,
    /// In the hospital's words, where they say more than the code.
    pub(crate) text: Option<String>,
    /// FHIR verification status.
    pub(crate) verified: &'static str,
}

/// A known allergy.
pub(crate) struct Allergy {
    /// Name in `allergens.csv`.
    pub(crate) allergen: String,
    /// FHIR `dateTime` of the onset, as roughly as it is known.
    pub(crate) since: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) recorded: i64,
}

pub(crate) struct Medicine {
    pub(crate) drug: String,
    pub(crate) authored: i64,
    pub(crate) status: String,
    pub(crate) encounter: Option<usize>,
    /// Single dose in the unit of `drugs.csv`; the usual one when `None`.
    pub(crate) dose: Option<f64>,
    /// Frequency in words, where it is not the usual one.
    pub(crate) frequency: Option<String>,
    /// Why it was changed or stopped.
    pub(crate) note: Option<String>,
}

pub(crate) struct Vital {
    pub(crate) kind: String,
    pub(crate) at: i64,
    pub(crate) values: Vec<f64>,
    pub(crate) encounter: Option<usize>,
}

/// A dose of a vaccine.
pub(crate) struct Immunization {
    pub(crate) zh: String,
    pub(crate) cvx: String,
    pub(crate) at: i64,
    pub(crate) dose: usize,
    pub(crate) lot: String,
}

/// An operation or examination with instruments.
pub(crate) struct Procedure {
    /// Code of `procedures.csv`.
    pub(crate) code: String,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) encounter: Option<usize>,
    pub(crate) surgeon: String,
    pub(crate) assistant: String,
    pub(crate) anaesthetist: String,
    /// Roman numeral of the ASA class.
    pub(crate) asa: String,
    pub(crate) complication: String,
    pub(crate) outcome: String,
}

/// A thing in or on the patient.
pub(crate) struct Device {
    pub(crate) zh: String,
    pub(crate) kind: String,
    pub(crate) since: i64,
    pub(crate) serial: String,
}

/// A clinical note. `text` is the filled template: `#` and `##` begin headings, `|` rows of a table.
pub(crate) struct Document {
    /// Kind of note in `care.toml`.
    pub(crate) kind: String,
    pub(crate) at: i64,
    pub(crate) encounter: Option<usize>,
    pub(crate) author: String,
    pub(crate) text: String,
}

/// An examination other than of the laboratory, with its report.
pub(crate) struct Exam {
    pub(crate) zh: String,
    /// HL7 v2 table 0074.
    pub(crate) category: String,
    pub(crate) at: i64,
    pub(crate) encounter: Option<usize>,
    pub(crate) conclusion: String,
    /// As [`Document::text`].
    pub(crate) text: String,
    pub(crate) author: String,
}

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderKind {
    Laboratory,
    Examination,
    Procedure,
    Nursing,
    Diet,
}

/// An order that is no medicine.
pub(crate) struct Order {
    pub(crate) kind: OrderKind,
    pub(crate) text: String,
    pub(crate) at: i64,
    /// Until when it holds; one-off orders have none.
    pub(crate) until: Option<i64>,
    pub(crate) long_term: bool,
    pub(crate) status: &'static str,
    pub(crate) encounter: Option<usize>,
}

/// A score of nursing.
pub(crate) struct Score {
    pub(crate) loinc: String,
    pub(crate) zh: String,
    pub(crate) value: i64,
    pub(crate) at: i64,
    pub(crate) encounter: Option<usize>,
}

/// What nurses saw, or measured over a day.
pub(crate) struct Finding {
    /// LOINC, where there is a code.
    pub(crate) loinc: Option<String>,
    pub(crate) zh: String,
    pub(crate) said: Found,
    pub(crate) at: i64,
    pub(crate) encounter: Option<usize>,
}

/// Words, or millilitres.
pub(crate) enum Found {
    Words(String),
    Millilitres(i64),
}

/// A care plan.
pub(crate) struct Plan {
    pub(crate) title: String,
    pub(crate) at: i64,
    pub(crate) activities: Vec<String>,
}

/// Something charged for.
pub(crate) struct Charge {
    /// Name in `charge-items.csv`.
    pub(crate) item: String,
    /// Yuan.
    pub(crate) price: f64,
    pub(crate) quantity: i64,
    pub(crate) at: i64,
    pub(crate) encounter: usize,
}

/// A laboratory report with its results.
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) at: i64,
    pub(crate) encounter: Option<usize>,
    pub(crate) results: Vec<Measured>,
    pub(crate) conclusion: Option<String>,
}

/// One result.
#[derive(Clone)]
pub(crate) struct Measured {
    pub(crate) what: What,
    pub(crate) value: Value,
    pub(crate) status: &'static str,
    pub(crate) precision: Precision,
    pub(crate) note: Option<String>,
}

/// What was measured: an analyte of the catalogue, or a local code that the table leaves unmapped.
#[derive(Clone)]
pub(crate) enum What {
    Analyte(String),
    Local { code: String, unit: String },
}

/// A result's value as the analyser printed it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A number with its text, in the catalogue's unit.
    Number { text: String, comparator: Option<&'static str> },
    /// A word: 阴性, 1+, A型.
    Word(String),
    /// FHIR `dataAbsentReason`: code and text.
    Absent { code: &'static str, text: String },
}

impl Measured {
    /// A final result without remarks.
    pub(crate) fn new(analyte: &str, value: Value) -> Self {
        Self {
            what: What::Analyte(analyte.to_owned()),
            value,
            status: "final",
            precision: Precision::Minute,
            note: None,
        }
    }
}

impl Value {
    /// Reads a value as scripts write it: `5.40`, `<0.5`, `阴性`.
    pub(crate) fn read(text: &str) -> Self {
        let (comparator, rest) = match text.split_at_checked(1) {
            Some(("<", rest)) => (Some("<"), rest),
            Some((">", rest)) => (Some(">"), rest),
            _ => (None, text),
        };
        match rest.parse::<f64>() {
            Ok(_) if !rest.starts_with('+') => Self::Number { text: rest.to_owned(), comparator },
            _ => Self::Word(text.to_owned()),
        }
    }
}

/// Where charts are made from.
pub(crate) struct Making<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) seed: u64,
    pub(crate) today: Today,
}

impl Condition {
    /// An item of the problem list that lasts.
    pub(crate) fn lasting(icd: &str, onset: i64) -> Self {
        Self { icd: icd.to_owned(), onset, ended: None, encounter: None, text: None, verified: "confirmed" }
    }
}

impl Medicine {
    /// The usual dose of a medicine.
    pub(crate) fn usual(drug: &str, authored: i64, status: &str, encounter: Option<usize>) -> Self {
        let (drug, status) = (drug.to_owned(), status.to_owned());
        Self { drug, authored, status, encounter, dose: None, frequency: None, note: None }
    }
}

impl Making<'_> {
    /// As [`Reference::colleague`], for this region's seed.
    pub(crate) fn colleague(&self, hospital: usize, department: &str, rank: usize) -> String {
        self.reference.colleague(self.seed, hospital, department, rank)
    }
}

/// The chart of a person at each of their hospitals, in the order of their registrations.
pub(crate) fn charts(making: &Making<'_>, person: &Person) -> Result<Vec<Chart>, SandboxError> {
    let mut charts = course::charts(making, person)?;
    if person.is_blank() {
        return Ok(charts);
    }
    match person.role.as_deref() {
        Some("show") => show::write(making, person, &mut charts)?,
        Some("heavy") => heavy::write(making, person, &mut charts)?,
        _ => follow_up::write(making, person, &mut charts)?,
    }
    contradict::write(making, person, &mut charts);
    stays::write(making, person, &mut charts)?;
    prevention::write(making, person, &mut charts);
    stays::diagnoses(making, &mut charts);
    exams::write(making, person, &mut charts)?;
    nursing::write(making, person, &mut charts)?;
    orders::write(making, &mut charts);
    charges::write(making, person, &mut charts);
    background::write(making, person, &mut charts);
    background::ask(making, person, &mut charts);
    notes::write(making, person, &mut charts)?;
    for chart in &mut charts {
        chart.reports.sort_by_key(|report| report.at);
    }
    Ok(charts)
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn values_are_read_as_written() {
        let number = |text: &str, comparator| Value::Number { text: text.to_owned(), comparator };
        for (written, value) in [
            ("5.40", number("5.40", None)),
            ("<0.5", number("0.5", Some("<"))),
            (">2000.0", number("2000.0", Some(">"))),
            ("1+", Value::Word("1+".to_owned())),
            ("阴性", Value::Word("阴性".to_owned())),
        ] {
            assert_eq!(Value::read(written), value);
        }
    }
}
