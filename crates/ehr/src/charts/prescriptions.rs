//! 处方表单 of every linked source, merged.

use access::PersonId;
use fhir::{Outcome, kinds, rows};
use jiff::Timestamp;

use super::checked::{Asking, Checked};
use super::fan_out::Tally;
use super::medicines::{INCLUDE_OF_REQUESTS, name_missing};
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::medication::Book;
use crate::prescriptions::{self, Pharmacy, PrescriptionRows};
use crate::sheet::SheetRows;
use crate::{EhrError, Entry, Part, PrescriptionFields, Section, Sheet};

struct Prescriptions;

impl Charts {
    /// Prescriptions of all linked sources, form by form, newest first. A patient gets what may be shown to them now; the
    /// rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn prescriptions(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<PrescriptionFields>, EhrError> {
        self.sheet::<Prescriptions>(reader, person, query, now).await
    }
}

impl SheetKind for Prescriptions {
    const SECTION: Section = Section::Prescriptions;
    const PARTS: &'static [Part] = &[Part::Prescriptions, Part::Dispenses];
    type Fields = PrescriptionFields;

    async fn ask(asking: &Asking<'_>, rows: SheetRows<PrescriptionFields>) -> (SheetRows<PrescriptionFields>, Tally) {
        let slug = Self::SECTION.slug();
        let base = rows.base.clone();
        let (mut prescribed, mut pharmacy) = (PrescriptionRows::new(rows), Pharmacy::default());
        let (mut book, mut tally) = (Book::default(), Tally::default());
        let (of_requests, of_dispenses) = tokio::join!(
            asking.search::<kinds::MedicationRequest>(
                slug,
                &INCLUDE_OF_REQUESTS,
                |row: &rows::MedicationRequest<'_>| prescribed.add(row),
                |row: &rows::MedicationRequest<'_>| book.included(
                    row.resource_type,
                    row.id,
                    row.code.as_ref(),
                    row.ingredient
                )
            ),
            asking.search::<kinds::MedicationDispense>(
                slug,
                &[],
                |row: &rows::MedicationDispense<'_>| pharmacy.add(row, &base),
                |_| {}
            ),
        );
        count_part(&mut tally, Part::Prescriptions, &of_requests);
        count_part(&mut tally, Part::Dispenses, &of_dispenses);
        let missing = prescribed.missing(&book);
        let why = name_missing(asking, &mut book, &missing).await;
        let (rows, nameless) = prescribed.finish(&book, &pharmacy, is_whole(&of_dispenses));
        if nameless {
            tally.lacks(Part::Prescriptions, why);
        }
        (rows, tally)
    }

    fn contradict(one: &Entry<PrescriptionFields>, other: &Entry<PrescriptionFields>) -> bool {
        prescriptions::contradict(one, other)
    }

    fn arrange(entries: Vec<Entry<PrescriptionFields>>) -> Vec<Entry<PrescriptionFields>> {
        prescriptions::arrange(entries)
    }

    fn part(_entry: &Entry<PrescriptionFields>) -> Part {
        Part::Prescriptions
    }

    fn said(entry: &Entry<PrescriptionFields>) -> Vec<&str> {
        let fields = &entry.fields;
        let single = [&fields.medication, &fields.status_reason, &fields.dose.instruction];
        fields.reasons.iter().chain(single.into_iter().flatten()).map(String::as_str).collect()
    }
}

/// Did the pharmacy answer in full? Only then its silence on a prescription means something.
fn is_whole(checked: &Checked) -> bool {
    checked.reports.iter().all(|(report, dropped)| report.outcome == Outcome::Answered && *dropped == 0)
}
