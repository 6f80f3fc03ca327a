//! Clinical courses taken from Synthea, without identities (`data/courses.json.gz`).

use std::{collections::BTreeMap, io::Read};

use serde::Deserialize;

use crate::SandboxError;

/// One person's clinical course; times are minutes before its end.
#[derive(Deserialize)]
pub(crate) struct Course {
    pub(crate) sex: String,
    pub(crate) age_days: i64,
    pub(crate) encounters: Vec<CourseEncounter>,
    pub(crate) conditions: Vec<CourseCondition>,
    pub(crate) allergies: Vec<String>,
    pub(crate) medicines: Vec<CourseMedicine>,
    pub(crate) vitals: Vec<CourseVital>,
    pub(crate) labs: Vec<CourseLabs>,
}

#[derive(Deserialize)]
pub(crate) struct CourseEncounter {
    pub(crate) before: i64,
    pub(crate) minutes: i64,
    pub(crate) class: String,
    pub(crate) reason: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct CourseCondition {
    pub(crate) icd: String,
    pub(crate) before: i64,
    pub(crate) ended: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct CourseMedicine {
    pub(crate) drug: String,
    pub(crate) before: i64,
    pub(crate) status: String,
}

#[derive(Deserialize)]
pub(crate) struct CourseVital {
    pub(crate) kind: String,
    pub(crate) before: i64,
    pub(crate) values: Vec<f64>,
}

/// Laboratory values of one moment by analyte, in the catalogue's units.
#[derive(Deserialize)]
pub(crate) struct CourseLabs {
    pub(crate) before: i64,
    pub(crate) values: BTreeMap<String, f64>,
}

pub(crate) fn load(bytes: &[u8]) -> Result<Vec<Course>, SandboxError> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .map_err(|fault| SandboxError::reference("courses.json.gz", fault))?;
    serde_json::from_str(&text).map_err(|fault| SandboxError::reference("courses.json.gz", fault))
}
