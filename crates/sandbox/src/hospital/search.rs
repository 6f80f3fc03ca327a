//! Search parameters (<https://hl7.org/fhir/R4/search.html>): which a type knows, and what they find.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use super::{
    outcome::outcome,
    page::BREAK_THE_GLASS,
    platform::Platform,
    records::{Key, NamePart, Records, Shelf, Stored},
};
use crate::clock::{self, DAY};

/// A search as asked: type and parameters in order.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) kind: String,
    pub(crate) params: Vec<(String, String)>,
}

/// Why a search is refused: the status and the OperationOutcome.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: serde_json::Value,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, text: &str) -> Self {
        Self { status, body: outcome("error", code, text, None) }
    }
}

#[derive(Clone, Copy)]
enum Parameter {
    Id,
    Patient,
    Date,
    Name(NamePart),
    Token(Key),
    /// `category:missing`
    Missing(Key),
    Encounter,
}

impl Query {
    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The patient asked for, by logical id.
    pub(crate) fn patient(&self) -> Option<&str> {
        self.get("patient").or_else(|| self.get("subject")).map(logical_id)
    }

    fn has(&self, names: &[&str]) -> bool {
        self.params.iter().any(|(key, value)| names.contains(&key.as_str()) && !value.is_empty())
    }
}

/// The names of the parameters a type can be searched by.
pub(crate) fn parameters(kind: &str) -> &'static [&'static str] {
    match kind {
        "Patient" => &["_id", "name", "family", "given", "identifier", "birthdate", "gender"],
        "Observation" => &["_id", "patient", "subject", "category", "code", "date", "status"],
        "DiagnosticReport" => &["_id", "patient", "subject", "category", "date", "status"],
        "Encounter" => &["_id", "patient", "subject", "class", "date", "status"],
        "Condition" => &["_id", "patient", "subject", "category", "clinical-status", "code", "onset-date", "encounter"],
        "AllergyIntolerance" => &["_id", "patient", "clinical-status", "code"],
        "Immunization" => &["_id", "patient", "date", "status", "vaccine-code"],
        "Procedure" => &["_id", "patient", "subject", "date", "code", "status"],
        "Device" => &["_id", "patient", "status"],
        "DocumentReference" => &["_id", "patient", "subject", "category", "type", "date", "status", "encounter"],
        "MedicationRequest" => &["_id", "patient", "subject", "status", "intent", "code", "authoredon"],
        "MedicationDispense" => &["_id", "patient", "subject", "status", "code", "whenhandedover"],
        "MedicationAdministration" => &["_id", "patient", "subject", "status", "effective-time"],
        "MedicationStatement" => &["_id", "patient", "subject", "status"],
        "ServiceRequest" => &["_id", "patient", "subject", "category", "status", "intent", "authored", "encounter"],
        "NutritionOrder" => &["_id", "patient", "status", "datetime"],
        "CarePlan" => &["_id", "patient", "subject", "category", "status", "date"],
        "ChargeItem" => &["_id", "patient", "subject", "context", "occurrence"],
        "Invoice" => &["_id", "patient", "subject", "date", "status"],
        "ExplanationOfBenefit" => &["_id", "patient", "created"],
        "Coverage" => &["_id", "patient", "status"],
        "Claim" => &["_id", "patient", "use", "created", "status"],
        "Account" => &["_id", "patient", "subject", "status", "period"],
        "Composition" => &["_id", "patient", "subject", "type", "date", "status", "encounter"],
        "QuestionnaireResponse" => &["_id", "patient", "subject", "status", "authored"],
        "FamilyMemberHistory" => &["_id", "patient", "status"],
        "Practitioner" | "Organization" | "Location" | "Medication" => &["_id"],
        _ => &[],
    }
}

fn parameter(kind: &str, name: &str) -> Option<Parameter> {
    if let Some(Parameter::Token(key)) = name.strip_suffix(":missing").and_then(|name| parameter(kind, name)) {
        return Some(Parameter::Missing(key));
    }
    parameters(kind).iter().find(|known| **known == name)?;
    Some(match name {
        "_id" => Parameter::Id,
        "patient" | "subject" => Parameter::Patient,
        "name" => Parameter::Name(NamePart::Any),
        "family" => Parameter::Name(NamePart::Family),
        "given" => Parameter::Name(NamePart::Given),
        "identifier" => Parameter::Token(Key::Identifier),
        "gender" => Parameter::Token(Key::Gender),
        "category" => Parameter::Token(Key::Category),
        "code" | "vaccine-code" => Parameter::Token(Key::Code),
        "type" => Parameter::Token(Key::Kind),
        "encounter" | "context" => Parameter::Encounter,
        "status" => Parameter::Token(Key::Status),
        "class" => Parameter::Token(Key::Class),
        "clinical-status" => Parameter::Token(Key::ClinicalStatus),
        "intent" => Parameter::Token(Key::Intent),
        "use" => Parameter::Token(Key::Usage),
        _ => Parameter::Date,
    })
}

