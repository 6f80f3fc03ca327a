//! R4 resources and data types, reduced to what the portal shows. Names are FHIR's; everything is optional, because
//! everything is missing somewhere. Texts borrow from the page that is being read and live as long as its callback.

mod allergy_intolerance;
mod bills;
mod care_plan;
mod composition;
mod condition;
mod contained;
mod datatypes;
mod diagnostic_report;
mod document_reference;
mod encounter;
mod events;
mod extension;
mod family_member_history;
mod medication_events;
mod medication_request;
mod named;
mod observation;
mod operation_outcome;
mod orders;
mod patient;
mod questionnaire_response;
mod when;

pub use allergy_intolerance::{AllergyIntolerance, AllergyReaction};
pub use bills::{
    Account, BillDiagnosis, BillInsurance, BillItem, BillTotal, ChargeItem, Claim, Coverage, ExplanationOfBenefit,
    Invoice, InvoiceLine, Money, PriceComponent,
};
pub use care_plan::{CareActivity, CareDetail, CarePlan};
pub use composition::{Composition, CompositionEvent, CompositionSection, CompositionSubsection};
pub use condition::Condition;
pub use contained::{Contained, ContainedName};
pub use datatypes::{
    Address, Annotation, Attachment, CodeableConcept, Coding, ContactPoint, HumanName, Identifier, Meta, Narrative,
    Number, Period, Quantity, Range, Ratio, ResourceReference, SampledData, Timing,
};
pub use diagnostic_report::{DiagnosticReport, ReportMedia};
pub use document_reference::{Binary, DocumentContent, DocumentContext, DocumentReference, RelatesTo};
pub use encounter::{Encounter, EncounterDiagnosis, EncounterHospitalization, EncounterLocation, EncounterParticipant};
pub use events::{Device, DeviceName, EventPerformer, Immunization, Procedure, ProtocolApplied};
pub use extension::Extension;
pub use family_member_history::{Death, FamilyCondition, FamilyMemberHistory};
pub use medication_events::{GivenDose, MedicationAdministration, MedicationDispense, MedicationStatement};
pub use medication_request::{
    DispenseRequest, Dosage, DosageTiming, DoseAndRate, Ingredient, Medication, MedicationRequest, TimingRepeat,
};
pub use named::{HealthcareService, Location, Organization, Practitioner, PractitionerRole};
pub use observation::{Component, Effective, Observation, ReferenceRange, Value};
pub use operation_outcome::{OperationOutcome, OutcomeIssue};
pub use orders::{EnteralFormula, FormulaAmount, NutritionOrder, OralDiet, ServiceRequest, Supplement};
pub use patient::{Contact, Deceased, Patient, PatientLink};
pub use questionnaire_response::{Answer, Questionnaire, QuestionnaireResponse, ResponseAnswer, ResponseItem};
pub use when::When;

pub use crate::lean::Rare;

#[cfg(test)]
mod tests {
    use crate::{Kind, Row as _, bundle::rows_of, kinds};

    /// Every member that rows know, each with a value of a type that it is never of.
    const MESSY: &str = r#"{"resourceType":"KIND","id":"x","meta":[],"clinicalStatus":7,"verificationStatus":"active",
        "category":{"coding":{"code":5}},"severity":[],"code":"E11","subject":"Patient/p1","patient":3,"encounter":[1],
        "onsetDateTime":2014,"onsetAge":"62","onsetPeriod":[],"abatementDateTime":false,"recordedDate":{},"note":"x",
        "type":17,"criticality":[],"reaction":"rash","status":{},"intent":1,"doNotPerform":"yes",
        "medicationCodeableConcept":[],"medicationReference":"Medication/1","authoredOn":20261120,"requester":7,
        "dosageInstruction":{"text":5,"timing":"BID","doseAndRate":{"doseQuantity":"80 mg"}},"dispenseRequest":[],
        "contained":"none","statusReason":1,"vaccineCode":1,"occurrenceDateTime":[],"lotNumber":12,"performer":"x",
        "protocolApplied":{"doseNumberPositiveInt":"2"},"performedPeriod":"2026","performedString":1,"bodySite":"x",
        "outcome":"x","manufacturer":1,"deviceName":"x","modelNumber":1,"identifier":"x","class":["AMB"],
        "serviceType":"x","period":"2026","reasonCode":"x","diagnosis":"x","participant":[[]],"location":{},
        "serviceProvider":"x","docStatus":1,"date":1,"author":"x","description":1,
        "content":[{"attachment":{"contentType":1,"data":2,"url":3}}],"context":[],"contentType":1,"data":7,
        "securityContext":"x","usedCode":"x","complication":7,"extension":"x","partOf":[[]],"report":"x",
        "activity":"x","title":7,"created":[],"goal":1,"relationship":"FTH","deceasedBoolean":"yes","condition":"x",
        "questionnaire":[],"authored":5,"source":"Patient/p1","item":{"linkId":1,"answer":"x","item":"y"},"groupIdentifier":5,"courseOfTherapyType":"x","priority":1,"ingredient":[7],
        "authorizingPrescription":"x","quantity":"14","daysSupply":14,"whenHandedOver":1,"whenPrepared":[],"dosage":"x",
        "effectivePeriod":"2026","dateAsserted":{},"informationSource":"x","orderDetail":"x","quantityQuantity":"x",
        "occurrenceTiming":"x","patientInstruction":1,"dateTime":7,"orderer":"x","oralDiet":[1],"supplement":"x",
        "enteralFormula":"x","excludeFoodModifier":"x"}"#;

    fn check<K: Kind>() {
        let resource = MESSY.replace("KIND", K::TYPE);
        let page =
            format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{resource}}},{{"resource":{resource}}}]}}"#);
        let mut read = 0;
        rows_of::<K>(&page, |row| {
            assert_eq!((row.resource_type(), row.id()), (Some(K::TYPE), Some("x")));
            assert!(row.subject().is_none_or(|subject| subject.reference.is_none()), "{}", K::TYPE);
            read += 1;
        });
        assert_eq!(read, 2, "{}", K::TYPE);
    }

    #[test]
    fn a_resource_of_wrong_types_is_still_a_row() {
        check::<kinds::Condition>();
        check::<kinds::AllergyIntolerance>();
        check::<kinds::MedicationRequest>();
        check::<kinds::Medication>();
        check::<kinds::MedicationDispense>();
        check::<kinds::MedicationAdministration>();
        check::<kinds::MedicationStatement>();
        check::<kinds::ServiceRequest>();
        check::<kinds::NutritionOrder>();
        check::<kinds::Immunization>();
        check::<kinds::Procedure>();
        check::<kinds::Device>();
        check::<kinds::Encounter>();
        check::<kinds::DocumentReference>();
        check::<kinds::Composition>();
        check::<kinds::DiagnosticReport>();
        check::<kinds::Binary>();
        check::<kinds::ExplanationOfBenefit>();
        check::<kinds::Claim>();
        check::<kinds::ChargeItem>();
        check::<kinds::Invoice>();
        check::<kinds::Account>();
        check::<kinds::Coverage>();
        check::<kinds::Practitioner>();
        check::<kinds::PractitionerRole>();
        check::<kinds::Organization>();
        check::<kinds::Location>();
        check::<kinds::HealthcareService>();
        check::<kinds::CarePlan>();
        check::<kinds::FamilyMemberHistory>();
        check::<kinds::QuestionnaireResponse>();
        check::<kinds::Questionnaire>();
    }
}
