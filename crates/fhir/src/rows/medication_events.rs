//! MedicationDispense (<https://hl7.org/fhir/R4/medicationdispense.html>), MedicationAdministration
//! (<https://hl7.org/fhir/R4/medicationadministration.html>) and MedicationStatement
//! (<https://hl7.org/fhir/R4/medicationstatement.html>).

use super::{
    Annotation, CodeableConcept, Contained, Dosage, EventPerformer, Ingredient, Meta, Quantity, Ratio,
    ResourceReference, When,
};
use crate::lean::object;

object! {
    /// What the pharmacy handed out, or the Medication that came with it (`_include`): then it has a `code`.
    pub struct MedicationDispense<'a> {
        /// As sent; `Medication` for included ones.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `preparation`, `in-progress`, `cancelled`, `on-hold`, `completed`, `entered-in-error`, `stopped`, `declined`,
        /// `unknown`.
        pub status: Option<&'a str> = "status",
        /// Why it was not handed out.
        pub status_reason: Option<CodeableConcept<'a>> = "statusReasonCodeableConcept",
        /// What.
        pub medication: Option<CodeableConcept<'a>> = "medicationCodeableConcept",
        /// What, elsewhere.
        pub medication_reference: Option<ResourceReference<'a>> = "medicationReference",
        /// Of an included Medication: what it is.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Of an included Medication: what is in it.
        pub ingredient: &'a [Ingredient<'a>] = "ingredient",
        /// For whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// Who.
        pub performer: &'a [EventPerformer<'a>] = "performer",
        /// By which prescriptions.
        pub authorizing_prescription: &'a [ResourceReference<'a>] = "authorizingPrescription",
        /// How much.
        pub quantity: Option<Quantity<'a>> = "quantity",
        /// For how long.
        pub days_supply: Option<Quantity<'a>> = "daysSupply",
        /// When it lay ready.
        pub when_prepared: Option<&'a str> = "whenPrepared",
        /// When it was handed out.
        pub when_handed_over: Option<&'a str> = "whenHandedOver",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// How to take it.
        pub dosage_instruction: &'a [Dosage<'a>] = "dosageInstruction",
        /// Resources inside.
        pub contained: &'a [Contained<'a>] = "contained",
    }
}

object! {
    /// What was given, or the Medication that came with it (`_include`): then it has a `code`.
    pub struct MedicationAdministration<'a> {
        /// As sent; `Medication` for included ones.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `in-progress`, `not-done`, `on-hold`, `completed`, `entered-in-error`, `stopped`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// Why it was not given.
        pub status_reason: &'a [CodeableConcept<'a>] = "statusReason",
        /// What.
        pub medication: Option<CodeableConcept<'a>> = "medicationCodeableConcept",
        /// What, elsewhere.
        pub medication_reference: Option<ResourceReference<'a>> = "medicationReference",
        /// Of an included Medication: what it is.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Of an included Medication: what is in it.
        pub ingredient: &'a [Ingredient<'a>] = "ingredient",
        /// To whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// When.
        pub effective: Option<When<'a>> = "effectiveDateTime" | "effectivePeriod",
        /// Who.
        pub performer: &'a [EventPerformer<'a>] = "performer",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// How, and how much.
        pub dosage: Option<GivenDose<'a>> = "dosage",
        /// Resources inside.
        pub contained: &'a [Contained<'a>] = "contained",
    }
}

object! {
    /// `MedicationAdministration.dosage`
    pub struct GivenDose<'a> {
        /// In words.
        pub text: Option<&'a str> = "text",
        /// By mouth, …
        pub route: Option<CodeableConcept<'a>> = "route",
        /// How much.
        pub dose: Option<Quantity<'a>> = "dose",
        /// An amount a time.
        pub rate_ratio: Option<Ratio<'a>> = "rateRatio",
        /// An amount a time, in one unit.
        pub rate_quantity: Option<Quantity<'a>> = "rateQuantity",
    }
}

object! {
    /// What is said to be taken, or the Medication that came with it (`_include`): then it has a `code`.
    pub struct MedicationStatement<'a> {
        /// As sent; `Medication` for included ones.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `completed`, `entered-in-error`, `intended`, `stopped`, `on-hold`, `unknown`, `not-taken`.
        pub status: Option<&'a str> = "status",
        /// Why that status.
        pub status_reason: &'a [CodeableConcept<'a>] = "statusReason",
        /// What.
        pub medication: Option<CodeableConcept<'a>> = "medicationCodeableConcept",
        /// What, elsewhere.
        pub medication_reference: Option<ResourceReference<'a>> = "medicationReference",
        /// Of an included Medication: what it is.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Of an included Medication: what is in it.
        pub ingredient: &'a [Ingredient<'a>] = "ingredient",
        /// Who takes it.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// Since when, or from–to.
        pub effective: Option<When<'a>> = "effectiveDateTime" | "effectivePeriod",
        /// When it was said.
        pub date_asserted: Option<&'a str> = "dateAsserted",
        /// Who said it.
        pub information_source: Option<ResourceReference<'a>> = "informationSource",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// How it is taken.
        pub dosage: &'a [Dosage<'a>] = "dosage",
        /// Resources inside.
        pub contained: &'a [Contained<'a>] = "contained",
    }
}
