//! The record as JSON (`INTERFACE`: record JSON): the same for both portals.

mod outpatient;
mod record;
mod summary;

pub use outpatient::{VisitFields, outpatient};
pub use record::{
    Demographics, DemographicsFields, Item, LabFields, Links, Patients, Record, demographics, lab_results, links,
    patient_search,
};
pub use summary::{SummaryFields, summary};
