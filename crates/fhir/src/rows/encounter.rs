//! Encounter (<https://hl7.org/fhir/R4/encounter.html>).

use super::{CodeableConcept, Coding, Contained, Extension, Identifier, Meta, Number, Period, ResourceReference};
use crate::lean::{Rare, object};

object! {
    /// A visit or a stay.
    pub struct Encounter<'a> {
        /// As sent; other than `Encounter` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources inside it.
        pub contained: &'a [Contained<'a>] = "contained",
        /// Numbers of the visit.
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// `planned`, `arrived`, `in-progress`, `finished`, `cancelled`, `entered-in-error`, …
        pub status: Option<&'a str> = "status",
        /// `AMB`, `EMER`, `IMP`, or a code of the hospital's own.
        pub class: Option<Coding<'a>> = "class",
        /// What kind.
        pub kind: &'a [CodeableConcept<'a>] = "type",
        /// Department, service.
        pub service_type: Option<CodeableConcept<'a>> = "serviceType",
        /// Who came.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// From–to.
        pub period: Option<Period<'a>> = "period",
        /// Why.
        pub reason_code: &'a [CodeableConcept<'a>] = "reasonCode",
        /// Diagnoses and their part in the visit.
        pub diagnosis: &'a [EncounterDiagnosis<'a>] = "diagnosis",
        /// Who treated.
        pub participant: &'a [EncounterParticipant<'a>] = "participant",
        /// Where.
        pub location: &'a [EncounterLocation<'a>] = "location",
        /// How a stay began and ended.
        pub hospitalization: Rare<'a, EncounterHospitalization<'a>> = "hospitalization",
        /// The hospital.
        pub service_provider: Option<ResourceReference<'a>> = "serviceProvider",
    }
}

object! {
    /// `Encounter.diagnosis`
    pub struct EncounterDiagnosis<'a> {
        /// What has no element of its own: 入院病情.
        pub extension: &'a [Extension<'a>] = "extension",
        /// Which condition or procedure.
        pub condition: Option<ResourceReference<'a>> = "condition",
        /// Admission, discharge, chief complaint, …
        pub usage: Option<CodeableConcept<'a>> = "use",
        /// 1 is the main one.
        pub rank: Option<Number<'a>> = "rank",
    }
}

object! {
    /// `Encounter.participant`
    pub struct EncounterParticipant<'a> {
        /// As what.
        pub kind: &'a [CodeableConcept<'a>] = "type",
        /// From–to.
        pub period: Option<Period<'a>> = "period",
        /// Who.
        pub individual: Option<ResourceReference<'a>> = "individual",
    }
}

object! {
    /// `Encounter.location`
    pub struct EncounterLocation<'a> {
        /// Where.
        pub location: Option<ResourceReference<'a>> = "location",
        /// `planned`, `active`, `reserved`, `completed`
        pub status: Option<&'a str> = "status",
        /// Ward, room, bed (<https://terminology.hl7.org/CodeSystem-location-physical-type.html>).
        pub physical_type: Option<CodeableConcept<'a>> = "physicalType",
        /// From–to.
        pub period: Option<Period<'a>> = "period",
    }
}

object! {
    /// `Encounter.hospitalization`
    pub struct EncounterHospitalization<'a> {
        /// From where the patient came.
        pub admit_source: Option<CodeableConcept<'a>> = "admitSource",
        /// Where they went.
        pub discharge_disposition: Option<CodeableConcept<'a>> = "dischargeDisposition",
    }
}
