//! CarePlan (<https://hl7.org/fhir/R4/careplan.html>).

use super::{Annotation, CodeableConcept, Contained, Meta, Period, ResourceReference};
use crate::lean::{Rare, object};

object! {
    /// What is to be done for a patient, and why.
    pub struct CarePlan<'a> {
        /// As sent; other than `CarePlan` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources that it brings along.
        pub contained: &'a [Contained<'a>] = "contained",
        /// `draft`, `active`, `on-hold`, `revoked`, `completed`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// `proposal`, `plan`, `order`, `option`.
        pub intent: Option<&'a str> = "intent",
        /// `assess-plan`, …; often left out.
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// Its name.
        pub title: Option<&'a str> = "title",
        /// In words.
        pub description: Option<&'a str> = "description",
        /// For whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// From–to.
        pub period: Option<Period<'a>> = "period",
        /// When it was written down.
        pub created: Option<&'a str> = "created",
        /// Who is responsible.
        pub author: Option<ResourceReference<'a>> = "author",
        /// Who else wrote it.
        pub contributor: &'a [ResourceReference<'a>] = "contributor",
        /// Which problems it is about.
        pub addresses: &'a [ResourceReference<'a>] = "addresses",
        /// What is to be reached.
        pub goal: &'a [ResourceReference<'a>] = "goal",
        /// What is to be done.
        pub activity: &'a [CareActivity<'a>] = "activity",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
    }
}

object! {
    /// `CarePlan.activity`
    pub struct CareActivity<'a> {
        /// What came of it.
        pub outcome: &'a [CodeableConcept<'a>] = "outcomeCodeableConcept",
        /// How far it is.
        pub progress: &'a [Annotation<'a>] = "progress",
        /// The order or appointment that it is.
        pub reference: Option<ResourceReference<'a>> = "reference",
        /// What it is, where it is no resource of its own.
        pub detail: Rare<'a, CareDetail<'a>> = "detail",
    }
}

object! {
    /// `CarePlan.activity.detail`
    pub struct CareDetail<'a> {
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// `not-started`, `scheduled`, `in-progress`, `on-hold`, `completed`, `cancelled`, `stopped`, …
        pub status: Option<&'a str> = "status",
        /// True: it is to be avoided.
        pub do_not_perform: Option<bool> = "doNotPerform",
        /// When, in words.
        pub scheduled: Option<&'a str> = "scheduledString",
        /// More of it in words.
        pub description: Option<&'a str> = "description",
    }
}
