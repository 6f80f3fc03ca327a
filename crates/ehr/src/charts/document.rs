//! One document of a hospital, fetched when somebody opens it.
//!
//! The resource that names it must be the patient's; a section that shows it must be open to the reader; to a patient it is
//! there only while a section of theirs names it, so that what is held in a list is held here.

use access::{Outcome, PersonId};
use fhir::{Row as _, kinds, rows};
use jiff::Timestamp;
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::authorize::Allowed;
use super::checked::Asking;
use super::demographics::states;
use super::fan_out::{Answer, Ids, Tally};
use super::labs::any_is_somebody_else;
use super::note_texts::read_binary;
use super::record_query::RecordQuery;
use super::{Charts, Reader};
use crate::compartment::Compartment;
use crate::concept::words;
use crate::discharge::is_discharge_document;
use crate::document::content::{Content, FOREIGN};
use crate::document::path;
use crate::outpatient::{NoteRow, Pending, VisitRows, attachments};
use crate::summary::is_laboratory_report;
use crate::{ClinicalTime, EhrError, File, Note, NoteContent, Origin, Section, SourceReport, VisitClass, release};

/// Visits that one note may name.
const MOST_VISITS: usize = 4;

/// Which document: an attachment of a resource of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentAddress {
    /// Source id.
    pub source: String,
    /// `DocumentReference` or `DiagnosticReport`.
    pub kind: String,
    /// Its id at the source.
    pub resource: String,
    /// Place of the attachment in it, from 0.
    pub number: usize,
}

/// A document, opened.
#[derive(Clone, Debug)]
pub struct OpenedDocument {
    /// The section that it belongs to.
    pub section: Section,
    /// What it is, and its words where it has any.
    pub note: Note,
    /// The file, where it is a PDF or a picture.
    pub file: Option<File>,
    /// One per configured source, in configuration order.
    pub sources: Vec<SourceReport>,
    /// When it was read: before it was asked for, where it comes from a copy.
    pub as_of: Timestamp,
}

/// What a resource says of the document that it names.
struct Named {
    section: Section,
    note: Note,
    encounters: Vec<String>,
}

/// The attachment's own data, or where it is.
enum Held {
    Here(Content),
    There(Pending),
}

/// What a resource says of a document, and what it has of it.
type Hung = (Named, Held);

/// What came of asking the source.
enum Found {
    Document(Box<(Named, Content)>),
    /// There is no such document of this patient.
    Nothing,
    /// It could not be asked for.
    Failed(&'static str),
}

impl DocumentAddress {
    /// As links of the record's pages name it.
    fn path(&self) -> Option<String> {
        path(&self.source, &format!("{}/{}", self.kind, self.resource), self.number)
    }

    /// The sections that documents of this kind stand in.
    fn sections(&self) -> &'static [Section] {
        match self.kind.as_str() {
            "DocumentReference" => &[Section::Outpatient, Section::Inpatient, Section::Discharge],
            "DiagnosticReport" => &[Section::ExamReports],
            _ => &[],
        }
    }
}

impl Charts {
    /// A document of one source.
    ///
    /// # Errors
    /// As [`Charts::demographics`]; [`EhrError::NotFound`] also for a document that is not there, is another patient's, or
    /// is held.
    pub async fn document(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        address: &DocumentAddress,
        now: Timestamp,
    ) -> Result<OpenedDocument, EhrError> {
        let wanted = address.path().ok_or(EhrError::NotFound)?;
        let allowed = self.open_any(reader, person, address.sections(), now).await?;
        let detail = json!({ "document": wanted });
        let read = self.begin(reader, &allowed, "document", detail, now).await?;
        let opened = self.opened(reader, &allowed, address, now).await;
        let (outcome, detail) = match &opened {
            Ok(opened) => {
                (Outcome::Ok, json!({ "section": opened.section.slug(), "sources": states(&opened.sources) }))
            }
            Err(EhrError::NotFound | EhrError::Forbidden) => (Outcome::Refused, json!({})),
            Err(_) => (Outcome::Failed, json!({})),
        };
        read.finish(outcome, detail, now).await?;
        opened
    }

    /// Opens the chart by whichever of `sections` the reader may read.
    pub(super) async fn open_any(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        sections: &[Section],
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        for section in sections {
            match self.authorize(reader, person, *section, now).await {
                Ok(allowed) => return Ok(allowed),
                Err(EhrError::NotFound | EhrError::Forbidden) => {}
                // Once more, to be written down.
                Err(_) => return self.open(reader, person, *section, now).await,
            }
        }
        // Nobody: said once, and written down.
        self.open(reader, person, *sections.first().ok_or(EhrError::NotFound)?, now).await
    }

