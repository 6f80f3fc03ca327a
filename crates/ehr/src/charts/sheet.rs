//! One way for all sections that are lists of facts: authorize, write down the intent, ask every linked source at once,
//! merge, hold back what a patient may not see yet, write down the outcome.

use std::collections::HashMap;
use std::future::Future;

use access::{Outcome, PersonId};
use fhir::{kinds, rows};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::json;

use super::authorize::Allowed;
use super::checked::{Asking, Checked};
use super::demographics::states;
use super::fan_out::{Answer, Tally};
use super::labs::any_is_somebody_else;
use super::record_query::RecordQuery;
use super::{Charts, Reader};
use crate::concept::{first_words, some_words};
use crate::joined::{join, mark_conflicts, newest_first};
use crate::review::{MarkBook, Reviewed};
use crate::sheet::{Fields, Named, SheetRows, full_name, silent_parts, tell_apart};
use crate::succession::settle_entries;
use crate::{EhrError, Entry, Part, Section, Sheet, release};

/// Names of other resources (people, departments, rooms, specimens) that one page fetches of one source.
const MOST_NAMES: usize = 32;
/// As many of them at a time.
const READ_AT_ONCE: usize = 4;

/// A section that is a list of facts.
pub(crate) trait SheetKind: Send + 'static {
    /// Which section.
    const SECTION: Section;
    /// What it asks for, each named by itself where it fails.
    const PARTS: &'static [Part];
    /// What it shows of a fact.
    type Fields: Fields;

    /// What the audit log calls it.
    fn name() -> &'static str {
        Self::SECTION.slug()
    }

    /// Asks one source for everything; `rows` is empty and of that source.
    fn ask(
        asking: &Asking<'_>,
        rows: SheetRows<Self::Fields>,
    ) -> impl Future<Output = (SheetRows<Self::Fields>, Tally)> + Send;

    /// Do two entries that share a name say contradicting things? Asked in both orders.
    fn contradict(_one: &Entry<Self::Fields>, _other: &Entry<Self::Fields>) -> bool {
        false
    }

    /// Brings merged entries into the section's order.
    fn arrange(entries: Vec<Entry<Self::Fields>>) -> Vec<Entry<Self::Fields>> {
        let mut entries = entries;
        entries.sort_by(|one, other| newest_first(&one.fact, &other.fact));
        entries
    }

    /// What clinicians have said of its entries; nothing where they are not marked.
    fn reviewed(_book: &MarkBook, _entries: &[Entry<Self::Fields>]) -> Reviewed {
        Reviewed::default()
    }

    /// Whose rule of the release policy an entry is under.
    fn part(entry: &Entry<Self::Fields>) -> Part;

    /// What else of an entry the release policy's words are looked for in, beside its code.
    fn said(_entry: &Entry<Self::Fields>) -> Vec<&str> {
        Vec::new()
    }
}

