//! 检验结果 of every linked source, merged.

use access::{Outcome, PersonId};
use fhir::{Limits, kinds};
use jiff::{Timestamp, civil::Date, tz};
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::{
    Charts, Reader,
    demographics::states,
    fan_out::{Answer, Ids, Tally},
};
use crate::{
    EhrError, Gathered, Section, SourceReport, SourceState,
    compartment::Compartment,
    labs::{LabResult, LabRows, RowSource, is_laboratory, merge},
    release,
};

/// What part of the results is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabQuery {
    /// Not before this day (in China); undated results stay.
    pub since: Option<Date>,
    /// Not after this day.
    pub until: Option<Date>,
    /// Only from this source.
    pub source: Option<String>,
}

impl LabQuery {
    /// From the texts of a URL; empty ones are none. `None` when a date is not `YYYY-MM-DD`.
    pub fn from_texts(since: Option<String>, until: Option<String>, source: Option<String>) -> Option<Self> {
        let date = |text: Option<String>| match text.filter(|text| !text.is_empty()) {
            None => Some(None),
            Some(text) => text.parse::<Date>().ok().filter(|_| text.len() == 10).map(Some),
        };
        Some(Self { since: date(since)?, until: date(until)?, source: source.filter(|source| !source.is_empty()) })
    }

    fn includes(&self, result: &LabResult) -> bool {
        let Some(time) = &result.time else { return true };
        let zone = tz::TimeZone::fixed(tz::offset(8));
        let Ok(at) = Timestamp::from_second(time.epoch_seconds()) else { return true };
        let day = at.to_zoned(zone).date();
        // A year or month counts as its first day towards the end, and is kept at the beginning if any of it is inside.
        let text = time.date();
        let from = self.since.map(|since| since.to_string());
        from.is_none_or(|since| text.len() < 10 && text >= &since[..text.len()] || day.to_string() >= since)
            && self.until.is_none_or(|until| day <= until)
    }
}

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
        query: &LabQuery,
        now: Timestamp,
    ) -> Result<Gathered<LabResult>, EhrError> {
        let allowed = self.open(reader, person, Section::LabResults, now).await?;
        let asked = json!({ "source": query.source, "since": query.since, "until": query.until });
        let read = self.begin(reader, &allowed, Section::LabResults.slug(), asked, now).await?;
        let ids_at = self.ids_at(&allowed.person);
        let wanted = |source: &Source| {
            let asked_for = query.source.as_ref().is_none_or(|only| *only == source.id);
            if asked_for { ids_at(source) } else { None }
        };
        let (person, index) = (allowed.person.clone(), self.inner.index.clone());
        let systems = self.inner.settings.resident_id_systems.clone();
        let (rows, mut sources) = self
            .ask_each(wanted, now, move |source, ids, deadline| {
                let base = source.client.base().clone();
                let whose = Compartment::new(base, ids.all(), person.clone(), index.clone(), systems.clone());
                async move { ask(&source, &ids, &whose, deadline, now).await }
            })
            .await;
        if let Some(only) = &query.source {
            // Not asked is not answered: a view of one hospital is never complete where another may know more.
            let linked = |report: &SourceReport| allowed.person.links.iter().any(|link| link.source == report.id);
            for report in sources.iter_mut().filter(|report| report.id != *only && linked(report)) {
                report.state = SourceState::Hidden;
            }
        }
        let mut items = merge(rows).results();
        items.retain(|result| query.includes(result));
        let held = if reader.is_patient() { release::hold(&mut items, now) } else { Vec::new() };
        let hidden: usize = held.iter().map(|held| held.count).sum();
        let detail = json!({ "items": items.len(), "held": hidden, "sources": states(&sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(Gathered { items, sources, as_of: now, held })
    }
}

/// A report's name and the observations it lists.
type Report = (String, Vec<String>);

async fn ask(source: &Source, ids: &Ids, whose: &Compartment, deadline: Instant, now: Timestamp) -> Answer<LabRows> {
    let origin = RowSource { id: source.id.clone(), order: source.mark, retrieved_at: now };
    let mut rows = LabRows::new(origin, source.codes.clone());
    let (mut tally, mut reports) = (Tally::default(), Vec::new());
    for id in ids.asked() {
        let (observations, beside, another) = tokio::join!(
            observations(source, id, whose, &mut rows, deadline, now),
            diagnostic_reports(source, id, whose, deadline, now),
            is_somebody_else(source, id, whose, deadline, now),
        );
        if another {
            // The link is older than what the hospital now says of this record: nothing of it is this person's.
            let origin = RowSource { id: source.id.clone(), order: source.mark, retrieved_at: now };
            let dropped = u32::try_from(rows.len()).unwrap_or(u32::MAX).max(1);
            tally.add(&observations.report);
            tally.dropped += dropped;
            return Answer { data: LabRows::new(origin, source.codes.clone()), tally };
        }
        tally.add(&observations.report);
        tally.add_beside(&beside.report);
        tally.dropped += observations.dropped + beside.dropped;
        reports.extend(beside.found);
    }
    for (name, results) in reports {
        rows.report(&name, results.iter().map(String::as_str));
    }
    tally.dropped += rows.without_id();
    tally.entries = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    Answer { data: rows, tally }
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
    let (mut dropped, mut found) = (0, Vec::new());
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
            .filter_map(|reference| match fhir::Reference::parse(reference, source.client.base()) {
                fhir::Reference::Local { kind: "Observation", id, .. } => Some(id.to_owned()),
                _ => None,
            })
            .collect();
        if row.status != Some("entered-in-error") && !name.is_empty() && !results.is_empty() {
            found.push((name, results));
        }
    };
    let report = source.search::<kinds::DiagnosticReport>(&query, &Limits::default(), deadline, now, &mut take).await;
    Asked { report, dropped, found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClinicalTime;

    fn check(time: &str, since: Option<&str>, until: Option<&str>, expect: bool) {
        let query = LabQuery::from_texts(since.map(str::to_owned), until.map(str::to_owned), None).expect("dates");
        let result = LabResult { time: ClinicalTime::parse(time), ..LabResult::default() };
        assert_eq!(query.includes(&result), expect, "{time} in {since:?}–{until:?}");
    }

    #[test]
    fn days_are_chinese_days() {
        check("2026-11-20T08:00:00+08:00", Some("2026-11-20"), Some("2026-11-20"), true);
        check("2026-11-19T17:00:00Z", Some("2026-11-20"), None, true);
        check("2026-11-20T17:00:00Z", None, Some("2026-11-20"), false);
        check("2026-11-20", Some("2026-11-21"), None, false);
        check("2026-11", Some("2026-11-20"), None, true);
        check("2026", Some("2027-01-01"), None, false);
        check("nonsense", Some("2026-11-20"), Some("2026-11-20"), true);
        assert_eq!(LabQuery::from_texts(Some("yesterday".into()), None, None), None);
        assert_eq!(LabQuery::from_texts(Some(String::new()), None, Some(String::new())), Some(LabQuery::default()));
    }
}