/// Positions on the shelf of everything the query finds, in the order of the answer.
pub(crate) fn find(records: &Records, platform: &Platform, query: &Query) -> Result<Vec<usize>, Refusal> {
    let shelf = records
        .shelf(&query.kind)
        .ok_or_else(|| Refusal::new(404, "not-supported", &format!("unknown resource type {}", query.kind)))?;
    allowed(platform, query)?;
    let mut tests = Vec::new();
    for (name, value) in &query.params {
        // `code:text` and the like are unknown here, and what is unknown is ignored
        let Some(parameter) = parameter(&query.kind, name).filter(|_| !value.is_empty()) else { continue };
        let alternatives: Vec<&str> = value.split(',').collect();
        if let Parameter::Date = parameter {
            for text in &alternatives {
                date_range(text).ok_or_else(|| Refusal::new(400, "value", &format!("{name}: not a date: {text}")))?;
                if platform.exact_dates && query.kind != "Patient" && !is_exact(text) {
                    return Err(Refusal::new(
                        400,
                        "invalid",
                        &format!("{name}: a prefix and a time of day are needed"),
                    ));
                }
            }
        }
        tests.push((parameter, alternatives));
    }
    let fits = |stored: &Stored| {
        tests
            .iter()
            .all(|(parameter, alternatives)| alternatives.iter().any(|value| matches(*parameter, stored, value)))
    };
    let withheld = matches!(query.kind.as_str(), "DocumentReference" | "Condition");
    let candidates: Vec<usize> = match query.patient() {
        // behind break-the-glass
        Some(patient) if withheld && records.warning(patient) == Some(BREAK_THE_GLASS) => Vec::new(),
        Some(patient) => shelf.about(patient).to_vec(),
        None => (0..shelf.resources.len()).collect(),
    };
    let mut found: Vec<usize> =
        candidates.into_iter().filter(|at| shelf.resources.get(*at).is_some_and(&fits)).collect();
    if platform.sort {
        sort(shelf, query, &mut found);
    }
    Ok(found)
}

/// What the vendor insists on.
fn allowed(platform: &Platform, query: &Query) -> Result<(), Refusal> {
    let required = |text: &str| Err(Refusal::new(400, "required", text));
    if platform.old && query.has(&["_sort", "_include", "_revinclude", "_summary"]) {
        return Err(Refusal::new(500, "exception", "Internal Server Error"));
    }
    let by_patient = match platform.patient_only {
        true => query.has(&["patient", "_id"]),
        false => query.has(&["patient", "subject", "_id"]),
    };
    match query.kind.as_str() {
        "Binary" => Err(Refusal::new(400, "not-supported", "Binary is read by its id")),
        // they are about nobody: a patient's name finds none of them
        "Practitioner" | "Organization" | "Location" | "Medication" if !query.has(&["_id"]) => {
            required("The search needs _id")
        }
        "ChargeItem" if platform.charges_by_context && !query.has(&["context", "_id"]) => {
            required("ChargeItem search needs context")
        }
        "ChargeItem" if platform.charges_by_context => Ok(()),
        "Account" if platform.charges_by_context && !query.has(&["_id"]) => required("Account search needs _id"),
        "Patient" if platform.needs_demographics && !query.has(parameters("Patient")) => {
            required("Patient search needs at least one of its parameters")
        }
        "Patient" | "Practitioner" | "Organization" | "Location" | "Medication" => Ok(()),
        _ if platform.needs_patient && !by_patient => required("The search needs patient or subject"),
        "CarePlan" if platform.needs_category && !query.has(&["category", "_id"]) => {
            required("CarePlan search needs category")
        }
        "Observation" if platform.needs_category && !query.has(&["category", "code", "_id"]) => {
            required("Observation search needs category or code")
        }
        _ => Ok(()),
    }
}

fn sort(shelf: &Shelf, query: &Query, found: &mut [usize]) {
    let Some(by) = query.get("_sort") else { return };
    let start =
        |at: &usize| shelf.resources.get(*at).and_then(|stored| stored.time).map_or(i64::MIN, |(start, _)| start);
    match by {
        "date" | "birthdate" | "authoredon" | "onset-date" => found.sort_by_key(start),
        "-date" | "-birthdate" | "-authoredon" | "-onset-date" => found.sort_by_key(|at| std::cmp::Reverse(start(at))),
        _ => {}
    }
}

