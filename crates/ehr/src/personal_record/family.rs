//! 家族史: what relatives have or had.

use fhir::rows::{Death, FamilyCondition, FamilyMemberHistory, Quantity, Range, When};

use super::{PersonalFields, PersonalKind, RelativeCondition};
use crate::concept::{Concept, said_form, some_words};
use crate::joined::state_key;
use crate::nursing::remarks;
use crate::sheet::SheetRows;
use crate::{ClinicalTime, Part};

impl SheetRows<PersonalFields> {
    /// Takes a resource that has been checked to be the patient's.
    pub fn relative(&mut self, row: &FamilyMemberHistory<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.relationship.as_ref());
        let time = row.date.and_then(ClinicalTime::parse);
        let relative = row.name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let fields = PersonalFields {
            what: PersonalKind::FamilyHistory,
            absent: some_words(row.data_absent_reason.as_ref()),
            conditions: row.condition.iter().map(condition).collect(),
            deceased: row.deceased.map(death),
            remarks: remarks(row.note),
            relative,
            ..PersonalFields::default()
        };
        let mut known: Vec<String> = row.condition.iter().map(key_of).collect();
        known.sort();
        let who = fields.relative.as_deref().map(said_form).unwrap_or_default();
        let key = state_key(&concept, time.as_ref(), &format!("{who}|{status}|{}", known.join("|")));
        let fact = self.source.fact("FamilyMemberHistory", row.id, row.meta, &concept, time, status);
        self.push(Part::FamilyHistory, fact, key, concept.names, fields);
    }
}

fn key_of(row: &FamilyCondition<'_>) -> String {
    let concept = Concept::read(row.code.as_ref());
    format!("{}/{}", concept.key.unwrap_or_default(), row.onset.and_then(onset).unwrap_or_default())
}

fn condition(row: &FamilyCondition<'_>) -> RelativeCondition {
    let concept = Concept::read(row.code.as_ref());
    RelativeCondition {
        code: concept.code,
        icd10: concept.icd10,
        onset: row.onset.and_then(onset),
        outcome: some_words(row.outcome.as_ref()),
        contributed_to_death: row.contributed_to_death,
        remarks: remarks(row.note),
    }
}

/// As sent: an age with its unit, ages or a time from–to, words.
fn onset(when: When<'_>) -> Option<String> {
    let text = match when {
        When::DateTime(text) | When::String(text) => text.trim().to_owned(),
        When::Age(age) => amount(age),
        When::Range(range) => from_to(range),
        When::Period(period) => [period.start, period.end].map(Option::unwrap_or_default).join("–"),
    };
    Some(text).filter(|text| !text.is_empty() && text != "–")
}

fn death(of: Death<'_>) -> String {
    match of {
        Death::Said(yes) => yes.to_string(),
        Death::Age(age) => amount(age),
        Death::Range(range) => from_to(range),
        Death::Words(text) => text.trim().to_owned(),
    }
}

fn amount(of: Quantity<'_>) -> String {
    let number = of.value.map(|value| value.text()).unwrap_or_default();
    let unit = of.unit.or(of.code).unwrap_or_default();
    format!("{}{number} {unit}", of.comparator.unwrap_or_default()).trim().to_owned()
}

fn from_to(range: &Range<'_>) -> String {
    let end = |of: Option<Quantity<'_>>| of.map(amount).unwrap_or_default();
    format!("{}–{}", end(range.low), end(range.high))
}
