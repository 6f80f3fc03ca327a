//! ServiceRequest (<https://hl7.org/fhir/R4/servicerequest.html>) and NutritionOrder
//! (<https://hl7.org/fhir/R4/nutritionorder.html>).

use super::{Annotation, CodeableConcept, Contained, DosageTiming, Meta, Quantity, Ratio, ResourceReference, When};
use crate::lean::object;

object! {
    /// An order for a test, an examination, a treatment, nursing.
    pub struct ServiceRequest<'a> {
        /// As sent; other than `ServiceRequest` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `draft`, `active`, `on-hold`, `revoked`, `completed`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// `proposal`, `plan`, `order`, …
        pub intent: Option<&'a str> = "intent",
        /// Laboratory, imaging, …, and what the hospital adds (长期医嘱).
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// `routine`, `urgent`, `asap`, `stat`.
        pub priority: Option<&'a str> = "priority",
        /// True: it is not to be done.
        pub do_not_perform: Option<bool> = "doNotPerform",
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// More exactly what.
        pub order_detail: &'a [CodeableConcept<'a>] = "orderDetail",
        /// How much.
        pub quantity: Option<Quantity<'a>> = "quantityQuantity",
        /// How much of how much.
        pub quantity_ratio: Option<Ratio<'a>> = "quantityRatio",
        /// For whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// When it is to be done.
        pub occurrence: Option<When<'a>> = "occurrenceDateTime" | "occurrencePeriod",
        /// How often it is to be done.
        pub timing: Option<DosageTiming<'a>> = "occurrenceTiming",
        /// Only when needed.
        pub as_needed: Option<bool> = "asNeededBoolean",
        /// When it was ordered.
        pub authored_on: Option<&'a str> = "authoredOn",
        /// Who ordered it.
        pub requester: Option<ResourceReference<'a>> = "requester",
        /// What for.
        pub reason_code: &'a [CodeableConcept<'a>] = "reasonCode",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// Where on the body.
        pub body_site: &'a [CodeableConcept<'a>] = "bodySite",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// In words for the patient.
        pub patient_instruction: Option<&'a str> = "patientInstruction",
        /// Orders in whose place it stands.
        pub replaces: &'a [ResourceReference<'a>] = "replaces",
        /// Resources inside.
        pub contained: &'a [Contained<'a>] = "contained",
    }
}

object! {
    /// What the patient is to eat.
    pub struct NutritionOrder<'a> {
        /// As sent; other than `NutritionOrder` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `draft`, `active`, `on-hold`, `revoked`, `completed`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// `proposal`, `plan`, `order`, …
        pub intent: Option<&'a str> = "intent",
        /// For whom.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// When it was ordered.
        pub date_time: Option<&'a str> = "dateTime",
        /// Who ordered it.
        pub orderer: Option<ResourceReference<'a>> = "orderer",
        /// Diets.
        pub oral_diet: Option<OralDiet<'a>> = "oralDiet",
        /// What is given beside food.
        pub supplement: &'a [Supplement<'a>] = "supplement",
        /// What is given through a tube.
        pub enteral_formula: Option<EnteralFormula<'a>> = "enteralFormula",
        /// What is to be left out.
        pub exclude_food: &'a [CodeableConcept<'a>] = "excludeFoodModifier",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// Resources inside.
        pub contained: &'a [Contained<'a>] = "contained",
    }
}

object! {
    /// `NutritionOrder.oralDiet`
    pub struct OralDiet<'a> {
        /// Low salt, diabetic, …
        pub kind: &'a [CodeableConcept<'a>] = "type",
        /// When.
        pub schedule: &'a [DosageTiming<'a>] = "schedule",
        /// In words.
        pub instruction: Option<&'a str> = "instruction",
    }
}

object! {
    /// `NutritionOrder.supplement`
    pub struct Supplement<'a> {
        /// What kind.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// Product.
        pub product_name: Option<&'a str> = "productName",
        /// When.
        pub schedule: &'a [DosageTiming<'a>] = "schedule",
        /// How much.
        pub quantity: Option<Quantity<'a>> = "quantity",
        /// In words.
        pub instruction: Option<&'a str> = "instruction",
    }
}

object! {
    /// `NutritionOrder.enteralFormula`
    pub struct EnteralFormula<'a> {
        /// What kind.
        pub base_formula: Option<CodeableConcept<'a>> = "baseFormulaType",
        /// Product.
        pub product_name: Option<&'a str> = "baseFormulaProductName",
        /// Through which tube.
        pub route: Option<CodeableConcept<'a>> = "routeofAdministration",
        /// How much.
        pub administration: &'a [FormulaAmount<'a>] = "administration",
        /// The most in a day.
        pub max_volume: Option<Quantity<'a>> = "maxVolumeToDeliver",
        /// In words.
        pub instruction: Option<&'a str> = "administrationInstruction",
    }
}

object! {
    /// `NutritionOrder.enteralFormula.administration`
    pub struct FormulaAmount<'a> {
        /// When.
        pub schedule: Option<DosageTiming<'a>> = "schedule",
        /// How much.
        pub quantity: Option<Quantity<'a>> = "quantity",
        /// How fast.
        pub rate_quantity: Option<Quantity<'a>> = "rateQuantity",
        /// How fast, as a ratio.
        pub rate_ratio: Option<Ratio<'a>> = "rateRatio",
    }
}
