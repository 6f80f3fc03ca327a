//! OperationOutcome (<https://hl7.org/fhir/R4/operationoutcome.html>).

use super::CodeableConcept;
use crate::lean::object;

object! {
    /// What a server has to say about a request.
    pub struct OperationOutcome<'a> {
        /// `OperationOutcome`
        pub resource_type: Option<&'a str> = "resourceType",
        /// What it says.
        pub issue: &'a [OutcomeIssue<'a>] = "issue",
    }
}

object! {
    /// `OperationOutcome.issue`
    pub struct OutcomeIssue<'a> {
        /// `fatal`, `error`, `warning`, `information`.
        pub severity: Option<&'a str> = "severity",
        /// IssueType.
        pub code: Option<&'a str> = "code",
        /// The server's own code and words.
        pub details: Option<CodeableConcept<'a>> = "details",
        /// For engineers.
        pub diagnostics: Option<&'a str> = "diagnostics",
        /// Which elements or parameters.
        pub expression: &'a [&'a str] = "expression",
    }
}
