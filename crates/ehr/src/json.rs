//! The record as JSON (`INTERFACE`: record JSON): the same for both portals.

mod record;

pub use record::{
    Demographics, DemographicsFields, Item, LabFields, Links, Patients, Record, demographics, lab_results, links,
    patient_search,
};
