//! A hospital's FHIR server, ready to be asked.

use std::{sync::Arc, time::Duration};

use fhir::{Cause, Client, Entry, Kind, Limits, NotAsked, Outcome, Query, SearchReport};
use jiff::Timestamp;
use outbound::Authorizer;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use crate::{
    AuthKind, BreakerState, Health, HealthSpan, LocalCodes, QualityNotes, SignedIn,
    breaker::{Breaker, Pass, verdict},
    connections::Copies,
    health::Memory,
    quality::Notebook,
    sign_in::SignIn,
};

/// A hospital's name in both languages of the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// 简体中文
    pub zh: String,
    /// English
    pub en: String,
}

/// What kind of data a source holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Of real patients.
    Production,
    /// Made up.
    Sandbox,
}

impl Environment {
    /// As in files, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    /// From a file or a form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Production, Self::Sandbox].into_iter().find(|one| one.as_str() == text)
    }
}

/// Is a source asked?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Asked,
    /// Not until an administrator resumes it.
    Paused,
    /// Taken away; who is linked to it is told so.
    Removed,
    /// Defined in a way that this replica can't use: its platform file is missing, or its address is refused here.
    Unusable,
}

impl Standing {
    /// Why nothing is asked.
    const fn silence(self) -> Option<NotAsked> {
        match self {
            Self::Asked => None,
            Self::Paused => Some(NotAsked::Paused),
            Self::Removed => Some(NotAsked::Removed),
            Self::Unusable => Some(NotAsked::Unusable),
        }
    }

    /// In JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Paused => "paused",
            Self::Removed => "removed",
            Self::Unusable => "unusable",
        }
    }
}

/// One source of the catalogue.
#[derive(Clone, Debug)]
pub struct Source {
    /// In JSON, metrics and links.
    pub id: String,
    /// For people.
    pub name: Name,
    /// For cards and rows, where the whole name does not fit; the whole name where none is configured.
    pub short_name: Name,
    /// Its place in the catalogue, 0-based and never another's: decides the shape and colour that mark its rows.
    pub mark: usize,
    /// Real or made up.
    pub environment: Environment,
    /// Asks the server.
    pub client: Client,
    /// Longest wait for one section.
    pub timeout: Duration,
    /// May the index list its patients?
    pub sweep: bool,
    /// System of `Patient.identifier` that is the resident ID there, beside the region's.
    pub resident_id: Option<String>,
    /// Is it asked? Whoever asks one that is not gets its reason for an answer, so that no view takes it for nothing there.
    pub standing: Standing,
    /// Of the definition it was made of; 0 for entries of the configuration.
    pub rev: i64,
    /// What its own codes mean.
    pub codes: LocalCodes,
    pub(crate) sign_in: Option<Arc<SignIn>>,
    /// The server whose people are sent here from the hospital's own system, as the source that it is to them; none where nobody is.
    pub(crate) launch: Option<Arc<Self>>,
    /// Read in the place of the server.
    pub(crate) copies: Option<Arc<Copies>>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) health: Arc<Memory>,
    pub(crate) quality: Arc<Notebook>,
}

impl Source {
    /// Searches, and remembers how the source did. `now` is when the question is asked.
    pub async fn search<K: Kind>(
        &self,
        query: &Query,
        limits: &Limits,
        deadline: Instant,
        now: Timestamp,
        each: &mut (dyn for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send),
    ) -> SearchReport {
        if let Some(copies) = &self.copies {
            return copies.search::<K>(limits, each).await;
        }
        let pass = match self.enter(now) {
            Ok(pass) => pass,
            Err(silence) => return SearchReport::not_asked(silence),
        };
        let begun = Instant::now();
        let report = self.client.search::<K>(query, limits, deadline, each).await;
        self.settle(pass, &report, begun.elapsed(), now);
        report
    }

