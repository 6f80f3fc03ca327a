//! `Patient` (<https://hl7.org/fhir/R4/patient.html>).

use serde_json::{Value, json};

use super::{Scribe, Subject, without_nulls};
use crate::{
    SandboxError, clock,
    hospital::records::{Key, NamePart, Stored, Token},
};

/// Registered on this second: long before any result.
const REGISTERED_DAYS: i64 = 9 * 365;

impl Scribe<'_> {
    pub(super) fn patient(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        let (person, registration) = (subject.person, subject.registration);
        let born = person.born.to_string();
        let since = clock::seconds(person.born, jiff::civil::Time::midnight())
            .max(1_480_000_000 - REGISTERED_DAYS * clock::DAY);
        let resource = without_nulls(json!({
            "resourceType": "Patient",
            "id": registration.patient_id,
            "meta": self.meta(since),
            "identifier": self.identifiers(subject),
            "active": true,
            "name": self.names(subject),
            "telecom": [{ "system": "phone", "value": person.phone, "use": "mobile" }],
            "gender": person.sex,
            "birthDate": born,
            "address": [{
                "use": "home",
                "text": format!("{}{}{}", person.address.city, person.address.district, person.address.line),
                "line": [person.address.line],
                "city": person.address.city,
                "district": person.address.district,
                "country": "CN",
            }],
            "contact": person.contact.as_ref().map(|(name, phone)| json!([{
                "relationship": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "N" }] }],
                "name": { "text": name },
                "telecom": [{ "system": "phone", "value": phone }],
            }])),
            "managingOrganization": { "display": self.hospital.zh },
        }));
        let day = clock::seconds(person.born, jiff::civil::Time::midnight());
        let mut tokens = vec![
            Token::new(Key::Identifier, &self.hospital.record_system, &registration.record_number),
            Token::new(Key::Gender, "http://hl7.org/fhir/administrative-gender", &person.sex),
        ];
        if !registration.resident_id.is_empty() {
            let system = &self.reference.script.resident_id.system;
            tokens.insert(0, Token::new(Key::Identifier, system, &registration.resident_id));
        }
        self.records.add(
            "Patient",
            Stored {
                id: registration.patient_id.clone(),
                patient: registration.patient_id.clone(),
                time: Some((day, day + clock::DAY)),
                tokens,
                names: self.searchable(subject),
                json: serde_json::to_string(&resource)?,
            },
        );
        Ok(())
    }

    fn identifiers(&self, subject: &Subject<'_>) -> Value {
        let kind = |code: &str| json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code }] });
        let resident = json!({
            "use": "official",
            "type": kind("NI"),
            "system": self.reference.script.resident_id.system,
            "value": subject.registration.resident_id,
        });
        let record = json!({
            "use": "usual",
            "type": kind("MR"),
            "system": self.hospital.record_system,
            "value": subject.registration.record_number,
            "assigner": { "display": self.hospital.zh },
        });
        if subject.registration.resident_id.is_empty() { json!([record]) } else { json!([resident, record]) }
    }

    /// The written name; beside it the pinyin at hospitals that keep it (iso21090-EN-representation `SYL`).
    fn names(&self, subject: &Subject<'_>) -> Value {
        let han = &subject.registration.han;
        let mut written = json!({ "use": "official", "text": han });
        if let (Some((family, given)), Some(members)) = (self.reference.names.split(han), written.as_object_mut()) {
            members.insert("family".to_owned(), json!(family));
            members.insert("given".to_owned(), json!([given]));
        }
        if !self.platform.pinyin {
            return json!([written]);
        }
        json!([written, {
            "use": "usual",
            "text": subject.person.plain_pinyin(),
            "extension": [{
                "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
                "valueCode": "SYL",
            }],
        }])
    }

    fn searchable(&self, subject: &Subject<'_>) -> Vec<(NamePart, String)> {
        let han = &subject.registration.han;
        let mut names = vec![(NamePart::Any, han.to_lowercase())];
        if let Some((family, given)) = self.reference.names.split(han) {
            names.push((NamePart::Family, family.to_owned()));
            names.push((NamePart::Given, given.to_owned()));
        }
        if self.platform.pinyin {
            names.push((NamePart::Any, subject.person.plain_pinyin().replace(' ', "")));
        }
        names
    }
}
