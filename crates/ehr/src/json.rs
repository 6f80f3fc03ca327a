//! The record as JSON (`INTERFACE`: record JSON): the same for both portals.

mod mine;
mod origin;
mod outpatient;
mod record;
mod record_search;
mod schema;
mod sheet;
mod summary;

pub use mine::{MyPatientsJson, my_patients};
pub use origin::origin;
pub(crate) use outpatient::{NoteJson, notes};
pub use outpatient::{VisitFields, visits};
pub use record::{
    Demographics, DemographicsFields, Item, LabFields, Links, Patients, Record, demographics, lab_results, links,
    patient_search,
};
pub use record_search::{RecordSearchJson, record_search};
pub use schema::{Schemas, schemas};
pub use sheet::sheet;
pub use summary::{SummaryFields, summary};
