//! 门(急)诊病历 and 住院病历 of every linked source, merged.

use access::{Outcome, PersonId};
use fhir::{kinds, rows};
use jiff::Timestamp;
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::checked::Asking;
use super::demographics::states;
use super::fan_out::{Answer, Ids, Tally};
use super::labs::any_is_somebody_else;
use super::note_texts::fetch_texts;
use super::record_query::RecordQuery;
use super::sheet::resolve_names;
use super::summary::count;
use super::{Charts, Reader};
use crate::compartment::Compartment;
use crate::fact::silent;
use crate::outpatient::{NoteRow, VisitRows, join_visits};
use crate::succession::{Links, settle_visits};
use crate::{EhrError, Part, Section, VisitClass, Visits, release};

const PARTS: [Part; 3] = [Part::Encounters, Part::Diagnoses, Part::Notes];

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
    ) -> Result<Visits, EhrError> {
        self.visits(reader, person, Section::Outpatient, query, now).await
    }

    /// As [`Charts::outpatient`], for stays: with wards, beds and who attended.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn inpatient(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Visits, EhrError> {
        self.visits(reader, person, Section::Inpatient, query, now).await
    }

    async fn visits(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Visits, EhrError> {
        let allowed = self.open(reader, person, section, now).await?;
        let read = self.begin(reader, &allowed, section.slug(), query.for_audit(), now).await?;
        let compartment = self.compartments(&allowed.person);
        let (answers, mut sources) = self
            .ask_each(query.wanted(self.ids_at(&allowed)), now, move |source, ids, deadline| {
                let whose = compartment(&source, &ids);
                async move { ask(section, &source, &ids, &whose, deadline, now).await }
            })
            .await;
        query.hide_others(&allowed.person, &mut sources);
        let (mut visits, mut loose_notes) = join_visits(answers);
        visits.retain(|visit| visit.class.section() == section);
        if section == Section::Inpatient {
            // They stand with the outpatient ones.
            loose_notes.clear();
        }
        let silent = silent(&sources, Part::Encounters);
        let mut found = Visits { section, visits, loose_notes, silent, sources, as_of: now, held: Vec::new() };
        if release::applies(reader) {
            release::hold_visits(&mut found, now);
            query.blur(&mut found.held);
        }
        found.retain_times(|time| query.includes(time));
        if release::applies(reader) {
            release::recount(&mut found.sources, found.visits.iter().flat_map(|visit| &visit.fact.origins));
        }
        settle_visits(&mut found, release::applies(reader));
        let hidden: usize = found.held.iter().map(|held| held.count).sum();
        let detail = json!({ "items": found.visits.len(), "held": hidden, "sources": states(&found.sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(found)
    }
}

async fn ask(
    section: Section,
    source: &Source,
    ids: &Ids,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> Answer<VisitRows> {
    let asking = Asking::new(source, ids, whose, deadline, now);
    let base = source.client.base().clone();
    let new = || VisitRows::new(asking.rows(), base.clone());
    let (mut visits, mut tally) = (new(), Tally::default());
    // Three containers, for the three searches run at once.
    let (mut conditions, mut notes) = (new(), Vec::new());
    let names = new();
    let mut links = Links::default();
    let note = |row: &rows::DocumentReference<'_>| {
        NoteRow::read(row, names.source(), whose, |reference| names.local(reference, "Encounter"))
    };
    let (another, of_visits, of_conditions, of_notes) = tokio::join!(
        any_is_somebody_else(source, ids, whose, deadline, now),
        asking.search::<kinds::Encounter>(section.slug(), &[], |row: &rows::Encounter<'_>| visits.add(row), |_| {}),
        asking.search::<kinds::Condition>(
            section.slug(),
            &[],
            |row: &rows::Condition<'_>| conditions.condition(row),
            |_| {}
        ),
        asking.search::<kinds::DocumentReference>(
            section.slug(),
            &[],
            |row: &rows::DocumentReference<'_>| {
                links.document(row, &base);
                notes.extend(note(row));
            },
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
    links.told(&source.id).tell(&mut notes);
    let own: Vec<NoteRow> = notes.into_iter().filter(|note| section_of(note, &visits) == section).collect();
    let ((notes, why), ()) = tokio::join!(fetch_texts(&asking, own), resolve_names(&asking, |each| visits.named(each)));
    visits.names_asked = true;
    visits.notes_mut().extend(notes);
    if let Some(why) = why {
        tally.lacks(Part::Notes, why);
    }
    tally.entries = u32::try_from(visits.len() + visits.notes_mut().len()).unwrap_or(u32::MAX);
    Answer { data: visits, tally }
}

/// Notes of stays stand with them; those of anything else, and of nothing that came, with the outpatient ones.
fn section_of(note: &NoteRow, visits: &VisitRows) -> Section {
    let mut sections = note.encounters.iter().filter_map(|id| visits.class_of(id)).map(VisitClass::section).peekable();
    match sections.peek().is_some() && sections.all(|section| section == Section::Inpatient) {
        true => Section::Inpatient,
        false => Section::Outpatient,
    }
}
