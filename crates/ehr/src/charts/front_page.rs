//! 病案首页 of every linked source: one page for each stay.

use std::collections::HashSet;

use access::PersonId;
use fhir::{kinds, rows};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::charges::{KnownVisits, Visits, ask_bills};
use super::checked::Asking;
use super::fan_out::Tally;
use super::note_texts::fetch_texts;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part, resolve_names};
use super::{Charts, Reader};
use crate::charges::BillRows;
use crate::front_page::{FrontPageFields, FrontPages, is_finished};
use crate::outpatient::VisitRows;
use crate::sheet::{SheetRows, differ};
use crate::{EhrError, Entry, Part, Section, Sheet};

/// Diagnoses that stays name and that did not come by themselves: so many are read one by one.
const MOST_CONDITIONS: usize = 32;
const READ_AT_ONCE: usize = 4;

struct FrontPage;

impl Charts {
    /// The front pages of all linked sources' stays, newest first. A patient gets what may be shown to them now; the rest
    /// is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn front_page(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<FrontPageFields>, EhrError> {
        self.sheet::<FrontPage>(reader, person, query, now).await
    }
}

impl SheetKind for FrontPage {
    const SECTION: Section = Section::FrontPage;
    const PARTS: &'static [Part] = &[
        Part::Stays,
        Part::Diagnoses,
        Part::Procedures,
        Part::Notes,
        Part::Benefits,
        Part::Claims,
        Part::Accounts,
        Part::ChargeItems,
        Part::Invoices,
        Part::Coverages,
    ];
    type Fields = FrontPageFields;

    async fn ask(asking: &Asking<'_>, rows: SheetRows<FrontPageFields>) -> (SheetRows<FrontPageFields>, Tally) {
        let slug = Self::SECTION.slug();
        let (mut tally, mut of_bills) = (Tally::default(), Tally::default());
        let new = || VisitRows::new(asking.rows(), rows.base.clone());
        let (mut visits, mut conditions) = (new(), new());
        let mut pages = FrontPages::new(rows.another());
        let (mut done, mut documents) = (FrontPages::new(rows.another()), FrontPages::new(rows.another()));
        let bills = BillRows::new(rows.source.clone(), rows.base.clone());
        let mut known: HashSet<String> = HashSet::new();
        let (tell, told) = oneshot::channel();
        let mut of_charges = KnownVisits::default();
        let ask_visits = async {
            let take = |row: &rows::Encounter<'_>| {
                visits.add(row);
                pages.visit(row);
                of_charges.add(row);
            };
            let found = asking.search::<kinds::Encounter>(slug, &[], take, |_| {}).await;
            of_charges.missing = found.reports.iter().find_map(|(report, _)| report.outcome.key());
            // Nobody waits for them where charge items are had by patient.
            let _ = tell.send(of_charges);
            found
        };
        let take_condition = |row: &rows::Condition<'_>| {
            known.extend(row.id.map(str::to_owned));
            conditions.condition(row);
        };
        let take_procedure = |row: &rows::Procedure<'_>| done.procedure(row);
        let take_document = |row: &rows::DocumentReference<'_>| documents.document(row, asking.whose);
        let (found_visits, found_conditions, found_procedures, found_documents, mut bills) = tokio::join!(
            ask_visits,
            asking.search::<kinds::Condition>(slug, &[], take_condition, |_| {}),
            asking.search::<kinds::Procedure>(slug, &[], take_procedure, |_| {}),
            asking.search::<kinds::DocumentReference>(slug, &[], take_document, |_| {}),
            ask_bills(asking, bills, Visits::Coming(told), &mut of_bills),
        );
        count_part(&mut tally, Part::Stays, &found_visits);
        count_part(&mut tally, Part::Diagnoses, &found_conditions);
        count_part(&mut tally, Part::Procedures, &found_procedures);
        count_part(&mut tally, Part::Notes, &found_documents);
        tally.take_all(of_bills);
        if visits.without_id > 0 {
            tally.lacks(Part::Stays, "why-broken-entry");
        }
        pages.take_in(done);
        pages.take_in(documents);
        pages.named.retain(|id| !known.contains(id));
        read_conditions(asking, &pages.named, &mut conditions, &mut tally).await;
        visits.take_conditions(conditions);
        let mut notes = std::mem::take(&mut pages.notes);
        std::mem::take(&mut pages.links).told(&asking.source.id).tell(&mut notes);
        let ((notes, why), ()) =
            tokio::join!(fetch_texts(asking, notes), resolve_names(asking, |each| visits.named(each)));
        if let Some(why) = why {
            tally.lacks(Part::Notes, why);
        }
        visits.names_asked = true;
        pages.notes = notes;
        let bills = bills.bills();
        (pages.put_together(visits.by_id(), bills), tally)
    }

    fn contradict(one: &Entry<FrontPageFields>, other: &Entry<FrontPageFields>) -> bool {
        differ(&one.fields, &other.fields) || is_finished(&one.fact.status) != is_finished(&other.fact.status)
    }

    fn part(_entry: &Entry<FrontPageFields>) -> Part {
        Part::Stays
    }

    fn said(entry: &Entry<FrontPageFields>) -> Vec<&str> {
        let diagnoses = entry.fields.diagnoses().map(|diagnosis| diagnosis.text.as_str());
        diagnoses.chain(entry.fields.operations.iter().map(|operation| operation.name.as_str())).collect()
    }
}

/// Reads diagnoses that stays name: what lasts stands in a problem list and is in no list of visits' diagnoses.
async fn read_conditions(asking: &Asking<'_>, named: &[String], into: &mut VisitRows, tally: &mut Tally) {
    let mut named: Vec<&String> = named.iter().collect();
    named.sort();
    named.dedup();
    let left_out = named.len() > MOST_CONDITIONS;
    named.truncate(MOST_CONDITIONS);
    let reads: Vec<_> = named
        .into_iter()
        .map(|id| {
            let (mut own, mut foreign) = (VisitRows::new(asking.rows(), asking.source.client.base().clone()), 0);
            async move {
                let take = |row: &rows::Condition<'_>| match asking.whose.holds(row.subject.as_ref()) {
                    true => own.condition(row),
                    false => foreign += 1,
                };
                let report = asking.read::<kinds::Condition>(id, take).await;
                (own, report, foreign)
            }
        })
        .collect();
    let answers: Vec<(VisitRows, fhir::SearchReport, u32)> =
        futures_util::stream::iter(reads).buffer_unordered(READ_AT_ONCE).collect().await;
    for (own, report, foreign) in answers {
        tally.add_part(Part::Diagnoses, &report, foreign);
        into.take_conditions(own);
    }
    if left_out {
        tally.lacks(Part::Diagnoses, fhir::Cause::TooLarge.key());
    }
}
