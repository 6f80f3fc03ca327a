//! Vital signs, scores and findings of nursing (`Observation`).

use serde_json::json;

use super::{LOINC, OBSERVATION_CATEGORY, Scribe, Subject, UCUM, without_nulls};
use crate::{
    SandboxError,
    clinical::Found,
    hospital::records::{Key, Token},
};

impl Scribe<'_> {
    pub(super) fn vitals(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for vital in &subject.chart.vitals {
            let words = &self.reference.script.words;
            let Some([code, text, unit, ucum]) = self.reference.script.vitals.get(&vital.kind) else { continue };
            let id = self.next_id("obs");
            let quantity =
                |value: f64| json!({ "value": Self::decimal(value), "unit": unit, "system": UCUM, "code": ucum });
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
                "encounter": self.within(subject, vital.encounter),
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

    pub(super) fn scores(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for score in &subject.chart.scores {
            let id = self.next_id("obs");
            let resource = json!({
                "resourceType": "Observation",
                "id": id,
                "meta": self.meta(score.at),
                "status": "final",
                "category": [{ "coding": [{ "system": OBSERVATION_CATEGORY, "code": "survey" }] }],
                "code": { "coding": [{ "system": LOINC, "code": score.loinc }], "text": score.zh },
                "subject": { "reference": subject.reference() },
                "encounter": self.within(subject, score.encounter),
                "effectiveDateTime": self.time(score.at),
                "valueInteger": score.value,
            });
            let tokens = vec![
                Token::new(Key::Category, OBSERVATION_CATEGORY, "survey"),
                Token::new(Key::Code, LOINC, &score.loinc),
                Token::new(Key::Status, "", "final"),
            ];
            self.store("Observation", id, subject, Some((score.at, score.at + 1)), tokens, resource)?;
        }
        Ok(())
    }
    /// What nurses saw, and what went in and out: category `exam`.
    pub(super) fn findings(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for finding in &subject.chart.findings {
            let id = self.next_id("obs");
            let (words, amount) = match &finding.said {
                Found::Words(words) => (Some(json!({ "text": words })), None),
                Found::Millilitres(value) => {
                    (None, Some(json!({ "value": value, "unit": "mL", "system": UCUM, "code": "mL" })))
                }
            };
            let coding = finding.loinc.as_ref().map(|code| json!([{ "system": LOINC, "code": code }]));
            let resource = json!({
                "resourceType": "Observation",
                "id": id,
                "meta": self.meta(finding.at),
                "status": "final",
                "category": [{ "coding": [{ "system": OBSERVATION_CATEGORY, "code": "exam" }] }],
                "code": without_nulls(json!({ "coding": coding, "text": finding.zh })),
                "subject": { "reference": subject.reference() },
                "encounter": self.within(subject, finding.encounter),
                "effectiveDateTime": self.time(finding.at),
                "valueCodeableConcept": words,
                "valueQuantity": amount,
            });
            let mut tokens =
                vec![Token::new(Key::Category, OBSERVATION_CATEGORY, "exam"), Token::new(Key::Status, "", "final")];
            tokens.extend(finding.loinc.as_ref().map(|code| Token::new(Key::Code, LOINC, code)));
            self.store("Observation", id, subject, Some((finding.at, finding.at + 1)), tokens, resource)?;
        }
        Ok(())
    }
}
