//! `CapabilityStatement` at `/metadata` (<https://hl7.org/fhir/R4/capabilitystatement.html>).

use serde_json::{Value, json};

use super::{platform::Platform, records::Records, search::parameters};

/// What this server can do.
pub(crate) fn capability(records: &Records, platform: &Platform, base: &str) -> Value {
    let resources: Vec<Value> = records.kinds().map(|kind| resource(kind, platform)).collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "software": { "name": platform.software },
        "implementation": { "description": platform.software, "url": base },
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [{ "mode": "server", "resource": resources }],
    })
}

fn resource(kind: &str, platform: &Platform) -> Value {
    let params: Vec<Value> =
        parameters(kind).iter().map(|name| json!({ "name": name, "type": kind_of(name) })).collect();
    let mut resource = json!({
        "type": kind,
        "interaction": [{ "code": "read" }, { "code": "search-type" }],
        "versioning": "no-version",
        "searchParam": params,
    });
    if let (true, Some(members)) = (platform.everything && kind == "Patient", resource.as_object_mut()) {
        let definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything";
        members.insert("operation".to_owned(), json!([{ "name": "everything", "definition": definition }]));
    }
    resource
}

fn kind_of(parameter: &str) -> &'static str {
    match parameter {
        "name" | "family" | "given" => "string",
        "patient" | "subject" => "reference",
        "date" | "birthdate" | "authoredon" | "onset-date" => "date",
        _ => "token",
    }
}
