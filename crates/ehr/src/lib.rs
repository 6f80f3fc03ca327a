//! One chart from many sources.
//!
//! Start reading at [`Charts`]: it authorizes a read, commits its audit intent, asks every linked source at once,
//! merges without loss and says what is missing. [`labs`] merges and arranges laboratory results, [`json`] is the
//! outside face. No HTML here, no HTTP, no table of its own.

mod age;
mod charts;
mod clinical_time;
mod compartment;
mod demographics;
mod error;
mod gathered;
pub mod json;
pub mod labs;
mod names;
mod release;
mod search;
mod section;

pub use charts::{Charts, LabQuery, Reader, RecordSettings, SearchQuery, TreatmentRelation};
pub use clinical_time::{ClinicalTime, Precision};
pub use demographics::{Banner, Link, MaskedIdentifier, Registration};
pub use error::{EhrError, QueryProblem};
pub use gathered::{Bilingual, Gathered, Held, Origin, SourceReport, SourceState};
pub use search::{FoundPatient, PatientSearch};
pub use section::Section;
