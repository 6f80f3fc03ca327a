//! Kinds: which type is asked for, and the row it is read into.

use crate::{
    bundle::{ReadResource, read_resource_object},
    lean::Context,
    rows,
    scan::Scan,
};

/// A resource type and its row.
pub trait Kind: Send + Sync + 'static {
    /// FHIR type name: part of the request's address.
    const TYPE: &'static str;
    /// What is kept of a resource, borrowed for the time of a callback.
    type Row<'a>: Row<'a>;
}

/// What every row says about itself. Only this crate's rows can be read.
pub trait Row<'a>: Copy + ReadResource<'a> {
    /// `resourceType`; entries of other types than the asked one come through the same callback.
    fn resource_type(&self) -> Option<&'a str>;
    /// Id at the source.
    fn id(&self) -> Option<&'a str>;
    /// The patient it is about, for types of a patient's compartment.
    fn subject(&self) -> Option<&rows::ResourceReference<'a>> {
        None
    }
    /// Does it carry what filters look at (`category`)? Where it doesn't, a filtered search proves nothing.
    fn is_classified(&self) -> bool {
        true
    }
}

macro_rules! row {
    ($name:ident $(of $subject:ident)? $(alone $several:ident)? $(, $classified:ident)?) => {
        impl<'a> ReadResource<'a> for rows::$name<'a> {
            fn read<'t: 'a>(scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> Option<&'a Self> {
                read_resource_object(scan, cx, |row: &Self| row.resource_type)
            }
        }

        impl<'a> Row<'a> for rows::$name<'a> {
            fn resource_type(&self) -> Option<&'a str> {
                self.resource_type
            }

            fn id(&self) -> Option<&'a str> {
                self.id
            }

            $(fn subject(&self) -> Option<&rows::ResourceReference<'a>> {
                self.$subject.as_ref()
            })?

            $(fn subject(&self) -> Option<&rows::ResourceReference<'a>> {
                // One of several is nobody's: an account of a family is not one patient's.
                Some(&self.$several).filter(|all| all.len() == 1).and_then(|all| all.first())
            })?

            $(fn is_classified(&self) -> bool {
                !self.$classified.is_empty()
            })?
        }

        impl Kind for kinds::$name {
            const TYPE: &'static str = stringify!($name);
            type Row<'a> = rows::$name<'a>;
        }
    };
}

row!(Patient);
row!(Observation of subject, category);
row!(DiagnosticReport of subject, category);
row!(Condition of subject, category);
row!(AllergyIntolerance of patient);
row!(MedicationRequest of subject);
row!(Medication);
row!(MedicationDispense of subject);
row!(MedicationAdministration of subject);
row!(MedicationStatement of subject);
row!(ServiceRequest of subject);
row!(NutritionOrder of patient);
row!(Immunization of patient);
row!(Procedure of subject);
row!(Device of patient);
row!(Encounter of subject);
row!(DocumentReference of subject, category);
row!(Composition of subject);
row!(Binary);
row!(ExplanationOfBenefit of patient);
row!(Claim of patient);
row!(ChargeItem of subject);
row!(Invoice of subject);
row!(Account alone subject);
row!(Coverage of beneficiary);
row!(Practitioner);
row!(PractitionerRole);
row!(Organization);
row!(Location);
row!(HealthcareService);
row!(CarePlan of subject, category);
row!(FamilyMemberHistory of patient);
row!(QuestionnaireResponse of subject);
row!(Questionnaire);

/// The kinds there are: `client.search::<kinds::Observation>(…)`.
pub mod kinds {
    /// Patient
    #[derive(Clone, Copy, Debug)]
    pub struct Patient;
    /// Observation
    #[derive(Clone, Copy, Debug)]
    pub struct Observation;
    /// DiagnosticReport
    #[derive(Clone, Copy, Debug)]
    pub struct DiagnosticReport;
    /// Condition
    #[derive(Clone, Copy, Debug)]
    pub struct Condition;
    /// AllergyIntolerance
    #[derive(Clone, Copy, Debug)]
    pub struct AllergyIntolerance;
    /// MedicationRequest
    #[derive(Clone, Copy, Debug)]
    pub struct MedicationRequest;
    /// Medication
    #[derive(Clone, Copy, Debug)]
    pub struct Medication;
    /// MedicationDispense
    #[derive(Clone, Copy, Debug)]
    pub struct MedicationDispense;
    /// MedicationAdministration
    #[derive(Clone, Copy, Debug)]
    pub struct MedicationAdministration;
    /// MedicationStatement
    #[derive(Clone, Copy, Debug)]
    pub struct MedicationStatement;
    /// ServiceRequest
    #[derive(Clone, Copy, Debug)]
    pub struct ServiceRequest;
    /// NutritionOrder
    #[derive(Clone, Copy, Debug)]
    pub struct NutritionOrder;
    /// Immunization
    #[derive(Clone, Copy, Debug)]
    pub struct Immunization;
    /// Procedure
    #[derive(Clone, Copy, Debug)]
    pub struct Procedure;
    /// Device
    #[derive(Clone, Copy, Debug)]
    pub struct Device;
    /// Encounter
    #[derive(Clone, Copy, Debug)]
    pub struct Encounter;
    /// DocumentReference
    #[derive(Clone, Copy, Debug)]
    pub struct DocumentReference;
    /// Composition
    #[derive(Clone, Copy, Debug)]
    pub struct Composition;
    /// ExplanationOfBenefit
    #[derive(Clone, Copy, Debug)]
    pub struct ExplanationOfBenefit;
    /// Claim
    #[derive(Clone, Copy, Debug)]
    pub struct Claim;
    /// ChargeItem
    #[derive(Clone, Copy, Debug)]
    pub struct ChargeItem;
    /// Invoice
    #[derive(Clone, Copy, Debug)]
    pub struct Invoice;
    /// Account
    #[derive(Clone, Copy, Debug)]
    pub struct Account;
    /// Coverage
    #[derive(Clone, Copy, Debug)]
    pub struct Coverage;
    /// Binary
    #[derive(Clone, Copy, Debug)]
    pub struct Binary;
    /// Practitioner
    #[derive(Clone, Copy, Debug)]
    pub struct Practitioner;
    /// PractitionerRole
    #[derive(Clone, Copy, Debug)]
    pub struct PractitionerRole;
    /// Organization
    #[derive(Clone, Copy, Debug)]
    pub struct Organization;
    /// Location
    #[derive(Clone, Copy, Debug)]
    pub struct Location;
    /// HealthcareService
    #[derive(Clone, Copy, Debug)]
    pub struct HealthcareService;

    /// CarePlan
    #[derive(Clone, Copy, Debug)]
    pub struct CarePlan;
    /// FamilyMemberHistory
    #[derive(Clone, Copy, Debug)]
    pub struct FamilyMemberHistory;
    /// QuestionnaireResponse
    #[derive(Clone, Copy, Debug)]
    pub struct QuestionnaireResponse;
    /// Questionnaire
    #[derive(Clone, Copy, Debug)]
    pub struct Questionnaire;

    pub use crate::raw::Raw;
}
