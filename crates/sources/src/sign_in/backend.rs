//! Tokens for the portal itself (<https://hl7.org/fhir/smart-app-launch/backend-services.html>): they live in this process
//! alone, and no longer than they are good for.

use std::time::Duration;

use fhir::smart::{self, Configuration, Grant, Granted, TokenFault};
use outbound::{Target, TargetSettings};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::{Failed, Held, SignIn, SignedIn};

/// A token is not used in its last seconds: it would end on the way.
const MARGIN: Duration = Duration::from_secs(10);
/// FHIR JSON, or the plain type that older servers know.
const ACCEPT: &str = "application/json, application/fhir+json;q=0.9";
/// A token endpoint answers with a few hundred bytes, a server's capabilities with some megabytes.
const LARGEST: u64 = 8 << 20;

/// Where tokens are asked for: one origin, the source's own or the one that an administrator has named.
#[derive(Debug)]
pub(crate) struct TokenHome {
    pub(crate) target: Target,
    /// Of the FHIR server.
    base: Url,
    /// As named; absent: as the server says.
    endpoint: Option<Url>,
}

impl TokenHome {
    /// The settings of its target, of those of the source.
    pub(crate) fn settings(source: &TargetSettings, endpoint: Option<&Url>) -> TargetSettings {
        let mut settings = source.clone();
        settings.base_url = endpoint.cloned().unwrap_or_else(|| source.base_url.clone());
        settings.base_url.set_query(None);
        settings.max_body = LARGEST;
        settings.authorizer = None;
        if endpoint.is_some_and(|endpoint| endpoint.origin() != source.base_url.origin()) {
            // What says for whom is asked is the source's alone.
            settings.headers = Vec::new();
        }
        settings
    }

    pub(crate) fn new(target: Target, base: Url, endpoint: Option<Url>) -> Self {
        Self { target, base, endpoint }
    }

    /// Where tokens are given, and what the server says of how.
    async fn find(&self, deadline: Instant) -> Result<(Url, Configuration), Failed> {
        let said = match self.endpoint.is_some() && !self.target.is_same_origin(&self.base) {
            // Another origin: what it says of itself is not looked for there.
            true => None,
            false => self.discover(deadline).await?,
        };
        let said = said.unwrap_or_default();
        Ok((self.endpoint(&said)?, said))
    }

    async fn discover(&self, deadline: Instant) -> Result<Option<Configuration>, Failed> {
        discover(&self.target, &self.base, deadline).await
    }

    /// The endpoint that an administrator has named, where they have; the server's, if that is where the portal asks.
    pub(crate) fn endpoint(&self, said: &Configuration) -> Result<Url, Failed> {
        let endpoint = self.endpoint.clone().or_else(|| said.token_endpoint.clone());
        let endpoint = endpoint.ok_or(Failed::lasting("no-token-endpoint"))?;
        // A server that is not the hospital's gets no secret because the hospital's says so: an administrator has to.
        match self.target.is_same_origin(&endpoint) {
            true => Ok(endpoint),
            false => Err(Failed::lasting("token-endpoint-elsewhere")),
        }
    }
}

/// What the FHIR server at `base` says of its sign-in, in a document of its own or among its capabilities.
pub(crate) async fn discover(target: &Target, base: &Url, deadline: Instant) -> Result<Option<Configuration>, Failed> {
    let at = |path: &[&str]| {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    };
    let unreachable = |_| Failed::passing("token-unreachable");
    let well_known = at(&[".well-known", "smart-configuration"]);
    let answer = target.get(&well_known, ACCEPT, deadline).await.map_err(unreachable)?;
    let read = (answer.status == 200).then(|| Configuration::read(&answer.body, base)).flatten();
    if read.is_some() {
        return Ok(read);
    }
    let answer = target.get(&at(&["metadata"]), ACCEPT, deadline).await.map_err(unreachable)?;
    let statement: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(smart::of_capabilities(&statement, base))
}

impl SignIn {
    /// A new token. What came of it is written into `last`.
    pub(super) async fn token(&self, last: &mut SignedIn, deadline: Instant) -> Result<Held, Failed> {
        let begun = Instant::now();
        *last = SignedIn::default();
        let granted = self.ask(last, deadline).await;
        let outcome = granted.as_ref().map_or_else(|failed| failed.why, |_| "granted");
        let labels = [("source", self.id.clone()), ("outcome", outcome.to_owned())];
        metrics::counter!("portal_source_tokens_total", &labels).increment(1);
        metrics::histogram!("portal_source_token_seconds", "source" => self.id.clone())
            .record(begun.elapsed().as_secs_f64());
        let granted = granted?;
        last.lives_s = Some(granted.expires_in.as_secs());
        last.narrower = granted.scopes.as_deref().is_some_and(|given| is_narrower(given, &self.auth.scopes));
        last.scopes = granted.scopes;
        let header = Zeroizing::new(format!("Bearer {}", granted.access_token.as_str()));
        // One of a few seconds is used for half of them.
        let used = granted.expires_in.saturating_sub(MARGIN).max(granted.expires_in / 2);
        Ok(Held { header, since: begun, until: Some(begun + used) })
    }

    async fn ask(&self, last: &mut SignedIn, deadline: Instant) -> Result<Granted, Failed> {
        let home = self.home.as_ref().ok_or(Failed::lasting("no-token-endpoint"))?;
        let (endpoint, said) = home.find(deadline).await?;
        last.endpoint = Some(endpoint.to_string());
        let proof = self.proof(&endpoint, &said).await?;
        let ask = self.asking(&endpoint, &proof)?;
        let asked = smart::token(&home.target, &ask, Grant::ClientCredentials, deadline).await;
        asked.map_err(|fault| failed(&fault, last))
    }
}

/// Is something missing of what was asked for? A server may write its scopes in another order, never in other words.
fn is_narrower(given: &str, asked: &str) -> bool {
    let given: Vec<&str> = given.split(' ').collect();
    asked.split(' ').any(|scope| !given.contains(&scope))
}

fn failed(fault: &TokenFault, last: &mut SignedIn) -> Failed {
    let why = match fault {
        TokenFault::Outbound(_) => "token-unreachable",
        TokenFault::Refused { status, error, words } => {
            last.status = Some(*status);
            last.said =
                [error.as_str(), words].into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(": ");
            "token-refused"
        }
        TokenFault::NoToken => "no-token",
        TokenFault::Unsigned => "no-key",
    };
    Failed { why, lasting: fault.is_lasting() }
}
