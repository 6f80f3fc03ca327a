//! `MedicationRequest`, `MedicationDispense`, `MedicationAdministration`, `Medication`.

use serde_json::{Value, json};

use super::{Scribe, Subject, UCUM, without_nulls};
use crate::{
    SandboxError,
    clinical::Medicine,
    clock::DAY,
    hospital::records::{Key, Token},
    reference::Drug,
};

/// ATC group.
const INSULINS: &str = "A10A";
const ATC: &str = "http://www.whocc.no/atc";
/// Administrations are kept for so many days of a stay.
const CHARTED: i64 = 4;
const REQUEST_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/medicationrequest-category";

impl Scribe<'_> {
    pub(super) fn medicines(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for medicine in &subject.chart.medicines {
            let Some(drug) = self.reference.drug(&medicine.drug) else { continue };
            let id = self.next_id("med");
            let encounter = medicine.encounter.and_then(|at| subject.chart.encounters.get(at));
            let stay = encounter.is_some_and(|encounter| encounter.class == "IMP");
            let category = if stay { "inpatient" } else { "outpatient" };
            let mut said: Vec<Value> = Vec::new();
            if !self.platform.uncategorised {
                said.push(json!({ "coding": [{ "system": REQUEST_CATEGORY, "code": category }] }));
            }
            if stay {
                let once = matches!(drug.frequency.as_str(), "st" | "prn");
                said.push(json!({ "text": self.duration(!once) }));
            }
            let said = (!said.is_empty()).then_some(said);
            let department = encounter.map_or("", |encounter| encounter.department.as_str());
            let resource = json!({
                "resourceType": "MedicationRequest",
                "id": id,
                "meta": self.meta(medicine.authored),
                "status": medicine.status,
                "statusReason": medicine.note.as_ref().filter(|_| medicine.status == "stopped").map(|text| json!({ "text": text })),
                "intent": "order",
                "category": said,
                "medicationCodeableConcept": medication(drug),
                "subject": { "reference": subject.reference() },
                "encounter": self.within(subject, medicine.encounter),
                "authoredOn": self.time(medicine.authored),
                "requester": { "display": self.colleague(department, 0) },
                "groupIdentifier": medicine.encounter.map(|encounter| self.group(subject, encounter)),
                "note": medicine.note.as_ref().map(|text| json!([{ "text": text }])),
                "dosageInstruction": [self.dosage(medicine, drug)],
                "dispenseRequest": drug.days.parse::<u32>().ok().map(|days| {
                    json!({ "expectedSupplyDuration": { "value": days, "unit": self.reference.script.words.days, "system": UCUM, "code": "d" } })
                }),
            });
            let mut tokens = vec![
                Token::new(Key::Status, "", &medicine.status),
                Token::new(Key::Intent, "", "order"),
                Token::new(Key::Code, ATC, &drug.atc),
            ];
            if !self.platform.uncategorised {
                tokens.push(Token::new(Key::Category, REQUEST_CATEGORY, category));
            }
            let time = Some((medicine.authored, medicine.authored + 1));
            self.store("MedicationRequest", id.clone(), subject, time, tokens, resource)?;
            match stay {
                true => self.administrations(subject, medicine, drug, &id)?,
                false => self.dispense(subject, medicine, drug, &id)?,
            }
        }
        Ok(())
    }

    /// What the pharmacy handed out: on the day of the prescription, unless it was stopped before.
    fn dispense(
        &mut self,
        subject: &Subject<'_>,
        medicine: &Medicine,
        drug: &Drug,
        request: &str,
    ) -> Result<(), SandboxError> {
        let Some(days) = drug.days.parse::<i64>().ok().filter(|_| medicine.encounter.is_some()) else { return Ok(()) };
        let id = self.next_id("dis");
        let at = medicine.authored + 1800;
        // this vendor names the medicine by reference
        let (member, named) = match self.platform.opaque_ids {
            true => ("medicationReference", self.medication(drug)?),
            false => ("medicationCodeableConcept", medication(drug)),
        };
        let mut resource = json!({
            "resourceType": "MedicationDispense",
            "id": id,
            "meta": self.meta(at),
            "status": "completed",
            "subject": { "reference": subject.reference() },
            "context": self.within(subject, medicine.encounter),
            "performer": [{ "actor": { "display": self.hospital.zh } }],
            "authorizingPrescription": [{ "reference": format!("MedicationRequest/{request}") }],
            "daysSupply": { "value": days, "unit": self.reference.script.words.days, "system": UCUM, "code": "d" },
            "quantity": { "value": pieces(medicine, drug, days), "unit": self.reference.script.words.pieces.get(&drug.form) },
            "whenPrepared": self.time(at - 600),
            "whenHandedOver": self.time(at),
            "dosageInstruction": [self.dosage(medicine, drug)],
        });
        if let Some(members) = resource.as_object_mut() {
            members.insert(member.to_owned(), named);
        }
        let tokens = vec![Token::new(Key::Status, "", "completed"), Token::new(Key::Code, ATC, &drug.atc)];
        self.store("MedicationDispense", id, subject, Some((at, at + 1)), tokens, resource)
    }

    /// A reference to the hospital's own `Medication`.
    fn medication(&mut self, drug: &Drug) -> Result<Value, SandboxError> {
        let id = format!("e{}", &crate::dice::digest(&[&self.hospital.id, &drug.zh])[..20]);
        if self.records.shelf("Medication").is_none_or(|shelf| shelf.position(&id).is_none()) {
            let resource =
                json!({ "resourceType": "Medication", "id": id, "status": "active", "code": medication(drug) });
            let json = serde_json::to_string(&resource)?;
            self.records
                .add("Medication", crate::hospital::records::Stored { id: id.clone(), json, ..Default::default() });
        }
        Ok(json!({ "reference": format!("Medication/{id}"), "display": drug.zh }))
    }

    /// What nurses gave in the first days of a stay.
    fn administrations(
        &mut self,
        subject: &Subject<'_>,
        medicine: &Medicine,
        drug: &Drug,
        request: &str,
    ) -> Result<(), SandboxError> {
        let Some(end) = medicine.encounter.and_then(|at| subject.chart.encounters.get(at)).map(|stay| stay.end) else {
            return Ok(());
        };
        for day in 0..CHARTED {
            let at = medicine.authored + 1800 + day * DAY;
            if at > end {
                break;
            }
            let id = self.next_id("adm");
            let resource = json!({
                "resourceType": "MedicationAdministration",
                "id": id,
                "meta": self.meta(at),
                "status": "completed",
                "medicationCodeableConcept": medication(drug),
                "subject": { "reference": subject.reference() },
                "context": self.within(subject, medicine.encounter),
                "effectiveDateTime": self.time(at),
                "request": { "reference": format!("MedicationRequest/{request}") },
                "dosage": { "text": self.dosage(medicine, drug).get("text"), "route": { "text": drug.route } },
            });
            let tokens = vec![Token::new(Key::Status, "", "completed")];
            self.store("MedicationAdministration", id, subject, Some((at, at + 1)), tokens, resource)?;
        }
        Ok(())
    }

    /// The prescription form: one for each encounter.
    fn group(&self, subject: &Subject<'_>, encounter: usize) -> Value {
        let number = subject.encounters.get(encounter).map(|id| format!("RX-{id}"));
        json!({ "system": format!("{}.1", self.hospital.record_system), "value": number })
    }

    /// How it is taken: the text as printed, and its parts.
    fn dosage(&self, medicine: &Medicine, drug: &Drug) -> Value {
        let unit = printed_unit(&drug.unit);
        let amount = medicine.dose.map_or_else(|| drug.strength.clone(), |dose| dose.to_string());
        let frequency = medicine.frequency.as_ref().unwrap_or(&drug.frequency_zh);
        let each = &self.reference.script.words.each_time;
        json!({
            "text": format!("{} {each}{amount}{unit} {frequency}", drug.route),
            "timing": { "code": { "text": drug.frequency } },
            "route": { "text": drug.route },
            "doseAndRate": amount.parse::<f64>().ok().map(|dose| {
                json!([{ "doseQuantity": { "value": Self::decimal(dose), "unit": unit, "system": UCUM, "code": drug.unit } }])
            }),
        })
    }
}

