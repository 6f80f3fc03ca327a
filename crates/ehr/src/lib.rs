//! One chart from many sources.
//!
//! Start reading at [`Charts`]: it authorizes a read, commits its audit intent, asks every linked source at once,
//! merges without loss and says what is missing. [`labs`] merges and arranges laboratory results, [`json`] is the
//! outside face. No HTML here, no HTTP, no table of its own.

mod age;
mod charts;
mod clinical_time;
mod compartment;
mod concept;
mod demographics;
mod error;
mod fact;
mod gathered;
mod joined;
pub mod json;
pub mod labs;
mod names;
mod outpatient;
mod release;
mod search;
mod section;
mod summary;

/// The name by which the results' pages know it.
pub use charts::RecordQuery as LabQuery;
pub use charts::{Charts, Reader, RecordQuery, RecordSettings, SearchQuery, TreatmentRelation};
pub use clinical_time::{ClinicalTime, Precision};
pub use demographics::{Banner, Link, MaskedIdentifier, Registration};
pub use error::{EhrError, QueryProblem};
pub use fact::{Fact, Part, PartList, PartReport, Silent};
pub use gathered::{Bilingual, Gathered, Held, Origin, SourceReport, SourceState};
pub use outpatient::{Note, NoteContent, NoteEncoding, Outpatient, SafeHtml, Visit, VisitClass, VisitDiagnosis};
pub use search::{FoundPatient, PatientSearch};
pub use section::Section;
pub use summary::{
    Allergies, Allergy, AllergyState, Device, EarlierDose, Immunization, Medicine, NoneScope, Problem, Procedure,
    Reaction, RecentResult, ReportLine, Summary,
};
