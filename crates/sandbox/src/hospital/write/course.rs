//! `Encounter`, `Condition`, `AllergyIntolerance`, `MedicationRequest` and vital signs.

use serde_json::{Value, json};

use super::{LOINC, OBSERVATION_CATEGORY, Scribe, Subject, UCUM, without_nulls};
use crate::{
    SandboxError,
    clock::DAY,
    hospital::records::{Key, Stored, Token},
    reference::Drug,
};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10";
const SNOMED: &str = "http://snomed.info/sct";
const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CONDITION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const ALLERGY_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";

impl Scribe<'_> {
    fn store(
        &mut self,
        kind: &'static str,
        id: String,
        subject: &Subject<'_>,
        time: Option<(i64, i64)>,
        tokens: Vec<Token>,
        resource: Value,
    ) -> Result<(), SandboxError> {
        let json = serde_json::to_string(&without_nulls(resource))?;
        let patient = subject.registration.patient_id.clone();
        self.records.add(kind, Stored { id, patient, time, tokens, names: Vec::new(), json });
        Ok(())
    }

    /// A diagnosis by its ICD-10 code and Chinese title.
    fn diagnosis(&self, icd: &str) -> Value {
        let text = self.reference.diagnosis(icd).map(|row| row.zh.clone());
        json!({ "coding": [{ "system": ICD_10, "code": icd, "display": text }], "text": text })
    }

    pub(super) fn encounters(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for (encounter, id) in subject.chart.encounters.iter().zip(&subject.encounters) {
            let words = self.reference.script.words.classes.get(&encounter.class).cloned();
            let local = self.reference.script.classes.get(&self.hospital.id);
            let (system, code) =
                match local.and_then(|local| Some((local.get("system")?, local.get(&encounter.class)?))) {
                    Some((system, code)) => (system.clone(), code.clone()),
                    None => (ACT_CODE.to_owned(), encounter.class.clone()),
                };
            let department = json!({
                "coding": [{ "code": self.reference.department_code(&encounter.department) }],
                "text": encounter.department,
            });
            let resource = json!({
                "resourceType": "Encounter",
                "id": id,
                "meta": self.meta(encounter.end),
                "status": "finished",
                "class": { "system": system, "code": code, "display": words },
                "type": [{ "text": words }],
                "serviceType": department,
                "subject": { "reference": subject.reference(), "display": subject.registration.han },
                "period": { "start": self.time(encounter.start), "end": self.time(encounter.end) },
                "reasonCode": encounter.icd.as_deref().map(|icd| json!([self.diagnosis(icd)])),
                "serviceProvider": { "display": self.hospital.zh },
            });
            let tokens = vec![Token::new(Key::Class, &system, &code), Token::new(Key::Status, "", "finished")];
            self.store("Encounter", id.clone(), subject, Some((encounter.start, encounter.end)), tokens, resource)?;
        }
        Ok(())
    }

    pub(super) fn conditions(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for condition in &subject.chart.conditions {
            let id = self.next_id("cond");
            let status = if condition.ended.is_some() { "resolved" } else { "active" };
            let chronic = self.reference.diagnosis(&condition.icd).is_some_and(|row| row.chronic == "yes");
            let category = if chronic { "problem-list-item" } else { "encounter-diagnosis" };
            let resource = json!({
                "resourceType": "Condition",
                "id": id,
                "meta": self.meta(condition.onset),
                "clinicalStatus": { "coding": [{ "system": CONDITION_CLINICAL, "code": status }] },
                "category": [{ "coding": [{ "system": CONDITION_CATEGORY, "code": category }] }],
                "code": self.diagnosis(&condition.icd),
                "subject": { "reference": subject.reference() },
                "onsetDateTime": self.day(condition.onset),
                "abatementDateTime": condition.ended.map(|ended| self.day(ended)),
                "recordedDate": self.day(condition.onset),
            });
            let tokens = vec![
                Token::new(Key::ClinicalStatus, CONDITION_CLINICAL, status),
                Token::new(Key::Category, CONDITION_CATEGORY, category),
                Token::new(Key::Code, ICD_10, &condition.icd),
            ];
            let time = Some((condition.onset, condition.onset + DAY));
            self.store("Condition", id, subject, time, tokens, resource)?;
        }
        Ok(())
    }

    fn day(&self, seconds: i64) -> String {
        crate::clock::date(seconds).to_string()
    }

    pub(super) fn allergies(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for name in &subject.chart.allergies {
            let Some(allergen) = self.reference.allergen(name) else { continue };
            let coding = Some(&allergen.snomed_finding)
                .filter(|code| !code.is_empty())
                .map(|code| json!([{ "system": SNOMED, "code": code }]));
            let code = without_nulls(json!({ "coding": coding, "text": allergen.zh }));
            let category = json!([allergen.category]);
            let reaction = json!([{
                "manifestation": [{ "text": allergen.reaction_zh }],
                "severity": allergen.severity,
            }]);
            self.allergy(subject, code, category, reaction)?;
        }
        if subject.chart.no_known_allergy {
            let code = json!({
                "coding": [{ "system": SNOMED, "code": "716186003" }],
                "text": self.reference.script.words.no_known_allergy,
            });
            self.allergy(subject, code, Value::Null, Value::Null)?;
        }
        Ok(())
    }

    fn allergy(
        &mut self,
        subject: &Subject<'_>,
        code: Value,
        category: Value,
        reaction: Value,
    ) -> Result<(), SandboxError> {
        let id = self.next_id("alg");
        let coded = code.pointer("/coding/0/code").and_then(Value::as_str).unwrap_or_default().to_owned();
        let resource = json!({
            "resourceType": "AllergyIntolerance",
            "id": id,
            "meta": self.meta(1_600_000_000),
            "clinicalStatus": { "coding": [{ "system": ALLERGY_CLINICAL, "code": "active" }] },
            "verificationStatus": { "coding": [{ "system": ALLERGY_VERIFICATION, "code": "confirmed" }] },
            "type": "allergy",
            "category": category,
            "code": code,
            "patient": { "reference": subject.reference() },
            "reaction": reaction,
        });
        let tokens =
            vec![Token::new(Key::ClinicalStatus, ALLERGY_CLINICAL, "active"), Token::new(Key::Code, SNOMED, &coded)];
        self.store("AllergyIntolerance", id, subject, None, tokens, resource)
    }

    pub(super) fn medicines(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for medicine in &subject.chart.medicines {
            let Some(drug) = self.reference.drug(&medicine.drug) else { continue };
            let id = self.next_id("med");
            let resource = json!({
                "resourceType": "MedicationRequest",
                "id": id,
                "meta": self.meta(medicine.authored),
                "status": medicine.status,
                "intent": "order",
                "medicationCodeableConcept": {
                    "coding": [{ "system": "http://www.whocc.no/atc", "code": drug.atc, "display": drug.zh }],
                    "text": format!("{} {}{} {}", drug.zh, drug.strength, drug.unit, drug.form),
                },
                "subject": { "reference": subject.reference() },
                "encounter": self.encounter_reference(subject, medicine.encounter).map(|reference| json!({ "reference": reference })),
                "authoredOn": self.time(medicine.authored),
                "dosageInstruction": [dosage(drug, &self.reference.script.words.each_time)],
                "dispenseRequest": drug.days.parse::<u32>().ok().map(|days| {
                    json!({ "expectedSupplyDuration": { "value": days, "unit": self.reference.script.words.days, "system": UCUM, "code": "d" } })
                }),
            });
            let tokens = vec![
                Token::new(Key::Status, "", &medicine.status),
                Token::new(Key::Intent, "", "order"),
                Token::new(Key::Code, "http://www.whocc.no/atc", &drug.atc),
            ];
            let time = Some((medicine.authored, medicine.authored + 1));
            self.store("MedicationRequest", id, subject, time, tokens, resource)?;
        }
        Ok(())
    }

    pub(super) fn vitals(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for vital in &subject.chart.vitals {
            let words = &self.reference.script.words;
            let Some([code, text, unit, ucum]) = self.reference.script.vitals.get(&vital.kind) else { continue };
            let id = self.next_id("obs");
            let quantity = |value: f64| json!({ "value": value, "unit": unit, "system": UCUM, "code": ucum });
            let part = |code: &str, text: &str, value: Option<&f64>| {
                json!({
                    "code": { "coding": [{ "system": LOINC, "code": code }], "text": text },
                    "valueQuantity": value.map(|value| quantity(*value)),
                })
            };
            let single = vital.values.first().filter(|_| vital.values.len() == 1).map(|value| quantity(*value));
            let component = (vital.values.len() == 2).then(|| {
                json!([
                    part("8480-6", &words.systolic, vital.values.first()),
                    part("8462-4", &words.diastolic, vital.values.get(1)),
                ])
            });
            let resource = json!({
                "resourceType": "Observation",
                "id": id,
                "meta": self.meta(vital.at),
                "status": "final",
                "category": [{
                    "coding": [{ "system": OBSERVATION_CATEGORY, "code": "vital-signs" }],
                    "text": words.vital_signs,
                }],
                "code": { "coding": [{ "system": LOINC, "code": code }], "text": text },
                "subject": { "reference": subject.reference() },
                "encounter": self.encounter_reference(subject, vital.encounter).map(|reference| json!({ "reference": reference })),
                "effectiveDateTime": self.time(vital.at),
                "valueQuantity": single,
                "component": component,
            });
            let tokens = vec![
                Token::new(Key::Category, OBSERVATION_CATEGORY, "vital-signs"),
                Token::new(Key::Code, LOINC, code),
                Token::new(Key::Status, "", "final"),
            ];
            self.store("Observation", id, subject, Some((vital.at, vital.at + 1)), tokens, resource)?;
        }
        Ok(())
    }
}

fn dosage(drug: &Drug, each_time: &str) -> Value {
    json!({
        "text": format!("{} {each_time}{}{} {}", drug.route, drug.strength, drug.unit, drug.frequency_zh),
        "timing": { "code": { "text": drug.frequency } },
        "route": { "text": drug.route },
        "doseAndRate": drug.strength.parse::<f64>().ok().map(|dose| json!([{ "doseQuantity": { "value": dose, "unit": drug.unit } }])),
    })
}
