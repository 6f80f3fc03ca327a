//! 护理记录 of every linked source, merged.

use access::PersonId;
use fhir::{kinds, rows};
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::note_texts::fetch_notes;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::joined::{newest_first, time_key};
use crate::nursing::{NursingKind, NursingNotes};
use crate::sheet::SheetRows;
use crate::{EhrError, Entry, NursingFields, Part, Section, Sheet};

struct Nursing;

impl Charts {
    /// Vital signs, assessments, care plans and nursing notes of all linked sources, newest first. A patient gets what may
    /// be shown to them now; the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn nursing(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<NursingFields>, EhrError> {
        self.sheet::<Nursing>(reader, person, query, now).await
    }
}

impl SheetKind for Nursing {
    const SECTION: Section = Section::Nursing;
    const PARTS: &'static [Part] = &[Part::Findings, Part::CarePlans, Part::Notes];
    type Fields = NursingFields;

    async fn ask(asking: &Asking<'_>, rows: SheetRows<NursingFields>) -> (SheetRows<NursingFields>, Tally) {
        let slug = Self::SECTION.slug();
        let (mut findings, mut plans, mut tally) = (rows.another(), rows.another(), Tally::default());
        let (mut notes, local) = (NursingNotes::default(), &asking.source.codes);
        let (of_findings, of_plans, of_notes) = tokio::join!(
            asking.search::<kinds::Observation>(
                slug,
                &[],
                |row: &rows::Observation<'_>| findings.observation(row, local),
                |_| {}
            ),
            asking.search::<kinds::CarePlan>(slug, &[], |row: &rows::CarePlan<'_>| plans.care_plan(row), |_| {}),
            asking.search::<kinds::DocumentReference>(
                slug,
                &[],
                |row: &rows::DocumentReference<'_>| notes.document(row, &rows.source, asking.whose),
                |_| {}
            ),
        );
        count_part(&mut tally, Part::Findings, &of_findings);
        count_part(&mut tally, Part::CarePlans, &of_plans);
        count_part(&mut tally, Part::Notes, &of_notes);
        let texts = fetch_notes(asking, slug, notes.told(&asking.source.id), &mut tally).await;
        findings.take_in(plans);
        texts.into_iter().for_each(|note| findings.nursing_note(note));
        (findings, tally)
    }

    /// Another value at the same instant; a plan that goes on here and was given up there.
    fn contradict(one: &Entry<NursingFields>, other: &Entry<NursingFields>) -> bool {
        let time = |of: &Entry<NursingFields>| of.fact.time.as_ref().map(time_key);
        if time(one).is_none() || time(one) != time(other) || one.fields.what != other.fields.what {
            return false;
        }
        let settled = |of: &Entry<NursingFields>| matches!(of.fact.status.as_str(), "final" | "amended" | "corrected");
        match one.fields.what {
            NursingKind::VitalSign | NursingKind::Assessment => settled(one) && settled(other) && differ(one, other),
            NursingKind::Plan => one.fact.status == "active" && other.fact.status != "active",
            NursingKind::Note => false,
        }
    }

    /// Plans, assessments and notes before the many measurements, each kind newest first.
    fn arrange(entries: Vec<Entry<NursingFields>>) -> Vec<Entry<NursingFields>> {
        let rank = |entry: &Entry<NursingFields>| match entry.fields.what {
            NursingKind::Plan => 0,
            NursingKind::Assessment => 1,
            NursingKind::Note => 2,
            NursingKind::VitalSign => 3,
        };
        let mut entries = entries;
        entries.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| newest_first(&one.fact, &other.fact)));
        entries
    }

    fn part(entry: &Entry<NursingFields>) -> Part {
        match entry.fields.what {
            NursingKind::VitalSign | NursingKind::Assessment => Part::Findings,
            NursingKind::Plan => Part::CarePlans,
            NursingKind::Note => Part::Notes,
        }
    }

    fn said(entry: &Entry<NursingFields>) -> Vec<&str> {
        let parts = entry.fields.components.iter().map(|part| part.code.text.as_str());
        entry.fields.about.iter().map(String::as_str).chain(parts).collect()
    }
}

/// Do both say something, and not the same?
fn differ(one: &Entry<NursingFields>, other: &Entry<NursingFields>) -> bool {
    let until = |of: &Entry<NursingFields>| of.fields.period.as_ref().and_then(|period| period.end.clone());
    let alike = one.fields.how == other.fields.how && until(one) == until(other);
    alike && one.fields.is_said() && other.fields.is_said() && one.fields.said_key() != other.fields.said_key()
}