/// A medicine by its name, strength and form; coded where it has an ATC code.
pub(super) fn medication(drug: &Drug) -> Value {
    let coding = (!drug.atc.is_empty()).then(|| json!([{ "system": ATC, "code": drug.atc, "display": drug.zh }]));
    let text = format!("{} {}{} {}", drug.zh, drug.strength, printed_unit(&drug.unit), drug.form);
    without_nulls(json!({ "coding": coding, "text": text }))
}

/// Doses of a day.
fn times_a_day(frequency: &str) -> i64 {
    match frequency {
        "bid" | "q12h" => 2,
        "tid" | "q8h" => 3,
        "qid" => 4,
        _ => 1,
    }
}

/// Tablets, capsules, sachets, … for so many days.
fn pieces(medicine: &Medicine, drug: &Drug, days: i64) -> i64 {
    let strength = drug.strength.parse().unwrap_or(1.0);
    let each = medicine.dose.unwrap_or(strength);
    // A pen of insulin holds 300 units; anything else is one piece for a usual dose.
    let piece = if drug.atc.starts_with(INSULINS) { 300.0 } else { strength };
    ((days * times_a_day(&drug.frequency)) as f64 * each / piece).ceil() as i64
}

/// A UCUM unit as it stands on a box.
fn printed_unit(ucum: &str) -> &str {
    match ucum {
        "[IU]" => "IU",
        "ug" => "μg",
        other => other,
    }
}
