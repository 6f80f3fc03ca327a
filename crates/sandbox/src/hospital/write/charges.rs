//! `ChargeItem`, `Invoice`, `ExplanationOfBenefit` and `Coverage`.

use serde_json::{Value, json};

use super::{Scribe, Subject};
use crate::{
    SandboxError,
    clinical::Charge,
    hospital::records::{Key, Token},
    reference::care::Payer,
};

const CLAIM_TYPE: &str = "http://terminology.hl7.org/CodeSystem/claim-type";
const ON_ADMISSION: &str = "http://terminology.hl7.org/CodeSystem/ex-diagnosis-on-admission";
const ADJUDICATION: &str = "http://terminology.hl7.org/CodeSystem/adjudication";

impl Scribe<'_> {
    pub(super) fn charges(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        let payer = subject.chart.payer.and_then(|at| self.reference.care.charges.payers.get(at)).cloned();
        let coverage = match &payer {
            Some(payer) => Some(self.coverage(subject, payer)?),
            None => None,
        };
        let mut rest = subject.chart.charges.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|charge| charge.encounter == first.encounter).count();
            let (bill, later) = rest.split_at(same);
            rest = later;
            let items = bill.iter().map(|charge| self.item(subject, charge)).collect::<Result<Vec<_>, _>>()?;
            self.invoice(subject, bill, &items)?;
            if let (Some(payer), Some(coverage), true) = (&payer, &coverage, self.hospital.beds) {
                self.benefit(subject, bill, payer, coverage)?;
            }
        }
        Ok(())
    }

    fn coverage(&mut self, subject: &Subject<'_>, payer: &Payer) -> Result<String, SandboxError> {
        let id = self.next_id("cov");
        let resource = json!({
            "resourceType": "Coverage",
            "id": id,
            "meta": self.meta(1_500_000_000),
            "status": "active",
            "type": { "coding": (!payer.code.is_empty()).then(|| json!([{ "system": "urn:oid:2.16.156.10011.2.3.1.248", "code": payer.code }])), "text": payer.zh },
            "beneficiary": { "reference": subject.reference() },
            "payor": [{ "display": payer.zh }],
        });
        self.store("Coverage", id.clone(), subject, None, vec![Token::new(Key::Status, "", "active")], resource)?;
        Ok(id)
    }

    fn item(&mut self, subject: &Subject<'_>, charge: &Charge) -> Result<String, SandboxError> {
        let id = self.next_id("chg");
        let row = self.reference.charge_item(&charge.item);
        let unit = row.map(|row| row.unit.as_str());
        let resource = json!({
            "resourceType": "ChargeItem",
            "id": id,
            "meta": self.meta(charge.at),
            "status": "billed",
            "code": { "coding": [{ "display": row.map(|row| row.class.as_str()) }], "text": charge.item },
            "subject": { "reference": subject.reference() },
            "context": self.within(subject, Some(charge.encounter)),
            "occurrenceDateTime": self.time(charge.at),
            "quantity": { "value": charge.quantity, "unit": unit },
            "priceOverride": money(charge.price * charge.quantity as f64),
        });
        let mut tokens = vec![Token::new(Key::Status, "", "billed")];
        tokens.extend(subject.token_of(Some(charge.encounter)));
        self.store("ChargeItem", id.clone(), subject, Some((charge.at, charge.at + 1)), tokens, resource)?;
        Ok(id)
    }

    fn invoice(&mut self, subject: &Subject<'_>, bill: &[Charge], items: &[String]) -> Result<(), SandboxError> {
        let Some(first) = bill.first() else { return Ok(()) };
        let id = self.next_id("inv");
        let lines: Vec<Value> = bill
            .iter()
            .zip(items)
            .enumerate()
            .map(|(index, (charge, item))| {
                json!({
                    "sequence": index + 1,
                    "chargeItemReference": { "reference": format!("ChargeItem/{item}"), "display": charge.item },
                    "priceComponent": [{ "type": "base", "factor": charge.quantity, "amount": money(charge.price) }],
                })
            })
            .collect();
        let resource = json!({
            "resourceType": "Invoice",
            "id": id,
            "meta": self.meta(first.at),
            "status": "balanced",
            "subject": { "reference": subject.reference() },
            "date": self.time(first.at),
            "issuer": { "display": self.hospital.zh },
            "lineItem": lines,
            "totalGross": money(total(bill)),
        });
        let tokens = vec![Token::new(Key::Status, "", "balanced")];
        self.store("Invoice", id, subject, Some((first.at, first.at + 1)), tokens, resource)
    }

    fn benefit(
        &mut self,
        subject: &Subject<'_>,
        bill: &[Charge],
        payer: &Payer,
        coverage: &str,
    ) -> Result<(), SandboxError> {
        let Some(first) = bill.first() else { return Ok(()) };
        let Some(encounter) = subject.chart.encounters.get(first.encounter) else { return Ok(()) };
        let id = self.next_id("eob");
        let stay = encounter.class == "IMP";
        let diagnosis = encounter.icd.as_deref().map(|icd| {
            json!([{
                "sequence": 1,
                "diagnosisCodeableConcept": self.diagnosis(icd, None),
                "onAdmission": stay.then(|| json!({ "coding": [{ "system": ON_ADMISSION, "code": "y" }] })),
            }])
        });
        let lines: Vec<Value> = bill.iter().enumerate().map(|(index, charge)| self.line(index, charge)).collect();
        let sum = total(bill);
        let part = |code: &str, amount: f64| json!({ "category": { "coding": [{ "system": ADJUDICATION, "code": code }] }, "amount": money(amount) });
        let resource = json!({
            "resourceType": "ExplanationOfBenefit",
            "id": id,
            "meta": self.meta(first.at),
            "status": "active",
            "type": { "coding": [{ "system": CLAIM_TYPE, "code": if stay { "institutional" } else { "professional" } }] },
            "use": "claim",
            "patient": { "reference": subject.reference() },
            "billablePeriod": { "start": Self::day(encounter.start), "end": Self::day(encounter.end) },
            "created": self.time(first.at),
            "insurer": { "display": payer.zh },
            "provider": { "display": self.hospital.zh },
            "outcome": "complete",
            "insurance": [{ "focal": true, "coverage": { "reference": format!("Coverage/{coverage}") } }],
            "diagnosis": diagnosis,
            "item": lines,
            "total": [part("submitted", sum), part("benefit", sum * payer.share)],
        });
        let tokens = vec![Token::new(Key::Status, "", "active")];
        self.store("ExplanationOfBenefit", id, subject, Some((first.at, first.at + 1)), tokens, resource)
    }

    fn line(&self, index: usize, charge: &Charge) -> Value {
        let class = self.reference.charge_item(&charge.item).map(|row| row.class.as_str());
        json!({
            "sequence": index + 1,
            "category": { "text": class },
            "productOrService": { "text": charge.item },
            "quantity": { "value": charge.quantity },
            "unitPrice": money(charge.price),
            "net": money(charge.price * charge.quantity as f64),
        })
    }
}

fn total(bill: &[Charge]) -> f64 {
    bill.iter().map(|charge| charge.price * charge.quantity as f64).sum()
}

/// Yuan, to the fen.
fn money(amount: f64) -> Value {
    json!({ "value": (amount * 100.0).round() / 100.0, "currency": "CNY" })
}
