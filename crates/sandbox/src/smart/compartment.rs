//! What a person's token opens: their own compartment (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>), and what
//! nobody's is.

use http::StatusCode;
use serde_json::Value;
use url::form_urlencoded;

use super::people::Visitor;

/// Types that are about nobody.
const NOBODYS: [&str; 6] =
    ["Medication", "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService"];

/// May this be asked for? `rest` is the path behind the base. What a read brings is looked at once more: [`is_theirs`].
pub(super) fn may(visitor: &Visitor, rest: &str, query: &str) -> Result<(), StatusCode> {
    let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    if visitor.consent.practitioner.is_some() {
        // `fhirUser` opens who signed in, and its own scope whom they look at; nothing else was asked for.
        let good = match segments.as_slice() {
            ["Practitioner" | "PractitionerRole", _] => visitor.consent.has("fhirUser"),
            ["Patient", id] => *id == visitor.consent.patient && reaches(visitor, "Patient", 'r'),
            _ => false,
        };
        return if good { Ok(()) } else { Err(StatusCode::FORBIDDEN) };
    }
    let own = visitor.consent.patient.as_str();
    let good = match segments.as_slice() {
        [] => visitor.pages.contains(&format!("{rest}?{query}")),
        ["Patient", id] => *id == own && reaches(visitor, "Patient", 'r'),
        ["Patient", id, "$everything"] => *id == own && reaches(visitor, "*", 's'),
        ["Patient"] => is_about(query, own, &["_id"]) && reaches(visitor, "Patient", 's'),
        [kind] if NOBODYS.contains(kind) && !names_patients(query) => reaches(visitor, kind, 's'),
        [kind] => is_about(query, own, &["patient", "subject"]) && reaches(visitor, kind, 's'),
        [kind, _] => reaches(visitor, kind, 'r'),
        _ => false,
    };
    if good { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}

/// One of these parameters names this patient, and none of them another.
fn is_about(query: &str, own: &str, parameters: &[&str]) -> bool {
    let named = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| parameters.contains(&key.split(':').next().unwrap_or_default()))
        .map(|(key, value)| !key.contains('.') && value.strip_prefix("Patient/").unwrap_or(&value) == own)
        .collect::<Vec<_>>();
    !named.is_empty() && named.iter().all(|good| *good)
}

fn names_patients(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key.starts_with("patient") || key.starts_with("subject"))
}

/// Does a scope cover this type for reading (`r`) or searching (`s`)? Version 1 (`.read`, `.*`) and version 2 (`.rs`).
fn reaches(visitor: &Visitor, kind: &str, act: char) -> bool {
    visitor.consent.scopes.iter().any(|scope| {
        let Some((what, acts)) = scope.strip_prefix("patient/").and_then(|rest| rest.split_once('.')) else {
            return false;
        };
        let acts = acts.split('?').next().unwrap_or_default();
        (what == "*" || what == kind) && (acts == "read" || acts == "*" || (acts != "write" && acts.contains(act)))
    })
}

/// Is this the visitor's, or nobody's? What comes as a page was searched for by patient.
pub(super) fn is_theirs(visitor: &Visitor, value: &Value) -> bool {
    value["resourceType"] == "Bundle" || names_nobody_else(value, &visitor.consent.patient)
}

fn names_nobody_else(value: &Value, own: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().all(|(key, member)| match (key.as_str(), member) {
            ("reference", Value::String(reference)) => {
                reference.rsplit_once("Patient/").is_none_or(|(_, id)| id.split('/').next() == Some(own))
            }
            _ => names_nobody_else(member, own),
        }),
        Value::Array(items) => items.iter().all(|item| names_nobody_else(item, own)),
        _ => true,
    }
}

/// Addresses of further pages that an answer tells, without the base.
pub(super) fn pages(value: &Value, base: &str) -> Vec<String> {
    let links = value["link"].as_array().into_iter().flatten();
    links.filter_map(|link| link["url"].as_str()?.strip_prefix(base).map(str::to_owned)).collect()
}
