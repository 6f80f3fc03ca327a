//! `Immunization`, `Procedure` and `Device`.

use serde_json::json;

use super::{Scribe, Subject, without_nulls};
use crate::{
    SandboxError,
    clinical::Procedure,
    clock::DAY,
    hospital::records::{Key, Token},
};

const CVX: &str = "http://hl7.org/fhir/sid/cvx";
const ICD_9_CM_3: &str = "http://hl7.org/fhir/sid/icd-9-cm";
const ASA: &str = "urn:oid:2.16.156.10011.2.3.1.129";

impl Scribe<'_> {
    pub(super) fn immunizations(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for dose in &subject.chart.immunizations {
            let id = self.next_id("imm");
            let resource = json!({
                "resourceType": "Immunization",
                "id": id,
                "meta": self.meta(dose.at),
                "status": "completed",
                "vaccineCode": { "coding": [{ "system": CVX, "code": dose.cvx }], "text": dose.zh },
                "patient": { "reference": subject.reference() },
                "occurrenceDateTime": Self::day(dose.at),
                "primarySource": true,
                "lotNumber": dose.lot,
                "performer": [{ "actor": { "display": self.hospital.zh } }],
                "protocolApplied": [{ "doseNumberPositiveInt": dose.dose }],
            });
            let tokens = vec![Token::new(Key::Status, "", "completed"), Token::new(Key::Code, CVX, &dose.cvx)];
            self.store("Immunization", id, subject, Some((dose.at, dose.at + DAY)), tokens, resource)?;
        }
        Ok(())
    }

    pub(super) fn procedures(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for (procedure, id) in subject.chart.procedures.iter().zip(&subject.procedures) {
            let Some(row) = self.reference.operation(&procedure.code) else { continue };
            let id = id.clone();
            let none = &self.reference.script.words.none;
            let complication = Some(&procedure.complication).filter(|text| *text != none);
            let anaesthetised = row.anaesthesia != "none";
            let asa = json!({
                "url": "https://sandbox.example/fhir/StructureDefinition/asa-class",
                "valueCodeableConcept": { "coding": [{ "system": ASA, "code": procedure.asa }], "text": format!("ASA {}", procedure.asa) },
            });
            let method = json!({
                "url": "https://sandbox.example/fhir/StructureDefinition/anaesthesia-method",
                "valueCodeableConcept": { "coding": [{ "code": row.anaesthesia }], "text": row.anaesthesia_zh },
            });
            let resource = json!({
                "resourceType": "Procedure",
                "id": id,
                "meta": self.meta(procedure.end),
                "status": "completed",
                "code": { "coding": [{ "system": ICD_9_CM_3, "code": row.code, "display": row.zh }], "text": row.zh },
                "subject": { "reference": subject.reference() },
                "encounter": self.within(subject, procedure.encounter),
                "performedPeriod": { "start": self.time(procedure.start), "end": self.time(procedure.end) },
                "performer": self.team(procedure, row.is_attended()),
                "outcome": { "text": procedure.outcome },
                "complication": complication.map(|text| json!([{ "text": text }])),
                "note": anaesthetised.then(|| json!([{ "text": row.anaesthesia_zh }])),
                "extension": anaesthetised.then(|| json!(
                    [row.is_attended().then_some(asa), Some(method)].into_iter().flatten().collect::<Vec<_>>()
                )),
            });
            let tokens = vec![Token::new(Key::Status, "", "completed"), Token::new(Key::Code, ICD_9_CM_3, &row.code)];
            self.store("Procedure", id, subject, Some((procedure.start, procedure.end)), tokens, resource)?;
        }
        Ok(())
    }

    fn team(&self, procedure: &Procedure, attended: bool) -> serde_json::Value {
        let words = &self.reference.script.words;
        let one =
            |name: &str, function: &str| json!({ "function": { "text": function }, "actor": { "display": name } });
        let mut team = vec![one(&procedure.surgeon, &words.surgeon), one(&procedure.assistant, &words.assistant)];
        if attended {
            team.push(one(&procedure.anaesthetist, &words.anaesthetist));
        }
        json!(team)
    }

    pub(super) fn devices(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for device in &subject.chart.devices {
            let id = self.next_id("dev");
            let resource = without_nulls(json!({
                "resourceType": "Device",
                "id": id,
                "meta": self.meta(device.since),
                "status": "active",
                "manufactureDate": Self::day(device.since - 200 * DAY),
                "expirationDate": Self::day(device.since + 3600 * DAY),
                "lotNumber": device.serial.get(..6),
                "serialNumber": device.serial,
                "udiCarrier": [{ "carrierHRF": format!("(01)06901234567892(21){}", device.serial) }],
                "deviceName": [{ "name": device.zh, "type": "user-friendly-name" }],
                "type": { "text": device.kind },
                "patient": { "reference": subject.reference() },
                "note": [{ "time": self.time(device.since), "text": device.zh }],
            }));
            let tokens = vec![Token::new(Key::Status, "", "active")];
            self.store("Device", id, subject, None, tokens, resource)?;
        }
        Ok(())
    }
}
