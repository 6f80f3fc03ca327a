//! Asking every linked source at once.

use std::{future::Future, sync::Arc, time::Duration};

use fhir::{Cause, Outcome, SearchReport};
use jiff::Timestamp;
use sources::{Source, Standing};
use tokio::{task::JoinSet, time::Instant};
use tracing::Instrument;

use super::{Charts, authorize::Allowed};
use crate::{Bilingual, Part, PartReport, SourceReport, SourceState};

/// Nobody waits longer for a page.
const LONGEST: Duration = Duration::from_secs(8);
/// How long after the deadline an answer may still be on its way through this process.
const GRACE: Duration = Duration::from_millis(250);
/// For a copy in the database.
const COPY: Duration = Duration::from_secs(2);

/// Registrations of one person that are asked for at one source. A person has a handful at a hospital, with those that
/// replaced one another a dozen; each costs every question of a section again, and whoever fills a hospital with records
/// of one number must not make every page of that person ask a thousand times.
const MOST_IDS: usize = 24;

/// Another patient's entries came.
const FOREIGN: &str = "why-foreign-dropped";

/// The ledger of one source while it is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    state: Option<SourceState>,
    detail: Option<&'static str>,
    queries: u32,
    pages: u32,
    /// Entries accepted.
    pub entries: u32,
    /// Entries that are another patient's.
    pub dropped: u32,
    parts: Vec<PartReport>,
    /// What was asked for could not be had, though it is named.
    unread: bool,
}

impl Tally {
    /// All questions of one part of the section. `dropped` of its entries were another patient's.
    pub(super) fn add_part(&mut self, part: Part, report: &SearchReport, dropped: u32) {
        self.add(report);
        self.dropped += dropped;
        match state(report.outcome) {
            SourceState::Answered if dropped > 0 => self.part(part, SourceState::Partial, Some(FOREIGN)),
            state => self.part(part, state, report.outcome.key()),
        }
    }

    /// A part that the source can't be asked for: nothing names what it has, and it lists nothing.
    pub(super) fn not_listed(&mut self, part: Part) {
        self.join(SourceState::Unsupported, None);
        self.part(part, SourceState::Unsupported, None);
    }

    /// The one thing that was asked for is named, and the source did not answer with it.
    pub(super) fn is_unread(&mut self) {
        self.unread = true;
    }

    /// What is known of a source without its answer.
    pub(super) fn says(&mut self, state: SourceState, why: &'static str) {
        self.join(state, Some(why));
    }

    /// A part that was tallied by itself.
    pub(super) fn take_in(&mut self, part: Part, other: Self) {
        let (state, detail) = match other.state.unwrap_or(SourceState::Unreachable) {
            SourceState::Answered if other.dropped > 0 => (SourceState::Partial, Some(FOREIGN)),
            state => (state, other.detail),
        };
        (self.queries, self.pages) = (self.queries + other.queries, self.pages + other.pages);
        self.dropped += other.dropped;
        self.join(other.state.unwrap_or(SourceState::Unreachable), other.detail);
        self.part(part, state, detail);
    }

    /// Parts that were tallied by themselves, none of them tallied here.
    pub(super) fn take_all(&mut self, other: Self) {
        (self.queries, self.pages) = (self.queries + other.queries, self.pages + other.pages);
        self.dropped += other.dropped;
        if let Some(state) = other.state {
            self.join(state, other.detail);
        }
        self.parts.extend(other.parts);
    }

    /// More than was asked about a part is missing: its text, what it refers to.
    pub(super) fn lacks(&mut self, part: Part, why: &'static str) {
        if self.state == Some(SourceState::Answered) {
            self.join(SourceState::Partial, Some(why));
        }
        self.part(part, SourceState::Partial, Some(why));
    }

    /// The record is somebody else's by now: nothing of it was taken, in no part.
    pub(super) fn disown(&mut self, parts: &[Part], dropped: u32) {
        self.dropped += dropped.max(1);
        self.entries = 0;
        self.parts = parts.iter().map(|part| part_report(*part, SourceState::Partial, Some(FOREIGN))).collect();
    }

    fn part(&mut self, part: Part, state: SourceState, detail: Option<&'static str>) {
        match self.parts.iter_mut().find(|own| own.part == part) {
            None => self.parts.push(part_report(part, state, detail)),
            Some(own) if own.state != state => {
                own.state = mixed(own.state, state);
                own.detail = detail.map(str::to_owned).or_else(|| own.detail.take());
            }
            Some(_) => {}
        }
    }

    /// One of the questions that the section consists of.
    pub(super) fn add(&mut self, report: &SearchReport) {
        self.count(report);
        self.join(state(report.outcome), report.outcome.key());
    }

