//! How one hospital writes a person's chart down as FHIR R4 resources.

mod course;
mod laboratory;
mod patient;

use serde_json::json;

use super::{platform::Platform, records::Records};
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
    /// Ids of the chart's encounters, in its order.
    encounters: Vec<String>,
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
        let encounters = chart.encounters.iter().map(|_| self.next_id("enc")).collect();
        let subject = Subject { person, registration, chart, encounters };
        self.patient(&subject)?;
        self.encounters(&subject)?;
        self.conditions(&subject)?;
        self.allergies(&subject)?;
        self.medicines(&subject)?;
        self.vitals(&subject)?;
        self.laboratory(&subject)
    }

    /// The finished books.
    pub(crate) fn finish(self) -> Records {
        self.records
    }

    /// A new logical id in the vendor's manner.
    fn next_id(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        if self.platform.utc {
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

    fn encounter_reference(&self, subject: &Subject<'_>, encounter: Option<usize>) -> Option<String> {
        subject.encounters.get(encounter?).map(|id| format!("Encounter/{id}"))
    }
}

impl Subject<'_> {
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
