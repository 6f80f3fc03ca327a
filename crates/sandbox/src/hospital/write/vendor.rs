//! What one vendor's server leaves out, keeps apart or keeps within: done to the finished resource, so that the other
//! writers know one manner only.

use serde_json::{Map, Value, json};

use super::Scribe;
use crate::{SandboxError, dice::digest, hospital::records::Stored};

/// Members that a server leaves out where nobody has to fill them in.
const OPTIONAL: [&str; 15] = [
    "recordedDate",
    "abatementDateTime",
    "verificationStatus",
    "issued",
    "lotNumber",
    "criticality",
    "serviceType",
    "docStatus",
    "dateAsserted",
    "statusReason",
    "daysSupply",
    "serialNumber",
    "manufactureDate",
    "dispenseRequest",
    "groupIdentifier",
];

impl Scribe<'_> {
    /// The resource as this vendor's server gives it.
    pub(super) fn in_own_manner(&mut self, mut resource: Value) -> Result<Value, SandboxError> {
        let kind = resource.get("resourceType").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(members) = resource.as_object_mut() else { return Ok(resource) };
        if self.platform.contained_medicines && matches!(&*kind, "MedicationAdministration" | "MedicationStatement") {
            contain_medicine(members);
        }
        if self.platform.bare {
            members.retain(|name, _| !OPTIONAL.contains(&name.as_str()));
            if let Some(concept) = members.remove("medicationCodeableConcept") {
                let words = concept.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
                let reference =
                    self.apart("Medication", &words, json!({ "status": "active", "code": { "text": words } }))?;
                members.insert("medicationReference".to_owned(), reference);
            }
            self.by_reference("", &mut resource)?;
        }
        Ok(resource)
    }

    /// Takes displays and codes away, wherever something else says the same.
    fn by_reference(&mut self, name: &str, value: &mut Value) -> Result<(), SandboxError> {
        if let Value::Array(all) = value {
            return all.iter_mut().try_for_each(|one| self.by_reference(name, one));
        }
        let Some(members) = value.as_object_mut() else { return Ok(()) };
        if members.contains_key("text") && name != "category" {
            members.remove("coding");
        }
        let display = members.get("display").and_then(Value::as_str).map(str::to_owned);
        match display {
            Some(_) if members.contains_key("reference") => {
                members.remove("display");
            }
            Some(words) if members.len() == 1 && name != "coding" => *value = self.who_or_where(name, &words)?,
            _ => {
                for (name, member) in members.iter_mut() {
                    self.by_reference(name, member)?;
                }
            }
        }
        Ok(())
    }

    /// A reference without words to somebody, or to a place.
    fn who_or_where(&mut self, name: &str, words: &str) -> Result<Value, SandboxError> {
        let place = words == self.hospital.zh
            || matches!(
                name,
                "payor" | "insurer" | "provider" | "issuer" | "owner" | "custodian" | "managingOrganization"
            );
        match name {
            "location" => {
                self.apart("Location", words, json!({ "status": "active", "mode": "instance", "name": words }))
            }
            _ if place => self.apart("Organization", words, json!({ "active": true, "name": words })),
            _ => {
                let parted = self.reference.names.split(words);
                let name = parted.map(|(family, given)| json!({ "family": family, "given": [given] }));
                let name = name.unwrap_or_else(|| json!({ "text": words }));
                self.apart("Practitioner", words, json!({ "active": true, "name": [name] }))
            }
        }
    }

    /// Files a resource that is about no patient, once; a reference to it.
    fn apart(&mut self, kind: &'static str, words: &str, members: Value) -> Result<Value, SandboxError> {
        let id = format!("a-{}", digest(&[&self.hospital.id, kind, words]).get(..14).unwrap_or_default());
        if self.records.shelf(kind).is_none_or(|shelf| shelf.position(&id).is_none()) {
            let mut resource = json!({ "resourceType": kind, "id": id });
            if let (Some(all), Value::Object(members)) = (resource.as_object_mut(), members) {
                all.extend(members);
            }
            let json = serde_json::to_string(&resource)?;
            self.records.add(kind, Stored { id: id.clone(), json, ..Stored::default() });
        }
        Ok(json!({ "reference": format!("{kind}/{id}") }))
    }
}

/// Moves the medicine's concept into a resource within this one.
fn contain_medicine(members: &mut Map<String, Value>) {
    let Some(concept) = members.remove("medicationCodeableConcept") else { return };
    members.insert("contained".to_owned(), json!([{ "resourceType": "Medication", "id": "m1", "code": concept }]));
    members.insert("medicationReference".to_owned(), json!({ "reference": "#m1" }));
}
