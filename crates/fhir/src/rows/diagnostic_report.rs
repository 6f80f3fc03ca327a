//! DiagnosticReport (<https://hl7.org/fhir/R4/diagnosticreport.html>).

use super::{Attachment, CodeableConcept, Effective, Meta, ResourceReference};
use crate::lean::object;

object! {
    /// A report that groups results.
    pub struct DiagnosticReport<'a> {
        /// As sent; other than `DiagnosticReport` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `registered`, `partial`, `preliminary`, `final`, `amended`, `cancelled`, `entered-in-error`, …
        pub status: Option<&'a str> = "status",
        /// `LAB`, `RAD`, …; often left out.
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// What was reported.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Who it is about.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// When it was true of the patient.
        pub effective: Option<Effective<'a>> = "effectiveDateTime" | "effectivePeriod",
        /// When it was published.
        pub issued: Option<&'a str> = "issued",
        /// Who reports.
        pub performer: &'a [ResourceReference<'a>] = "performer",
        /// On what.
        pub specimen: &'a [ResourceReference<'a>] = "specimen",
        /// Results of the report.
        pub result: &'a [ResourceReference<'a>] = "result",
        /// Conclusion in words.
        pub conclusion: Option<&'a str> = "conclusion",
        /// The report as a document.
        pub presented_form: &'a [Attachment<'a>] = "presentedForm",
    }
}
