//! 出院小结 of every linked source, merged.

use std::collections::HashMap;

use access::PersonId;
use fhir::{kinds, rows};
use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::note_texts::binary;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::concept::said_form;
use crate::discharge::Drafts;
use crate::document::content::Content;
use crate::joined::time_key;
use crate::outpatient::{Visit, VisitRows};
use crate::sheet::SheetRows;
use crate::{DischargeFields, EhrError, Entry, Part, Section, Sheet};

/// Documents that one page fetches of one source, newest first; the others are named. A clinical document may be a hundred
/// times as long as a note.
const MOST_DOCUMENTS: usize = 12;
/// As many of them at a time.
const READ_AT_ONCE: usize = 4;

pub(super) struct Discharge;

impl Charts {
    /// Discharge summaries of all linked sources, newest first. A patient gets what may be shown to them now; the rest is
    /// counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn discharge(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<DischargeFields>, EhrError> {
        self.sheet::<Discharge>(reader, person, query, now).await
    }
}

impl SheetKind for Discharge {
    const SECTION: Section = Section::Discharge;
    const PARTS: &'static [Part] = &[Part::DischargeSummaries, Part::Compositions, Part::Encounters, Part::Diagnoses];
    type Fields = DischargeFields;

    async fn ask(asking: &Asking<'_>, rows: SheetRows<DischargeFields>) -> (SheetRows<DischargeFields>, Tally) {
        let slug = Self::SECTION.slug();
        let (mut drafts, mut composed, mut tally) =
            (Drafts::new(rows.another()), Drafts::new(rows.another()), Tally::default());
        let stays = || VisitRows::new(asking.rows(), asking.source.client.base().clone());
        let (mut visits, mut conditions) = (stays(), stays());
        let (of_documents, of_compositions, of_visits, of_conditions) = tokio::join!(
            asking.search::<kinds::DocumentReference>(
                slug,
                &[],
                |row: &rows::DocumentReference<'_>| drafts.document(row, asking.whose),
                |_| {}
            ),
            asking.search::<kinds::Composition>(
                slug,
                &[],
                |row: &rows::Composition<'_>| composed.composition(row),
                |_| {}
            ),
            asking.search::<kinds::Encounter>(slug, &[], |row: &rows::Encounter<'_>| visits.add(row), |_| {}),
            asking.search::<kinds::Condition>(slug, &[], |row: &rows::Condition<'_>| conditions.condition(row), |_| {}),
        );
        count_part(&mut tally, Part::DischargeSummaries, &of_documents);
        count_part(&mut tally, Part::Compositions, &of_compositions);
        count_part(&mut tally, Part::Encounters, &of_visits);
        count_part(&mut tally, Part::Diagnoses, &of_conditions);
        drafts.take_in(composed);
        drafts.sort();
        if let Some(why) = fetch(asking, &mut drafts).await {
            tally.lacks(Part::DischargeSummaries, why);
        }
        visits.take_conditions(conditions);
        let stays: HashMap<String, Visit> = visits.by_id();
        (drafts.finish(&stays), tally)
    }

    /// Of one stay, one list of diagnoses here and another there.
    fn contradict(one: &Entry<DischargeFields>, other: &Entry<DischargeFields>) -> bool {
        let stay = |of: &Entry<DischargeFields>| {
            let (from, to) = (of.fields.admitted.as_ref()?, of.fields.discharged.as_ref()?);
            Some((time_key(from), time_key(to)))
        };
        let diagnoses = |of: &Entry<DischargeFields>| {
            let mut all: Vec<String> = of.fields.discharge_diagnoses.iter().map(|one| said_form(&one.text)).collect();
            all.sort();
            all
        };
        let (first, second) = (diagnoses(one), diagnoses(other));
        stay(one).is_some() && stay(one) == stay(other) && !first.is_empty() && !second.is_empty() && first != second
    }

    fn part(_entry: &Entry<DischargeFields>) -> Part {
        Part::DischargeSummaries
    }

    fn said(entry: &Entry<DischargeFields>) -> Vec<&str> {
        let diagnoses = entry.fields.diagnoses().map(|diagnosis| diagnosis.text.as_str());
        diagnoses.chain(entry.fields.title.as_deref()).collect()
    }
}

/// Fetches the newest documents that did not come along. Why some could not be had, if so.
async fn fetch(asking: &Asking<'_>, drafts: &mut Drafts) -> Option<&'static str> {
    let pending: Vec<_> =
        drafts.all.iter().enumerate().filter_map(|(at, one)| Some((at, one.pending.clone()?))).collect();
    let reads = pending.into_iter().take(MOST_DOCUMENTS);
    let reads = reads.map(|(at, pending)| async move { (at, binary(asking, &pending).await.without_bytes()) });
    let read: Vec<(usize, Content)> = futures_util::stream::iter(reads).buffer_unordered(READ_AT_ONCE).collect().await;
    for (at, content) in read {
        drafts.all[at].content = Some(content);
    }
    drafts.all.iter().find_map(|draft| draft.content.as_ref()?.failure())
}
