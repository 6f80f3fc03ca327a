//! `Practitioner`: the directory's physicians, as the hospital has them in its books.

use serde_json::json;

use super::Scribe;
use crate::{
    SandboxError,
    dice::digest,
    hospital::records::{Key, Stored, Token},
    reference::script::{HospitalScript, Script, StaffScript},
    smart::DoorStaff,
};

/// System of licences, the same at every hospital of the region.
const LICENCE: &str = "https://region.example/physician-licences";

impl Scribe<'_> {
    /// Writes down who works here.
    pub(crate) fn staff(&mut self) -> Result<(), SandboxError> {
        let here = |staff: &&StaffScript| staff.is_physician() && staff.works_at(self.hospital);
        let all: Vec<&StaffScript> = self.reference.script.staff.iter().filter(here).collect();
        for staff in all {
            let id = self.practitioner_id(staff);
            let own = staff.number.starts_with(&self.hospital.staff_prefix);
            let number = own.then_some((self.hospital.staff_system.as_str(), staff.number.as_str()));
            let numbers: Vec<(&str, &str)> =
                number.into_iter().chain(staff.licence.as_deref().map(|licence| (LICENCE, licence))).collect();
            let identifiers: Vec<_> =
                numbers.iter().map(|(system, value)| json!({ "system": system, "value": value })).collect();
            let resource = json!({
                "resourceType": "Practitioner",
                "id": id,
                "active": true,
                "identifier": identifiers,
                "name": [{ "use": "official", "text": staff.cn, "family": staff.sn, "given": [staff.given] }],
            });
            let tokens = numbers.iter().map(|(system, value)| Token::new(Key::Identifier, *system, *value)).collect();
            let json = serde_json::to_string(&resource)?;
            self.records.add("Practitioner", Stored { id, tokens, json, ..Stored::default() });
        }
        Ok(())
    }

    /// The same in every run.
    pub(super) fn practitioner_id(&self, staff: &StaffScript) -> String {
        practitioner_id(&self.hospital.id, staff)
    }
}

/// Who is in the books of a hospital, by the ids that they have there.
pub(crate) fn practitioners(script: &Script, hospital: &HospitalScript) -> Vec<DoorStaff> {
    let here = script.staff.iter().filter(|staff| staff.is_physician() && staff.works_at(hospital));
    let known = |staff: &StaffScript| DoorStaff {
        id: practitioner_id(&hospital.id, staff),
        name: staff.cn.clone(),
        username: staff.uid.clone(),
    };
    here.map(known).collect()
}

fn practitioner_id(hospital: &str, staff: &StaffScript) -> String {
    let hash = digest(&[hospital, "practitioner", &staff.uid]);
    format!("pr-{}", hash.get(..14).unwrap_or_default())
}
