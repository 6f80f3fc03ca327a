//! 药品表单 of every linked source, merged.

use access::PersonId;
use fhir::{kinds, rows};
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::medicines::name_missing;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::medication::Book;
use crate::medications::{self, MedicationRows};
use crate::sheet::SheetRows;
use crate::{EhrError, Entry, MedicationFields, Part, Section, Sheet};

struct Medications;

impl Charts {
    /// What was handed out, given and stated at all linked sources, newest first. A patient gets what may be shown to them
    /// now; the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn medications(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<MedicationFields>, EhrError> {
        self.sheet::<Medications>(reader, person, query, now).await
    }
}

impl SheetKind for Medications {
    const SECTION: Section = Section::Medications;
    const PARTS: &'static [Part] = &[Part::Dispenses, Part::Administrations, Part::Statements];
    type Fields = MedicationFields;

    async fn ask(asking: &Asking<'_>, rows: SheetRows<MedicationFields>) -> (SheetRows<MedicationFields>, Tally) {
        let slug = Self::SECTION.slug();
        let new = || (MedicationRows::new(rows.another()), Book::default());
        let ((mut out, mut book), (mut given, mut of_given), (mut stated, mut of_stated)) = (new(), new(), new());
        let mut tally = Tally::default();
        let (of_dispenses, of_administrations, of_statements) = tokio::join!(
            asking.search::<kinds::MedicationDispense>(
                slug,
                &[("_include", "MedicationDispense:medication")],
                |row: &rows::MedicationDispense<'_>| out.dispense(row),
                |row: &rows::MedicationDispense<'_>| book.included(
                    row.resource_type,
                    row.id,
                    row.code.as_ref(),
                    row.ingredient
                )
            ),
            asking.search::<kinds::MedicationAdministration>(
                slug,
                &[("_include", "MedicationAdministration:medication")],
                |row: &rows::MedicationAdministration<'_>| given.administration(row),
                |row: &rows::MedicationAdministration<'_>| of_given.included(
                    row.resource_type,
                    row.id,
                    row.code.as_ref(),
                    row.ingredient
                )
            ),
            asking.search::<kinds::MedicationStatement>(
                slug,
                &[("_include", "MedicationStatement:medication")],
                |row: &rows::MedicationStatement<'_>| stated.statement(row),
                |row: &rows::MedicationStatement<'_>| of_stated.included(
                    row.resource_type,
                    row.id,
                    row.code.as_ref(),
                    row.ingredient
                )
            ),
        );
        count_part(&mut tally, Part::Dispenses, &of_dispenses);
        count_part(&mut tally, Part::Administrations, &of_administrations);
        count_part(&mut tally, Part::Statements, &of_statements);
        out.take_in(given);
        out.take_in(stated);
        book.take_in(of_given);
        book.take_in(of_stated);
        let missing = out.missing(&book);
        let why = name_missing(asking, &mut book, &missing).await;
        let (rows, nameless) = out.finish(&book);
        for part in nameless {
            tally.lacks(part, why);
        }
        (rows, tally)
    }

    fn contradict(one: &Entry<MedicationFields>, other: &Entry<MedicationFields>) -> bool {
        medications::contradict(one, other)
    }

    fn part(entry: &Entry<MedicationFields>) -> Part {
        medications::part(entry)
    }

    fn said(entry: &Entry<MedicationFields>) -> Vec<&str> {
        let fields = &entry.fields;
        let single = [&fields.medication, &fields.status_reason, &fields.dose.instruction];
        single.into_iter().flatten().map(String::as_str).collect()
    }
}