    /// Reads one resource, and remembers how the source did.
    pub async fn read<K: Kind>(
        &self,
        id: &str,
        deadline: Instant,
        now: Timestamp,
        each: &mut (dyn for<'a> FnMut(Entry<'a, K::Row<'a>>) + Send),
    ) -> SearchReport {
        if let Some(copies) = &self.copies {
            return copies.read::<K>(id, each).await;
        }
        let pass = match self.enter(now) {
            Ok(pass) => pass,
            Err(silence) => return SearchReport::not_asked(silence),
        };
        let begun = Instant::now();
        let report = self.client.read::<K>(id, deadline, each).await;
        self.settle(pass, &report, begun.elapsed(), now);
        report
    }

    /// Systems of the resident ID: the region's and its own.
    pub fn resident_ids(&self, region: &[String]) -> Vec<String> {
        region.iter().chain(self.resident_id.as_ref().filter(|own| !region.contains(own))).cloned().collect()
    }

    /// How the portal signs in there, and what came of it last, as far as this process has seen; nothing while it signs in.
    pub fn signed_in(&self) -> (AuthKind, Option<SignedIn>) {
        match &self.sign_in {
            Some(sign_in) => (sign_in.auth.kind, sign_in.last()),
            None => (AuthKind::None, None),
        }
    }

    /// Is it asked in the name of patients alone who have connected it? Then nobody else's question reaches it.
    pub fn is_personal(&self) -> bool {
        self.sign_in.as_ref().is_some_and(|sign_in| sign_in.auth.kind == AuthKind::SmartPatient)
    }

    /// The FHIR server whose launches are the hospital's, and the portal's id as a client there; absent where nobody is sent here.
    pub fn launched_from(&self) -> Option<(&Url, &str)> {
        let launch = self.launch.as_ref()?;
        Some((launch.client.base(), launch.sign_in.as_ref().map_or("", |sign_in| sign_in.auth.client_id.as_str())))
    }

    /// Does the hospital's own system that calls itself `iss` send staff here? `iss` is a FHIR base, written exactly but for a
    /// slash at its end.
    pub(crate) fn is_launched_by(&self, iss: &str) -> bool {
        let base = self.launch.as_ref().map(|launch| launch.client.base());
        base.is_some_and(|base| is_same_base(iss, base))
    }

    /// The SMART scopes that are asked of it.
    pub fn asked_scopes(&self) -> Vec<&str> {
        let scopes = self.sign_in.as_ref().map_or("", |sign_in| sign_in.auth.scopes.as_str());
        scopes.split_ascii_whitespace().collect()
    }

    /// Where patients who connect it sign in, as far as its definition says it: the host of its page, else of its FHIR server.
    pub fn entrance_host(&self) -> String {
        let named = self.sign_in.as_ref().and_then(|sign_in| sign_in.auth.authorize_url.as_deref());
        let named = named.and_then(|text| Url::parse(text).ok());
        let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
        named.as_ref().map_or_else(|| host(self.client.base()), host)
    }

    /// The same source, asked with what `authorizer` has. What is learned of it is learned for all.
    #[must_use]
    pub(crate) fn asked_with(&self, authorizer: Arc<dyn Authorizer>) -> Self {
        Self { client: self.client.asked_with(authorizer), ..self.clone() }
    }

    /// The same source, asked at the server from which staff are sent here. How that does is no word on how this does.
    #[must_use]
    pub(crate) fn behind(&self, (client, sign_in): (Client, Option<Arc<SignIn>>)) -> Self {
        let breaker = Arc::new(Breaker::new(&self.id));
        Self { client, sign_in, breaker, health: Arc::default(), quality: Arc::default(), ..self.clone() }
    }

    /// The same source, read from what was copied of it.
    #[must_use]
    pub(crate) fn read_from(&self, copies: Arc<Copies>) -> Self {
        Self { copies: Some(copies), ..self.clone() }
    }

    /// As of when what is read at `now` is: older where it is a copy.
    pub fn as_of(&self, now: Timestamp) -> Timestamp {
        self.copies.as_ref().map_or(now, |copies| copies.at())
    }

    /// How it is doing, as far as this process has seen.
    pub fn health(&self) -> Health {
        Health { rate_limited: self.client.throttled(), ..self.health.get() }
    }

    /// How it did in the last six hours, in spans of ten minutes, as far as this process has seen.
    pub fn trend(&self, now: Timestamp) -> Vec<HealthSpan> {
        self.health.trend(now)
    }

    /// Is it asked, or left alone because it failed? As far as this process has seen.
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state(Instant::now())
    }

