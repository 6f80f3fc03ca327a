//! AllergyIntolerance (<https://hl7.org/fhir/R4/allergyintolerance.html>).

use super::{Annotation, CodeableConcept, Meta, ResourceReference, When};
use crate::lean::object;

object! {
    /// An allergy or intolerance, or the statement that there is none.
    pub struct AllergyIntolerance<'a> {
        /// As sent; other than `AllergyIntolerance` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `inactive`, `resolved`.
        pub clinical_status: Option<CodeableConcept<'a>> = "clinicalStatus",
        /// `unconfirmed`, `confirmed`, `refuted`, `entered-in-error`.
        pub verification_status: Option<CodeableConcept<'a>> = "verificationStatus",
        /// `allergy`, `intolerance`.
        pub kind: Option<&'a str> = "type",
        /// `food`, `medication`, `environment`, `biologic`.
        pub category: &'a [&'a str] = "category",
        /// `low`, `high`, `unable-to-assess`.
        pub criticality: Option<&'a str> = "criticality",
        /// To what; or that there is none.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Who.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// Since when.
        pub onset: Option<When<'a>> = "onsetDateTime" | "onsetPeriod" | "onsetAge" | "onsetRange" | "onsetString",
        /// When it was written down.
        pub recorded_date: Option<&'a str> = "recordedDate",
        /// When it happened last.
        pub last_occurrence: Option<&'a str> = "lastOccurrence",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// What happened.
        pub reaction: &'a [AllergyReaction<'a>] = "reaction",
    }
}

object! {
    /// `AllergyIntolerance.reaction`
    pub struct AllergyReaction<'a> {
        /// To what exactly.
        pub substance: Option<CodeableConcept<'a>> = "substance",
        /// Signs.
        pub manifestation: &'a [CodeableConcept<'a>] = "manifestation",
        /// In words.
        pub description: Option<&'a str> = "description",
        /// When.
        pub onset: Option<&'a str> = "onset",
        /// `mild`, `moderate`, `severe`.
        pub severity: Option<&'a str> = "severity",
    }
}