    async fn opened(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        address: &DocumentAddress,
        now: Timestamp,
    ) -> Result<OpenedDocument, EhrError> {
        let compartment = self.compartments(&allowed.person);
        let ids_at = self.ids_at(allowed);
        let only = address.source.clone();
        let wanted = move |source: &Source| if source.id == only { ids_at(source) } else { None };
        let of = address.clone();
        let (found, sources) = self
            .ask_each(wanted, now, move |source, ids, deadline| {
                let (whose, of) = (compartment(&source, &ids), of.clone());
                async move { ask(&of, &source, &ids, &whose, deadline, now).await }
            })
            .await;
        let (named, content) = match found.into_iter().next() {
            Some(Found::Document(found)) => *found,
            Some(Found::Failed(why)) => return nameless(address, why, sources, now),
            None if self.is_linked(address, allowed) => return nameless(address, "why-timeout", sources, now),
            Some(Found::Nothing) | None => return Err(EhrError::NotFound),
        };
        self.may_see(reader, allowed.person.id, named.section)?;
        if release::applies(reader) && !self.is_shown(reader, allowed, &named, &content, address, now).await? {
            return Err(EhrError::NotFound);
        }
        let (file, content) = match content {
            Content::File(file) => {
                let content_type = file.kind.content_type().to_owned();
                (Some(file), NoteContent::Document { content_type })
            }
            other => (None, other.into_note()),
        };
        let note = Note { content, ..named.note };
        // Older than now where it comes from a copy.
        let as_of = note.origin.retrieved_at;
        Ok(OpenedDocument { section: named.section, note, file, sources, as_of })
    }

    fn is_linked(&self, address: &DocumentAddress, allowed: &Allowed) -> bool {
        allowed.person.links.iter().any(|link| link.source == address.source)
            && self.inner.catalogue.named(&address.source).is_some()
    }

    /// Does a section of the patient's own name it at this moment, and do its words hold nothing back?
    async fn is_shown(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        named: &Named,
        content: &Content,
        address: &DocumentAddress,
        now: Timestamp,
    ) -> Result<bool, EhrError> {
        let (person, everything) = (allowed.person.id, RecordQuery::default());
        let wanted = address.path();
        let listed = match named.section {
            Section::ExamReports => {
                let sheet = self.exam_reports(reader, person, &everything, now).await?;
                let mut documents = sheet.entries.iter().flat_map(|entry| &entry.fields.documents);
                documents.any(|document| document.path == wanted)
            }
            Section::Discharge => {
                let sheet = self.discharge(reader, person, &everything, now).await?;
                let mut documents = sheet.entries.iter().filter_map(|entry| entry.fields.document.as_ref());
                documents.any(|document| document.path == wanted)
            }
            Section::Inpatient => {
                let visits = self.inpatient(reader, person, &everything, now).await?;
                visits.visits.iter().flat_map(|visit| &visit.notes).any(|note| note.document() == wanted)
            }
            _ => {
                let visits = self.outpatient(reader, person, &everything, now).await?;
                visits.visits.iter().flat_map(|visit| &visit.notes).any(|note| note.document() == wanted)
            }
        };
        Ok(listed && !release::holds_content(content, named.section))
    }
}

/// A document of which nothing is known but where it should be: its hospital can't be asked.
fn nameless(
    address: &DocumentAddress,
    why: &'static str,
    sources: Vec<SourceReport>,
    now: Timestamp,
) -> Result<OpenedDocument, EhrError> {
    let section = *address.sections().first().ok_or(EhrError::NotFound)?;
    let resource = format!("{}/{}", address.kind, address.resource);
    let origin = Origin { source: address.source.clone(), resource, version: None, retrieved_at: now };
    let note = Note { id: "document".to_owned(), origin, content: NoteContent::Missing { why }, ..Note::default() };
    Ok(OpenedDocument { section, note, file: None, sources, as_of: now })
}