    /// How long nothing is sent to it because it asked for patience (`Retry-After`).
    pub fn told_to_wait(&self) -> Option<Duration> {
        self.client.told_to_wait()
    }

    /// The next question is sent, whatever was seen of it and whatever it asked for. Of this process alone.
    pub fn try_now(&self) {
        self.client.wait_no_more();
        self.breaker.close(Instant::now());
    }

    /// What it sent that could not be kept, as far as this process has seen.
    pub fn quality(&self) -> QualityNotes {
        self.quality.get()
    }

    fn enter(&self, now: Timestamp) -> Result<Pass<'_>, NotAsked> {
        if let Some(silence) = self.standing.silence() {
            return Err(silence);
        }
        self.breaker.enter(Instant::now()).ok_or_else(|| {
            self.health.left_alone(now);
            NotAsked::Resting
        })
    }

    fn settle(&self, pass: Pass<'_>, report: &SearchReport, waited: Duration, now: Timestamp) {
        pass.settle(verdict(report.outcome, waited, self.timeout), Instant::now());
        // What was not sent says nothing about how it is doing.
        if !matches!(report.outcome, Outcome::Unreachable(Cause::NotAsked(_))) {
            self.note(report, waited, now);
        }
    }

    fn note(&self, report: &SearchReport, waited: Duration, now: Timestamp) {
        let outcome = match report.outcome {
            Outcome::Answered => "answered",
            Outcome::Partial(_) => "partial",
            Outcome::Refused(_) => "refused",
            Outcome::Unreachable(_) => "unreachable",
            Outcome::Unsupported => "unsupported",
        };
        metrics::counter!("portal_source_requests_total", "source" => self.id.clone(), "outcome" => outcome)
            .increment(1);
        metrics::histogram!("portal_source_duration_seconds", "source" => self.id.clone()).record(waited.as_secs_f64());
        let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        // A server that says what it doesn't have is well.
        let bad = report.outcome.key().filter(|_| report.outcome != Outcome::Unsupported);
        self.health.note(bad, waited, now);
        self.quality.add(&self.id, &report.notes, now);
    }
}

/// Is this text the address of that FHIR server?
fn is_same_base(text: &str, base: &Url) -> bool {
    // Where a parser would have to mend something, it is another text.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let Ok(url) = Url::parse(text) else { return false };
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let folder = |url: &Url| url.path().strip_suffix('/').unwrap_or(url.path()).to_owned();
    plain && url.has_host() && url.origin() == base.origin() && folder(&url) == folder(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_itself_and_no_other() {
        let base = Url::parse("https://fhir.hospital.example/r4/").expect("an address");
        let check = |text: &str, expect: bool| assert_eq!(is_same_base(text, &base), expect, "{text:?}");
        check("https://fhir.hospital.example/r4", true);
        check("https://fhir.hospital.example/r4/", true);
        check("https://FHIR.hospital.example:443/r4", true);
        check("http://fhir.hospital.example/r4", false);
        check("https://fhir.hospital.example:8443/r4", false);
        check("https://fhir.hospital.example/r4/x", false);
        check("https://fhir.hospital.example/R4", false);
        check("https://fhir.hospital.example/r4//", false);
        check("https://fhir.hospital.example/r4?x=1", false);
        check("https://fhir.hospital.example/r4#x", false);
        check("https://fhir.hospital.example@evil.example/r4", false);
        check("https://u:p@fhir.hospital.example/r4", false);
        check("https://fhir.hospital.example.evil.example/r4", false);
        check(" https://fhir.hospital.example/r4", false);
        check("https://fhir.hospital.\nexample/r4", false);
        check("data:text/plain,x", false);
        check("", false);
    }
}
