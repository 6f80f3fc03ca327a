//! The whole history of a person at every linked source, in one line.

use std::collections::BTreeSet;

use access::{Act, Object, PersonId, StaffContext};
use fhir::{kinds, rows};
use jiff::Timestamp;
use serde_json::json;

use super::checked::Asking;
use super::fan_out::Tally;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::joined::time_key;
use crate::sheet::{SheetRows, differ};
use crate::timeline::{Moment, MomentKind, Moments};
use crate::{EhrError, Entry, Part, Section, Sheet, Silent, SourceState};

struct Timeline;

/// Sections whose facts stand in the line, with the part of it that they are.
const FROM: [(Section, Part); 8] = [
    (Section::Outpatient, Part::Encounters),
    (Section::Inpatient, Part::Encounters),
    (Section::Surgery, Part::Procedures),
    (Section::PersonalRecord, Part::Immunizations),
    (Section::ExamReports, Part::Reports),
    (Section::LabResults, Part::Reports),
    (Section::Outpatient, Part::Notes),
    (Section::Nursing, Part::Notes),
];

impl Charts {
    /// Visits, procedures, reports, vaccinations and notes of all linked sources, newest first and undated last. What
    /// belongs to a section that the reader may not see is left out, and named as hidden.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn timeline(
        &self,
        staff: &StaffContext,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Sheet<Moment>, EhrError> {
        let reader = Reader::Staff(staff);
        // Who the person is and why the reader may is decided once; which sections, by the policy alone.
        let allowed = self.open(reader, person, Section::Summary, now).await?;
        let mut hidden = Vec::new();
        for (section, part) in FROM {
            let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
            match self.may(staff, &object, Act::ReadRecord) {
                Ok(()) => {}
                Err(EhrError::Forbidden | EhrError::NotFound) => hidden.push((section, part)),
                Err(error) => return Err(error),
            }
        }
        let read = FROM.iter().map(|(section, _)| section.slug()).collect::<BTreeSet<_>>();
        let kept = hidden.iter().map(|(section, _)| section.slug()).collect::<BTreeSet<_>>();
        let intent = json!({ "sections": read.difference(&kept).collect::<Vec<_>>() });
        let mut sheet = self.sheet_of::<Timeline>(reader, &allowed, &RecordQuery::default(), intent, now).await?;
        for (section, part) in hidden {
            hide(&mut sheet, section, part);
        }
        Ok(sheet)
    }
}

fn hide(sheet: &mut Sheet<Moment>, section: Section, part: Part) {
    sheet.entries.retain(|entry| entry.fields.section != section);
    let linked = sheet.sources.iter().filter(|report| report.state != SourceState::NotLinked);
    for report in linked {
        if !sheet.silent.iter().any(|(own, silent)| *own == part && silent.source == report.id) {
            let (source, name) = (report.id.clone(), report.short_name.clone());
            sheet.silent.push((part, Silent { source, name, state: SourceState::Hidden, detail: None }));
        }
    }
}

impl SheetKind for Timeline {
    const SECTION: Section = Section::Summary;
    const PARTS: &'static [Part] =
        &[Part::Encounters, Part::Procedures, Part::Immunizations, Part::Reports, Part::Notes];
    type Fields = Moment;

    fn name() -> &'static str {
        "timeline"
    }

    async fn ask(asking: &Asking<'_>, rows: SheetRows<Moment>) -> (SheetRows<Moment>, Tally) {
        let new = || Moments::new(rows.another());
        let (mut visits, mut procedures, mut shots) = (new(), new(), new());
        let (mut reports, mut notes, mut tally) = (new(), new(), Tally::default());
        let slug = Self::name();
        let (of_visits, of_procedures, of_shots, of_reports, of_notes) = tokio::join!(
            asking.search::<kinds::Encounter>(slug, &[], |row: &rows::Encounter<'_>| visits.visit(row), |_| {}),
            asking.search::<kinds::Procedure>(slug, &[], |row: &rows::Procedure<'_>| procedures.procedure(row), |_| {}),
            asking.search::<kinds::Immunization>(
                slug,
                &[],
                |row: &rows::Immunization<'_>| shots.vaccination(row),
                |_| {}
            ),
            asking.search::<kinds::DiagnosticReport>(
                slug,
                &[],
                |row: &rows::DiagnosticReport<'_>| reports.report(row, asking.whose),
                |_| {}
            ),
            asking.search::<kinds::DocumentReference>(
                slug,
                &[],
                |row: &rows::DocumentReference<'_>| notes.note(row, asking.whose),
                |_| {}
            ),
        );
        count_part(&mut tally, Part::Encounters, &of_visits);
        count_part(&mut tally, Part::Procedures, &of_procedures);
        count_part(&mut tally, Part::Immunizations, &of_shots);
        count_part(&mut tally, Part::Reports, &of_reports);
        count_part(&mut tally, Part::Notes, &of_notes);
        for others in [procedures, shots, reports, notes] {
            visits.take_in(others);
        }
        (visits.put_together(), tally)
    }

    /// What its section says of it, at the same time.
    fn contradict(one: &Entry<Moment>, other: &Entry<Moment>) -> bool {
        let time = |of: &Entry<Moment>| of.fact.time.as_ref().map(time_key);
        let same = one.fields.kind == other.fields.kind && time(one).is_some() && time(one) == time(other);
        let done = |of: &Entry<Moment>| crate::surgery::is_done(&of.fact.status);
        let undone = one.fields.kind != MomentKind::Visit && done(one) && !done(other);
        same && (undone || differ(&one.fields, &other.fields))
    }

    fn part(entry: &Entry<Moment>) -> Part {
        match entry.fields.kind {
            MomentKind::Visit => Part::Encounters,
            MomentKind::Procedure => Part::Procedures,
            MomentKind::Report => Part::Reports,
            MomentKind::Immunization => Part::Immunizations,
            MomentKind::Note => Part::Notes,
        }
    }
}
