//! What happened to people, before any hospital writes it down in its own way.

mod course;
mod follow_up;
mod heavy;
mod measure;
mod show;

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
    pub(crate) allergies: Vec<String>,
    /// The hospital asked, and the answer was no.
    pub(crate) no_known_allergy: bool,
    pub(crate) medicines: Vec<Medicine>,
    pub(crate) vitals: Vec<Vital>,
    pub(crate) reports: Vec<Report>,
}

pub(crate) struct Encounter {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// HL7 v3 ActCode: `AMB`, `EMER`, `IMP`.
    pub(crate) class: String,
    pub(crate) department: String,
    pub(crate) icd: Option<String>,
}

pub(crate) struct Condition {
    pub(crate) icd: String,
    pub(crate) onset: i64,
    pub(crate) ended: Option<i64>,
}

pub(crate) struct Medicine {
    pub(crate) drug: String,
    pub(crate) authored: i64,
    pub(crate) status: String,
    pub(crate) encounter: Option<usize>,
}

pub(crate) struct Vital {
    pub(crate) kind: String,
    pub(crate) at: i64,
    pub(crate) values: Vec<f64>,
    pub(crate) encounter: Option<usize>,
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

/// The chart of a person at each of their hospitals, in the order of their registrations.
pub(crate) fn charts(making: &Making<'_>, person: &Person) -> Result<Vec<Chart>, SandboxError> {
    let mut charts = course::charts(making, person)?;
    match person.role.as_deref() {
        Some("show") => show::write(making, person, &mut charts)?,
        Some("heavy") => heavy::write(making, person, &mut charts)?,
        _ => follow_up::write(making, person, &mut charts)?,
    }
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
