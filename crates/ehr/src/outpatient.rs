//! 门(急)诊病历 and 住院病历: visits or stays of all sources with diagnoses and notes, newest first.

pub(crate) mod classify;
mod documents;
mod places;
mod rows;

use jiff::Timestamp;

use crate::document::SafeHtml;
use crate::labs::Code;
use crate::succession::Succession;
use crate::{ClinicalTime, Fact, Held, Origin, Section, Silent, SourceReport, SourceState};

pub(crate) use classify::class as class_of;
pub(crate) use documents::{NoteRow, Pending, attachments, visit_id};
pub(crate) use rows::{VisitRows, join_visits};

/// Outpatient and emergency visits of one person, or their stays.
#[derive(Clone, Debug)]
pub struct Visits {
    /// Which of both: [`Section::Outpatient`] or [`Section::Inpatient`].
    pub section: Section,
    /// Newest first, undated last. Visits whose class nobody understands are with the outpatient ones
    /// ([`VisitClass::Unknown`]): they must be somewhere.
    pub visits: Vec<Visit>,
    /// Clinical notes that name no visit, newest first: with the outpatient ones.
    pub loose_notes: Vec<Note>,
    /// Linked sources that have not answered for visits in full.
    pub silent: Vec<Silent>,
    /// One per configured source, in configuration order; `parts` says what failed there.
    pub sources: Vec<SourceReport>,
    /// When this view was put together.
    pub as_of: Timestamp,
    /// What is there but not shown to this reader yet (release policy); always empty for staff.
    pub held: Vec<Held>,
}

impl Visits {
    /// Leaves visits and notes of the time asked for.
    pub(crate) fn retain_times(&mut self, includes: impl Fn(Option<&ClinicalTime>) -> bool) {
        self.visits.retain(|visit| includes(visit.fact.time.as_ref()));
        self.loose_notes.retain(|note| includes(note.time.as_ref()));
    }

    /// Has every linked source answered in full?
    pub fn complete(&self) -> bool {
        self.sources.iter().all(|source| matches!(source.state, SourceState::Answered | SourceState::NotLinked))
    }
}

/// What kind of visit it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VisitClass {
    /// 门诊
    Outpatient,
    /// 急诊
    Emergency,
    /// 住院
    Inpatient,
    /// Neither the class nor the type says.
    #[default]
    Unknown,
}

impl VisitClass {
    /// The section where visits of this class stand. 急诊 is no stay, and what nobody understands has to be somewhere.
    pub fn section(self) -> Section {
        match self {
            Self::Inpatient => Section::Inpatient,
            Self::Outpatient | Self::Emergency | Self::Unknown => Section::Outpatient,
        }
    }

    /// As in JSON and message keys (`visit-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outpatient => "outpatient",
            Self::Emergency => "emergency",
            Self::Inpatient => "inpatient",
            Self::Unknown => "unknown",
        }
    }
}

/// A visit or a stay. `fact.code` is its type, `fact.time` when it began, `fact.status` as sent (`finished`, `cancelled`, …).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visit {
    /// What, when, where from.
    pub fact: Fact,
    /// What kind.
    pub class: VisitClass,
    /// The source's own words for class or type: shown where `class` is unknown.
    pub class_text: Option<String>,
    /// When it ended.
    pub ended: Option<ClinicalTime>,
    /// The hospital as the visit names it; else the source's name is all there is.
    pub hospital: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Room, ward, bed in words: where the patient is, or was last.
    pub location: Option<String>,
    /// Every ward, room and bed, in the order of time; the source's own order where it gives none.
    pub places: Vec<Place>,
    /// Who treated, each once.
    pub clinicians: Vec<String>,
    /// Those of them who answer for the patient (主治).
    pub attending: Vec<String>,
    /// From where the patient was admitted, in words.
    pub admitted_from: Option<String>,
    /// How the patient left and where to, in words (离院方式).
    pub disposition: Option<String>,
    /// Why the patient came, in words, each once.
    pub reasons: Vec<String>,
    /// Diagnoses of this visit, main ones first.
    pub diagnoses: Vec<VisitDiagnosis>,
    /// Notes of this visit, oldest first.
    pub notes: Vec<Note>,
}

impl Visit {
    /// Is its record closed? That of a stay is being written until the patient has left; a visit that nobody can class may
    /// be one.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.class, VisitClass::Outpatient | VisitClass::Emergency) || self.fact.status == "finished"
    }
}

