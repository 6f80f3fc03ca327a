//! DocumentReference (<https://hl7.org/fhir/R4/documentreference.html>) and Binary
//! (<https://hl7.org/fhir/R4/binary.html>).

use super::{Attachment, CodeableConcept, Contained, Meta, Period, ResourceReference};
use crate::lean::{Rare, object};

object! {
    /// A document, and where it is.
    pub struct DocumentReference<'a> {
        /// As sent; other than `DocumentReference` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources inside it.
        pub contained: &'a [Contained<'a>] = "contained",
        /// `current`, `superseded`, `entered-in-error`.
        pub status: Option<&'a str> = "status",
        /// `preliminary`, `final`, `amended`, `entered-in-error`.
        pub doc_status: Option<&'a str> = "docStatus",
        /// What kind of document.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// `clinical-note`, …; often left out.
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// Who it is about.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// When it was filed: an instant.
        pub date: Option<&'a str> = "date",
        /// Who wrote it.
        pub author: &'a [ResourceReference<'a>] = "author",
        /// In words.
        pub description: Option<&'a str> = "description",
        /// The document, perhaps in several formats.
        pub content: &'a [DocumentContent<'a>] = "content",
        /// During what.
        pub context: Rare<'a, DocumentContext<'a>> = "context",
        /// What it does to other documents.
        pub relates_to: &'a [RelatesTo<'a>] = "relatesTo",
    }
}

object! {
    /// `DocumentReference.relatesTo`, `Composition.relatesTo`
    pub struct RelatesTo<'a> {
        /// `replaces`, `transforms`, `signs`, `appends`
        pub code: Option<&'a str> = "code",
        /// The other document.
        pub target: Option<ResourceReference<'a>> = "target" | "targetReference",
    }
}

object! {
    /// `DocumentReference.content`
    pub struct DocumentContent<'a> {
        /// The document.
        pub attachment: Option<Attachment<'a>> = "attachment",
    }
}

object! {
    /// `DocumentReference.context`
    pub struct DocumentContext<'a> {
        /// During which visits.
        pub encounter: &'a [ResourceReference<'a>] = "encounter",
        /// When what it tells of happened.
        pub period: Option<Period<'a>> = "period",
        /// What it is about beside the visit: the operation, the order.
        pub related: &'a [ResourceReference<'a>] = "related",
    }
}

object! {
    /// A document's bytes.
    pub struct Binary<'a> {
        /// As sent.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// MIME type.
        pub content_type: Option<&'a str> = "contentType",
        /// Whose access rules it has: when this names a patient, it is theirs.
        pub security_context: Option<ResourceReference<'a>> = "securityContext",
        /// Base64.
        pub data: Option<&'a str> = "data",
    }
}
