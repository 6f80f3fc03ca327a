//! Notes: what a `DocumentReference` says, and its text.
//!
//! A note is a stranger's document. Text stays text; HTML is cut down to a few elements without attributes; anything else
//! is named and not shown. Nothing is fetched but `Binary` of the same server.

use fhir::rows::{Attachment, DocumentReference};

use super::{Note, NoteContent, NoteVisit};
use crate::ClinicalTime;
use crate::compartment::Compartment;
use crate::concept::{has_code, some_words};
use crate::document::content::{Content, mime};
use crate::document::is_had;
use crate::joined::{RowSource, anchor, unique};
use crate::succession::Succession;

/// A note on its way, with the visits that it names.
#[derive(Clone, Debug)]
pub(crate) struct NoteRow {
    pub note: Note,
    pub encounters: Vec<String>,
    /// Where its text must be fetched.
    pub pending: Option<Pending>,
}

/// Text that did not come with the reference.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// `Binary/id` of the same server.
    pub binary: String,
    /// As the reference says.
    pub content_type: Option<String>,
}

impl NoteRow {
    /// A checked `DocumentReference` as a note. `None` for what never counts and what is no clinical note. What was
    /// replaced stays: somebody has read it, and acted by it.
    pub fn read(
        row: &DocumentReference<'_>,
        source: &RowSource,
        whose: &Compartment,
        encounter: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let id = row.id.filter(|id| !id.is_empty())?;
        let gone = [row.status, row.doc_status].contains(&Some("entered-in-error"));
        let other = !row.category.is_empty() && !has_code(row.category, "clinical-note") && is_known_other(row);
        if gone || other {
            return None;
        }
        let context = row.context.get();
        let named = context.map(|context| context.encounter).unwrap_or_default();
        let encounters = named.iter().filter_map(|reference| encounter(reference.reference?)).collect();
        let authors = row.author.iter().filter_map(|author| author.display);
        let mut authors: Vec<String> = authors.map(|author| author.trim().to_owned()).collect();
        unique(&mut authors);
        let title = some_words(row.kind.as_ref())
            .or_else(|| row.description.map(str::to_owned))
            .or_else(|| row.content.iter().find_map(|content| content.attachment?.title).map(str::to_owned));
        let began = context.and_then(|context| context.period).and_then(|period| period.start);
        let (content, pending, attachment) = content(row, whose);
        Some(Self {
            note: Note {
                id: anchor(&source.id, "DocumentReference", id),
                title: title.unwrap_or_default(),
                time: row.date.and_then(ClinicalTime::parse).or_else(|| began.and_then(ClinicalTime::parse)),
                authors,
                status: row.doc_status.map(str::to_owned),
                content,
                attachment,
                visit: NoteVisit::Unknown,
                succession: Succession { superseded: row.status == Some("superseded"), related: Vec::new() },
                origin: source.origin("DocumentReference", id, row.meta),
            },
            encounters,
            pending,
        })
    }
}

/// The id of the visit of this source that a reference means.
pub(crate) fn visit_id(reference: &str, base: &url::Url) -> Option<String> {
    match fhir::Reference::parse(reference, base) {
        fhir::Reference::Local { kind: "Encounter", id, .. } => Some(id.to_owned()),
        _ => None,
    }
}

/// A category of another kind, as far as known ones go: what nobody understands stays a note.
fn is_known_other(row: &DocumentReference<'_>) -> bool {
    ["imaging-result", "laboratory", "LAB", "radiology", "consent", "insurance"]
        .iter()
        .any(|other| has_code(row.category, other))
}

/// The text that came along, or where it is, and which attachment it is: of several formats plain text first, then HTML.
fn content(row: &DocumentReference<'_>, whose: &Compartment) -> (NoteContent, Option<Pending>, Option<usize>) {
    let base = whose.base();
    let mut attachments: Vec<(usize, &Attachment<'_>)> = attachments(row).collect();
    attachments.sort_by_key(|(_, attachment)| rank(attachment.content_type));
    let Some((number, best)) = attachments.first() else { return (NoteContent::default(), None, None) };
    let number = is_had(best, base).then_some(*number);
    if !is_text(best.content_type) {
        let content_type = best.content_type.unwrap_or("application/octet-stream").to_owned();
        return (NoteContent::Document { content_type }, None, number);
    }
    if let Some(data) = best.data {
        return (Content::unpack(data, best.content_type, whose).into_note(), None, number);
    }
    let Some(url) = best.url else { return (NoteContent::default(), None, None) };
    match fhir::Reference::parse(url, base) {
        fhir::Reference::Local { kind: "Binary", id, .. } => {
            let pending = Pending { binary: id.to_owned(), content_type: best.content_type.map(str::to_owned) };
            (NoteContent::Missing { why: "note-limit" }, Some(pending), number)
        }
        _ => (NoteContent::Missing { why: "note-elsewhere" }, None, None),
    }
}

/// Attachments with their places.
pub(crate) fn attachments<'r>(row: &DocumentReference<'r>) -> impl Iterator<Item = (usize, &'r Attachment<'r>)> {
    row.content.iter().enumerate().filter_map(|(at, content)| Some((at, content.attachment.as_ref()?)))
}

fn rank(content_type: Option<&str>) -> u8 {
    match mime(content_type).as_str() {
        "text/plain" => 0,
        "text/html" | "application/xhtml+xml" => 1,
        other if other.starts_with("text/") => 2,
        _ => 3,
    }
}

/// Rich text is a program for another reader, not text.
fn is_text(content_type: Option<&str>) -> bool {
    rank(content_type) < 3 && mime(content_type) != "text/rtf" && mime(content_type) != "text/xml"
}