async fn ask(
    address: &DocumentAddress,
    source: &Source,
    ids: &Ids,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> Answer<Found> {
    let asking = Asking::new(source, ids, whose, deadline, now);
    let mut tally = Tally::default();
    let (another, (named, report, foreign)) =
        tokio::join!(any_is_somebody_else(source, ids, whose, deadline, now), naming(&asking, address),);
    tally.add(&report);
    tally.dropped += foreign;
    if another {
        // The link is older than what the hospital now says of this record: nothing of it is this person's.
        tally.disown(&[], 1);
        return Answer { data: Found::Nothing, tally };
    }
    let Some((mut named, held)) = named else {
        let failed = report.outcome.key().filter(|_| foreign == 0 && !is_answer(report.outcome));
        return Answer { data: failed.map_or(Found::Nothing, Found::Failed), tally };
    };
    tally.entries = 1;
    let content = async {
        match held {
            Held::Here(content) => (content, false),
            Held::There(pending) => read_binary(&asking, &pending).await,
        }
    };
    let ((content, silent), section) = tokio::join!(content, section_of_visits(&asking, &named));
    named.section = section.unwrap_or(named.section);
    if silent {
        tally.is_unread();
    }
    tally.dropped += u32::from(content.failure() == Some(FOREIGN));
    Answer { data: Found::Document(Box::new((named, content))), tally }
}

/// Did the server say what it has? Here a web server's bare 404 is an answer too: another patient's resource must not be
/// told from none.
fn is_answer(outcome: fhir::Outcome) -> bool {
    use fhir::{Cause, Outcome};
    matches!(outcome, Outcome::Answered | Outcome::Unsupported | Outcome::Unreachable(Cause::Status(404 | 410)))
}

/// Reads the resource that names the document: the patient's own, or none. Counts what is another patient's.
async fn naming(asking: &Asking<'_>, address: &DocumentAddress) -> (Option<Hung>, fhir::SearchReport, u32) {
    let (mut named, mut foreign) = (None, 0);
    let report = match address.kind.as_str() {
        "DiagnosticReport" => {
            let take = |row: &rows::DiagnosticReport<'_>| match asking.whose.holds(row.subject()) {
                true => named = of_report(asking, row, address),
                false => foreign += 1,
            };
            asking.read::<kinds::DiagnosticReport>(&address.resource, take).await
        }
        _ => {
            let take = |row: &rows::DocumentReference<'_>| match asking.whose.holds(row.subject()) {
                true => named = of_reference(asking, row, address),
                false => foreign += 1,
            };
            asking.read::<kinds::DocumentReference>(&address.resource, take).await
        }
    };
    // A server that answers with another resource than was asked for is not believed.
    let named = named
        .filter(|(named, _): &Hung| named.note.origin.resource == format!("{}/{}", address.kind, address.resource));
    (named, report, foreign)
}

fn of_report(asking: &Asking<'_>, row: &rows::DiagnosticReport<'_>, address: &DocumentAddress) -> Option<Hung> {
    let gone = row.status == Some("entered-in-error") || is_laboratory_report(row);
    let form = row.presented_form.get(address.number).filter(|_| !gone)?;
    let source = asking.rows();
    let authors = row.performer.iter().filter_map(|one| one.display).map(str::to_owned).collect();
    let note = Note {
        id: crate::joined::anchor(&source.id, "DiagnosticReport", row.id?),
        title: row.code.map(|code| words(&code)).filter(|title| !title.is_empty())?,
        time: row.effective.and_then(rows::Effective::start).or(row.issued).and_then(ClinicalTime::parse),
        authors,
        status: row.status.map(str::to_owned),
        origin: source.origin("DiagnosticReport", row.id?, row.meta),
        ..Note::default()
    };
    Some((Named { section: Section::ExamReports, note, encounters: Vec::new() }, held(form, asking.whose)))
}

fn of_reference(asking: &Asking<'_>, row: &rows::DocumentReference<'_>, address: &DocumentAddress) -> Option<Hung> {
    let base = asking.source.client.base();
    let local = |reference: &str| match fhir::Reference::parse(reference, base) {
        fhir::Reference::Local { kind: "Encounter", id, .. } => Some(id.to_owned()),
        _ => None,
    };
    let read = NoteRow::read(row, &asking.rows(), asking.whose, local)?;
    let (_, form) = attachments(row).find(|(at, _)| *at == address.number)?;
    let section = if is_discharge_document(row) { Section::Discharge } else { Section::Outpatient };
    Some((Named { section, note: read.note, encounters: read.encounters }, held(form, asking.whose)))
}

fn held(form: &rows::Attachment<'_>, whose: &Compartment) -> Held {
    if let Some(data) = form.data {
        return Held::Here(Content::unpack(data, form.content_type, whose));
    }
    match form.url.map(|url| fhir::Reference::parse(url, whose.base())) {
        Some(fhir::Reference::Local { kind: "Binary", id, .. }) => {
            Held::There(Pending { binary: id.to_owned(), content_type: form.content_type.map(str::to_owned) })
        }
        Some(_) => Held::Here(Content::missing("note-elsewhere")),
        None => Held::Here(Content::missing("note-empty")),
    }
}

/// Where a note stands: with the stays that it names, when all of them are stays.
async fn section_of_visits(asking: &Asking<'_>, named: &Named) -> Option<Section> {
    if named.section != Section::Outpatient || named.encounters.is_empty() {
        return None;
    }
    let mut visits = VisitRows::new(asking.rows(), asking.source.client.base().clone());
    for id in named.encounters.iter().take(MOST_VISITS) {
        let take = |row: &rows::Encounter<'_>| {
            if asking.whose.holds(row.subject()) {
                visits.add(row);
            }
        };
        asking.read::<kinds::Encounter>(id, take).await;
    }
    let mut sections = named.encounters.iter().filter_map(|id| visits.class_of(id)).map(VisitClass::section).peekable();
    let stay = sections.peek().is_some() && sections.all(|section| section == Section::Inpatient);
    stay.then_some(Section::Inpatient)
}
