//! MedicationRequest (<https://hl7.org/fhir/R4/medicationrequest.html>) and the Medication it names
//! (<https://hl7.org/fhir/R4/medication.html>).

use super::{
    Annotation, CodeableConcept, Contained, Identifier, Meta, Number, Period, Quantity, Range, Ratio, ResourceReference,
};
use crate::lean::{Rare, object};

object! {
    /// A prescription, or the Medication that came with it (`_include`): then it has a `code`.
    pub struct MedicationRequest<'a> {
        /// As sent; `Medication` for included ones.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `on-hold`, `cancelled`, `completed`, `entered-in-error`, `stopped`, `draft`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// Why that status.
        pub status_reason: Option<CodeableConcept<'a>> = "statusReason",
        /// `proposal`, `plan`, `order`, …
        pub intent: Option<&'a str> = "intent",
        /// `inpatient`, `outpatient`, `community`, `discharge`, and what the hospital adds (长期医嘱).
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// `routine`, `urgent`, `asap`, `stat`.
        pub priority: Option<&'a str> = "priority",
        /// True: it is not to be given.
        pub do_not_perform: Option<bool> = "doNotPerform",
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
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// When it was written.
        pub authored_on: Option<&'a str> = "authoredOn",
        /// Who prescribed.
        pub requester: Option<ResourceReference<'a>> = "requester",
        /// What for.
        pub reason_code: &'a [CodeableConcept<'a>] = "reasonCode",
        /// The prescription form it stands on.
        pub group_identifier: Rare<'a, Identifier<'a>> = "groupIdentifier",
        /// `continuous`, `acute`, `seasonal`.
        pub course_of_therapy: Option<CodeableConcept<'a>> = "courseOfTherapyType",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// How to take it.
        pub dosage_instruction: &'a [Dosage<'a>] = "dosageInstruction",
        /// How much to hand out.
        pub dispense_request: Rare<'a, DispenseRequest<'a>> = "dispenseRequest",
        /// Resources inside the request.
        pub contained: &'a [Contained<'a>] = "contained",
    }
}

object! {
    /// What is given.
    pub struct Medication<'a> {
        /// As sent; anything for other contained resources.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source, or inside the resource.
        pub id: Option<&'a str> = "id",
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Tablet, …
        pub form: Option<CodeableConcept<'a>> = "form",
        /// What is in it.
        pub ingredient: &'a [Ingredient<'a>] = "ingredient",
    }
}

object! {
    /// `Medication.ingredient`
    pub struct Ingredient<'a> {
        /// What.
        pub item: Option<CodeableConcept<'a>> = "itemCodeableConcept",
    }
}

object! {
    /// `Dosage`
    pub struct Dosage<'a> {
        /// In words.
        pub text: Option<&'a str> = "text",
        /// In words for the patient.
        pub patient_instruction: Option<&'a str> = "patientInstruction",
        /// When.
        pub timing: Option<DosageTiming<'a>> = "timing",
        /// Only when needed.
        pub as_needed: Option<bool> = "asNeededBoolean",
        /// Only when needed, and what for.
        pub as_needed_for: Option<CodeableConcept<'a>> = "asNeededCodeableConcept",
        /// By mouth, …
        pub route: Option<CodeableConcept<'a>> = "route",
        /// How much.
        pub dose_and_rate: &'a [DoseAndRate<'a>] = "doseAndRate",
        /// How much, as R3 wrote it.
        pub dose_quantity: Option<Quantity<'a>> = "doseQuantity",
    }
}

object! {
    /// `Timing` of a dosage.
    pub struct DosageTiming<'a> {
        /// `BID`, …
        pub code: Option<CodeableConcept<'a>> = "code",
        /// How often.
        pub repeat: Option<TimingRepeat<'a>> = "repeat",
    }
}

object! {
    /// `Timing.repeat`
    pub struct TimingRepeat<'a> {
        /// From–to.
        pub bounds_period: Option<Period<'a>> = "boundsPeriod",
        /// For how long.
        pub bounds_duration: Option<Quantity<'a>> = "boundsDuration",
        /// How many times in all.
        pub count: Option<Number<'a>> = "count",
        /// How often in a period.
        pub frequency: Option<Number<'a>> = "frequency",
        /// Up to how often.
        pub frequency_max: Option<Number<'a>> = "frequencyMax",
        /// The period.
        pub period: Option<Number<'a>> = "period",
        /// `s`, `min`, `h`, `d`, `wk`, `mo`, `a`.
        pub period_unit: Option<&'a str> = "periodUnit",
        /// `mon`, `tue`, …
        pub day_of_week: &'a [&'a str] = "dayOfWeek",
        /// `08:00:00`, …
        pub time_of_day: &'a [&'a str] = "timeOfDay",
        /// `AC`, `HS`, …
        pub when: &'a [&'a str] = "when",
    }
}

object! {
    /// `Dosage.doseAndRate`
    pub struct DoseAndRate<'a> {
        /// An amount.
        pub dose_quantity: Option<Quantity<'a>> = "doseQuantity",
        /// From–to.
        pub dose_range: Option<Range<'a>> = "doseRange",
        /// An amount a time.
        pub rate_ratio: Option<Ratio<'a>> = "rateRatio",
        /// An amount a time, in one unit.
        pub rate_quantity: Option<Quantity<'a>> = "rateQuantity",
        /// From–to a time.
        pub rate_range: Option<Range<'a>> = "rateRange",
    }
}

object! {
    /// `MedicationRequest.dispenseRequest`
    pub struct DispenseRequest<'a> {
        /// For how long.
        pub expected_supply_duration: Option<Quantity<'a>> = "expectedSupplyDuration",
        /// How much.
        pub quantity: Option<Quantity<'a>> = "quantity",
        /// When it may be handed out.
        pub validity_period: Option<Period<'a>> = "validityPeriod",
    }
}
