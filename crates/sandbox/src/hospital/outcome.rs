//! `OperationOutcome` (<https://hl7.org/fhir/R4/operationoutcome.html>).

use serde_json::{Value, json};

/// One issue: severity, issue type code, text; with the vendor's numeric code where it has one.
pub(crate) fn outcome(severity: &str, code: &str, text: &str, vendor: Option<u32>) -> Value {
    let mut issue = json!({ "severity": severity, "code": code, "diagnostics": text, "details": { "text": text } });
    if let (Some(vendor), Some(details)) = (vendor, issue.pointer_mut("/details")) {
        *details = json!({
            "coding": [{ "system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369", "code": vendor.to_string(), "display": text }],
            "text": text,
        });
    }
    json!({ "resourceType": "OperationOutcome", "issue": [issue] })
}
