//! Social history (`Observation`), `FamilyMemberHistory`, what people say they take (`MedicationStatement`) and what they
//! filled in (`QuestionnaireResponse`).

use serde_json::json;

use super::{LOINC, OBSERVATION_CATEGORY, Scribe, Subject};
use crate::{
    SandboxError,
    hospital::records::{Key, Token},
    reference::care::Question,
};

const ROLE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
/// The desk asked at registration: a day without meaning of its own.
const ASKED: i64 = 1_640_000_000;

impl Scribe<'_> {
    pub(super) fn background(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for (loinc, zh, said) in &subject.chart.habits {
            let id = self.next_id("obs");
            let resource = json!({
                "resourceType": "Observation",
                "id": id,
                "meta": self.meta(ASKED),
                "status": "final",
                "category": [{ "coding": [{ "system": OBSERVATION_CATEGORY, "code": "social-history" }] }],
                "code": { "coding": [{ "system": LOINC, "code": loinc }], "text": zh },
                "subject": { "reference": subject.reference() },
                "effectiveDateTime": Self::day(ASKED),
                "valueCodeableConcept": { "text": said },
            });
            let tokens = vec![
                Token::new(Key::Category, OBSERVATION_CATEGORY, "social-history"),
                Token::new(Key::Code, LOINC, loinc),
                Token::new(Key::Status, "", "final"),
            ];
            self.store("Observation", id, subject, Some((ASKED, ASKED + 1)), tokens, resource)?;
        }
        self.family(subject)?;
        self.questionnaire(subject)?;
        self.statements(subject)
    }

    fn questionnaire(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        if subject.chart.answers.is_empty() {
            return Ok(());
        }
        let id = self.next_id("qr");
        let asked = &self.reference.care.questionnaire;
        let answered = |(at, (question, answer)): (usize, (&Question, &String))| {
            let linked = format!("{}", at + 1);
            json!({ "linkId": linked, "text": question.zh, "answer": [{ "valueString": answer }] })
        };
        let items: Vec<_> = asked.questions.iter().zip(&subject.chart.answers).enumerate().map(answered).collect();
        let resource = json!({
            "resourceType": "QuestionnaireResponse",
            "id": id,
            "meta": self.meta(ASKED),
            "questionnaire": "https://sandbox.example/fhir/Questionnaire/health",
            "status": "completed",
            "subject": { "reference": subject.reference() },
            "authored": self.time(ASKED),
            "source": { "reference": subject.reference() },
            "item": [{ "linkId": "0", "text": asked.zh, "item": items }],
        });
        let tokens = vec![Token::new(Key::Status, "", "completed")];
        self.store("QuestionnaireResponse", id, subject, Some((ASKED, ASKED + 1)), tokens, resource)
    }

    fn family(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for relative in subject.chart.relatives.iter().filter_map(|at| self.reference.care.relatives.get(*at)) {
            let id = self.next_id("fam");
            let resource = json!({
                "resourceType": "FamilyMemberHistory",
                "id": id,
                "meta": self.meta(ASKED),
                "status": "completed",
                "patient": { "reference": subject.reference() },
                "date": Self::day(ASKED),
                "relationship": { "coding": [{ "system": ROLE, "code": relative.role }], "text": relative.zh },
                "condition": [{ "code": self.diagnosis(&relative.icd, None) }],
            });
            let tokens = vec![Token::new(Key::Status, "", "completed")];
            self.store("FamilyMemberHistory", id, subject, None, tokens, resource)?;
        }
        Ok(())
    }

    fn statements(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for name in &subject.chart.self_bought {
            let Some(drug) = self.reference.drug(name) else { continue };
            let id = self.next_id("stm");
            let resource = json!({
                "resourceType": "MedicationStatement",
                "id": id,
                "meta": self.meta(ASKED),
                "status": "active",
                "medicationCodeableConcept": super::medicines::medication(drug),
                "subject": { "reference": subject.reference() },
                "effectivePeriod": { "start": Self::day(ASKED) },
                "dateAsserted": Self::day(ASKED),
                "informationSource": { "reference": subject.reference() },
                "dosage": [{ "text": format!("{} {}", drug.route, drug.frequency_zh) }],
            });
            let tokens = vec![Token::new(Key::Status, "", "active")];
            self.store("MedicationStatement", id, subject, None, tokens, resource)?;
        }
        Ok(())
    }
}
