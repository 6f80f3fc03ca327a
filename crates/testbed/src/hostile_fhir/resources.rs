//! Resources as texts, the patient's own and others'.

use serde_json::{Value, json};

use super::{FOREIGN, Hospital, NAME, RESIDENT_ID, RESIDENT_ID_SYSTEM};

/// Another patient's number.
const OTHER_RESIDENT_ID: &str = "999009198507120177";

/// The patient, as this hospital registers her under `id`.
pub fn patient(id: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": id, "gender": "female", "birthDate": "1964-03-18",
        "name": [{ "use": "official", "text": NAME }],
        "identifier": [{ "system": RESIDENT_ID_SYSTEM, "value": RESIDENT_ID }],
    })
}

/// Somebody else.
pub(super) fn other_patient(id: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": id, "gender": "male", "birthDate": "1985-07-12",
        "name": [{ "use": "official", "text": FOREIGN }],
        "identifier": [{ "system": RESIDENT_ID_SYSTEM, "value": OTHER_RESIDENT_ID }],
    })
}

/// A potassium result.
pub fn observation(id: &str, subject: Value, value: f64, text: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "subject": subject,
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory",
        }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2823-3" }], "text": text },
        "effectiveDateTime": "2026-11-20T08:10:00+08:00", "valueQuantity": { "value": value, "unit": "mmol/L" },
    })
}

/// In which relation to the patient an entry is. None of them but [`Whose::Own`] proves that it is hers, so nothing of
/// any other may be shown (RECORD: rule 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Hers.
    Own,
    /// Another patient of the hospital.
    Other,
    /// An id that begins like hers.
    Longer,
    /// A patient contained in the result.
    Contained,
    /// Somebody else's result as the contained resource of one without a subject.
    ContainedResult,
    /// Another patient and her result, included beside the matches.
    Included,
    /// Another patient's number.
    Logical,
    /// Her number under another system.
    OtherSystem,
    /// Her id at another server.
    Elsewhere,
    /// Her id at another FHIR base of the same server.
    OtherBase,
    /// A number of the bundle's.
    Urn,
    /// A group with her id.
    Group,
    /// Her id, said to be of a group.
    OtherType,
    /// No subject.
    Missing,
    /// A subject that is only a name: hers.
    NameOnly,
    /// The subject stands twice, hers first.
    TwiceOwnFirst,
    /// The subject stands twice, hers last.
    TwiceOwnLast,
    /// The reference within the subject stands twice, hers first.
    ReferenceTwice,
    /// An OperationOutcome that tells of somebody else.
    Outcome,
    /// `Patient/ID` answers with somebody else; the results say they are hers.
    PatientReplaced,
    /// The second page is another patient's.
    NextPage,
}

impl Whose {
    /// All but the patient's own.
    pub const FOREIGN: [Self; 20] = [
        Self::Other,
        Self::Longer,
        Self::Contained,
        Self::ContainedResult,
        Self::Included,
        Self::Logical,
        Self::OtherSystem,
        Self::Elsewhere,
        Self::OtherBase,
        Self::Urn,
        Self::Group,
        Self::OtherType,
        Self::Missing,
        Self::NameOnly,
        Self::TwiceOwnFirst,
        Self::TwiceOwnLast,
        Self::ReferenceTwice,
        Self::Outcome,
        Self::NextPage,
        // The last: it ends the link.
        Self::PatientReplaced,
    ];

    /// The text of a result in this relation to the patient with id `own` at `base`.
    pub fn resource(self, id: &str, own: &str, base: &str, value: f64) -> String {
        let mine = json!({ "reference": format!("Patient/{own}") });
        let foreign = |subject: Value| observation(id, subject, value, FOREIGN);
        let reference = |text: String| foreign(json!({ "reference": text })).to_string();
        match self {
            Self::Own | Self::PatientReplaced => observation(id, mine, value, "钾").to_string(),
            Self::Other | Self::Included | Self::NextPage => reference("Patient/somebody-else".into()),
            Self::Longer => reference(format!("Patient/{own}0")),
            Self::Contained => {
                let mut result = foreign(json!({ "reference": format!("#{own}") }));
                result["contained"] = json!([patient(own)]);
                result.to_string()
            }
            Self::ContainedResult => {
                let mut result = foreign(Value::Null);
                result["contained"] = json!([observation("inner", mine, value, FOREIGN)]);
                result.to_string()
            }
            Self::Logical => logical(&foreign, RESIDENT_ID_SYSTEM, OTHER_RESIDENT_ID),
            Self::OtherSystem => logical(&foreign, "urn:somewhere-else", RESIDENT_ID),
            Self::Elsewhere => reference(format!("http://127.0.0.1:1/fhir/Patient/{own}")),
            Self::OtherBase => reference(format!("{base}/../other/Patient/{own}")),
            Self::Urn => reference("urn:uuid:8f3c0000-0000-4000-8000-000000000001".into()),
            Self::Group => reference(format!("Group/{own}")),
            Self::OtherType => foreign(json!({ "reference": format!("Patient/{own}"), "type": "Group" })).to_string(),
            Self::Missing => foreign(Value::Null).to_string(),
            Self::NameOnly => foreign(json!({ "display": NAME })).to_string(),
            Self::TwiceOwnFirst => twice(&foreign(mine), r#""subject":{"reference":"Patient/somebody-else"}"#),
            Self::TwiceOwnLast => twice(
                &foreign(json!({ "reference": "Patient/somebody-else" })),
                &format!(r#""subject":{{"reference":"Patient/{own}"}}"#),
            ),
            Self::ReferenceTwice => {
                let text = foreign(json!("SUBJECT")).to_string();
                let subject = format!(r#"{{"reference":"Patient/{own}","reference":"Patient/somebody-else"}}"#);
                text.replace("\"SUBJECT\"", &subject)
            }
            Self::Outcome => json!({
                "resourceType": "OperationOutcome", "id": id,
                "issue": [{ "severity": "warning", "code": "informational", "diagnostics": FOREIGN,
                    "details": { "text": FOREIGN } }],
            })
            .to_string(),
        }
    }
}

fn logical(foreign: &impl Fn(Value) -> Value, system: &str, value: &str) -> String {
    foreign(json!({ "identifier": { "system": system, "value": value } })).to_string()
}

/// The text of a resource with one more member at its end.
fn twice(resource: &Value, member: &str) -> String {
    let text = resource.to_string();
    format!("{},{member}}}", text.strip_suffix('}').unwrap_or_default())
}

impl Hospital {
    /// The patient's own results, as texts.
    pub(super) fn results(&self) -> Vec<String> {
        let numbered = self.values.iter().enumerate();
        numbered.map(|(nth, value)| self.own_result(&format!("own-{nth}"), *value)).collect()
    }

    pub(super) fn own_result(&self, id: &str, value: f64) -> String {
        Whose::Own.resource(id, &self.id, &self.base(), value)
    }
}
