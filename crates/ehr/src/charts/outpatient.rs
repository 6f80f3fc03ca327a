//! 门(急)诊病历 of every linked source, merged.

use access::{Outcome, PersonId};
use fhir::{kinds, rows};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::checked::Asking;
use super::demographics::states;
use super::fan_out::{Answer, Ids, Tally};
use super::labs::any_is_somebody_else;
use super::record_query::RecordQuery;
use super::summary::count;
use super::{Charts, Reader};
use crate::compartment::Compartment;
use crate::fact::silent;
use crate::outpatient::{LONGEST_NOTE, NoteContent, NoteRow, Pending, VisitRows, join_visits, read_note_text};
use crate::{EhrError, Outpatient, Part, Section, VisitClass, release};

const SLUG: &str = "outpatient";
const PARTS: [Part; 3] = [Part::Encounters, Part::Diagnoses, Part::Notes];
/// Texts of notes that one page fetches of one source, newest first; the others are named.
const MOST_TEXTS: usize = 24;
/// As many of them at a time.
const READ_AT_ONCE: usize = 4;

impl Charts {
    /// Outpatient and emergency visits of all linked sources with diagnoses and notes, newest first. A patient gets what
    /// may be shown to them now; the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn outpatient(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Outpatient, EhrError> {
        let allowed = self.open(reader, person, Section::Outpatient, now).await?;
        let read = self.begin(reader, &allowed, SLUG, query.for_audit(), now).await?;
        let compartment = self.compartments(&allowed.person);
        let (answers, mut sources) = self
            .ask_each(query.wanted(self.ids_at(&allowed.person)), now, move |source, ids, deadline| {
                let whose = compartment(&source, &ids);
                async move { ask(&source, &ids, &whose, deadline, now).await }
            })
            .await;
        query.hide_others(&allowed.person, &mut sources);
        let (mut visits, loose_notes) = join_visits(answers);
        visits.retain(|visit| visit.class != VisitClass::Inpatient);
        let silent = silent(&sources, Part::Encounters);
        let mut found = Outpatient { visits, loose_notes, silent, sources, as_of: now, held: Vec::new() };
        if release::applies(reader) {
            release::hold_outpatient(&mut found, now);
            query.blur(&mut found.held);
        }
        found.retain_times(|time| query.includes(time));
        if release::applies(reader) {
            release::recount(&mut found.sources, found.visits.iter().flat_map(|visit| &visit.fact.origins));
        }
        let hidden: usize = found.held.iter().map(|held| held.count).sum();
        let detail = json!({ "items": found.visits.len(), "held": hidden, "sources": states(&found.sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(found)
    }
}

async fn ask(source: &Source, ids: &Ids, whose: &Compartment, deadline: Instant, now: Timestamp) -> Answer<VisitRows> {
    let asking = Asking::new(source, ids, whose, deadline, now);
    let base = source.client.base().clone();
    let new = || VisitRows::new(asking.rows(), base.clone());
    let (mut visits, mut tally) = (new(), Tally::default());
    // Three containers, for the three searches run at once.
    let (mut conditions, mut notes) = (new(), Vec::new());
    let names = new();
    let note = |row: &rows::DocumentReference<'_>| {
        NoteRow::read(row, names.source(), &base, |reference| names.local(reference, "Encounter"))
    };
    let (another, of_visits, of_conditions, of_notes) = tokio::join!(
        any_is_somebody_else(source, ids, whose, deadline, now),
        asking.search::<kinds::Encounter>(SLUG, &[], |row: &rows::Encounter<'_>| visits.add(row), |_| {}),
        asking.search::<kinds::Condition>(SLUG, &[], |row: &rows::Condition<'_>| conditions.condition(row), |_| {}),
        asking.search::<kinds::DocumentReference>(
            SLUG,
            &[],
            |row: &rows::DocumentReference<'_>| notes.extend(note(row)),
            |_| {}
        ),
    );
    count(&mut tally, Part::Encounters, &of_visits, visits.without_id);
    count(&mut tally, Part::Diagnoses, &of_conditions, 0);
    count(&mut tally, Part::Notes, &of_notes, 0);
    if another {
        // The link is older than what the hospital now says of this record: nothing of it is this person's.
        tally.disown(&PARTS, u32::try_from(visits.len()).unwrap_or(u32::MAX));
        return Answer { data: new(), tally };
    }
    visits.take_conditions(conditions);
    let stays: Vec<NoteRow> = notes.into_iter().filter(|note| !is_of_a_stay(note, &visits)).collect();
    if let Some(why) = fetch(&asking, stays, &mut visits).await {
        tally.lacks(Part::Notes, why);
    }
    tally.entries = u32::try_from(visits.len() + visits.notes_mut().len()).unwrap_or(u32::MAX);
    Answer { data: visits, tally }
}

/// Notes of stays belong to another section.
fn is_of_a_stay(note: &NoteRow, visits: &VisitRows) -> bool {
    let mut classes = note.encounters.iter().filter_map(|id| visits.class_of(id)).peekable();
    classes.peek().is_some() && classes.all(|class| class == VisitClass::Inpatient)
}

/// Fetches the texts of the newest notes that did not come with them. Why some could not be had, if so.
async fn fetch(asking: &Asking<'_>, mut notes: Vec<NoteRow>, visits: &mut VisitRows) -> Option<&'static str> {
    notes.sort_by(|a, b| b.note.time.cmp(&a.note.time).then_with(|| a.note.id.cmp(&b.note.id)));
    notes.dedup_by(|a, b| a.note.id == b.note.id);
    let pending: Vec<(usize, Pending)> =
        notes.iter().enumerate().filter_map(|(at, note)| Some((at, note.pending.clone()?))).take(MOST_TEXTS).collect();
    let reads = pending.into_iter().map(|(at, pending)| async move { (at, text(asking, &pending).await) });
    let texts: Vec<(usize, NoteContent)> =
        futures_util::stream::iter(reads).buffer_unordered(READ_AT_ONCE).collect().await;
    let mut why = None;
    for (at, content) in texts {
        if let NoteContent::Missing { why: missing } = content
            && missing.starts_with("why-")
        {
            why = Some(missing);
        }
        notes[at].note.content = content;
    }
    visits.notes_mut().extend(notes);
    why
}

/// The text of a `Binary`. It hangs on a note of the patient's; when it names a patient itself, it must be them.
async fn text(asking: &Asking<'_>, pending: &Pending) -> NoteContent {
    let mut content = None;
    let take = |row: &rows::Binary<'_>| {
        let other = row.security_context.as_ref().filter(|of| names_a_patient(of, asking.source.client.base()));
        content = match row.data {
            _ if other.is_some_and(|of| !asking.whose.holds(Some(of))) => {
                Some(NoteContent::Missing { why: "why-foreign-dropped" })
            }
            // Four characters of base64 are three bytes.
            Some(data) if data.len() / 4 * 3 > LONGEST_NOTE + 3 => Some(NoteContent::Missing { why: "note-too-large" }),
            Some(data) => Some(read_note_text(data, row.content_type.or(pending.content_type.as_deref()))),
            None => Some(NoteContent::default()),
        };
    };
    let report = asking.read::<kinds::Binary>(&pending.binary, take).await;
    content.unwrap_or_else(|| NoteContent::Missing { why: report.outcome.key().unwrap_or("note-empty") })
}

fn names_a_patient(of: &rows::ResourceReference<'_>, base: &url::Url) -> bool {
    let said = of.reference.map(|text| fhir::Reference::parse(text, base));
    of.kind == Some("Patient") || matches!(said, Some(fhir::Reference::Local { kind: "Patient", .. }))
}
