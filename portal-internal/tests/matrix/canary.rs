//! People whose every field is a canary: a word that stands nowhere else, so that an answer or a log line that holds it
//! has told something about this person.

use serde_json::{Value, json};

/// Who may see a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// What a search shows to whoever may search: name, birth date, record number, masked numbers.
    Identity,
    /// The rest of the record.
    Record,
    /// What a patient is shown later, by a person: theirs, and staff's to see.
    Held,
    /// What nobody is shown in full: resident ID, telephone, address of mail.
    Covered,
}

/// A word, whose it is and where it stands.
#[derive(Clone, Debug)]
pub struct Canary {
    /// The word.
    pub word: String,
    /// The person's letter.
    pub person: char,
    /// Who may see it.
    pub class: Class,
    /// `Patient.name[0].text`
    pub field: String,
}

/// A person of the canary hospitals.
#[derive(Clone, Debug)]
pub struct Person {
    /// `A`, `B`, …: the letter in all their canaries.
    pub letter: char,
    /// A valid number of an area that is not assigned.
    pub resident_id: &'static str,
    /// Agrees with the number.
    pub birth_date: &'static str,
}

/// Whose record is opened.
pub const A: Person = Person { letter: 'A', resident_id: "999009193103070027", birth_date: "1931-03-07" };
/// Whose record stays closed to who opens that of A.
pub const B: Person = Person { letter: 'B', resident_id: "999009194705190047", birth_date: "1947-05-19" };
/// Somebody nobody has looked for, whose results a hospital sends with those of A.
pub const C: Person = Person { letter: 'C', resident_id: "99900919620823006X", birth_date: "1962-08-23" };
/// Somebody to whom a hospital gives the record number that was A's.
pub const D: Person = Person { letter: 'D', resident_id: "999009197509110082", birth_date: "1975-09-11" };

/// Resources with their canaries.
#[derive(Clone, Debug, Default)]
pub struct Canaries {
    /// What the hospitals hold.
    pub resources: Vec<Value>,
    /// Every word.
    pub words: Vec<Canary>,
}

impl Person {
    /// The canary name, by which accounts are proven.
    pub fn name(&self) -> String {
        format!("Zq{}name", self.letter)
    }

    fn subject(&self, hospital: &str) -> String {
        format!("Zq{}{hospital}pid", self.letter)
    }
}

impl Canaries {
    /// Everything one hospital knows of a person: each `@` becomes a canary of its own.
    pub fn add(&mut self, person: &Person, hospital: &str) {
        let pid = person.subject(hospital);
        self.say(person, Class::Record, "Patient.id", &pid);
        self.say(person, Class::Identity, "Patient.name", &person.name());
        self.say(person, Class::Identity, "Patient.birthDate", person.birth_date);
        self.say(person, Class::Covered, "Patient.identifier resident ID", person.resident_id);
        for resource in resources(person, &pid) {
            let resource = self.fill(person, hospital, resource);
            self.resources.push(resource);
        }
    }

    fn say(&mut self, person: &Person, class: Class, field: &str, word: &str) {
        let canary = Canary { word: word.to_owned(), person: person.letter, class, field: field.to_owned() };
        if !self.words.iter().any(|known| known.word == word) {
            self.words.push(canary);
        }
    }

    fn fill(&mut self, person: &Person, hospital: &str, mut resource: Value) -> Value {
        let kind = resource["resourceType"].as_str().unwrap_or_default().to_owned();
        // A result that is explained in person: not a patient's to see online.
        let held = resource["id"].as_str().is_some_and(|id| id.ends_with("held"));
        self.walk(person, hospital, &kind, held, &mut resource);
        resource
    }

    fn walk(&mut self, person: &Person, hospital: &str, path: &str, held: bool, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    self.walk(person, hospital, &format!("{path}.{name}"), held, value);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.walk(person, hospital, &format!("{path}[{at}]"), held, item);
                }
            }
            Value::String(text) if text.contains('@') => {
                let class = match path {
                    path if path.contains("telecom") => Class::Covered,
                    // A record number is what a ward calls a patient by.
                    path if path.contains("Patient.identifier") => Class::Identity,
                    _ if held => Class::Held,
                    _ => Class::Record,
                };
                let word = format!("Zq{}{hospital}w{:03}x", person.letter, self.words.len());
                self.say(person, class, path, &word);
                *text = text.replace('@', &word);
            }
            _ => {}
        }
    }

    /// Words of this text that are canaries.
    pub fn in_text<'s>(&'s self, text: &'s str) -> impl Iterator<Item = &'s Canary> {
        let made_up = text.contains("Zq");
        self.words
            .iter()
            .filter(move |canary| (made_up || !canary.word.starts_with("Zq")) && text.contains(&canary.word))
    }
}

