//! `Account`, `Claim` and `ExplanationOfBenefit`: one bill of one encounter in three hands.

use serde_json::{Value, json};

use super::{
    Scribe, Subject,
    charges::{money, total},
    without_nulls,
};
use crate::{
    SandboxError,
    clinical::{Charge, Condition, Encounter},
    dice::Dice,
    hospital::{
        platform::AdmissionState,
        records::{Key, Token},
    },
    reference::care::Payer,
};

const CLAIM_TYPE: &str = "http://terminology.hl7.org/CodeSystem/claim-type";
const ON_ADMISSION: &str = "http://terminology.hl7.org/CodeSystem/ex-diagnosis-on-admission";
const ADJUDICATION: &str = "http://terminology.hl7.org/CodeSystem/adjudication";
/// What else the patient has goes on the bill up to so many.
const OTHERS: usize = 4;

/// What one encounter is charged for.
pub(super) struct Bill<'a> {
    pub(super) charges: &'a [Charge],
    pub(super) encounter: &'a Encounter,
    /// Its place in the chart.
    pub(super) at: usize,
    /// Id of the account.
    pub(super) account: String,
}

impl Bill<'_> {
    /// Stays are billed when they are over.
    pub(super) fn made(&self) -> i64 {
        let first = self.charges.first().map_or(self.encounter.start, |charge| charge.at);
        if self.encounter.class == "IMP" { self.encounter.end } else { first }
    }

    fn is_stay(&self) -> bool {
        self.encounter.class == "IMP"
    }
}

