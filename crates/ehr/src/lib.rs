//! One chart from many sources.
//!
//! Start reading at [`Charts`]: it authorizes a read, commits its audit intent, asks every linked source at once,
//! merges without loss and says what is missing. [`labs`] merges and arranges laboratory results, [`json`] is the
//! outside face. No HTML here, no HTTP, no table of its own.

mod age;
mod caring;
mod charges;
mod charts;
mod clinical_time;
mod compartment;
mod concept;
mod demographics;
mod discharge;
mod document;
mod error;
mod exam_reports;
mod fact;
mod findings;
mod fresh;
mod front_page;
mod gathered;
mod joined;
pub mod json;
pub mod labs;
mod listing;
mod medication;
mod medications;
mod money;
mod note_kind;
mod nursing;
mod orders;
mod outpatient;
mod personal_record;
mod prescriptions;
mod record_search;
mod release;
mod review;
mod search;
mod section;
mod sheet;
mod source_json;
mod succession;
mod summary;
mod surgery;
mod timeline;

/// Why a reader may: a rule of the policy.
pub use access::Step;
pub use charges::{ChargeDocument, ChargeFields, ChargeLine, ChargeTotals, ClassTotal, FeeClass};
/// The name by which the results' pages know it.
pub use charts::RecordQuery as LabQuery;
pub use charts::{
    Because, Charts, Clinician, DocumentAddress, EncounterRules, ExplainedItem, ExplainedOrigin, MOST_RECORDS,
    Markable, Marked, MyPatient, MyPatients, MyRelation, NoPatient, OpenedDocument, OriginAddress, Reader,
    RecentPatient, RecordQuery, RecordSettings, Registered, Reviewable, ReviewedItem, SearchQuery, SourceJson,
    Standing, Swept, Ties, TreatmentRelation, WaitingRecord, WaitingResults, patient_of_json,
};
pub use clinical_time::{ClinicalTime, Precision};
pub use demographics::{Banner, Link, MaskedIdentifier, Registration};
pub use discharge::{DischargeFields, StayDiagnosis};
pub use document::{DocumentLink, File, FileKind, SafeHtml};
pub use error::{EhrError, QueryProblem};
pub use exam_reports::{ExamReportFields, ImageLink};
pub use fact::{Fact, Part, PartList, PartReport, Silent};
pub use fresh::{Fresh, FreshState, LookedItem};
pub use front_page::{AdmissionState, DischargeMode, FrontDiagnosis, FrontOperation, FrontPageFields, FrontTotals};
pub use gathered::{Bilingual, Gathered, Held, Origin, SourceReport, SourceState};
pub use listing::Listing;
pub use medication::{DoseLine, DoseWords};
pub use medications::{MedicationEvent, MedicationFields};
pub use money::Decimal;
pub use nursing::{Activity, Balance, FindingPart, NursingFields, NursingKind, VitalTrend, balances, vital_trends};
pub use orders::{OrderDuration, OrderFields};
pub use outpatient::{
    Note, NoteContent, NoteEncoding, NoteVisit, Place, PlaceKind, Visit, VisitClass, VisitDiagnosis, Visits,
};
pub use personal_record::{Answered, HabitPart, PersonalFields, PersonalKind, RelativeCondition};
pub use prescriptions::{NOTHING_DISPENSED, PrescriptionFields};
pub use record_search::{FoundIn, FoundText, NotSearched, RecordHit, RecordSearch, RecordWords};
pub use review::{ItemReview, Mark, MayMark, OpenCritical, OpenValue, Reviewed, open_critical};
pub use reviews::{News, ReviewKind, ReviewNote};
pub use search::{FoundPatient, PatientSearch};
pub use section::Section;
pub use sheet::{Entry, Named, Sheet, Span};
pub use source_json::Pretty;
pub use succession::{Related, Relation, Succession};
pub use summary::{
    Allergies, Allergy, AllergyState, Device, EarlierDose, Immunization, Medicine, NoneScope, Problem, Procedure,
    Reaction, RecentResult, ReportLine, Summary,
};
pub use surgery::{SurgeryFields, TeamMember};
pub use timeline::{Moment, MomentKind};
