//! Composition (<https://hl7.org/fhir/R4/composition.html>).

use super::{CodeableConcept, Contained, Identifier, Meta, Narrative, Period, RelatesTo, ResourceReference};
use crate::lean::{Rare, object};

object! {
    /// A document made of sections.
    pub struct Composition<'a> {
        /// As sent; other than `Composition` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources inside it.
        pub contained: &'a [Contained<'a>] = "contained",
        /// Number of the document, whatever its version.
        pub identifier: Option<Identifier<'a>> = "identifier",
        /// `preliminary`, `final`, `amended`, `entered-in-error`
        pub status: Option<&'a str> = "status",
        /// What kind of document.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// Coarser.
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// Who it is about.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// When it was written.
        pub date: Option<&'a str> = "date",
        /// Who wrote it.
        pub author: &'a [ResourceReference<'a>] = "author",
        /// What it is called.
        pub title: Option<&'a str> = "title",
        /// What it does to other documents.
        pub relates_to: &'a [RelatesTo<'a>] = "relatesTo",
        /// What it tells of.
        pub event: &'a [CompositionEvent<'a>] = "event",
        /// Its sections.
        pub section: &'a [CompositionSection<'a>] = "section",
    }
}

object! {
    /// `Composition.event`
    pub struct CompositionEvent<'a> {
        /// When it happened.
        pub period: Option<Period<'a>> = "period",
    }
}

object! {
    /// `Composition.section`
    pub struct CompositionSection<'a> {
        /// What it is called.
        pub title: Option<&'a str> = "title",
        /// What it is about.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Its words.
        pub text: Rare<'a, Narrative<'a>> = "text",
        /// Why there are none.
        pub empty_reason: Option<CodeableConcept<'a>> = "emptyReason",
        /// Sections inside it.
        pub section: &'a [CompositionSubsection<'a>] = "section",
    }
}

object! {
    /// `Composition.section.section`: the second level; what lies deeper is not read, its parent's words are all there is.
    pub struct CompositionSubsection<'a> {
        /// What it is called.
        pub title: Option<&'a str> = "title",
        /// What it is about.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Its words.
        pub text: Rare<'a, Narrative<'a>> = "text",
    }
}