impl Scribe<'_> {
    pub(super) fn account(
        &mut self,
        subject: &Subject<'_>,
        encounter: &Encounter,
        coverage: Option<&str>,
    ) -> Result<String, SandboxError> {
        let id = self.next_id("acc");
        let words = &self.reference.care.charges;
        let name = if encounter.class == "IMP" { &words.account_of_stay } else { &words.account_of_visit };
        let status = if encounter.open { "active" } else { "inactive" };
        let end = (!encounter.open).then(|| Self::day(encounter.end));
        let resource = json!({
            "resourceType": "Account",
            "id": id,
            "meta": self.meta(encounter.start),
            "status": status,
            "type": { "text": name },
            "name": format!("{name} {}", Self::day(encounter.start)),
            "subject": [{ "reference": subject.reference() }],
            "servicePeriod": without_nulls(json!({ "start": Self::day(encounter.start), "end": end })),
            "coverage": coverage.map(|id| json!([{ "coverage": { "reference": format!("Coverage/{id}") }, "priority": 1 }])),
            "owner": { "display": self.hospital.zh },
        });
        let time = Some((encounter.start, encounter.end));
        self.store("Account", id.clone(), subject, time, vec![Token::new(Key::Status, "", status)], resource)?;
        Ok(id)
    }

    pub(super) fn claim(
        &mut self,
        subject: &Subject<'_>,
        bill: &Bill<'_>,
        payer: &Payer,
        coverage: &str,
    ) -> Result<String, SandboxError> {
        let id = self.next_id("clm");
        let at = bill.made();
        let resource = json!({
            "resourceType": "Claim",
            "id": id,
            "meta": self.meta(at),
            "status": "active",
            "type": claim_type(bill),
            "use": "claim",
            "patient": { "reference": subject.reference() },
            "billablePeriod": { "start": Self::day(bill.encounter.start), "end": Self::day(bill.encounter.end) },
            "created": self.time(at),
            "insurer": { "display": payer.zh },
            "provider": { "display": self.hospital.zh },
            "priority": { "coding": [{ "code": "normal" }] },
            "insurance": [{ "sequence": 1, "focal": true, "coverage": { "reference": format!("Coverage/{coverage}") } }],
            "diagnosis": self.billed_diagnoses(subject, bill),
            "item": self.lines(subject, bill),
            "total": money(total(bill.charges)),
        });
        let tokens = vec![Token::new(Key::Status, "", "active"), Token::new(Key::Usage, "", "claim")];
        self.store("Claim", id.clone(), subject, Some((at, at + 1)), tokens, resource)?;
        Ok(id)
    }

    /// The settlement of a claim.
    pub(super) fn benefit(
        &mut self,
        subject: &Subject<'_>,
        bill: &Bill<'_>,
        payer: &Payer,
        (coverage, claim): (&str, &str),
    ) -> Result<(), SandboxError> {
        let id = self.next_id("eob");
        let at = bill.made() + 3600;
        let sum = total(bill.charges);
        let part = |code: &str, amount: f64| json!({ "category": { "coding": [{ "system": ADJUDICATION, "code": code }] }, "amount": money(amount) });
        let resource = json!({
            "resourceType": "ExplanationOfBenefit",
            "id": id,
            "meta": self.meta(at),
            "status": "active",
            "type": claim_type(bill),
            "use": "claim",
            "patient": { "reference": subject.reference() },
            "billablePeriod": { "start": Self::day(bill.encounter.start), "end": Self::day(bill.encounter.end) },
            "created": self.time(at),
            "insurer": { "display": payer.zh },
            "provider": { "display": self.hospital.zh },
            "claim": { "reference": format!("Claim/{claim}") },
            "outcome": "complete",
            "insurance": [{ "focal": true, "coverage": { "reference": format!("Coverage/{coverage}") } }],
            "diagnosis": self.billed_diagnoses(subject, bill),
            "item": self.lines(subject, bill),
            "total": [part("submitted", sum), part("benefit", sum * payer.share)],
        });
        let tokens = vec![Token::new(Key::Status, "", "active")];
        self.store("ExplanationOfBenefit", id, subject, Some((at, at + 1)), tokens, resource)
    }

    fn lines(&self, subject: &Subject<'_>, bill: &Bill<'_>) -> Vec<Value> {
        let within = self.within(subject, Some(bill.at));
        let line = |(index, charge): (usize, &Charge)| {
            let class = self.fee_class(charge);
            let words = class.as_ref().and_then(|class| class.get("display")).cloned();
            without_nulls(json!({
                "sequence": index + 1,
                "category": without_nulls(json!({ "coding": class.map(|class| json!([class])), "text": words })),
                "productOrService": { "text": charge.item },
                "quantity": { "value": charge.quantity },
                "unitPrice": money(charge.price),
                "net": money(charge.price * charge.quantity as f64),
                "encounter": within.as_ref().map(|within| json!([within])),
            }))
        };
        bill.charges.iter().enumerate().map(line).collect()
    }

    /// The diagnosis of the encounter, and of a stay what else there was, with its state at admission where this hospital
    /// says it on bills.
    fn billed_diagnoses(&self, subject: &Subject<'_>, bill: &Bill<'_>) -> Option<Value> {
        let main = bill.encounter.icd.as_deref()?;
        let mut all = vec![main];
        if bill.is_stay() {
            all.extend(others(subject, bill.encounter).map(|(_, one)| one.icd.as_str()));
        }
        let said = self.platform.admission_state == AdmissionState::OnBill && bill.is_stay();
        let row = |(at, icd): (usize, &str)| {
            let state = said.then(|| self.admission_state(icd, bill.encounter, at == 0));
            without_nulls(json!({
                "sequence": at + 1,
                "diagnosisCodeableConcept": self.diagnosis(icd, None),
                "type": (at == 0).then(|| json!([{ "coding": [{ "code": "principal" }] }])),
                "onAdmission": state.map(|(code, zh)| {
                    json!({ "coding": [{ "system": ON_ADMISSION, "code": code }], "text": zh })
                }),
            }))
        };
        Some(all.into_iter().enumerate().map(row).collect())
    }

    /// 入院病情: code of FHIR's value set, and the form's words.
    pub(super) fn admission_state(&self, icd: &str, encounter: &Encounter, main: bool) -> (&'static str, String) {
        let mut dice = Dice::new(self.seed, &format!("at admission {icd} {}", encounter.start));
        let weights = if main { [17.0, 2.0, 0.5, 0.5] } else { [12.0, 3.0, 2.0, 3.0] };
        let states: Vec<(&'static str, f64)> = ["y", "w", "u", "n"].into_iter().zip(weights).collect();
        let code = dice.weighted(&states, |(_, weight)| *weight).map_or("y", |(code, _)| code);
        (code, self.reference.care.stay.admission_states.get(code).cloned().unwrap_or_default())
    }
}

/// What else the patient had when they came, by its place in the chart.
pub(super) fn others<'s>(
    subject: &'s Subject<'_>,
    encounter: &'s Encounter,
) -> impl Iterator<Item = (usize, &'s Condition)> {
    let had = move |one: &Condition| {
        one.encounter.is_none()
            && one.onset < encounter.start
            && one.ended.is_none_or(|ended| ended > encounter.start)
            && Some(&one.icd) != encounter.icd.as_ref()
    };
    subject.chart.conditions.iter().enumerate().filter(move |(_, one)| had(one)).take(OTHERS)
}

fn claim_type(bill: &Bill<'_>) -> Value {
    let code = if bill.is_stay() { "institutional" } else { "professional" };
    json!({ "coding": [{ "system": CLAIM_TYPE, "code": code }] })
}