    fn join(&mut self, state: SourceState, detail: Option<&'static str>) {
        let (joined, told) = match self.state {
            None => (state, true),
            Some(before) if before == state => (state, false),
            // One question failed where another was answered: something may be missing.
            Some(before) => {
                let worse = before == SourceState::Answered;
                (mixed(before, state), worse)
            }
        };
        self.state = Some(joined);
        if told && detail.is_some() {
            self.detail = detail;
        }
    }

    /// A question that only adds words to what the others answer. A server that doesn't have it lacks nothing.
    pub(super) fn add_beside(&mut self, report: &SearchReport) {
        self.count(report);
        let failed = !matches!(report.outcome, Outcome::Answered | Outcome::Unsupported);
        if failed && self.state == Some(SourceState::Answered) {
            self.state = Some(SourceState::Partial);
            self.detail = report.outcome.key();
        }
    }

    /// Something that came was more than is kept of one source.
    pub(super) fn left_out(&mut self, count: u32) {
        if count > 0 && self.state == Some(SourceState::Answered) {
            self.state = Some(SourceState::Partial);
            self.detail = Some(Cause::TooLarge.key());
        }
    }

    /// Not every registration of the person was asked for.
    fn too_many_ids(&mut self) {
        if self.state == Some(SourceState::Answered) {
            self.state = Some(SourceState::Partial);
            self.detail = Some(Cause::TooManyEntries.key());
        }
    }

    fn count(&mut self, report: &SearchReport) {
        self.queries += report.queries;
        self.pages += report.pages;
    }

    /// The last word: a source that sends another patient's data may have kept back this one's.
    fn close(&mut self) {
        if self.dropped > 0 && self.state == Some(SourceState::Answered) {
            self.state = Some(SourceState::Partial);
            self.detail = Some(FOREIGN);
        }
    }
}

fn part_report(part: Part, state: SourceState, detail: Option<&'static str>) -> PartReport {
    PartReport { part, state, detail: detail.map(str::to_owned) }
}

pub(super) fn state(outcome: Outcome) -> SourceState {
    match outcome {
        Outcome::Answered => SourceState::Answered,
        Outcome::Partial(_) => SourceState::Partial,
        Outcome::Refused(_) => SourceState::Refused,
        Outcome::Unreachable(_) => SourceState::Unreachable,
        Outcome::Unsupported => SourceState::Unsupported,
    }
}

fn mixed(one: SourceState, other: SourceState) -> SourceState {
    let gave = |state| matches!(state, SourceState::Answered | SourceState::Partial);
    match (gave(one), gave(other)) {
        (false, false) => SourceState::Unreachable,
        _ => SourceState::Partial,
    }
}

/// One source's answer.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub data: T,
    pub tally: Tally,
}

impl<T> Answer<T> {
    /// The source could not be asked, or said nothing: what it would say is not known. Of one that refused, or that sent
    /// another's data, it is.
    fn is_silence(&self) -> bool {
        let is_silent = self.tally.state.is_none_or(|state| state == SourceState::Unreachable);
        (is_silent && self.tally.entries == 0 && self.tally.dropped == 0) || self.tally.unread
    }
}

/// The patient's ids at a source.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// Linked ones, and what the source says they replaced or were replaced by: all are the patient's.
    ids: Vec<String>,
    /// Asks in the patient's own name, where they have connected the source.
    own: Option<Arc<Source>>,
    /// Read when that does not answer.
    copy: Option<Arc<Source>>,
}

impl Ids {
    /// Each is asked for: a server may keep a merged patient's results under the old id. Not more than [`MOST_IDS`].
    pub(super) fn asked(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().take(MOST_IDS).map(String::as_str)
    }

    /// More of them than are asked for?
    fn are_too_many(&self) -> bool {
        self.ids.len() > MOST_IDS
    }

    pub(super) fn includes(&self, id: &str) -> bool {
        self.ids.iter().any(|own| own == id)
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.ids.clone()
    }
}

impl Charts {
    /// The ids that a person has at a source; none where they are not linked.
    pub(super) fn ids_at(&self, allowed: &Allowed) -> impl Fn(&Source) -> Option<Ids> + use<> {
        let (links, connected) = (allowed.person.links.clone(), allowed.connected.clone());
        move |source| {
            let mut ids: Vec<String> = Vec::new();
            let here = || links.iter().filter(|link| link.source == source.id);
            for id in here().map(|link| &link.patient).chain(here().flat_map(|link| &link.aliases)) {
                if !ids.contains(id) {
                    ids.push(id.clone());
                }
            }
            let connected = connected.iter().find(|one| one.source.id == source.id);
            let own = connected.map(|one| one.source.clone());
            let copy = connected.and_then(|one| one.copy.clone());
            (!ids.is_empty()).then_some(Ids { ids, own, copy })
        }
    }

