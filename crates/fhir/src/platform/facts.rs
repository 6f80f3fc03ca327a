//! What a vendor documents about signing in and about the rest of its server: how a client is registered there, what it asks
//! for, and what its server can do beside searches. Each with its reason.

use serde::Deserialize;

/// A value and who says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// What holds.
    pub value: T,
    /// Where the vendor says so, with the address of its documentation.
    pub why: String,
}

/// How one comes to a client id there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// 简体中文
    pub zh: String,
    /// English
    pub en: String,
    /// Address of the vendor's own guide.
    pub documentation: String,
}

/// What the vendor documents of SMART App Launch (<https://hl7.org/fhir/smart-app-launch/>). What is not known stays open: the
/// server's own `.well-known/smart-configuration` says it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smart {
    /// Which ways in there are.
    pub flows: Option<Fact<Vec<Flow>>>,
    /// How scopes are written.
    pub scopes: Option<Fact<Vec<ScopeSyntax>>>,
    /// Whether a challenge is understood (RFC 7636).
    pub pkce: Option<Fact<Pkce>>,
    /// How a client says that it is itself.
    pub client_authentication: Option<Fact<Vec<ClientAuthentication>>>,
    /// What `aud` of an authorization request is.
    pub audience: Option<Fact<Audience>>,
}

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// From inside the hospital's system.
    EhrLaunch,
    /// From the portal.
    Standalone,
    /// Without anybody there: client credentials.
    Backend,
}

/// How scopes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeSyntax {
    /// `patient/Observation.read`
    V1,
    /// `patient/Observation.rs`
    V2,
}

/// Whether a challenge is understood. `plain` is never sent, so nothing says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pkce {
    /// S256, and the server's configuration says so.
    S256,
    /// S256, though the server's configuration does not say so.
    S256Unadvertised,
}

/// How a client says that it is itself, as OpenID Connect names it, in kebab case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthentication {
    /// Not at all: a public client.
    None,
    /// Its secret in the header.
    ClientSecretBasic,
    /// Its secret in the form.
    ClientSecretPost,
    /// An assertion that it signed.
    PrivateKeyJwt,
}

/// What `aud` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// The base address of the FHIR server.
    BaseUrl,
}

/// More requests than this are answered with 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// So many.
    pub requests: u32,
    /// In so many seconds.
    pub seconds: u32,
}

/// A header that the server wants; its value is the institution's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    /// Its name.
    pub name: String,
    /// Where the vendor says so.
    pub why: String,
}

/// Takes what is to hold, where it stands in the file, and what is wrong if it does not.
type Check<'c> = &'c mut dyn FnMut(bool, String, &'static str);

const REASON: &str = "a quirk needs its reason";

fn reason<T>(fact: Option<&Fact<T>>, path: &str, check: Check<'_>) {
    let given = fact.is_none_or(|fact| !fact.why.trim().is_empty());
    check(given, format!("{path}.why"), REASON);
}

fn list<T: PartialEq>(fact: Option<&Fact<Vec<T>>>, path: &str, check: Check<'_>) {
    reason(fact, path, check);
    let all = fact.map_or(&[][..], |fact| &fact.value);
    let once = all.iter().enumerate().all(|(nth, one)| !all[..nth].contains(one));
    check(once && (fact.is_none() || !all.is_empty()), format!("{path}.value"), "each once, and at least one");
}

impl Registration {
    pub(super) fn check(&self, check: Check<'_>) {
        for (text, path) in [(&self.zh, "registration.zh"), (&self.en, "registration.en")] {
            check(!text.trim().is_empty(), path.to_owned(), "say how a client is registered");
        }
        let good = self.documentation.starts_with("https://");
        check(good, "registration.documentation".to_owned(), "an https address");
    }
}

impl Smart {
    pub(super) fn check(&self, check: Check<'_>) {
        list(self.flows.as_ref(), "smart.flows", check);
        list(self.scopes.as_ref(), "smart.scopes", check);
        list(self.client_authentication.as_ref(), "smart.client_authentication", check);
        reason(self.pkce.as_ref(), "smart.pkce", check);
        reason(self.audience.as_ref(), "smart.audience", check);
    }
}

pub(super) fn check_server(everything: Option<&Fact<bool>>, limit: Option<&Fact<RateLimit>>, check: Check<'_>) {
    reason(everything, "everything", check);
    reason(limit, "rate_limit", check);
    let good = limit.is_none_or(|limit| limit.value.requests > 0 && limit.value.seconds > 0);
    check(good, "rate_limit.value".to_owned(), "both at least 1");
}

pub(super) fn check_headers(headers: &[HeaderRule], check: Check<'_>) {
    for (nth, header) in headers.iter().enumerate() {
        let name = !header.name.is_empty() && header.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let secret = ["authorization", "cookie", "host"].iter().any(|own| header.name.eq_ignore_ascii_case(own));
        check(name && !secret, format!("header[{nth}].name"), "a header that is no credential");
        check(!header.why.trim().is_empty(), format!("header[{nth}].why"), REASON);
    }
}
