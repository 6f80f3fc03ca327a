//! 医嘱表单 of every linked source, merged.

use std::collections::HashMap;

use access::PersonId;
use fhir::{kinds, rows};
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::medicines::{INCLUDE_OF_REQUESTS, name_missing};
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::medication::Book;
use crate::orders::{self, OrderRows, add_visit};
use crate::sheet::SheetRows;
use crate::{EhrError, Entry, OrderFields, Part, Section, Sheet};

struct Orders;

impl Charts {
    /// Orders of all linked sources: long-term ones, those of once, then those of which neither is said. A patient gets what
    /// may be shown to them now; the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn orders(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<OrderFields>, EhrError> {
        self.sheet::<Orders>(reader, person, query, now).await
    }
}

impl SheetKind for Orders {
    const SECTION: Section = Section::Orders;
    const PARTS: &'static [Part] =
        &[Part::Encounters, Part::ServiceOrders, Part::MedicationOrders, Part::NutritionOrders];
    type Fields = OrderFields;

    /// No search names a date: each type has a name of its own for it, and what is undated would be lost.
    async fn ask(asking: &Asking<'_>, rows: SheetRows<OrderFields>) -> (SheetRows<OrderFields>, Tally) {
        let slug = Self::SECTION.slug();
        let new = || OrderRows::new(rows.another());
        let (mut services, mut medicines, mut diets, mut tally) = (new(), new(), new(), Tally::default());
        let (mut book, mut visits) = (Book::default(), HashMap::new());
        let (of_services, of_medicines, of_diets, of_visits) = tokio::join!(
            asking.search::<kinds::ServiceRequest>(
                slug,
                &[],
                |row: &rows::ServiceRequest<'_>| services.service(row),
                |_| {}
            ),
            asking.search::<kinds::MedicationRequest>(
                slug,
                &INCLUDE_OF_REQUESTS,
                |row: &rows::MedicationRequest<'_>| medicines.medication(row),
                |row: &rows::MedicationRequest<'_>| book.included(
                    row.resource_type,
                    row.id,
                    row.code.as_ref(),
                    row.ingredient
                )
            ),
            asking.search::<kinds::NutritionOrder>(
                slug,
                &[],
                |row: &rows::NutritionOrder<'_>| diets.nutrition(row),
                |_| {}
            ),
            asking.search::<kinds::Encounter>(
                slug,
                &[],
                |row: &rows::Encounter<'_>| add_visit(&mut visits, row),
                |_| {}
            ),
        );
        count_part(&mut tally, Part::ServiceOrders, &of_services);
        count_part(&mut tally, Part::MedicationOrders, &of_medicines);
        count_part(&mut tally, Part::NutritionOrders, &of_diets);
        count_part(&mut tally, Part::Encounters, &of_visits);
        services.take_in(medicines);
        services.take_in(diets);
        let missing = services.missing(&book);
        let why = name_missing(asking, &mut book, &missing).await;
        let (rows, nameless) = services.finish(&book, &visits);
        for part in nameless {
            tally.lacks(part, why);
        }
        (rows, tally)
    }

    fn contradict(one: &Entry<OrderFields>, other: &Entry<OrderFields>) -> bool {
        orders::contradict(one, other)
    }

    fn arrange(entries: Vec<Entry<OrderFields>>) -> Vec<Entry<OrderFields>> {
        orders::arrange(entries)
    }

    fn part(entry: &Entry<OrderFields>) -> Part {
        orders::part(entry)
    }

    fn said(entry: &Entry<OrderFields>) -> Vec<&str> {
        let fields = &entry.fields;
        let single =
            [&fields.ordered, &fields.category, &fields.body_site, &fields.status_reason, &fields.dose.instruction];
        let lists = fields.reasons.iter().chain(&fields.details);
        lists.chain(single.into_iter().flatten()).map(String::as_str).collect()
    }
}
