//! `ChargeItem`, `Invoice` and `Coverage`; what is claimed and settled is in [`super::bills`].

use serde_json::{Value, json};

use super::{Scribe, Subject, bills::Bill};
use crate::{
    SandboxError,
    clinical::Charge,
    hospital::records::{Key, Token},
    reference::care::Payer,
};

/// Fee classes of the front page of a record, by their numbers on the form.
const FEE_CLASS: &str = "https://sandbox.example/fhir/CodeSystem/fee-class";

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
            let (charges, later) = rest.split_at(same);
            rest = later;
            let Some(encounter) = subject.chart.encounters.get(first.encounter) else { continue };
            let account = self.account(subject, encounter, coverage.as_deref())?;
            let bill = Bill { charges, encounter, at: first.encounter, account };
            let items =
                charges.iter().map(|charge| self.item(subject, &bill, charge)).collect::<Result<Vec<_>, _>>()?;
            // nothing is billed while the stay lasts
            if encounter.open {
                continue;
            }
            self.invoice(subject, &bill, &items)?;
            // who pays for themselves claims nothing
            let claims = |payer: &&Payer| self.hospital.beds && !payer.code.is_empty();
            if let (Some(payer), Some(coverage)) = (payer.as_ref().filter(claims), &coverage) {
                let claim = self.claim(subject, &bill, payer, coverage)?;
                self.benefit(subject, &bill, payer, (coverage, &claim))?;
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
            "type": super::without_nulls(json!({
                "coding": (!payer.code.is_empty())
                    .then(|| json!([{ "system": "urn:oid:2.16.156.10011.2.3.1.248", "code": payer.code }])),
                "text": payer.zh,
            })),
            "beneficiary": { "reference": subject.reference() },
            "period": { "start": "2017-07-14" },
            "payor": [{ "display": payer.zh }],
        });
        self.store("Coverage", id.clone(), subject, None, vec![Token::new(Key::Status, "", "active")], resource)?;
        Ok(id)
    }

    fn item(&mut self, subject: &Subject<'_>, bill: &Bill<'_>, charge: &Charge) -> Result<String, SandboxError> {
        let id = self.next_id("chg");
        let unit = self.reference.charge_item(&charge.item).map(|row| row.unit.as_str());
        let status = if bill.encounter.open { "billable" } else { "billed" };
        let resource = json!({
            "resourceType": "ChargeItem",
            "id": id,
            "meta": self.meta(charge.at),
            "status": status,
            "code": { "coding": self.fee_class(charge).map(|class| json!([class])), "text": charge.item },
            "subject": { "reference": subject.reference() },
            "context": self.within(subject, Some(charge.encounter)),
            "occurrenceDateTime": self.time(charge.at),
            "quantity": { "value": charge.quantity, "unit": unit },
            "priceOverride": money(charge.price * charge.quantity as f64),
            "account": [{ "reference": format!("Account/{}", bill.account) }],
        });
        let mut tokens = vec![Token::new(Key::Status, "", status)];
        tokens.extend(subject.token_of(Some(charge.encounter)));
        self.store("ChargeItem", id.clone(), subject, Some((charge.at, charge.at + 1)), tokens, resource)?;
        Ok(id)
    }

    /// The fee class of an item as a coding: its number on the form, and its words.
    pub(super) fn fee_class(&self, charge: &Charge) -> Option<Value> {
        let class = &self.reference.charge_item(&charge.item)?.subclass;
        let number = self.reference.care.charges.fee_classes.iter().position(|known| known == class)? + 1;
        Some(json!({ "system": FEE_CLASS, "code": number.to_string(), "display": class }))
    }

    fn invoice(&mut self, subject: &Subject<'_>, bill: &Bill<'_>, items: &[String]) -> Result<(), SandboxError> {
        let id = self.next_id("inv");
        let lines: Vec<Value> = (bill.charges.iter().zip(items).enumerate())
            .map(|(index, (charge, item))| {
                json!({
                    "sequence": index + 1,
                    "chargeItemReference": { "reference": format!("ChargeItem/{item}"), "display": charge.item },
                    "priceComponent": [{ "type": "base", "amount": money(charge.price * charge.quantity as f64) }],
                })
            })
            .collect();
        let at = bill.made();
        let resource = json!({
            "resourceType": "Invoice",
            "id": id,
            "meta": self.meta(at),
            "status": "balanced",
            "subject": { "reference": subject.reference() },
            "date": self.time(at),
            "issuer": { "display": self.hospital.zh },
            "account": { "reference": format!("Account/{}", bill.account) },
            "lineItem": lines,
            "totalGross": money(total(bill.charges)),
        });
        let tokens = vec![Token::new(Key::Status, "", "balanced")];
        self.store("Invoice", id, subject, Some((at, at + 1)), tokens, resource)
    }
}

pub(super) fn total(bill: &[Charge]) -> f64 {
    bill.iter().map(|charge| charge.price * charge.quantity as f64).sum()
}

/// Yuan, to the fen.
pub(super) fn money(amount: f64) -> Value {
    json!({ "value": (amount * 100.0).round() / 100.0, "currency": "CNY" })
}