/// Where a patient was during a visit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// As the source calls it.
    pub name: String,
    /// Ward, room or bed, where the source says which.
    pub kind: PlaceKind,
    /// Since when.
    pub since: Option<ClinicalTime>,
    /// Until when.
    pub until: Option<ClinicalTime>,
}

/// What kind of place (<https://terminology.hl7.org/CodeSystem-location-physical-type.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaceKind {
    /// 病区
    Ward,
    /// 病房
    Room,
    /// 床位
    Bed,
    /// Anything else, or not said.
    #[default]
    Other,
}

impl PlaceKind {
    /// As in JSON and message keys (`place-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ward => "ward",
            Self::Room => "room",
            Self::Bed => "bed",
            Self::Other => "other",
        }
    }
}

/// A diagnosis made at a visit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VisitDiagnosis {
    /// What, as the source says it.
    pub code: Code,
    /// The ICD-10 code, when one was sent.
    pub icd10: Option<String>,
    /// Clinical status, as sent; empty when not said.
    pub status: String,
    /// `confirmed`, `provisional`, `refuted`, …: as sent; empty when not said.
    pub verification: String,
    /// Admission, discharge, chief complaint, … in words.
    pub role: Option<String>,
    /// 1 is the main one.
    pub rank: Option<i64>,
    /// Where from.
    pub origins: Vec<Origin>,
}

/// A clinical note.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// Usable as an anchor.
    pub id: String,
    /// What kind of note, in words.
    pub title: String,
    /// When it was written.
    pub time: Option<ClinicalTime>,
    /// Who wrote it, each once.
    pub authors: Vec<String>,
    /// `final`, `preliminary`, `amended`: as sent (`docStatus`).
    pub status: Option<String>,
    /// Its text, as far as it could be had.
    pub content: NoteContent,
    /// Which attachment of its origin that is; none where it can't be had from there.
    pub attachment: Option<usize>,
    /// What is known of the visits that it names, where that was asked.
    pub visit: NoteVisit,
    /// Which document it replaces, signs or adds to, and which it.
    pub succession: Succession,
    /// Where from.
    pub origin: Origin,
}

impl Note {
    /// Where its document is opened, below the person's pages of a portal; none where it can't be.
    pub fn document(&self) -> Option<String> {
        crate::document::path(&self.origin.source, &self.origin.resource, self.attachment?)
    }
}

/// What is known of the visits that a note names: the notes of a stay are written until the patient has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoteVisit {
    /// It names none, or none that came.
    #[default]
    Unknown,
    /// One of them is not known to be over.
    Open,
    /// All that came are over.
    Over,
}

/// What there is of a note.
#[derive(Clone, Debug, PartialEq)]
pub enum NoteContent {
    /// Plain text: to be escaped like any other, line breaks kept.
    Text {
        /// The text.
        text: String,
        /// What happened to its characters.
        encoding: NoteEncoding,
    },
    /// HTML reduced to a handful of elements without attributes that could reach out: safe to print as it is.
    Html {
        /// Sanitised.
        html: SafeHtml,
        /// What happened to its characters.
        encoding: NoteEncoding,
    },
    /// A document that is no text (PDF, CDA, image): it exists.
    Document {
        /// MIME type as sent.
        content_type: String,
    },
    /// Its text was not had; why, as a message key: `note-limit` (beyond what one page reads), `note-elsewhere` (it lies on
    /// another server), `note-too-large`, `note-empty`, `document-kind` (of a kind that is not shown), `document-unsound`
    /// (its bytes are not what they should be), or one of the `why-…` keys.
    Missing {
        /// Message key.
        why: &'static str,
    },
}

impl NoteContent {
    /// Why it could not be had, where that is no property of the note: the source failed, or sent another patient's.
    pub(crate) fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Missing { why } if why.starts_with("why-") => Some(why),
            _ => None,
        }
    }
}

impl Default for NoteContent {
    fn default() -> Self {
        Self::Missing { why: "note-empty" }
    }
}

/// Are a note's characters what was written?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoteEncoding {
    /// Yes.
    #[default]
    Sound,
    /// It is no UTF-8, though it says so (or nothing); read as GB 18030, which fits without a fault.
    Guessed,
    /// Characters were lost: `U+FFFD` stands in their place.
    Damaged,
}

impl NoteEncoding {
    /// Message key; nothing to say of a sound one.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Sound => None,
            Self::Guessed => Some("note-encoding-guessed"),
            Self::Damaged => Some("note-encoding-damaged"),
        }
    }
}