impl Charts {
    /// Reads the section `S`.
    pub(super) async fn sheet<S: SheetKind>(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<S::Fields>, EhrError> {
        let allowed = self.open(reader, person, S::SECTION, now).await?;
        self.sheet_of::<S>(reader, &allowed, query, query.for_audit(), now).await
    }

    /// As [`Charts::sheet`], of a chart that is open; `intent` is what the audit log keeps of it.
    pub(super) async fn sheet_of<S: SheetKind>(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        query: &RecordQuery,
        intent: serde_json::Value,
        now: Timestamp,
    ) -> Result<Sheet<S::Fields>, EhrError> {
        let read = self.begin(reader, allowed, S::name(), intent, now).await?;
        let book = self.mark_book(reader, allowed, S::SECTION).await?;
        let (compartment, for_patient) = (self.compartments(&allowed.person), release::applies(reader));
        let (answers, mut sources) = self
            .ask_each(query.wanted(self.ids_at(allowed)), now, move |source, ids, deadline| {
                let whose = compartment(&source, &ids);
                async move {
                    let asking = Asking::new(&source, &ids, &whose, deadline, now).for_patient(for_patient);
                    ask::<S>(&asking).await
                }
            })
            .await;
        query.hide_others(&allowed.person, &mut sources);
        let mut rows: Vec<_> = answers.into_iter().flat_map(|answer| answer.rows).collect();
        tell_apart(&mut rows);
        let mut rows = join(rows);
        mark_conflicts(&mut rows, S::contradict);
        let entries = S::arrange(rows.into_iter().map(|row| row.item).collect());
        let silent = silent_parts(&sources, S::PARTS);
        let (held, reviews) = (Vec::new(), Reviewed::default());
        let mut sheet = Sheet { entries, silent, sources, as_of: now, held, reviews };
        if for_patient {
            sheet.held = release::hold_entries(&mut sheet.entries, S::part, S::said, now);
            query.blur(&mut sheet.held);
        }
        sheet.entries.retain(|entry| query.includes(entry.fact.time.as_ref()));
        if for_patient {
            release::recount(&mut sheet.sources, sheet.entries.iter().flat_map(|entry| &entry.fact.origins));
        }
        settle_entries(&mut sheet.entries, for_patient);
        sheet.reviews = S::reviewed(&book, &sheet.entries);
        let held: usize = sheet.held.iter().map(|held| held.count).sum();
        let detail = json!({ "items": sheet.entries.len(), "held": held, "sources": states(&sheet.sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(sheet)
    }
}

async fn ask<S: SheetKind>(asking: &Asking<'_>) -> Answer<SheetRows<S::Fields>> {
    let nothing = SheetRows::new(asking.rows(), asking.source.client.base().clone());
    let still_theirs = any_is_somebody_else(asking.source, asking.ids, asking.whose, asking.deadline, asking.now);
    let (another, (mut rows, mut tally)) = tokio::join!(still_theirs, S::ask(asking, nothing.another()));
    for (part, _) in &rows.broken {
        tally.lacks(*part, "why-broken-entry");
    }
    tally.entries = u32::try_from(rows.rows.len()).unwrap_or(u32::MAX);
    if another {
        // The link is older than what the hospital now says of this record: nothing of it is this person's.
        tally.disown(S::PARTS, tally.entries);
        return Answer { data: nothing, tally };
    }
    resolve(asking, &mut rows).await;
    Answer { data: rows, tally }
}

/// Counts what a search of one part gave.
pub(super) fn count_part(tally: &mut Tally, part: Part, checked: &Checked) {
    for (report, dropped) in &checked.reports {
        tally.add_part(part, report, *dropped);
    }
}

/// Fetches the words of what entries name, the ones named most often first, within a budget. What can't be had stays the
/// reference as sent: nothing is lost, so the ledger says nothing of it.
async fn resolve<F: Fields>(asking: &Asking<'_>, rows: &mut SheetRows<F>) {
    resolve_names(asking, |each| rows.rows.iter_mut().for_each(|row| row.item.fields.named(each))).await;
}

/// As [`resolve`], for whatever `all` goes through.
pub(super) async fn resolve_names(asking: &Asking<'_>, mut all: impl FnMut(&mut dyn FnMut(&mut Named)) + Send) {
    let mut wanted: HashMap<(String, String), usize> = HashMap::new();
    all(&mut |named| {
        if let Some(pending) = named.pending() {
            *wanted.entry(pending.clone()).or_default() += 1;
        }
    });
    let mut wanted: Vec<((String, String), usize)> = wanted.into_iter().collect();
    wanted.sort_by(|(one, often), (other, oftener)| oftener.cmp(often).then_with(|| one.cmp(other)));
    wanted.truncate(MOST_NAMES);
    let reads = wanted.into_iter().map(|(target, _)| async move {
        let words = words_of(asking, &target.0, &target.1).await;
        (target, words)
    });
    let found: Vec<((String, String), Option<String>)> =
        futures_util::stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(READ_AT_ONCE).collect().await;
    let found: HashMap<(String, String), String> =
        found.into_iter().filter_map(|(target, words)| Some((target, words?))).collect();
    all(&mut |named| {
        if let Some(words) = named.pending().and_then(|target| found.get(target)) {
            named.resolve(words);
        }
    });
}

/// What a resource that is about no patient is called; none for other types and for what can't be had.
async fn words_of(asking: &Asking<'_>, kind: &str, id: &str) -> Option<String> {
    let mut words = None;
    let mut said = |name: Option<&str>| {
        words = name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    };
    match kind {
        "Practitioner" => {
            let take = |row: &rows::Practitioner<'_>| said(full_name(row.name).as_deref());
            asking.read::<kinds::Practitioner>(id, take).await
        }
        "PractitionerRole" => {
            let take = |row: &rows::PractitionerRole<'_>| said(role_words(row).as_deref());
            asking.read::<kinds::PractitionerRole>(id, take).await
        }
        "Organization" => asking.read::<kinds::Organization>(id, |row: &rows::Organization<'_>| said(row.name)).await,
        "Location" => asking.read::<kinds::Location>(id, |row: &rows::Location<'_>| said(row.name)).await,
        "Questionnaire" => {
            let take = |row: &rows::Questionnaire<'_>| said(row.title.or(row.name));
            asking.read::<kinds::Questionnaire>(id, take).await
        }
        "HealthcareService" => {
            asking.read::<kinds::HealthcareService>(id, |row: &rows::HealthcareService<'_>| said(row.name)).await
        }
        "Medication" => {
            let take = |row: &rows::Medication<'_>| said(some_words(row.code.as_ref()).as_deref());
            asking.read::<kinds::Medication>(id, take).await
        }
        _ => return None,
    };
    words
}

fn role_words(row: &rows::PractitionerRole<'_>) -> Option<String> {
    let who = row.practitioner.and_then(|who| who.display).map(str::to_owned);
    who.or_else(|| first_words(row.code))
}
