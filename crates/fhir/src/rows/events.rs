//! Immunization (<https://hl7.org/fhir/R4/immunization.html>), Procedure (<https://hl7.org/fhir/R4/procedure.html>) and
//! Device (<https://hl7.org/fhir/R4/device.html>).

use super::{Annotation, CodeableConcept, Contained, Extension, Meta, Number, ResourceReference, When};
use crate::lean::object;

object! {
    /// A vaccination, given or not.
    pub struct Immunization<'a> {
        /// As sent; other than `Immunization` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `completed`, `entered-in-error`, `not-done`.
        pub status: Option<&'a str> = "status",
        /// Why it was not done.
        pub status_reason: Option<CodeableConcept<'a>> = "statusReason",
        /// What.
        pub vaccine_code: Option<CodeableConcept<'a>> = "vaccineCode",
        /// To whom.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// When.
        pub occurrence: Option<When<'a>> = "occurrenceDateTime" | "occurrenceString",
        /// When it was written down.
        pub recorded: Option<&'a str> = "recorded",
        /// Where.
        pub location: Option<ResourceReference<'a>> = "location",
        /// Lot.
        pub lot_number: Option<&'a str> = "lotNumber",
        /// Who.
        pub performer: &'a [EventPerformer<'a>] = "performer",
        /// Where it is known from, when nobody saw it: `recall` is the patient's or the parents' memory.
        pub report_origin: Option<CodeableConcept<'a>> = "reportOrigin",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// Which dose of which series.
        pub protocol_applied: &'a [ProtocolApplied<'a>] = "protocolApplied",
    }
}

object! {
    /// `Immunization.protocolApplied`
    pub struct ProtocolApplied<'a> {
        /// Name of the series.
        pub series: Option<&'a str> = "series",
        /// Which dose.
        pub dose_number: Option<Number<'a>> = "doseNumberPositiveInt",
        /// Which dose, in words.
        pub dose_text: Option<&'a str> = "doseNumberString",
    }
}

object! {
    /// Who took part, and as what.
    pub struct EventPerformer<'a> {
        /// As what.
        pub function: Option<CodeableConcept<'a>> = "function",
        /// Who.
        pub actor: Option<ResourceReference<'a>> = "actor",
    }
}

object! {
    /// Something done to the patient.
    pub struct Procedure<'a> {
        /// As sent; other than `Procedure` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources that it brings along.
        pub contained: &'a [Contained<'a>] = "contained",
        /// What Procedure has no element for: ASA class, kind of anaesthesia.
        pub extension: &'a [Extension<'a>] = "extension",
        /// The procedure that it is a part of.
        pub part_of: &'a [ResourceReference<'a>] = "partOf",
        /// `preparation`, `in-progress`, `not-done`, `on-hold`, `stopped`, `completed`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// Why that status.
        pub status_reason: Option<CodeableConcept<'a>> = "statusReason",
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// To whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// When.
        pub performed: Option<When<'a>>
            = "performedDateTime" | "performedPeriod" | "performedAge" | "performedRange" | "performedString",
        /// Who.
        pub performer: &'a [EventPerformer<'a>] = "performer",
        /// What for.
        pub reason_code: &'a [CodeableConcept<'a>] = "reasonCode",
        /// Where on the body.
        pub body_site: &'a [CodeableConcept<'a>] = "bodySite",
        /// What came of it.
        pub outcome: Option<CodeableConcept<'a>> = "outcome",
        /// Surgery, anaesthesia, diagnostic procedure, …
        pub category: Option<CodeableConcept<'a>> = "category",
        /// In which room.
        pub location: Option<ResourceReference<'a>> = "location",
        /// Reports and documents about it.
        pub report: &'a [ResourceReference<'a>] = "report",
        /// What went wrong.
        pub complication: &'a [CodeableConcept<'a>] = "complication",
        /// Materials, techniques, kinds of anaesthesia.
        pub used_code: &'a [CodeableConcept<'a>] = "usedCode",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
    }
}

object! {
    /// A thing in or on the patient.
    pub struct Device<'a> {
        /// As sent; other than `Device` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `inactive`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// Maker.
        pub manufacturer: Option<&'a str> = "manufacturer",
        /// When it was made.
        pub manufacture_date: Option<&'a str> = "manufactureDate",
        /// Use until.
        pub expiration_date: Option<&'a str> = "expirationDate",
        /// Names.
        pub device_name: &'a [DeviceName<'a>] = "deviceName",
        /// Model.
        pub model_number: Option<&'a str> = "modelNumber",
        /// What kind of thing.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// In or on whom.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
    }
}

object! {
    /// `Device.deviceName`
    pub struct DeviceName<'a> {
        /// The name.
        pub name: Option<&'a str> = "name",
        /// `udi-label-name`, `user-friendly-name`, …
        pub kind: Option<&'a str> = "type",
    }
}
