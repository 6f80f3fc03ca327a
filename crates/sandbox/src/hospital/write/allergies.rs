//! `AllergyIntolerance`: known allergies, and the statement that there is none. Who was never asked has neither.

use serde_json::{Value, json};

use super::{Scribe, Subject, without_nulls};
use crate::{
    SandboxError,
    clinical::Allergy,
    hospital::records::{Key, Token},
};

const SNOMED: &str = "http://snomed.info/sct";
const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
/// "No known allergy (situation)"
const NO_KNOWN_ALLERGY: &str = "716186003";
/// When the question was asked of those who have none, days after registration.
const ASKED: i64 = 1_600_000_000;

impl Scribe<'_> {
    pub(super) fn allergies(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for allergy in &subject.chart.allergies {
            self.allergy(subject, allergy)?;
        }
        if subject.chart.no_known_allergy {
            let words = self.reference.script.words.no_known_allergy.clone();
            let code = json!({ "coding": [{ "system": SNOMED, "code": NO_KNOWN_ALLERGY }], "text": words });
            self.statement(subject, NO_KNOWN_ALLERGY, ASKED, json!({ "code": code }))?;
        }
        Ok(())
    }

    fn allergy(&mut self, subject: &Subject<'_>, allergy: &Allergy) -> Result<(), SandboxError> {
        let Some(allergen) = self.reference.allergen(&allergy.allergen) else { return Ok(()) };
        let finding = allergen.snomed_finding.clone();
        let coding = (!finding.is_empty()).then(|| json!([{ "system": SNOMED, "code": finding }]));
        let criticality = match allergen.severity.as_str() {
            "severe" => "high",
            "moderate" => "low",
            _ => "unable-to-assess",
        };
        let members = json!({
            "code": without_nulls(json!({ "coding": coding, "text": allergen.zh })),
            "category": [allergen.category],
            "criticality": criticality,
            "onsetDateTime": allergy.since,
            "note": allergy.note.as_ref().map(|text| json!([{ "text": text }])),
            "reaction": [without_nulls(json!({
                "manifestation": [{ "text": allergen.reaction_zh }],
                "severity": allergen.severity,
                "onset": allergy.since,
            }))],
        });
        self.statement(subject, &finding, allergy.recorded, members)
    }

    fn statement(
        &mut self,
        subject: &Subject<'_>,
        code: &str,
        recorded: i64,
        members: Value,
    ) -> Result<(), SandboxError> {
        let id = self.next_id("alg");
        let mut resource = json!({
            "resourceType": "AllergyIntolerance",
            "id": id,
            "meta": self.meta(recorded),
            "clinicalStatus": { "coding": [{ "system": CLINICAL, "code": "active" }] },
            "verificationStatus": { "coding": [{ "system": VERIFICATION, "code": "confirmed" }] },
            "type": "allergy",
            "patient": { "reference": subject.reference() },
            "recordedDate": Self::day(recorded),
        });
        if let (Some(all), Value::Object(members)) = (resource.as_object_mut(), members) {
            all.extend(members);
        }
        let tokens = vec![Token::new(Key::ClinicalStatus, CLINICAL, "active"), Token::new(Key::Code, SNOMED, code)];
        self.store("AllergyIntolerance", id, subject, None, tokens, resource)
    }
}
