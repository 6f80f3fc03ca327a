//! Searching: pages followed within bounds, and the truth about what came.

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use crate::{Cause, Entry, Kind, Limits, Outcome, Platform, Query, SearchReport};

/// Asks one source.
#[derive(Clone, Debug)]
pub struct Client {
    target: outbound::Target,
    platform: Arc<Platform>,
}

impl Client {
    /// A client of the server at the target's base URL.
    pub fn new(target: outbound::Target, platform: Arc<Platform>) -> Self {
        Self { target, platform }
    }

    /// FHIR base of the server: what relative references are relative to.
    pub fn base(&self) -> &Url {
        self.target.base_url()
    }

    /// What is peculiar about it.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Searches `K::TYPE`, hands each entry to `each` as it is read.
    pub async fn search<K: Kind>(
        &self,
        query: &Query,
        limits: &Limits,
        deadline: Instant,
        each: &mut (dyn for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send),
    ) -> SearchReport {
        let _ = (query, limits, deadline, each);
        stub()
    }

    /// Reads `K::TYPE/id`.
    pub async fn read<K: Kind>(
        &self,
        id: &str,
        deadline: Instant,
        each: &mut (dyn for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send),
    ) -> SearchReport {
        let _ = (id, deadline, each);
        stub()
    }
}

fn stub() -> SearchReport {
    SearchReport {
        outcome: Outcome::Unreachable(Cause::Connect),
        queries: 0,
        pages: 0,
        entries: 0,
        broken: 0,
        unfiltered: false,
        notes: Vec::new(),
        issues: Vec::new(),
    }
}
