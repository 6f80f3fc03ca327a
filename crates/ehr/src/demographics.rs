//! 患者基本信息: what each hospital says about who the patient is.

use jiff::Timestamp;

use crate::Origin;

/// One hospital's registration of the patient.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Names as written, official first.
    pub names: Vec<String>,
    /// FHIR administrative gender: `male`, `female`, `other`, `unknown`.
    pub sex: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Death, when recorded: a date, or `true`.
    pub deceased: Option<String>,
    /// Identifiers, masked.
    pub identifiers: Vec<MaskedIdentifier>,
    /// Telephone numbers, masked.
    pub phones: Vec<String>,
    /// Addresses, one line each.
    pub addresses: Vec<String>,
    /// `name (relation) phone`, phone masked.
    pub contacts: Vec<String>,
    /// FHIR `Patient.active` is false.
    pub inactive: bool,
    /// Where from.
    pub origin: Origin,
}

/// An identifier as it may be shown (`440***********1234`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MaskedIdentifier {
    /// FHIR system URI, as sent.
    pub system: Option<String>,
    /// `resident-id`, `record-number`, or `other`: a message key.
    pub kind: String,
    /// With the middle covered.
    pub masked: String,
}

/// An identity of the patient at a source, and why we believe it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Source id.
    pub source: String,
    /// `Patient/id` at that source.
    pub patient: String,
    /// `strong-key`, later also `steward`, `merged`.
    pub how: String,
    /// In message keys: `resident-id`, `birth-date`, `sex`, `name`.
    pub evidence: Vec<String>,
    /// Since when.
    pub at: Timestamp,
}

/// Who the patient is: on every page about them.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The regional id.
    pub person: access::PersonId,
    /// As registered.
    pub name: String,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// `YYYY-MM-DD`, or less.
    pub birth_date: Option<String>,
    /// Completed years today, when the birth date is known to the day.
    pub age: Option<i32>,
    /// The regional index number people can read out, e.g. `LZ 0048 2917 36`.
    pub number: String,
    /// Masked identifiers, resident ID first.
    pub identifiers: Vec<MaskedIdentifier>,
    /// Identities at sources.
    pub links: Vec<Link>,
    /// What is known of allergies: `Asking` in a banner that did not ask.
    pub allergies: crate::Allergies,
    /// Until when the reader, who has broken the glass, may read on; `None` for whoever treats the patient.
    pub glass_until: Option<Timestamp>,
}
