//! `Encounter` and `Condition`.

use serde_json::{Value, json};

use super::{Scribe, Subject, bills::others, without_nulls};
use crate::{
    SandboxError,
    clinical::{Condition, Encounter},
    clock::DAY,
    dice::Dice,
    hospital::{
        platform::AdmissionState,
        records::{Key, Token},
    },
    reference::script::StaffScript,
};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const DIAGNOSIS_ROLE: &str = "http://terminology.hl7.org/CodeSystem/diagnosis-role";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const DISPOSITION: &str = "http://terminology.hl7.org/CodeSystem/discharge-disposition";
/// 入院病情 as this region's oldest hospital says it.
const ADMISSION_STATE: &str = "https://sandbox.example/fhir/StructureDefinition/admission-state";
const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CONDITION_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const CONDITION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";

impl Scribe<'_> {
    pub(super) fn encounters(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for (index, encounter) in subject.chart.encounters.iter().enumerate() {
            let Some(id) = subject.encounters.get(index) else { continue };
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
            let status = if encounter.open { "in-progress" } else { "finished" };
            let end = (!encounter.open).then(|| self.time(encounter.end));
            let resource = json!({
                "resourceType": "Encounter",
                "id": id,
                "meta": self.meta(encounter.end),
                "identifier": [{ "system": self.hospital.record_system, "value": format!("{id}-{index}") }],
                "status": status,
                "class": without_nulls(json!({ "system": system, "code": code, "display": words })),
                "type": [{ "text": words }],
                "serviceType": department,
                "subject": { "reference": subject.reference(), "display": subject.registration.han },
                "participant": self.participants(encounter),
                "period": without_nulls(json!({ "start": self.time(encounter.start), "end": end })),
                "reasonCode": self.reasons(encounter),
                "diagnosis": self.diagnoses_of(subject, index),
                "hospitalization": self.leaving(encounter),
                "location": encounter.bed.as_ref().map(|bed| json!([{ "location": { "display": bed } }])),
                "serviceProvider": { "display": self.hospital.zh },
            });
            let mut tokens = vec![Token::new(Key::Class, &system, &code), Token::new(Key::Status, "", status)];
            let physician = self.reference.physician(self.hospital, &encounter.department);
            let taking_part = physician.into_iter().chain(self.consultant(encounter));
            tokens.extend(taking_part.map(|staff| Token::new(Key::Participant, "", self.practitioner_id(staff))));
            self.store("Encounter", id.clone(), subject, Some((encounter.start, encounter.end)), tokens, resource)?;
        }
        Ok(())
    }

    /// 离院方式 of a stay that is over.
    fn leaving(&self, encounter: &Encounter) -> Option<Value> {
        encounter.outcome.as_ref()?;
        let mut dice = Dice::new(self.seed, &format!("leaving {} {}", self.hospital.id, encounter.start));
        let [code, zh] = dice.pick(&self.reference.care.stay.leaving)?;
        Some(json!({ "dischargeDisposition": { "coding": [{ "system": DISPOSITION, "code": code }], "text": zh } }))
    }

    fn participants(&self, encounter: &Encounter) -> Value {
        let physician = self.reference.physician(self.hospital, &encounter.department);
        let reference = physician.map(|staff| format!("Practitioner/{}", self.practitioner_id(staff)));
        let name = self.colleague(&encounter.department, 0);
        let part = |code: &str, reference: Option<String>, name: &str| {
            json!({
                "type": [{ "coding": [{ "system": PARTICIPATION, "code": code }] }],
                "individual": without_nulls(json!({ "reference": reference, "display": name })),
            })
        };
        let consultant = self
            .consultant(encounter)
            .map(|staff| part("CON", Some(format!("Practitioner/{}", self.practitioner_id(staff))), &staff.cn));
        Value::Array(std::iter::once(part("ATND", reference, &name)).chain(consultant).collect())
    }

    /// Who of another department is called in to a stay that lasts.
    fn consultant(&self, encounter: &Encounter) -> Option<&StaffScript> {
        let mut staff = self.reference.script.staff.iter().filter(|_| encounter.open);
        staff.find(|one| one.consults && one.department != encounter.department && one.works_at(self.hospital))
    }

    /// Why they came: in words where there are some, otherwise the diagnosis.
    fn reasons(&self, encounter: &Encounter) -> Option<Value> {
        match (&encounter.reason, encounter.icd.as_deref()) {
            (Some(reason), _) => Some(json!([{ "text": reason }])),
            (None, Some(icd)) => Some(json!([self.diagnosis(icd, None)])),
            (None, None) => None,
        }
    }

    /// Diagnoses made at the encounter, with their use where it was a stay.
    fn diagnoses_of(&self, subject: &Subject<'_>, encounter: usize) -> Option<Value> {
        let stay = subject.chart.encounters.get(encounter).is_some_and(|one| one.class == "IMP");
        let here = subject.chart.encounters.get(encounter)?;
        let of = subject.chart.conditions.iter().enumerate();
        let role = if stay { "DD" } else { "AD" };
        let mut rows: Vec<(usize, &Condition, &str)> = of
            .filter(|(_, condition)| condition.encounter == Some(encounter))
            .map(|(at, condition)| (at, condition, role))
            .collect();
        // The first place is the main diagnosis's, though it be too old to be in the books.
        let skipped = usize::from(stay && rows.is_empty());
        if stay {
            rows.extend(others(subject, here).map(|(at, condition)| (at, condition, "CM")));
        }
        let said = stay && self.platform.admission_state == AdmissionState::OnEncounter;
        let row = |(rank, (at, condition, role)): (usize, (usize, &Condition, &str))| {
            let id = subject.conditions.get(at)?;
            let title = self.reference.diagnosis(&condition.icd).map(|row| row.zh.as_str());
            let state = said.then(|| self.admission_state(&condition.icd, here, rank == 0).1);
            Some(without_nulls(json!({
                "extension": state.map(|zh| json!([{ "url": ADMISSION_STATE, "valueCodeableConcept": { "text": zh } }])),
                "condition": { "reference": format!("Condition/{id}"), "display": title },
                "use": { "coding": [{ "system": DIAGNOSIS_ROLE, "code": role }] },
                "rank": rank + 1 + skipped,
            })))
        };
        let all: Vec<Value> = rows.into_iter().enumerate().filter_map(row).collect();
        (!all.is_empty()).then_some(Value::Array(all))
    }

    pub(super) fn conditions(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for (condition, id) in subject.chart.conditions.iter().zip(&subject.conditions) {
            let status = if condition.ended.is_some() { "resolved" } else { "active" };
            let listed = condition.encounter.is_none();
            let category = if listed { "problem-list-item" } else { "encounter-diagnosis" };
            let said = (!self.platform.uncategorised)
                .then(|| json!([{ "coding": [{ "system": CONDITION_CATEGORY, "code": category }] }]));
            let resource = json!({
                "resourceType": "Condition",
                "id": id,
                "meta": self.meta(condition.onset),
                "clinicalStatus": { "coding": [{ "system": CONDITION_CLINICAL, "code": status }] },
                "verificationStatus": { "coding": [{ "system": CONDITION_VERIFICATION, "code": condition.verified }] },
                "category": said,
                "code": self.diagnosis(&condition.icd, condition.text.as_deref()),
                "subject": { "reference": subject.reference() },
                "encounter": self.within(subject, condition.encounter),
                "onsetDateTime": Self::day(condition.onset),
                "abatementDateTime": condition.ended.map(Self::day),
                "recordedDate": Self::day(condition.onset),
            });
            let mut tokens = vec![
                Token::new(Key::ClinicalStatus, CONDITION_CLINICAL, status),
                Token::new(Key::Code, super::ICD_10, &condition.icd),
            ];
            if !self.platform.uncategorised {
                tokens.push(Token::new(Key::Category, CONDITION_CATEGORY, category));
            }
            tokens.extend(subject.token_of(condition.encounter));
            let time = Some((condition.onset, condition.onset + DAY));
            self.store("Condition", id.clone(), subject, time, tokens, resource)?;
        }
        Ok(())
    }
}
