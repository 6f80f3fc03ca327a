//! 检验结果 of every linked source, merged.

use access::{Outcome, PersonId};
use fhir::{Limits, kinds};
use jiff::Timestamp;
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::{
    Charts, Reader,
    demographics::states,
    fan_out::{Answer, Ids, Tally},
    record_query::RecordQuery,
    review,
};
use crate::{
    EhrError, Gathered, Section,
    compartment::Compartment,
    labs::{LabResult, LabRows, RowSource, is_laboratory, merge},
    release,
};

impl Charts {
    /// Laboratory results of all linked sources, merged, newest first. A patient gets what may be shown to them now; the
    /// rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn lab_results(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Gathered<LabResult>, EhrError> {
        self.results_as(Section::LabResults.slug(), (reader, person), query, now).await
    }

    /// [`Charts::lab_results`], called `what` in the audit log.
    pub(super) async fn results_as(
        &self,
        what: &str,
        (reader, person): (Reader<'_>, PersonId),
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Gathered<LabResult>, EhrError> {
        let allowed = self.open(reader, person, Section::LabResults, now).await?;
        let read = self.begin(reader, &allowed, what, query.for_audit(), now).await?;
        let book = self.mark_book(reader, &allowed, Section::LabResults).await?;
        let wanted = query.wanted(self.ids_at(&allowed));
        let (person, index) = (allowed.person.clone(), self.inner.index.clone());
        let systems = self.inner.settings.resident_id_systems.clone();
        let (rows, mut sources) = self
            .ask_each(wanted, now, move |source, ids, deadline| {
                let base = source.client.base().clone();
                let systems = source.resident_ids(&systems);
                let whose = Compartment::new(base, ids.all(), person.clone(), index.clone(), systems);
                async move { ask(&source, &ids, &whose, deadline, now).await }
            })
            .await;
        query.hide_others(&allowed.person, &mut sources);
        let mut items = merge(rows).results();
        let mut held = Vec::new();
        if release::applies(reader) {
            held = release::hold(&mut items, now);
            query.blur(&mut held);
        }
        items.retain(|result| query.includes(result.time.as_ref()));
        if release::applies(reader) {
            release::recount(&mut sources, items.iter().flat_map(|item| &item.origins));
        }
        let hidden: usize = held.iter().map(|held| held.count).sum();
        let detail = json!({ "items": items.len(), "held": hidden, "sources": states(&sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        let reviews = review::of_results(&book, &items);
        Ok(Gathered { items, sources, as_of: now, held, reviews })
    }
}

/// Results that one report may list, and a hundredth of those of all reports of a source: a report only names results
/// that are shown without it too.
const MOST_LISTED: usize = 1_000;

/// A report's name and the observations it lists.
type Report = (String, Vec<String>);

async fn ask(source: &Source, ids: &Ids, whose: &Compartment, deadline: Instant, now: Timestamp) -> Answer<LabRows> {
    let (rows, another) = tokio::join!(
        ask_results(source, ids, whose, deadline, now),
        any_is_somebody_else(source, ids, whose, deadline, now),
    );
    if another {
        // The link is older than what the hospital now says of this record: nothing of it is this person's.
        let Answer { data, mut tally } = rows;
        let dropped = u32::try_from(data.len()).unwrap_or(u32::MAX);
        tally.disown(&[], dropped);
        let origin = RowSource { id: source.id.clone(), order: source.mark, retrieved_at: source.as_of(now) };
        return Answer { data: LabRows::new(origin, source.codes.clone()), tally };
    }
    rows
}

/// Results with the names of their reports. Whose record it is must be asked beside it.
pub(super) async fn ask_results(
    source: &Source,
    ids: &Ids,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> Answer<LabRows> {
    let origin = RowSource { id: source.id.clone(), order: source.mark, retrieved_at: source.as_of(now) };
    let mut rows = LabRows::new(origin, source.codes.clone());
    let (mut tally, mut reports) = (Tally::default(), Vec::new());
    for id in ids.asked() {
        let (observations, beside) = tokio::join!(
            observations(source, id, whose, &mut rows, deadline, now),
            diagnostic_reports(source, id, whose, deadline, now),
        );
        tally.add(&observations.report);
        tally.add_beside(&beside.report);
        tally.dropped += observations.dropped + beside.dropped;
        reports.extend(beside.found);
    }
    for (name, results) in reports {
        rows.report(&name, results.iter().map(String::as_str));
    }
    tally.left_out(rows.left_out());
    tally.dropped += rows.without_id();
    tally.entries = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    Answer { data: rows, tally }
}

/// Is one of the ids by now another person's?
pub(super) async fn any_is_somebody_else(
    source: &Source,
    ids: &Ids,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> bool {
    let asked = ids.asked().map(|id| is_somebody_else(source, id, whose, deadline, now));
    futures_util::future::join_all(asked).await.into_iter().any(|another| another)
}

/// Read with every chart. A server that does not answer this question is believed: the results name the patient too.
async fn is_somebody_else(source: &Source, id: &str, whose: &Compartment, deadline: Instant, now: Timestamp) -> bool {
    let mut another = false;
    let mut take = |entry: fhir::Entry<'_, fhir::rows::Patient<'_>>| {
        another |= entry.row.resource_type == Some("Patient") && whose.is_somebody_else(&source.id, &entry.row);
    };
    source.read::<kinds::Patient>(id, deadline, now, &mut take).await;
    another
}

struct Asked<T> {
    report: fhir::SearchReport,
    dropped: u32,
    found: T,
}

async fn observations(
    source: &Source,
    id: &str,
    whose: &Compartment,
    rows: &mut LabRows,
    deadline: Instant,
    now: Timestamp,
) -> Asked<()> {
    let query = source.client.platform().query(Section::LabResults.slug(), "Observation", id);
    let mut dropped = 0;
    let mut take = |entry: fhir::Entry<'_, fhir::rows::Observation<'_>>| {
        if entry.row.resource_type != Some("Observation") {
            return;
        }
        if !whose.holds(entry.row.subject.as_ref()) {
            dropped += 1;
        } else if is_laboratory(&entry.row, &source.codes) {
            rows.add(&entry.row);
        }
    };
    let report = source.search::<kinds::Observation>(&query, &Limits::default(), deadline, now, &mut take).await;
    Asked { report, dropped, found: () }
}

async fn diagnostic_reports(
    source: &Source,
    id: &str,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> Asked<Vec<Report>> {
    let query = source.client.platform().query(Section::LabResults.slug(), "DiagnosticReport", id);
    let (mut dropped, mut found, mut listed) = (0, Vec::new(), 0);
    let mut take = |entry: fhir::Entry<'_, fhir::rows::DiagnosticReport<'_>>| {
        let row = entry.row;
        if row.resource_type != Some("DiagnosticReport") {
            return;
        }
        if !whose.holds(row.subject.as_ref()) {
            dropped += 1;
            return;
        }
        let mut name = String::new();
        crate::labs::concept_words(&row.code.unwrap_or_default(), &mut name);
        let results = row.result.iter().filter_map(|result| result.reference);
        let results: Vec<String> = results
            .take(MOST_LISTED)
            .filter_map(|reference| match fhir::Reference::parse(reference, source.client.base()) {
                fhir::Reference::Local { kind: "Observation", id, .. } => Some(id.to_owned()),
                _ => None,
            })
            .collect();
        if row.status != Some("entered-in-error") && !name.is_empty() && !results.is_empty() {
            listed += results.len();
            if listed > MOST_LISTED * 100 {
                return;
            }
            found.push((name, results));
        }
    };
    let report = source.search::<kinds::DiagnosticReport>(&query, &Limits::default(), deadline, now, &mut take).await;
    Asked { report, dropped, found }
}
