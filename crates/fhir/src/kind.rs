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
    ($name:ident $(of $subject:ident)? $(, $classified:ident)?) => {
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
row!(Immunization of patient);
row!(Procedure of subject);
row!(Device of patient);
row!(Encounter of subject);
row!(DocumentReference of subject, category);
row!(Binary);

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
    /// Binary
    #[derive(Clone, Copy, Debug)]
    pub struct Binary;

    pub use crate::raw::Raw;
}
