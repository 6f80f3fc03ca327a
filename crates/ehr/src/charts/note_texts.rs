//! Texts of notes that did not come along with them.

use fhir::{Cause, Outcome, kinds, rows};
use futures_util::StreamExt as _;

use super::checked::Asking;
use super::fan_out::{Tally, state};
use super::sheet::count_part;
use crate::document::content::{Content, FOREIGN};
use crate::outpatient::{NoteContent, NoteRow, Pending, VisitRows};
use crate::{Part, SourceState};

/// Texts of notes that one page fetches of one source, newest first; the others are named.
const MOST_TEXTS: usize = 24;
/// As many of them at a time.
const READ_AT_ONCE: usize = 4;

/// Fetches the texts of the newest notes. The notes come back newest first, each once; with why some could not be had, if
/// so.
pub(super) async fn fetch_texts(asking: &Asking<'_>, mut notes: Vec<NoteRow>) -> (Vec<NoteRow>, Option<&'static str>) {
    notes.sort_by(|a, b| b.note.time.cmp(&a.note.time).then_with(|| a.note.id.cmp(&b.note.id)));
    notes.dedup_by(|a, b| a.note.id == b.note.id);
    let pending: Vec<(usize, Pending)> =
        notes.iter().enumerate().filter_map(|(at, note)| Some((at, note.pending.clone()?))).take(MOST_TEXTS).collect();
    let reads =
        pending.into_iter().map(|(at, pending)| async move { (at, binary(asking, &pending).await.into_note()) });
    let texts: Vec<(usize, NoteContent)> =
        futures_util::stream::iter(reads).buffer_unordered(READ_AT_ONCE).collect().await;
    for (at, content) in texts {
        notes[at].note.content = content;
    }
    let why = notes.iter().find_map(|note| note.note.content.failure());
    (notes, why)
}

/// As [`fetch_texts`], for a section that does not ask for visits. To a patient a note is there when the stay that it was
/// written in is over: where a patient reads, the visits that notes name are asked for. What could not be had is missing of
/// the notes.
pub(super) async fn fetch_notes(
    asking: &Asking<'_>,
    section: &str,
    notes: Vec<NoteRow>,
    tally: &mut Tally,
) -> Vec<NoteRow> {
    let mut visits = VisitRows::new(asking.rows(), asking.source.client.base().clone());
    let wanted = asking.for_patient && notes.iter().any(|note| !note.encounters.is_empty());
    let ask = async {
        let take = |row: &rows::Encounter<'_>| visits.add(row);
        match wanted {
            true => Some(asking.search::<kinds::Encounter>(section, &[], take, |_| {}).await),
            false => None,
        }
    };
    let ((mut notes, why), found) = tokio::join!(fetch_texts(asking, notes), ask);
    if let Some(found) = found {
        count_part(tally, Part::Notes, &found);
    }
    if let Some(why) = why {
        tally.lacks(Part::Notes, why);
    }
    for note in &mut notes {
        note.note.visit = visits.known_of(&note.encounters);
    }
    notes
}

/// What a `Binary` holds. It hangs on a resource of the patient's; when it, or the document in it, names a patient, it must
/// be them.
pub(super) async fn binary(asking: &Asking<'_>, pending: &Pending) -> Content {
    read_binary(asking, pending).await.0
}

/// The same, and whether the source was silent about it.
pub(super) async fn read_binary(asking: &Asking<'_>, pending: &Pending) -> (Content, bool) {
    let mut content = None;
    let take = |row: &rows::Binary<'_>| {
        let other = row.security_context.as_ref().filter(|of| names_a_patient(of, asking.source.client.base()));
        content = Some(match row.data {
            _ if other.is_some_and(|of| !asking.whose.holds(Some(of))) => Content::missing(FOREIGN),
            Some(data) => Content::unpack(data, row.content_type.or(pending.content_type.as_deref()), asking.whose),
            None => Content::missing("note-empty"),
        });
    };
    let report = asking.read::<kinds::Binary>(&pending.binary, take).await;
    let has_said = matches!(report.outcome, Outcome::Unreachable(Cause::Status(404 | 410)));
    let silent = content.is_none() && state(report.outcome) == SourceState::Unreachable && !has_said;
    (content.unwrap_or_else(|| Content::missing(report.outcome.key().unwrap_or("note-empty"))), silent)
}

fn names_a_patient(of: &rows::ResourceReference<'_>, base: &url::Url) -> bool {
    let said = of.reference.map(|text| fhir::Reference::parse(text, base));
    of.kind == Some("Patient") || matches!(said, Some(fhir::Reference::Local { kind: "Patient", .. }))
}
