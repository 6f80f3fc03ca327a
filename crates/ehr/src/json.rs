//! The record as JSON (`INTERFACE`: record JSON): the same for both portals.

mod origin;
mod outpatient;
mod record;
mod sheet;
mod summary;

pub use origin::origin;
pub(crate) use outpatient::notes;
pub use outpatient::{VisitFields, visits};
pub use record::{
    Demographics, DemographicsFields, Item, LabFields, Links, Patients, Record, demographics, lab_results, links,
    patient_search,
};
pub use sheet::sheet;
pub use summary::{SummaryFields, summary};