fn resources(person: &Person, pid: &str) -> Vec<Value> {
    let subject = json!({ "reference": format!("Patient/{pid}"), "display": "@" });
    let id = |what: &str| format!("{pid}-{what}");
    let text = json!({ "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">@</div>" });
    let coded =
        |code: &str| json!({ "coding": [{ "system": "http://loinc.org", "code": code, "display": "@" }], "text": "@" });
    let said = json!({ "coding": [{ "system": "urn:canary", "code": "@", "display": "@" }], "text": "@" });
    let note = json!([{ "text": "@", "authorString": "@" }]);
    let female = person.resident_id.as_bytes()[16].is_multiple_of(2);
    let (by, day) = (json!([{ "display": "@" }]), "2026-11-01T08:10:00+08:00");
    let laboratory = json!([{ "coding": [
        { "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory" }
    ] }]);
    let mut all = vec![patient(person, pid, female, &text)];
    all.extend([
        json!({ "resourceType": "Observation", "id": id("obs"), "status": "final", "category": laboratory,
            "code": coded("2823-3"), "subject": subject, "effectiveDateTime": day, "issued": day,
            "valueQuantity": { "value": 4.1, "unit": "mmol/L" }, "interpretation": [said], "note": note,
            "referenceRange": [{ "text": "@" }], "method": said, "bodySite": said, "performer": by, "text": text,
            "specimen": { "display": "@" }, "device": { "display": "@" }, "encounter": { "display": "@" } }),
        json!({ "resourceType": "Observation", "id": id("words"), "status": "final", "category": laboratory,
            "code": said, "subject": subject, "effectiveDateTime": day, "valueString": "@", "note": note,
            "component": [{ "code": said, "valueString": "@" }] }),
        json!({ "resourceType": "Observation", "id": id("held"), "status": "preliminary", "category": laboratory,
            "code": said, "subject": subject, "effectiveDateTime": day, "valueString": "@", "note": note }),
        json!({ "resourceType": "DiagnosticReport", "id": id("rep"), "status": "final", "code": said, "subject": subject,
            "category": [said], "effectiveDateTime": day, "issued": day, "performer": by, "conclusion": "@",
            "result": [{ "reference": format!("Observation/{}", id("obs")) }], "text": text,
            "presentedForm": [{ "contentType": "text/plain", "title": "@" }] }),
        json!({ "resourceType": "AllergyIntolerance", "id": id("alg"), "patient": subject, "code": said, "note": note,
            "clinicalStatus": { "coding": [{ "code": "active" }] }, "recordedDate": day, "criticality": "high",
            "reaction": [{ "substance": said, "manifestation": [said], "description": "@" }],
            "recorder": { "display": "@" }, "text": text }),
        json!({ "resourceType": "Condition", "id": id("con"), "subject": subject, "code": said, "note": note,
            "clinicalStatus": { "coding": [{ "code": "active" }] }, "severity": said, "bodySite": [said],
            "onsetDateTime": day, "recordedDate": day, "asserter": { "display": "@" }, "category": [said],
            "evidence": [{ "detail": [{ "display": "@" }] }], "encounter": { "reference": format!("Encounter/{}", id("enc")) } }),
    ]);
    all.extend(treatment(&id, &subject, &said, &note, day));
    all.extend(ward(&id, &subject, &said, &note, day));
    all.extend(bills(&id, &subject, &said, day));
    all
}

fn patient(person: &Person, pid: &str, female: bool, text: &Value) -> Value {
    let name = person.name();
    json!({
        "resourceType": "Patient", "id": pid, "birthDate": person.birth_date, "text": text,
        "gender": if female { "female" } else { "male" },
        "name": [{ "use": "official", "text": name, "family": name, "given": [name] }],
        "identifier": [
            { "system": "urn:oid:2.16.156.10011.1.3", "value": person.resident_id },
            { "system": "urn:canary:mr", "value": "@", "type": { "coding": [{ "code": "MR" }] } },
        ],
        "telecom": [{ "system": "phone", "value": "@" }, { "system": "email", "value": "@@example.org" }],
        "address": [{ "text": "@", "line": ["@"], "city": "@", "district": "@", "state": "@", "postalCode": "@" }],
        "contact": [{ "relationship": [{ "text": "@" }], "name": { "text": "@" }, "telecom": [{ "value": "@" }],
            "address": { "text": "@" }, "organization": { "display": "@" } }],
        "maritalStatus": { "text": "@" }, "communication": [{ "language": { "text": "@" } }],
        "generalPractitioner": [{ "display": "@" }], "managingOrganization": { "display": "@" },
        "extension": [{ "url": "urn:canary", "valueString": "@" }],
    })
}

/// Visits, medicines, vaccinations, operations, devices.
fn treatment(id: &impl Fn(&str) -> String, subject: &Value, said: &Value, note: &Value, day: &str) -> Vec<Value> {
    let dosage = json!([{ "text": "@", "route": said, "patientInstruction": "@" }]);
    vec![
        json!({ "resourceType": "Encounter", "id": id("enc"), "status": "finished", "class": { "code": "AMB" },
            "type": [said], "subject": subject, "period": { "start": day, "end": day }, "reasonCode": [said],
            "serviceType": said, "participant": [{ "individual": { "display": "@" } }],
            "location": [{ "location": { "display": "@" } }], "serviceProvider": { "display": "@" },
            "diagnosis": [{ "condition": { "display": "@" } }] }),
        json!({ "resourceType": "MedicationRequest", "id": id("mrq"), "status": "active", "intent": "order",
            "medicationCodeableConcept": said, "subject": subject, "authoredOn": day, "requester": { "display": "@" },
            "dosageInstruction": dosage, "reasonCode": [said], "note": note }),
        json!({ "resourceType": "MedicationStatement", "id": id("mst"), "status": "active", "subject": subject,
            "medicationCodeableConcept": said, "effectiveDateTime": day, "dosage": dosage, "note": note }),
        json!({ "resourceType": "MedicationDispense", "id": id("mdi"), "status": "completed", "subject": subject,
            "medicationCodeableConcept": said, "whenHandedOver": day, "dosageInstruction": dosage, "note": note }),
        json!({ "resourceType": "Immunization", "id": id("imm"), "status": "completed", "vaccineCode": said,
            "patient": subject, "occurrenceDateTime": day, "lotNumber": "@", "note": note,
            "performer": [{ "actor": { "display": "@" } }] }),
        json!({ "resourceType": "Procedure", "id": id("pro"), "status": "completed", "code": said, "subject": subject,
            "performedDateTime": day, "bodySite": [said], "outcome": said, "complication": [said], "note": note,
            "performer": [{ "actor": { "display": "@" } }] }),
        json!({ "resourceType": "DeviceUseStatement", "id": id("dus"), "status": "active", "subject": subject,
            "device": { "display": "@" }, "timingDateTime": day, "note": note }),
        json!({ "resourceType": "Device", "id": id("dev"), "status": "active", "patient": subject, "type": said,
            "deviceName": [{ "name": "@", "type": "user-friendly-name" }], "serialNumber": "@", "note": note }),
        json!({ "resourceType": "DocumentReference", "id": id("doc"), "status": "current", "type": said,
            "subject": subject, "date": day, "description": "@", "author": [{ "display": "@" }],
            "content": [{ "attachment": { "contentType": "text/plain", "title": "@" } }] }),
        json!({ "resourceType": "Composition", "id": id("com"), "status": "final", "type": said, "subject": subject,
            "date": day, "title": "@", "author": [{ "display": "@" }],
            "section": [{ "title": "@", "text": { "status": "generated", "div": "<div>@</div>" } }] }),
    ]
}

/// A stay with its orders, medicines, observations and plan, and what the patient told.
fn ward(id: &impl Fn(&str) -> String, subject: &Value, said: &Value, note: &Value, day: &str) -> Vec<Value> {
    let stay = json!({ "reference": format!("Encounter/{}", id("stay")) });
    let category = |code: &str| json!([{ "coding": [{ "code": code }] }]);
    let dosage = json!({ "text": "@", "route": said });
    let inner = json!({ "linkId": "1.1", "text": "@", "answer": [{ "valueString": "@" }] });
    vec![
        json!({ "resourceType": "Encounter", "id": id("stay"), "status": "finished", "class": { "code": "IMP" },
            "type": [said], "subject": subject, "period": { "start": "2026-10-01", "end": "2026-10-09" },
            "serviceType": said, "participant": [{ "individual": { "display": "@" } }],
            "location": [{ "location": { "display": "@" } }], "reasonCode": [said],
            "hospitalization": { "admitSource": said, "dischargeDisposition": said } }),
        json!({ "resourceType": "ServiceRequest", "id": id("srq"), "status": "active", "intent": "order", "code": said,
            "subject": subject, "encounter": stay, "authoredOn": day, "requester": { "display": "@" }, "note": note,
            "category": [said], "reasonCode": [said], "patientInstruction": "@" }),
        json!({ "resourceType": "NutritionOrder", "id": id("nut"), "status": "active", "intent": "order",
            "patient": subject, "dateTime": day, "orderer": { "display": "@" }, "note": note,
            "oralDiet": { "type": [said], "instruction": "@" } }),
        json!({ "resourceType": "MedicationAdministration", "id": id("mad"), "status": "completed",
            "subject": subject, "medicationCodeableConcept": said, "effectiveDateTime": day, "dosage": dosage,
            "performer": [{ "actor": { "display": "@" } }], "note": note }),
        json!({ "resourceType": "Observation", "id": id("vit"), "status": "final", "category": category("vital-signs"),
            "code": said, "subject": subject, "effectiveDateTime": day, "valueString": "@", "note": note }),
        json!({ "resourceType": "Observation", "id": id("soc"), "status": "final", "category": category("social-history"),
            "code": said, "subject": subject, "effectiveDateTime": day, "valueString": "@" }),
        json!({ "resourceType": "CarePlan", "id": id("cpl"), "status": "active", "intent": "plan", "subject": subject,
            "title": "@", "description": "@", "period": { "start": day }, "category": [said],
            "activity": [{ "detail": { "code": said, "description": "@", "status": "in-progress" } }], "note": note }),
        json!({ "resourceType": "FamilyMemberHistory", "id": id("fam"), "status": "completed", "patient": subject,
            "relationship": said, "name": "@", "condition": [{ "code": said, "note": note }], "date": day }),
        json!({ "resourceType": "QuestionnaireResponse", "id": id("que"), "status": "completed", "subject": subject,
            "authored": day, "item": [{ "linkId": "1", "text": "@", "item": [inner] }] }),
        json!({ "resourceType": "DiagnosticReport", "id": id("exa"), "status": "final", "code": said, "subject": subject,
            "category": category("CT"), "effectiveDateTime": "2026-10-02", "conclusion": "@", "performer": [{ "display": "@" }],
            "presentedForm": [{ "contentType": "text/plain", "title": "@", "data": "5omA6KeB" }] }),
        json!({ "resourceType": "DocumentReference", "id": id("dis"), "status": "current", "docStatus": "final",
            "type": { "coding": [{ "system": "http://loinc.org", "code": "18842-5" }], "text": "@" }, "subject": subject,
            "date": "2026-10-09", "author": [{ "display": "@" }], "description": "@",
            "content": [{ "attachment": { "contentType": "text/plain", "title": "@", "data": "5Ye66Zmi" } }],
            "context": { "encounter": [stay] } }),
    ]
}

/// What was paid for, by whom.
fn bills(id: &impl Fn(&str) -> String, subject: &Value, said: &Value, day: &str) -> Vec<Value> {
    let money = json!({ "value": 12.5, "currency": "CNY" });
    let insurer = json!({ "display": "@" });
    vec![
        json!({ "resourceType": "Coverage", "id": id("cov"), "status": "active", "beneficiary": subject, "type": said,
            "payor": [insurer], "subscriberId": "@", "period": { "start": day } }),
        json!({ "resourceType": "Account", "id": id("acc"), "status": "active", "subject": [subject], "name": "@",
            "type": said, "description": "@", "servicePeriod": { "start": day } }),
        json!({ "resourceType": "ChargeItem", "id": id("chi"), "status": "billed", "code": said, "subject": subject,
            "occurrenceDateTime": day, "priceOverride": money }),
        json!({ "resourceType": "Invoice", "id": id("inv"), "status": "issued", "type": said, "subject": subject,
            "date": day, "totalNet": money, "lineItem": [{ "sequence": 1, "chargeItemCodeableConcept": said }] }),
        json!({ "resourceType": "Claim", "id": id("cla"), "status": "active", "type": said, "patient": subject,
            "created": day, "insurer": insurer, "total": money,
            "item": [{ "sequence": 1, "productOrService": said, "net": money }] }),
        json!({ "resourceType": "ExplanationOfBenefit", "id": id("eob"), "status": "active", "type": said,
            "patient": subject, "created": day, "insurer": insurer, "outcome": "complete",
            "item": [{ "sequence": 1, "productOrService": said, "net": money }],
            "total": [{ "category": said, "amount": money }] }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_word_of_its_own() {
        let mut canaries = Canaries::default();
        for person in [A, B] {
            canaries.add(&person, "one");
        }
        let of = |letter| canaries.words.iter().filter(|canary| canary.person == letter).count();
        assert!(of('A') > 150 && of('A') == of('B'), "{} {}", of('A'), of('B'));
        assert!(
            !serde_json::to_string(&canaries.resources).expect("JSON").contains('@'.to_string().repeat(2).as_str())
        );
    }
}
