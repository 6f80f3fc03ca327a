//! Condition (<https://hl7.org/fhir/R4/condition.html>).

use super::{Annotation, CodeableConcept, Meta, ResourceReference, When};
use crate::lean::object;

object! {
    /// A problem or diagnosis.
    pub struct Condition<'a> {
        /// As sent; other than `Condition` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `recurrence`, `relapse`, `inactive`, `remission`, `resolved`.
        pub clinical_status: Option<CodeableConcept<'a>> = "clinicalStatus",
        /// `unconfirmed`, `provisional`, `differential`, `confirmed`, `refuted`, `entered-in-error`.
        pub verification_status: Option<CodeableConcept<'a>> = "verificationStatus",
        /// `problem-list-item`, `encounter-diagnosis`; often left out.
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// How bad.
        pub severity: Option<CodeableConcept<'a>> = "severity",
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Who has it.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// At which visit it was diagnosed.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// Since when.
        pub onset: Option<When<'a>> = "onsetDateTime" | "onsetPeriod" | "onsetAge" | "onsetRange" | "onsetString",
        /// Until when.
        pub abatement: Option<When<'a>>
            = "abatementDateTime" | "abatementPeriod" | "abatementAge" | "abatementRange" | "abatementString",
        /// When it was written down.
        pub recorded_date: Option<&'a str> = "recordedDate",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
    }
}
