//! The record as JSON (`INTERFACE`: record JSON): the same for both portals.

mod outpatient;
mod record;
mod schema;
mod sheet;
mod summary;

pub(crate) use outpatient::{NoteJson, notes};
pub use outpatient::{VisitFields, visits};
pub use record::{
    Demographics, DemographicsFields, Item, LabFields, Links, Patients, Record, demographics, lab_results, links,
    patient_search,
};
pub use schema::{Schemas, schemas};
pub use sheet::sheet;
pub use summary::{SummaryFields, summary};
