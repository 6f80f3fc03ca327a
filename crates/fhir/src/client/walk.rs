//! One walk over the pages of a search, or the read of one resource.

use std::{collections::HashSet, time::Duration};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
    time::{Instant, sleep},
};
use url::Url;

use super::{
    Client,
    fault::read_fault,
    pace,
    patience::Patience,
    verdict::{Place, cause_of, explain, of_issues, of_status},
};
use crate::{
    Cause, Issue, IssueMeaning, Kind, Limits, NotAsked, Outcome, QualityNote, SearchReport,
    bundle::{Each, Page, read_page, read_resource},
};

/// FHIR JSON, or the plain type that older servers know.
const ACCEPT: &str = "application/fhir+json, application/json;q=0.9";
/// Bytes of all pages of a search, after decompression, beyond which no further page is asked for. Ten thousand results
/// with their narratives are 30 MB.
const MAX_BYTES: usize = 32 << 20;
/// From this size on a page is read where it holds up nobody. Reading 64 KiB takes a release build some 0.2 ms, and about as
/// much to hand a thread's other work to another: an ordinary page is read at once, and pages of megabytes, which hostile
/// servers can make slow to read, keep no other source waiting.
const LONG_PAGE: usize = 64 << 10;
/// Distinct notes and issues kept of a whole walk.
const MAX_KEPT: usize = 64;

/// What has been asked and what has come so far.
pub(super) struct Walk<'c> {
    client: &'c Client,
    limits: Limits,
    deadline: Instant,
    report: SearchReport,
    /// Pages and entries that came before the search that is walked now: each search has the bounds for itself.
    before: (u32, u32),
    bytes: usize,
    pub(super) unfiltered: bool,
    pub(super) unclassified: u32,
}

/// A page's bytes, or why there are none.
enum Fetched {
    Body(bytes::Bytes, Option<Cause>),
    Failed(Outcome),
}

impl<'c> Walk<'c> {
    pub(super) fn new(client: &'c Client, limits: Limits, deadline: Instant) -> Self {
        let report = SearchReport {
            outcome: Outcome::Answered,
            queries: 0,
            pages: 0,
            entries: 0,
            broken: 0,
            unfiltered: false,
            notes: Vec::new(),
            issues: Vec::new(),
        };
        Self { client, limits, deadline, report, before: (0, 0), bytes: 0, unfiltered: false, unclassified: 0 }
    }

    pub(super) fn entries(&self) -> u32 {
        self.report.entries
    }

    pub(super) fn finish(self, outcome: Outcome) -> SearchReport {
        SearchReport { outcome, unfiltered: self.unfiltered, ..self.report }
    }

    /// As [`Walk::finish`]; `again` of the entries had come before and were not handed out a second time.
    pub(super) fn finish_without(mut self, again: u32, outcome: Outcome) -> SearchReport {
        self.report.entries = self.report.entries.saturating_sub(again);
        self.finish(outcome)
    }

    /// Follows `next` from `first` to the end, or to whatever ends the walk before.
    pub(super) async fn pages<K: Kind>(&mut self, first: Url, each: &mut Each<'_, K>) -> Outcome {
        self.report.queries += 1;
        (self.before, self.bytes) = ((self.report.pages, self.report.entries), 0);
        let mut visited = HashSet::new();
        let mut url = first;
        let mut place = Place::First;
        let mut missing: Option<Cause> = None;
        let mut matches = 0;
        loop {
            visited.insert(url.clone());
            let (body, cut) = match self.fetch(&url, place).await {
                Fetched::Body(body, cut) => (body, cut),
                Fetched::Failed(outcome) => return outcome,
            };
            let room = self.limits.entries.saturating_sub(self.report.entries - self.before.1);
            let page = aside(body.len(), || read_page::<K>(&body, room, each));
            drop(body);
            let came = page.entries > 0;
            let (next, cut_short, fault) = (page.next.clone(), page.cut, cut.or(page.fault));
            let alone = page.resource_type.as_deref() == Some("OperationOutcome");
            matches += page.matches;
            let total = page.total.unwrap_or(0);
            let said = self.keep(page);
            if alone && fault.is_none() {
                return outcome_alone(&said, place);
            }
            missing = missing.or(fault).or_else(|| of_issues(&said));
            match fault {
                // Nothing of a first page is no answer; something of it, or anything before, is part of one.
                Some(cause) if place == Place::First && !came && !is_damage(cause) => {
                    return Outcome::Unreachable(cause);
                }
                Some(cause) if !is_damage(cause) => break,
                _ => {}
            }
            if cut_short {
                missing = missing.or(Some(Cause::TooManyEntries));
                break;
            }
            let Some(next) = next else {
                // Some cut the list at `_count` and link to nothing (https://hl7.org/fhir/R4/bundle.html#searchset).
                missing = missing.or((matches < total).then_some(Cause::FewerThanTotal));
                break;
            };
            match self.follow(&url, &next, &visited) {
                Ok(next) => url = next,
                Err(cause) => {
                    missing = missing.or(Some(cause));
                    break;
                }
            }
            place = Place::Later;
        }
        missing.map_or(Outcome::Answered, Outcome::Partial)
    }

    /// Reads one resource.
    pub(super) async fn resource<K: Kind>(&mut self, url: Url, each: &mut Each<'_, K>) -> Outcome {
        self.report.queries += 1;
        let (body, cut) = match self.fetch(&url, Place::Read).await {
            Fetched::Body(body, cut) => (body, cut),
            Fetched::Failed(outcome) => return outcome,
        };
        let page = aside(body.len(), || read_resource::<K>(&body, each));
        let (came, fault) = (page.entries > 0, cut.or(page.fault));
        let said = self.keep(page);
        match fault {
            Some(cause) if !came => Outcome::Unreachable(cause),
            Some(cause) => Outcome::Partial(cause),
            None if !came => outcome_alone(&said, Place::Read),
            None => Outcome::Answered,
        }
    }

