//! R4 resources and data types, reduced to what the portal shows. Names are FHIR's; everything is optional, because
//! everything is missing somewhere. Texts borrow from the page that is being read and live as long as its callback.

mod datatypes;
mod diagnostic_report;
mod observation;
mod operation_outcome;
mod patient;

pub use datatypes::{
    Address, Annotation, Attachment, CodeableConcept, Coding, ContactPoint, HumanName, Identifier, Meta, Number,
    Period, Quantity, Range, Ratio, ResourceReference, SampledData, Timing,
};
pub use diagnostic_report::DiagnosticReport;
pub use observation::{Component, Effective, Observation, ReferenceRange, Value};
pub use operation_outcome::{OperationOutcome, OutcomeIssue};
pub use patient::{Contact, Deceased, Patient, PatientLink};

pub use crate::lean::Rare;