/// `Patient/12`, `12` and `http://…/Patient/12` mean the same patient.
fn logical_id(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn matches(parameter: Parameter, stored: &Stored, value: &str) -> bool {
    match parameter {
        Parameter::Id => stored.id == value,
        Parameter::Patient => stored.patient == logical_id(value),
        Parameter::Token(key) => token_matches(stored, key, value),
        Parameter::Missing(key) => stored.tokens.iter().any(|token| token.key == key) != (value == "true"),
        Parameter::Encounter => token_matches(stored, Key::Encounter, logical_id(value)),
        Parameter::Name(part) => {
            let wanted: String = value.to_lowercase().split_whitespace().collect();
            let mut names = stored.names.iter().filter(|(of, _)| part == NamePart::Any || *of == part);
            names.any(|(_, name)| name.contains(&wanted))
        }
        Parameter::Date => match (stored.time, date_range(value)) {
            (Some(time), Some((prefix, range))) => date_matches(time, prefix, range),
            _ => false,
        },
    }
}

/// `code`, `system|code`, `|code`, `system|`.
fn token_matches(stored: &Stored, key: Key, value: &str) -> bool {
    let (system, code) = match value.split_once('|') {
        Some((system, code)) => (Some(system), code),
        None => (None, value),
    };
    stored
        .tokens
        .iter()
        .filter(|token| token.key == key)
        .any(|token| system.is_none_or(|system| token.system == system) && (code.is_empty() || token.code == code))
}

/// The prefix and the half-open interval of seconds of a date parameter.
fn date_range(value: &str) -> Option<(&str, (i64, i64))> {
    let (prefix, rest) = match value.split_at_checked(2) {
        Some((prefix, rest)) if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) => (prefix, rest),
        _ => ("eq", value),
    };
    let midnight = |date: Date| clock::seconds(date, Time::midnight());
    let range = match rest.len() {
        4 => {
            let year = rest.parse().ok()?;
            (midnight(Date::new(year, 1, 1).ok()?), midnight(Date::new(year + 1, 1, 1).ok()?))
        }
        7 => {
            let first: Date = format!("{rest}-01").parse().ok()?;
            (midnight(first), midnight(first.last_of_month()) + DAY)
        }
        10 => {
            let day: Date = rest.parse().ok()?;
            (midnight(day), midnight(day) + DAY)
        }
        _ => {
            let instant: Timestamp = rest.parse().ok()?;
            (instant.as_second(), instant.as_second() + 1)
        }
    };
    Some((prefix, range))
}

/// `ge2026-01-01T00:00:00Z`: a prefix and a time of day.
fn is_exact(value: &str) -> bool {
    ["ge", "gt", "le", "lt", "eq"].iter().any(|prefix| value.starts_with(prefix)) && value.contains('T')
}

/// FHIR's comparison of a resource's interval with a parameter's.
fn date_matches(time: (i64, i64), prefix: &str, range: (i64, i64)) -> bool {
    match prefix {
        "eq" => time.0 >= range.0 && time.1 <= range.1,
        "ne" => !(time.0 >= range.0 && time.1 <= range.1),
        "gt" | "sa" => time.1 > range.1,
        "ge" => time.1 > range.0,
        "lt" | "eb" => time.0 < range.0,
        "le" => time.0 < range.1,
        _ => time.0 < range.1 && time.1 > range.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_compare_by_interval() {
        let day = date_range("2026-03-10").unwrap().1;
        for (parameter, expected) in [
            ("2026-03-10", true),
            ("2026-03", true),
            ("ge2026-03-10", true),
            ("gt2026-03-10", false),
            ("le2026-03-09", false),
            ("lt2027", true),
            ("ge2026-03-10T08:00:00+08:00", true),
        ] {
            let (prefix, range) = date_range(parameter).unwrap();
            assert_eq!(date_matches(day, prefix, range), expected, "{parameter}");
        }
        assert!(date_range("yesterday").is_none());
    }

    #[test]
    fn tokens_match_with_and_without_system() {
        let tokens = vec![super::super::records::Token::new(Key::Code, "http://loinc.org", "2823-3")];
        let stored = Stored { tokens, ..Stored::default() };
        for (value, expected) in [
            ("2823-3", true),
            ("http://loinc.org|2823-3", true),
            ("http://loinc.org|", true),
            ("|2823-3", false),
            ("http://other|2823-3", false),
        ] {
            assert_eq!(token_matches(&stored, Key::Code, value), expected, "{value}");
        }
    }
}
