//! 手术麻醉 of every linked source, merged.

use access::PersonId;
use fhir::{kinds, rows};
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::note_texts::fetch_notes;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::joined::time_key;
use crate::sheet::{SheetRows, differ};
use crate::surgery::{ASA_CODES, Operations, is_done};
use crate::{EhrError, Entry, Part, Section, Sheet, SurgeryFields};

struct Surgery;

impl Charts {
    /// Operations and other procedures of all linked sources, newest first. A patient gets what may be shown to them now;
    /// the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn surgery(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<SurgeryFields>, EhrError> {
        self.sheet::<Surgery>(reader, person, query, now).await
    }
}

impl SheetKind for Surgery {
    const SECTION: Section = Section::Surgery;
    const PARTS: &'static [Part] = &[Part::Procedures, Part::Notes, Part::Findings];
    type Fields = SurgeryFields;

    /// No search names a date: what is undated would be lost by it, and some servers want a time of day.
    async fn ask(asking: &Asking<'_>, rows: SheetRows<SurgeryFields>) -> (SheetRows<SurgeryFields>, Tally) {
        let slug = Self::SECTION.slug();
        let new = || Operations::new(rows.another());
        let (mut procedures, mut notes, mut classes, mut tally) = (new(), new(), new(), Tally::default());
        let code = [("code", ASA_CODES)];
        let (of_procedures, of_notes, of_classes) = tokio::join!(
            asking.search::<kinds::Procedure>(slug, &[], |row: &rows::Procedure<'_>| procedures.procedure(row), |_| {}),
            asking.search::<kinds::DocumentReference>(
                slug,
                &[],
                |row: &rows::DocumentReference<'_>| notes.document(row, asking.whose),
                |_| {}
            ),
            asking.search::<kinds::Observation>(
                slug,
                &code,
                |row: &rows::Observation<'_>| classes.observation(row),
                |_| {}
            ),
        );
        count_part(&mut tally, Part::Procedures, &of_procedures);
        count_part(&mut tally, Part::Notes, &of_notes);
        count_part(&mut tally, Part::Findings, &of_classes);
        procedures.take_in(notes);
        procedures.take_in(classes);
        let texts = fetch_notes(asking, slug, procedures.notes(), &mut tally).await;
        (procedures.put_together(texts), tally)
    }

    /// At the same time: done here and not done there, or another outcome, end or ASA class.
    fn contradict(one: &Entry<SurgeryFields>, other: &Entry<SurgeryFields>) -> bool {
        let time = |of: &Entry<SurgeryFields>| of.fact.time.as_ref().map(time_key);
        let same_time = time(one).is_some() && time(one) == time(other) && one.fact.kind == other.fact.kind;
        let done = is_done(&one.fact.status) && !is_done(&other.fact.status);
        same_time && (done || differ(&one.fields, &other.fields))
    }

    fn part(entry: &Entry<SurgeryFields>) -> Part {
        match entry.fact.kind {
            "DocumentReference" => Part::Notes,
            "Observation" => Part::Findings,
            _ => Part::Procedures,
        }
    }

    fn said(entry: &Entry<SurgeryFields>) -> Vec<&str> {
        let fields = &entry.fields;
        let lists = [&fields.reasons, &fields.complications, &fields.used];
        let single = [&fields.outcome, &fields.body_site, &fields.status_reason, &fields.performed_text];
        lists.into_iter().flatten().chain(single.into_iter().flatten()).map(String::as_str).collect()
    }
}
