//! One search of one type at one source: what comes is the patient's, or it is dropped and counted.

use fhir::{Kind, Limits, Query, Row as _, SearchReport};
use jiff::Timestamp;
use sources::Source;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::fan_out::Ids;
use crate::compartment::Compartment;
use crate::joined::RowSource;

/// Of types that a person has hundreds of at most.
const LIMITS: Limits = Limits { pages: 20, entries: 2_000 };

/// Of observations people have thousands, and a search that had to be repeated without its filter gives them all.
fn limits(kind: &str) -> Limits {
    if kind == "Observation" { Limits::default() } else { LIMITS }
}

/// Searches that one page keeps running at one source: hospitals answer many people at a time.
const AT_ONCE: usize = 6;

/// One source being asked for one section.
pub(super) struct Asking<'s> {
    pub source: &'s Source,
    pub ids: &'s Ids,
    pub whose: &'s Compartment,
    pub deadline: Instant,
    pub now: Timestamp,
    /// Does the patient read, so that the release policy stands between?
    pub for_patient: bool,
    turns: Semaphore,
}

/// What a search gave under each id: how it went, and how many entries were another patient's.
pub(super) struct Checked {
    pub reports: Vec<(SearchReport, u32)>,
}

impl<'s> Asking<'s> {
    pub fn new(source: &'s Source, ids: &'s Ids, whose: &'s Compartment, deadline: Instant, now: Timestamp) -> Self {
        Self { source, ids, whose, deadline, now, for_patient: false, turns: Semaphore::new(AT_ONCE) }
    }

    /// As asked for a reader whom the release policy stands before, or not.
    pub fn for_patient(self, for_patient: bool) -> Self {
        Self { for_patient, ..self }
    }

    /// What rows of this source have in common.
    pub fn rows(&self) -> RowSource {
        RowSource { id: self.source.id.clone(), order: self.source.mark, retrieved_at: self.source.as_of(self.now) }
    }

    /// Searches `K` under every id of the patient. `take` gets what is certainly the patient's; entries of other types go
    /// to `beside`.
    pub async fn search<K: Kind>(
        &self,
        section: &str,
        also: &[(&str, &str)],
        mut take: impl for<'a> FnMut(&K::Row<'a>) + Send,
        mut beside: impl for<'a> FnMut(&K::Row<'a>) + Send,
    ) -> Checked {
        let mut checked = Checked { reports: Vec::new() };
        for id in self.ids.asked() {
            let query = self.source.client.platform().query(section, K::TYPE, id);
            let refused = self.source.client.platform().no_includes.is_some();
            let also = also.iter().filter(|(name, _)| !(refused && *name == "_include"));
            let query = also.fold(query, |query: Query, (name, value)| query.with(*name, *value));
            let mut dropped = 0;
            let mut each = |entry: fhir::Entry<'_, K::Row<'_>>| {
                if entry.row.resource_type() != Some(K::TYPE) {
                    beside(&entry.row);
                } else if self.whose.holds(entry.row.subject()) {
                    take(&entry.row);
                } else {
                    dropped += 1;
                }
            };
            // Never closed; if it were, waiting would be over.
            let _turn = self.turns.acquire().await;
            let report = self.source.search::<K>(&query, &limits(K::TYPE), self.deadline, self.now, &mut each).await;
            checked.reports.push((report, dropped));
        }
        checked
    }

    /// As [`Self::search`], by a value of the parameter that this platform asks for in the patient's place. What comes must
    /// be the patient's all the same.
    pub async fn search_by<K: Kind>(
        &self,
        section: &str,
        value: &str,
        mut take: impl for<'a> FnMut(&K::Row<'a>) + Send,
    ) -> (SearchReport, u32) {
        let query = self.source.client.platform().query(section, K::TYPE, value);
        let mut dropped = 0;
        let mut each = |entry: fhir::Entry<'_, K::Row<'_>>| {
            if entry.row.resource_type() == Some(K::TYPE) {
                match self.whose.holds(entry.row.subject()) {
                    true => take(&entry.row),
                    false => dropped += 1,
                }
            }
        };
        let _turn = self.turns.acquire().await;
        let report = self.source.search::<K>(&query, &limits(K::TYPE), self.deadline, self.now, &mut each).await;
        (report, dropped)
    }

    /// Name of the parameter that `K` is asked for by: `patient`, or what the platform says.
    pub fn asked_by<K: Kind>(&self, section: &str) -> &str {
        self.source.client.platform().asked_by(section, K::TYPE)
    }

    /// Reads one resource of a type that hangs on another. What many of them are about no other check tells (a file, a
    /// medicine, a name): a server that answers with another resource than was asked for is not believed.
    pub async fn read<K: Kind>(&self, id: &str, mut take: impl for<'a> FnMut(&K::Row<'a>) + Send) -> SearchReport {
        let mut another = false;
        let mut each = |entry: fhir::Entry<'_, K::Row<'_>>| {
            another |= entry.row.id().is_some_and(|own| own != id);
            if entry.row.resource_type() == Some(K::TYPE) && !another {
                take(&entry.row);
            }
        };
        let _turn = self.turns.acquire().await;
        let mut report = self.source.read::<K>(id, self.deadline, self.now, &mut each).await;
        if another {
            report.outcome = fhir::Outcome::Unreachable(fhir::Cause::Garbage);
        }
        report
    }
}
