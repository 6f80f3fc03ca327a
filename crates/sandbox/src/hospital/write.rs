//! How one hospital writes a person's chart down as FHIR R4 resources.

mod allergies;
mod background;
mod bills;
mod care;
mod charges;
mod documents;
mod encounters;
mod exams;
mod laboratory;
mod medicines;
mod orders;
mod patient;
mod pdf;
pub(crate) mod staff;
mod summaries;
mod vendor;
mod vitals;

use serde_json::json;

use super::{
    platform::Platform,
    records::{Key, Records, Stored, Token},
};
use crate::{
    SandboxError,
    clinical::Chart,
    clock::{self, Precision, Zone},
    dice::Dice,
    people::{Person, Registration},
    reference::{Reference, script::HospitalScript},
};

pub(crate) const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
pub(crate) const LOINC: &str = "http://loinc.org";
pub(crate) const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10";
const UCUM: &str = "http://unitsofmeasure.org";

/// The hand of one hospital.
pub(crate) struct Scribe<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) hospital: &'a HospitalScript,
    pub(crate) platform: &'static Platform,
    pub(crate) seed: u64,
    records: Records,
    numbers: u64,
    /// For ids that say nothing.
    dice: Dice,
}

/// Whose chart is being written.
pub(crate) struct Subject<'a> {
    pub(crate) person: &'a Person,
    pub(crate) registration: &'a Registration,
    pub(crate) chart: &'a Chart,
    /// Ids of the chart's encounters, conditions and procedures, in its order.
    encounters: Vec<String>,
    conditions: Vec<String>,
    procedures: Vec<String>,
}

impl<'a> Scribe<'a> {
    /// A hospital with empty books.
    pub(crate) fn new(
        reference: &'a Reference,
        hospital: &'a HospitalScript,
        platform: &'static Platform,
        seed: u64,
    ) -> Self {
        let dice = Dice::new(seed, &format!("ids {}", hospital.id));
        Self { reference, hospital, platform, seed, records: Records::default(), numbers: 0, dice }
    }

    /// Writes everything about one person.
    pub(crate) fn write(
        &mut self,
        person: &'a Person,
        registration: &'a Registration,
        chart: &'a Chart,
    ) -> Result<(), SandboxError> {
        if let Some(code) = registration.warned {
            self.records.warn(&registration.patient_id, code);
        }
        if person.is_garbled() && self.platform.old {
            self.records.set_foreign(self.reference.script.garbled.gbk());
        }
        let encounters = chart.encounters.iter().map(|_| self.next_id("enc")).collect();
        let conditions = chart.conditions.iter().map(|_| self.next_id("cond")).collect();
        let procedures = chart.procedures.iter().map(|_| self.next_id("proc")).collect();
        let subject = Subject { person, registration, chart, encounters, conditions, procedures };
        self.patient(&subject)?;
        self.encounters(&subject)?;
        self.conditions(&subject)?;
        self.allergies(&subject)?;
        self.medicines(&subject)?;
        self.immunizations(&subject)?;
        self.procedures(&subject)?;
        self.devices(&subject)?;
        self.documents(&subject)?;
        self.exams(&subject)?;
        self.orders(&subject)?;
        self.plans(&subject)?;
        self.charges(&subject)?;
        self.background(&subject)?;
        self.vitals(&subject)?;
        self.scores(&subject)?;
        self.findings(&subject)?;
        self.laboratory(&subject)
    }

    /// The finished books.
    pub(crate) fn finish(self) -> Records {
        self.records
    }

    /// A new logical id in the vendor's manner.
    fn next_id(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        if self.platform.opaque_ids {
            return format!("e{}{}", self.dice.hex(), self.dice.hex().to_uppercase());
        }
        format!("{prefix}-{}", 100_000 + self.numbers)
    }

    fn zone(&self) -> Zone {
        if self.platform.utc { Zone::Utc } else { Zone::China }
    }

    /// An instant in the hospital's manner.
    fn time(&self, seconds: i64) -> String {
        clock::write(seconds, Precision::Minute, self.zone())
    }

    /// `Resource.meta`: first version, marked as test data.
    fn meta(&self, seconds: i64) -> serde_json::Value {
        json!({
            "versionId": "1",
            "lastUpdated": self.time(seconds),
            "tag": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST" }],
        })
    }

    /// Files a resource about the subject.
    fn store(
        &mut self,
        kind: &'static str,
        id: String,
        subject: &Subject<'_>,
        time: Option<(i64, i64)>,
        tokens: Vec<Token>,
        resource: serde_json::Value,
    ) -> Result<(), SandboxError> {
        let resource = self.in_own_manner(without_nulls(resource))?;
        let tokens = match self.platform.bare {
            true => tokens.into_iter().filter(|token| token.key != Key::Code).collect(),
            false => tokens,
        };
        let json = serde_json::to_string(&resource)?;
        let patient = subject.registration.patient_id.clone();
        self.records.add(kind, Stored { id, patient, time, tokens, names: Vec::new(), json });
        Ok(())
    }

    /// A diagnosis by its ICD-10 code, in the hospital's words where it has some.
    fn diagnosis(&self, icd: &str, text: Option<&str>) -> serde_json::Value {
        let title = self.reference.diagnosis(icd).map(|row| row.zh.as_str());
        json!({ "coding": [{ "system": ICD_10, "code": icd, "display": title }], "text": text.or(title) })
    }

    /// A decimal as people write it: `80`, not `80.0`.
    fn decimal(value: f64) -> serde_json::Value {
        if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
    }

    /// `Encounter` as a reference member, or nothing.
    fn within(&self, subject: &Subject<'_>, encounter: Option<usize>) -> Option<serde_json::Value> {
        self.encounter_reference(subject, encounter).map(|reference| json!({ "reference": reference }))
    }

    /// Who works in a department here.
    fn colleague(&self, department: &str, rank: usize) -> String {
        let index = self.reference.script.hospitals.iter().position(|row| row.id == self.hospital.id).unwrap_or(0);
        self.reference.colleague(self.seed, index, department, rank)
    }

    /// The day of an instant in China.
    fn day(seconds: i64) -> String {
        clock::date(seconds).to_string()
    }

    fn encounter_reference(&self, subject: &Subject<'_>, encounter: Option<usize>) -> Option<String> {
        subject.encounters.get(encounter?).map(|id| format!("Encounter/{id}"))
    }
}

impl Subject<'_> {
    /// What a search by encounter looks at.
    fn token_of(&self, encounter: Option<usize>) -> Option<Token> {
        self.encounters.get(encounter?).map(|id| Token::new(Key::Encounter, "", id))
    }

    /// The relative reference to the patient.
    fn reference(&self) -> String {
        format!("Patient/{}", self.registration.patient_id)
    }
}

/// Resources are written without members that have nothing to say.
fn without_nulls(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}
