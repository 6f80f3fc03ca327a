//! Who and where: resources that others name, reduced to their words.

use super::{CodeableConcept, HumanName, Identifier, ResourceReference};
use crate::lean::object;

object! {
    /// Somebody who cares for patients (<https://hl7.org/fhir/R4/practitioner.html>).
    pub struct Practitioner<'a> {
        /// As sent; other than `Practitioner` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Staff numbers, licences.
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// False: they do not work there any more.
        pub active: Option<bool> = "active",
        /// Names.
        pub name: &'a [HumanName<'a>] = "name",
    }
}

object! {
    /// What somebody does where (<https://hl7.org/fhir/R4/practitionerrole.html>).
    pub struct PractitionerRole<'a> {
        /// As sent; other than `PractitionerRole` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// False: no longer.
        pub active: Option<bool> = "active",
        /// Who.
        pub practitioner: Option<ResourceReference<'a>> = "practitioner",
        /// Where.
        pub organization: Option<ResourceReference<'a>> = "organization",
        /// As what.
        pub code: &'a [CodeableConcept<'a>] = "code",
    }
}

object! {
    /// A hospital or department (<https://hl7.org/fhir/R4/organization.html>).
    pub struct Organization<'a> {
        /// As sent; other than `Organization` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// What it is called.
        pub name: Option<&'a str> = "name",
    }
}

object! {
    /// A room, ward or bed (<https://hl7.org/fhir/R4/location.html>).
    pub struct Location<'a> {
        /// As sent; other than `Location` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// What it is called.
        pub name: Option<&'a str> = "name",
    }
}

object! {
    /// A service of a hospital (<https://hl7.org/fhir/R4/healthcareservice.html>).
    pub struct HealthcareService<'a> {
        /// As sent; other than `HealthcareService` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// What it is called.
        pub name: Option<&'a str> = "name",
    }
}
