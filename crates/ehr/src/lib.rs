//! One chart from many sources.
//!
//! Start reading at `Charts`: it authorizes a read, commits its audit intent, asks every linked source at once,
//! merges without loss and says what is missing. No HTML here, no HTTP, no table of its own.

mod clinical_time;
mod demographics;
mod gathered;
pub mod labs;
mod search;
mod section;

pub use clinical_time::{ClinicalTime, Precision};
pub use demographics::{Banner, Link, MaskedIdentifier, Registration};
pub use gathered::{Bilingual, Gathered, Held, Origin, SourceReport, SourceState};
pub use search::{FoundPatient, PatientSearch};
pub use section::Section;
