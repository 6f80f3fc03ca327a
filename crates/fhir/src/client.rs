//! Searching: pages followed within bounds, and the truth about what came.

mod fault;
mod pace;
mod patience;
mod verdict;
mod walk;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::{
    Cause, Entry, FilterTrust, Kind, Limits, NotAsked, Outcome, Platform, Query, Row as _, SearchReport, bundle::Each,
    reference::is_id,
};
use pace::Pace;
use walk::Walk;

/// Asks one source. Cheap to clone; clones share connections and what was learned about the source.
#[derive(Clone, Debug)]
pub struct Client {
    target: outbound::Target,
    platform: Arc<Platform>,
    /// Types whose filters have been seen to fail here: their resources lack what filters look at.
    unreliable: Arc<Mutex<Vec<&'static str>>>,
    pace: Arc<Pace>,
}

impl Client {
    /// A client of the server at the target's base URL.
    pub fn new(target: outbound::Target, platform: Arc<Platform>) -> Self {
        Self { target, platform, unreliable: Arc::default(), pace: Arc::default() }
    }

    /// FHIR base of the server: what relative references are relative to.
    pub fn base(&self) -> &Url {
        self.target.base_url()
    }

    /// Where it is asked.
    pub fn target(&self) -> &outbound::Target {
        &self.target
    }

    /// The same server, asked with what `authorizer` has.
    #[must_use]
    pub fn asked_with(&self, authorizer: Arc<dyn outbound::Authorizer>) -> Self {
        Self { target: self.target.authorized_by(authorizer), ..self.clone() }
    }

    /// What is peculiar about it.
    pub fn platform(&self) -> &Arc<Platform> {
        &self.platform
    }

    /// How long nothing is sent yet, because the server asked for it (`Retry-After`); at most five minutes.
    pub fn told_to_wait(&self) -> Option<Duration> {
        self.pace.left(Instant::now())
    }

    /// How often the server said 429 so far.
    pub fn throttled(&self) -> u64 {
        self.pace.throttled()
    }

    /// Asks again at once, whatever the server asked for.
    pub fn wait_no_more(&self) {
        self.pace.clear();
    }

    /// Searches `K::TYPE`, follows `next`, hands each entry to `each` as it is read: entries of other types too, so look
    /// at `resource_type`. Never fails as a whole; what is missing and why is in the report.
    ///
    /// Where the platform's filters are not known to be good, a filtered search that comes back empty is repeated by patient
    /// only, because servers that leave `category` empty would otherwise give a false "none"; and what one finds is followed
    /// by what has no category at all, because servers that fill it for some would otherwise keep the others back.
    pub async fn search<K: Kind>(
        &self,
        query: &Query,
        limits: &Limits,
        deadline: Instant,
        each: &mut Each<'_, K>,
    ) -> SearchReport {
        if !self.pace.turn(deadline).await {
            return SearchReport::not_asked(NotAsked::ToldToWait);
        }
        let mut walk = Walk::new(self, *limits, deadline);
        let bare = query.by_patient_only.as_ref();
        match (self.trust(query, K::TYPE), bare) {
            (FilterTrust::Unreliable, Some(bare)) => {
                walk.unfiltered = true;
                let outcome = walk.pages::<K>(self.search_url(K::TYPE, bare), each).await;
                walk.finish(outcome)
            }
            (FilterTrust::Probe, Some(bare)) => {
                let mut seen: HashSet<String> = HashSet::new();
                let mut first = handing::<K, _>(|entry| {
                    seen.extend(own_id::<K>(&entry.row).map(str::to_owned));
                    each(entry);
                });
                let outcome = walk.pages::<K>(self.search_url(K::TYPE, &query.params), &mut first).await;
                let found = walk.entries() > 0;
                // What came is not handed out again.
                let mut again = 0;
                let mut new = handing::<K, _>(|entry| match own_id::<K>(&entry.row) {
                    Some(id) if seen.contains(id) => again += 1,
                    _ => each(entry),
                });
                if outcome != Outcome::Answered || found && self.rest::<K>(&mut walk, query, bare, &mut new).await {
                    return walk.finish_without(again, outcome);
                }
                let repeated = walk.pages::<K>(self.search_url(K::TYPE, bare), &mut new).await;
                walk.unfiltered = repeated != Outcome::Unsupported;
                if walk.unclassified > 0 || found && repeated == Outcome::Answered {
                    self.distrust(K::TYPE);
                }
                walk.finish_without(
                    again,
                    match repeated {
                        // It wants the filter, so it knows the filter: the empty answer stands.
                        Outcome::Unsupported => outcome,
                        Outcome::Refused(status) => Outcome::Partial(Cause::Status(status)),
                        Outcome::Unreachable(cause) => Outcome::Partial(cause),
                        other => other,
                    },
                )
            }
            _ => {
                let outcome = walk.pages::<K>(self.search_url(K::TYPE, &query.params), each).await;
                walk.finish(outcome)
            }
        }
    }

    /// Asks for what lacks what the filters look at (`category:missing=true`). False where the server does not tell: one
    /// that doesn't know the modifier has to refuse it (<https://hl7.org/fhir/R4/search.html#modifiers>).
    async fn rest<K: Kind>(
        &self,
        walk: &mut Walk<'_>,
        query: &Query,
        bare: &[(String, String)],
        each: &mut Each<'_, K>,
    ) -> bool {
        for (name, _) in query.params.iter().filter(|pair| !bare.contains(pair)) {
            let mut params = bare.to_vec();
            params.push((format!("{name}:missing"), "true".to_owned()));
            if walk.pages::<K>(self.search_url(K::TYPE, &params), each).await != Outcome::Answered {
                return false;
            }
        }
        true
    }

    /// Reads `K::TYPE/id`. A resource that the server says it does not have is an answer without entries.
    pub async fn read<K: Kind>(&self, id: &str, deadline: Instant, each: &mut Each<'_, K>) -> SearchReport {
        if !self.pace.turn(deadline).await {
            return SearchReport::not_asked(NotAsked::ToldToWait);
        }
        let mut walk = Walk::new(self, Limits { pages: 1, entries: 1 }, deadline);
        // Nothing but an id may become part of the path.
        let outcome = match is_id(id) {
            true => walk.resource::<K>(self.at(&[K::TYPE, id]), each).await,
            false => Outcome::Unreachable(Cause::Garbage),
        };
        walk.finish(outcome)
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn search_url(&self, kind: &str, params: &[(String, String)]) -> Url {
        let mut url = self.at(&[kind]);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(params);
            if !params.iter().any(|(name, _)| name == "_count") {
                pairs.append_pair("_count", &self.platform.page_size.to_string());
            }
        }
        url
    }

    fn trust(&self, query: &Query, kind: &str) -> FilterTrust {
        let learned = self.unreliable.lock().unwrap_or_else(PoisonError::into_inner).contains(&kind);
        match query.trust {
            FilterTrust::Probe if learned => FilterTrust::Unreliable,
            trust => trust,
        }
    }

    fn distrust(&self, kind: &'static str) {
        let mut unreliable = self.unreliable.lock().unwrap_or_else(PoisonError::into_inner);
        if !unreliable.contains(&kind) {
            unreliable.push(kind);
        }
    }
}

/// The id of a resource of the type that was asked for.
fn own_id<'a, K: Kind>(row: &K::Row<'a>) -> Option<&'a str> {
    row.id().filter(|_| row.resource_type() == Some(K::TYPE))
}

/// Says of a closure that it takes entries of any page.
fn handing<K: Kind, F: for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send>(each: F) -> F {
    each
}