    /// Asks all wanted sources at once, each until its own timeout and none beyond the longest wait. The answers and the
    /// ledger are in the order of the catalogue, whoever answered first.
    pub(super) async fn ask_each<T, F>(
        &self,
        wanted: impl Fn(&Source) -> Option<Ids>,
        now: Timestamp,
        ask: impl Fn(Arc<Source>, Ids, Instant) -> F,
    ) -> (Vec<T>, Vec<SourceReport>)
    where
        T: Send + 'static,
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let begun = Instant::now();
        let mut asked = JoinSet::new();
        let (mut reports, mut answers) = (Vec::new(), Vec::new());
        for source in self.inner.catalogue.all() {
            let ids = wanted(&source);
            if ids.is_none() && is_nobodys(&source) {
                continue;
            }
            let at = reports.len();
            answers.push(None);
            reports.push(unasked(&source));
            if let Some(ids) = ids {
                reports[at].state = SourceState::Unreachable;
                reports[at].detail = Some("why-timeout".to_owned());
                let deadline = begun + source.timeout.min(LONGEST);
                let too_many = ids.are_too_many();
                let asked_as = ids.own.clone().unwrap_or_else(|| source.clone());
                // Older than now where a copy is read.
                let as_of = asked_as.as_of(now);
                let copy =
                    ids.copy.clone().map(|copy| (copy.as_of(now), ask(copy, ids.clone(), deadline + GRACE + COPY)));
                let answer = ask(asked_as, ids, deadline);
                let span =
                    tracing::info_span!(target: "trace", "source", "otel.kind" = "client", "source.id" = source.id);
                let asking = async move {
                    let answer = tokio::time::timeout_at(deadline + GRACE, answer).await.ok();
                    let (answer, as_of) = match copy.filter(|_| answer.as_ref().is_none_or(Answer::is_silence)) {
                        None => (answer, as_of),
                        Some((made_at, copy)) => (tokio::time::timeout(COPY, copy).await.ok().or(answer), made_at),
                    };
                    let answer = answer.map(|mut answer| {
                        if too_many {
                            answer.tally.too_many_ids();
                        }
                        answer
                    });
                    (at, answer, begun.elapsed(), as_of)
                };
                asked.spawn(asking.instrument(span));
            }
        }
        while let Some(joined) = asked.join_next().await {
            let (at, answer, waited, as_of) = match joined {
                Ok(joined) => joined,
                Err(error) => {
                    // Its place in the ledger stays "unreachable".
                    tracing::error!(%error, "asking a source failed");
                    continue;
                }
            };
            let report = &mut reports[at];
            report.waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            if let Some(Answer { data, mut tally }) = answer {
                tally.close();
                settle(report, &tally, (as_of, now));
                answers[at] = Some(data);
            }
        }
        (answers.into_iter().flatten().collect(), reports)
    }
}

fn settle(report: &mut SourceReport, tally: &Tally, (as_of, now): (Timestamp, Timestamp)) {
    report.state = tally.state.unwrap_or(SourceState::Unreachable);
    report.detail = tally.detail.map(str::to_owned);
    report.parts.clone_from(&tally.parts);
    report.parts.sort_by_key(|part| part.part);
    (report.queries, report.pages) = (tally.queries, tally.pages);
    (report.entries, report.dropped) = (tally.entries, tally.dropped);
    if matches!(report.state, SourceState::Answered | SourceState::Partial) {
        report.retrieved_at = Some(as_of);
        report.age_s = Some(u64::try_from(now.duration_since(as_of).as_secs()).unwrap_or_default());
    }
    if tally.dropped > 0 {
        // A security event: whose data it was is not said anywhere.
        tracing::warn!(target: "security", source = report.id, dropped = tally.dropped, "a source sent resources of another patient");
        metrics::counter!("portal_source_foreign_resources_total", "source" => report.id.clone())
            .increment(u64::from(tally.dropped));
    }
}

/// Whoever was never linked to one that was taken away misses nothing, and nobody does of what only those read who have
/// connected it.
pub(super) fn is_nobodys(source: &Source) -> bool {
    source.standing == Standing::Removed || source.is_personal()
}

pub(super) fn unasked(source: &Source) -> SourceReport {
    SourceReport {
        id: source.id.clone(),
        name: Bilingual { zh: source.name.zh.clone(), en: source.name.en.clone() },
        short_name: Bilingual { zh: source.short_name.zh.clone(), en: source.short_name.en.clone() },
        mark: source.mark,
        state: SourceState::NotLinked,
        detail: None,
        parts: Vec::new(),
        queries: 0,
        pages: 0,
        entries: 0,
        dropped: 0,
        retrieved_at: None,
        age_s: None,
        waited_ms: 0,
    }
}
