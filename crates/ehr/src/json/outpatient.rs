//! `GET …/record/outpatient` and `…/record/inpatient`

use access::PersonId;
use schemars::JsonSchema;
use serde::Serialize;

use super::record::{CodeJson, Item, OriginJson, Record, code, fact_item, origin};
use crate::succession::Succession;
use crate::{ClinicalTime, Note, NoteContent, Place, Visit, VisitDiagnosis, Visits};

/// `fields` of a visit. A note that names no visit is an item of kind `DocumentReference` with `notes` alone.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct VisitFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    /// The source's own words for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    class_text: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hospital: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    clinicians: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    reason: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnoses: Vec<DiagnosisJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<PeriodJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    /// Wards, rooms and beds, in the order of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<PlaceJson<'a>>,
    /// Who answers for the patient.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    attending: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    admitted_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<NoteJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PeriodJson<'a> {
    start: Option<&'a str>,
    end: Option<&'a str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PlaceJson<'a> {
    name: &'a str,
    kind: &'static str,
    start: Option<&'a str>,
    end: Option<&'a str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DiagnosisJson<'a> {
    code: CodeJson<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    status: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    verification: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<i64>,
    origins: Vec<OriginJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NoteJson<'a> {
    id: &'a str,
    title: &'a str,
    time: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    authors: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    /// Plain text as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// Sanitised HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    /// Of a document that is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    /// Why there is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'static str>,
    /// What happened to its characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    /// Where the document itself is opened, below the person's pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    #[serde(flatten)]
    succession: &'a Succession,
    origin: OriginJson<'a>,
}

/// `GET …/record/outpatient` and `…/record/inpatient`
pub fn visits(person: PersonId, of: &Visits) -> Record<'_, VisitFields<'_>> {
    let mut items: Vec<Item<'_, VisitFields<'_>>> = of.visits.iter().map(visit).collect();
    items.extend(of.loose_notes.iter().map(loose_note));
    Record::new(person, of.section, items, (&of.sources, &of.held))
}

/// Notes inside the fields of another section.
pub(crate) fn notes<S: serde::Serializer>(of: &[Note], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(of.iter().map(note))
}

fn visit(of: &Visit) -> Item<'_, VisitFields<'_>> {
    let text = |time: &'_ Option<ClinicalTime>| time.is_some();
    let period = (text(&of.fact.time) || text(&of.ended)).then(|| PeriodJson {
        start: of.fact.time.as_ref().map(ClinicalTime::as_str),
        end: of.ended.as_ref().map(ClinicalTime::as_str),
    });
    fact_item(
        &of.fact,
        VisitFields {
            class: Some(of.class.as_str()),
            class_text: of.class_text.as_deref(),
            kind: Some(of.fact.code.text.as_str()).filter(|kind| !kind.is_empty()),
            hospital: of.hospital.as_deref(),
            department: of.department.as_deref(),
            clinicians: &of.clinicians,
            reason: &of.reasons,
            diagnoses: of.diagnoses.iter().map(diagnosis).collect(),
            period,
            location: of.location.as_deref(),
            places: of.places.iter().map(place).collect(),
            attending: &of.attending,
            admitted_from: of.admitted_from.as_deref(),
            disposition: of.disposition.as_deref(),
            notes: of.notes.iter().map(note).collect(),
        },
    )
}

fn place(of: &Place) -> PlaceJson<'_> {
    PlaceJson {
        name: &of.name,
        kind: of.kind.as_str(),
        start: of.since.as_ref().map(ClinicalTime::as_str),
        end: of.until.as_ref().map(ClinicalTime::as_str),
    }
}

fn loose_note(of: &Note) -> Item<'_, VisitFields<'_>> {
    let fields = VisitFields { notes: vec![note(of)], ..VisitFields::default() };
    Item::of_note(&of.id, of.time.as_ref().map(ClinicalTime::as_str), &of.origin, fields)
}

fn diagnosis(of: &VisitDiagnosis) -> DiagnosisJson<'_> {
    DiagnosisJson {
        code: code(&of.code),
        status: &of.status,
        verification: &of.verification,
        role: of.role.as_deref(),
        rank: of.rank,
        origins: of.origins.iter().map(origin).collect(),
    }
}

fn note(of: &Note) -> NoteJson<'_> {
    let (mut text, mut html, mut content_type, mut missing, mut encoding) = (None, None, None, None, None);
    match &of.content {
        NoteContent::Text { text: own, encoding: how } => (text, encoding) = (Some(own.as_str()), how.key()),
        NoteContent::Html { html: own, encoding: how } => (html, encoding) = (Some(own.as_str()), how.key()),
        NoteContent::Document { content_type: own } => content_type = Some(own.as_str()),
        NoteContent::Missing { why } => missing = Some(*why),
    }
    NoteJson {
        id: &of.id,
        title: &of.title,
        time: of.time.as_ref().map(ClinicalTime::as_str),
        authors: &of.authors,
        status: of.status.as_deref(),
        text,
        html,
        content_type,
        missing,
        encoding,
        document: of.document(),
        succession: &of.succession,
        origin: origin(&of.origin),
    }
}