    /// The next page's address, if it may be asked.
    fn follow(&self, from: &Url, next: &str, visited: &HashSet<Url>) -> Result<Url, Cause> {
        let mut next = from.join(next).map_err(|_| Cause::Origin)?;
        next.set_fragment(None);
        if !self.client.target.is_same_origin(&next) {
            return Err(Cause::Origin);
        }
        if visited.contains(&next) {
            return Err(Cause::Loop);
        }
        if self.report.pages - self.before.0 >= self.limits.pages {
            return Err(Cause::TooManyPages);
        }
        if self.report.entries - self.before.1 >= self.limits.entries {
            return Err(Cause::TooManyEntries);
        }
        if self.bytes >= MAX_BYTES {
            return Err(Cause::TooLarge);
        }
        Ok(next)
    }

    /// Asks for one page: once, and again where the server asks for patience or is known to lose connections.
    async fn fetch(&mut self, url: &Url, place: Place) -> Fetched {
        let mut patience = Patience::new(self.client.platform(), self.deadline);
        // What came of an answer that broke off; nothing better may follow.
        let mut kept = None;
        // What it said when it asked for patience.
        let mut busy = None;
        loop {
            // Somebody else may have been told to wait meanwhile.
            if !self.client.pace.turn(self.deadline).await {
                let cause = Cause::NotAsked(NotAsked::ToldToWait);
                return kept.or(busy).unwrap_or(Fetched::Failed(match place {
                    Place::Later => Outcome::Partial(cause),
                    _ => Outcome::Unreachable(cause),
                }));
            }
            let (answer, error) = match self.client.target.get_partly(url, ACCEPT, self.deadline).await {
                Ok(got) => got,
                Err(error) => {
                    let cause = cause_of(&error);
                    if patience.after_loss(cause) {
                        continue;
                    }
                    return kept.unwrap_or(Fetched::Failed(match place {
                        Place::Later => Outcome::Partial(cause),
                        _ => Outcome::Unreachable(cause),
                    }));
                }
            };
            if let Some(wait) = self.told_to_wait(&answer).and_then(|wait| patience.after_busy(answer.status, wait)) {
                sleep(wait).await;
                busy = Some(Fetched::Failed(of_status(answer.status, &[], place)));
                continue;
            }
            if (200..300).contains(&answer.status) {
                let cut = error.as_ref().map(cause_of);
                let again = cut.is_some_and(|cause| patience.after_loss(cause));
                self.bytes = self.bytes.saturating_add(answer.body.len());
                if !again {
                    self.report.pages += 1;
                    return Fetched::Body(answer.body, cut);
                }
                kept = Some(Fetched::Body(answer.body, cut));
                continue;
            }
            if let Some(kept) = kept {
                return kept;
            }
            let said = self.explain(read_fault(&answer.body));
            return Fetched::Failed(of_status(answer.status, &said, place));
        }
    }

    /// How long the server wants to be left alone (429, 503). Everybody else who asks it waits as well.
    fn told_to_wait(&self, answer: &outbound::Answer) -> Option<Duration> {
        if answer.status == 429 {
            self.client.pace.count_throttled(self.client.target.id());
        }
        let wait = answer.retry_after.filter(|_| matches!(answer.status, 429 | 503))?.min(pace::LONGEST);
        self.client.pace.wait(wait, Instant::now());
        Some(wait)
    }

    /// Adds a page's figures to the report; its issues, explained, are also returned.
    fn keep(&mut self, page: Page) -> Vec<Issue> {
        let Page { entries, broken, unclassified, issues, notes, .. } = page;
        self.report.entries += entries;
        self.report.broken += broken;
        self.unclassified += unclassified;
        for note in notes {
            self.keep_note(note);
        }
        self.explain(issues)
    }

    fn keep_note(&mut self, note: QualityNote) {
        let notes = &mut self.report.notes;
        if let Some(known) = notes.iter_mut().find(|known| known.path == note.path && known.fault == note.fault) {
            known.count = known.count.saturating_add(note.count);
        } else if notes.len() < MAX_KEPT {
            notes.push(note);
        }
    }

    fn explain(&mut self, issues: Vec<crate::bundle::PageIssue>) -> Vec<Issue> {
        let explained = explain(&self.client.platform, issues);
        let free = MAX_KEPT.saturating_sub(self.report.issues.len());
        self.report.issues.extend(explained.iter().take(free).cloned());
        explained
    }
}

/// Reads a page of this many bytes; a long one off the threads that serve everybody else. A runtime of a single thread has
/// nowhere to put it.
fn aside<T>(bytes: usize, read: impl FnOnce() -> T) -> T {
    let many = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes >= LONG_PAGE && many { block_in_place(read) } else { read() }
}

/// Damage that does not end a walk: the page's other entries and its links were read.
fn is_damage(cause: Cause) -> bool {
    matches!(cause, Cause::Encoding | Cause::BrokenEntry)
}

/// A 2xx answer that is an OperationOutcome instead of what was asked for.
fn outcome_alone(said: &[Issue], place: Place) -> Outcome {
    let has = |meaning| said.iter().any(|issue| issue.meaning == Some(meaning));
    let cause = of_issues(said).unwrap_or(Cause::Garbage);
    match place {
        Place::Later => Outcome::Partial(cause),
        _ if has(IssueMeaning::NothingFound) => Outcome::Answered,
        _ if has(IssueMeaning::NotSupported) => Outcome::Unsupported,
        _ => Outcome::Unreachable(cause),
    }
}
