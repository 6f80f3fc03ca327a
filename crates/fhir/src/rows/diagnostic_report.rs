//! DiagnosticReport (<https://hl7.org/fhir/R4/diagnosticreport.html>).

use super::{Attachment, CodeableConcept, Contained, Effective, Meta, Narrative, ResourceReference};
use crate::lean::{Rare, object};

object! {
    /// A report that groups results.
    pub struct DiagnosticReport<'a> {
        /// As sent; other than `DiagnosticReport` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources inside it.
        pub contained: &'a [Contained<'a>] = "contained",
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
        /// Who interpreted it.
        pub results_interpreter: &'a [ResourceReference<'a>] = "resultsInterpreter",
        /// Pictures of the study, at an image archive.
        pub imaging_study: &'a [ResourceReference<'a>] = "imagingStudy",
        /// Key pictures.
        pub media: &'a [ReportMedia<'a>] = "media",
        /// Conclusion in words.
        pub conclusion: Option<&'a str> = "conclusion",
        /// Conclusion in codes.
        pub conclusion_code: &'a [CodeableConcept<'a>] = "conclusionCode",
        /// The resource in words.
        pub text: Rare<'a, Narrative<'a>> = "text",
        /// The report as a document.
        pub presented_form: &'a [Attachment<'a>] = "presentedForm",
    }
}

object! {
    /// `DiagnosticReport.media`
    pub struct ReportMedia<'a> {
        /// What it shows.
        pub comment: Option<&'a str> = "comment",
        /// The picture.
        pub link: Option<ResourceReference<'a>> = "link",
    }
}
