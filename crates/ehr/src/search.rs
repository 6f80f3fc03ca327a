//! Patient search over the hospitals.

use crate::{MaskedIdentifier, SourceReport};

/// What a search found and who answered.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct PatientSearch {
    /// Kept for ten minutes under this id, so that a URL holds no resident ID.
    pub id: uuid::Uuid,
    /// The query as it may be shown again: a resident ID is masked.
    pub shown_query: String,
    /// People found.
    pub items: Vec<FoundPatient>,
    /// Every configured source.
    pub sources: Vec<SourceReport>,
    /// There are more people than these: what was typed says too little.
    #[serde(default)]
    pub more: bool,
    /// Ids of sources whose patients the index does not have in full. Pinyin, initials and ends of phone numbers find of
    /// theirs only who was met before.
    #[serde(default)]
    pub not_swept: Vec<String>,
}

/// One person of the region.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct FoundPatient {
    /// Regional id.
    pub person: access::PersonId,
    /// The regional index number people can read out.
    pub number: String,
    /// As registered.
    pub name: String,
    /// Pinyin of the name with tones, for the eye.
    pub pinyin: Option<String>,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Completed years.
    pub age: Option<i32>,
    /// At least two wherever hospitals give two (record numbers beside the resident ID).
    pub identifiers: Vec<MaskedIdentifier>,
    /// Ids of sources where this person is known.
    pub sources: Vec<String>,
    /// Same name, sex and birth date as another row, but not linked: needs a look.
    pub possible_duplicate: bool,
}
