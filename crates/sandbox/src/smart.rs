//! A door in front of a hospital: whoever asks needs a token, and gets it as SMART backend services have it
//! (<https://hl7.org/fhir/smart-app-launch/backend-services.html>), or by a person who signs in and agrees
//! ([`SmartConfig::people`], <https://hl7.org/fhir/smart-app-launch/app-launch.html>). What it lets through is the hospital's own
//! answer, with its addresses in it. It can misbehave as authorization servers do.

mod authorize;
mod compartment;
mod ehr;
mod exchange;
mod grant;
mod page;
mod people;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fhir::smart::Jwks;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use outbound::{Outbound, Target, TargetSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use crate::{
    SandboxError,
    hospital::server::BASE_PATH,
    listen::{self, Always, Tasks},
};
use ehr::Ehr;
use people::{People, Visitor};

pub use ehr::{DoorStaff, EhrSettings};
pub use people::{DoorPatient, PeopleClient};

/// Bodies of token requests are an assertion and a few words.
const MAX_FORM: usize = 64 * 1024;
/// For the hospital behind the door, and for a set of keys.
const PATIENCE: Duration = Duration::from_secs(20);
const TOKEN_PATH: &str = "/auth/token";
const AUTHORIZE_PATH: &str = "/auth/authorize";
const REVOKE_PATH: &str = "/auth/revoke";
const KEYS_PATH: &str = "/auth/jwks";
/// The desk of a hospital's own system.
pub(crate) const EHR_PATH: &str = "/ehr";
/// How long tokens are waited for in mode `slow`.
const SLOWNESS: Duration = Duration::from_secs(3);

/// How the door behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmartMode {
    /// As it should.
    #[default]
    Ok,
    /// Grants laboratory results alone, and who it is, whatever is asked for.
    Narrow,
    /// Refuses every client.
    Denying,
    /// Answers 200 with something that is no token.
    NoToken,
    /// Says that tokens are given somewhere else.
    Elsewhere,
    /// Describes its sign-in in the CapabilityStatement alone, as older servers do.
    Old,
    /// Takes connections where tokens are given and never answers.
    Silent,
    /// 429 where tokens are given.
    Busy,
    /// Takes assertions signed with RS384 alone.
    Rs384,
    /// Gives people's clients no refresh token, also where they ask for one. One that they have stays good.
    NoRefresh,
    /// Answers people's clients in another server's name (`iss`).
    WrongIss,
    /// Lets no person in, and says so in hostile words.
    DenyingPeople,
    /// Tokens live two seconds.
    ShortLived,
    /// Doesn't say whose record it is.
    NoPatient,
    /// Takes three seconds where tokens are given.
    Slow,
    /// Knows no refresh token that it gave.
    Forgetful,
    /// Doesn't say that it checks PKCE, and does.
    UnadvertisedPkce,
    /// Signs who a person is with a key that nobody knows.
    BadIdToken,
    /// Says who a person is under another request's `nonce`.
    WrongNonce,
    /// Says nothing of who signed in.
    NoIdToken,
    /// Knows no launch of its own system.
    UnknownLaunch,
    /// Says of a launch that somebody else signed in.
    OtherPractitioner,
    /// Says of a launch, and of a token that is renewed, that it is about another patient.
    OtherPatient,
    /// Says of a launch who signed in by what they do there: `PractitionerRole/ID-role`.
    ByRole,
    /// Its pages never come to an end, and hold nothing.
    EndlessPages,
    /// Numbers patients otherwise than the server behind it: whom a launch names is somebody else there.
    OtherIds,
}

/// What the door is told.
#[derive(Clone, Debug)]
pub struct SmartConfig {
    /// Its address; port 0 for any.
    pub listen: SocketAddr,
    /// FHIR base of the hospital behind it.
    pub upstream: Url,
    /// The client that it knows.
    pub client_id: String,
    /// How it knows the client.
    pub client: Known,
    /// Scopes that the client may have.
    pub scopes: Vec<String>,
    /// How long tokens live, in seconds.
    pub lives_s: u64,
    /// People may sign in for this client; `None`: nobody signs in here.
    pub people: Option<PeopleClient>,
}

/// By what a client is known.
#[derive(Clone, Debug)]
pub enum Known {
    /// Its keys, at an address of its own.
    Keys(Url),
    /// A secret.
    Secret(String),
    /// A name and a password with every request: no tokens are given.
    Basic(String, String),
    /// By nothing: there is no such client, and people alone are let in.
    Nobody,
}

pub(crate) struct Door {
    config: SmartConfig,
    /// `http://127.0.0.1:port`
    origin: String,
    upstream: Target,
    people: Option<People>,
    ehr: Option<Ehr>,
    state: Mutex<State>,
    requests: AtomicU64,
    granted: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct State {
    mode: SmartMode,
    /// Where tokens are given in mode `elsewhere`.
    elsewhere: String,
    /// Tokens with what they are for and when they end.
    tokens: HashMap<String, (Vec<String>, Timestamp)>,
    /// `jti` of assertions that were taken.
    used: Vec<String>,
    keys: Jwks,
}

/// A door of a test's own. Stops when dropped.
pub struct RunningSmart {
    /// FHIR base behind the door.
    pub base_url: String,
    /// Where tokens are given.
    pub token_url: String,
    /// Where people sign in, if any do.
    pub authorize_url: String,
    door: Arc<Door>,
    tasks: Tasks,
}

impl RunningSmart {
    /// Starts it.
    ///
    /// # Errors
    /// [`SandboxError::Listen`]; [`SandboxError::Configuration`] for a hospital that can't be asked.
    pub async fn start(config: SmartConfig) -> Result<Self, SandboxError> {
        Self::start_with(config, None).await
    }

    /// Starts it as the door of a hospital whose own system opens the application of people's client.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_ehr(config: SmartConfig, ehr: EhrSettings) -> Result<Self, SandboxError> {
        Self::start_with(config, Some(ehr)).await
    }

    async fn start_with(config: SmartConfig, ehr: Option<EhrSettings>) -> Result<Self, SandboxError> {
        let tasks = Tasks::default();
        let door = serve(config, ehr, &tasks).await?;
        let (base_url, token_url, authorize_url) = (door.base_url(), door.token_url(), door.authorize_url());
        Ok(Self { base_url, token_url, authorize_url, door, tasks })
    }

    /// Switches its behaviour.
    pub fn set_mode(&self, mode: SmartMode) {
        self.door.set_mode(mode);
    }

    /// Where it sends clients in [`SmartMode::Elsewhere`].
    pub fn send_elsewhere(&self, token_url: &str) {
        let mut state = self.door.state();
        state.mode = SmartMode::Elsewhere;
        token_url.clone_into(&mut state.elsewhere);
    }

    /// No token that was given is good any more.
    pub fn revoke(&self) {
        self.door.state().tokens.clear();
        if let Some(people) = &self.door.people {
            people.end(|_| true);
        }
    }

    /// Access tokens that people's clients were given are good no more; refresh tokens are.
    pub fn expire_tokens(&self) {
        if let Some(people) = &self.door.people {
            people.expire();
        }
    }

    /// Everything that this patient has agreed to is over: no token of theirs is good any more.
    pub fn revoke_person(&self, patient: &str) {
        if let Some(people) = &self.door.people {
            people.end(|consent| consent.patient == patient);
        }
    }

    /// Times that the page where people sign in was asked for, so far.
    pub fn authorizations(&self) -> u64 {
        self.counted(|people| &people.authorizations)
    }

    /// Codes that people's clients were given so far.
    pub fn codes(&self) -> u64 {
        self.counted(|people| &people.codes)
    }

    /// Access tokens that were given for refresh tokens so far.
    pub fn refreshes(&self) -> u64 {
        self.counted(|people| &people.refreshes)
    }

    /// Consents that clients gave back so far.
    pub fn revocations(&self) -> u64 {
        self.counted(|people| &people.revocations)
    }

    fn counted(&self, which: impl FnOnce(&People) -> &AtomicU64) -> u64 {
        self.door.people.as_ref().map_or(0, |people| which(people).load(Ordering::Relaxed))
    }

    /// Tokens given so far.
    pub fn granted(&self) -> u64 {
        self.door.granted.load(Ordering::Relaxed)
    }

    /// Questions about records that bore no good token.
    pub fn refused(&self) -> u64 {
        self.door.refused.load(Ordering::Relaxed)
    }

    /// Token requests so far, granted or not.
    pub fn requests(&self) -> u64 {
        self.door.requests.load(Ordering::Relaxed)
    }
}

impl Drop for RunningSmart {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
    }
}

/// Starts a door.
pub(crate) async fn serve(
    mut config: SmartConfig,
    ehr: Option<EhrSettings>,
    tasks: &Tasks,
) -> Result<Arc<Door>, SandboxError> {
    let people = config.people.take().map(People::new).transpose()?;
    let (listener, address) = listen::open(config.listen).await?;
    let door = Arc::new(Door {
        origin: format!("http://{address}"),
        upstream: target("upstream", &config.upstream)?,
        config,
        people,
        ehr: ehr.map(Ehr::new),
        state: Mutex::default(),
        requests: AtomicU64::new(0),
        granted: AtomicU64::new(0),
        refused: AtomicU64::new(0),
    });
    let served = Arc::clone(&door);
    listen::accept(tasks, listener, move |stream| {
        listen::http(stream, Arc::clone(&served), |door, request| async move { door.answer(request).await })
    });
    Ok(door)
}

fn target(id: &str, url: &Url) -> Result<Target, SandboxError> {
    let wrong = |error: outbound::OutboundError| SandboxError::Configuration(error.to_string());
    let mut settings = TargetSettings::new(id, url.clone());
    settings.timeout = PATIENCE;
    // What a hospital has is the door's to hand on, however long a reader takes it.
    settings.max_body = 64 << 20;
    Outbound::new().map_err(wrong)?.target(settings).map_err(wrong)
}

type Reply = (StatusCode, Value);

impl Door {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn base_url(&self) -> String {
        format!("{}{BASE_PATH}", self.origin)
    }

    pub(crate) fn set_mode(&self, mode: SmartMode) {
        self.state().mode = mode;
    }

    /// For the control listener.
    pub(crate) fn told(&self) -> Value {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut told = json!({
            "mode": self.state().mode,
            "granted": count(&self.granted),
            "refused": count(&self.refused),
        });
        if let Some(people) = &self.people {
            told["authorizations"] = json!(count(&people.authorizations));
            told["codes"] = json!(count(&people.codes));
            told["refreshes"] = json!(count(&people.refreshes));
            told["revocations"] = json!(count(&people.revocations));
        }
        told
    }

    fn token_url(&self) -> String {
        format!("{}{TOKEN_PATH}", self.origin)
    }

    fn authorize_url(&self) -> String {
        format!("{}{AUTHORIZE_PATH}", self.origin)
    }

    async fn answer(&self, request: Request<Incoming>) -> Always<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_FORM).collect().await.map(http_body_util::Collected::to_bytes) else {
            let (status, value) = grant::refusal("invalid_request", "the form is too long");
            return Ok(json_answer(status, &value));
        };
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        if let (Some(people), Some(ehr), EHR_PATH) = (&self.people, &self.ehr, parts.uri.path()) {
            let is_opened = parts.method == Method::POST;
            return Ok(if is_opened { self.open(people, ehr, &body) } else { Self::desk(people, ehr) });
        }
        let (status, value) = match (&parts.method, parts.uri.path(), &self.people) {
            (&Method::POST, TOKEN_PATH, _) => self.token(authorization, &body).await,
            (&Method::GET, AUTHORIZE_PATH, Some(people)) => return Ok(self.authorize(people, query, false)),
            (&Method::POST, AUTHORIZE_PATH, Some(people)) => return Ok(self.authorize(people, &body, true)),
            (&Method::POST, REVOKE_PATH, Some(people)) => self.given_back(people, authorization, &body),
            (&Method::GET, KEYS_PATH, Some(people)) => (StatusCode::OK, people.keys()),
            (&Method::GET, "/.well-known/openid-configuration", Some(_))
            | (&Method::GET, "/fhir/.well-known/smart-configuration", _) => self.described(),
            (&Method::GET, _, _) => return Ok(self.fhir(&parts).await),
            _ => (StatusCode::METHOD_NOT_ALLOWED, outcome("not-supported")),
        };
        Ok(json_answer(status, &value))
    }

    /// The desk of the hospital's own system, where there is one.
    pub(crate) fn desk_url(&self) -> Option<String> {
        self.ehr.as_ref().map(|_| format!("{}{EHR_PATH}", self.origin))
    }

    /// What the door says of itself.
    fn described(&self) -> Reply {
        let (mode, elsewhere) = {
            let state = self.state();
            (state.mode, state.elsewhere.clone())
        };
        if mode == SmartMode::Old || matches!(self.config.client, Known::Basic(..)) {
            return (StatusCode::NOT_FOUND, outcome("not-found"));
        }
        let methods: &[&str] = match &self.config.client {
            Known::Secret(_) => &["client_secret_basic", "client_secret_post"],
            Known::Keys(_) => &["private_key_jwt"],
            Known::Basic(..) | Known::Nobody => &[],
        };
        let algorithms = if mode == SmartMode::Rs384 { json!(["RS384"]) } else { json!(["RS384", "ES384"]) };
        let mut told = json!({
            "issuer": self.origin,
            "token_endpoint": if mode == SmartMode::Elsewhere { elsewhere } else { self.token_url() },
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "scopes_supported": self.config.scopes,
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["client-confidential-asymmetric", "permission-v1"],
        });
        if let Some(people) = &self.people {
            self.with_people(people, mode, &mut told);
        }
        (StatusCode::OK, told)
    }

    /// A question about records, for whoever may ask it.
    async fn fhir(&self, parts: &http::request::Parts) -> Response<Full<Bytes>> {
        let Some(rest) = parts.uri.path().strip_prefix(BASE_PATH) else {
            return json_answer(StatusCode::NOT_FOUND, &outcome("not-found"));
        };
        let kind = rest.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        let is_open = kind == "metadata";
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let visitor = self.people.as_ref().and_then(|people| people.visitor(grant::bearer(authorization)));
        if !is_open && visitor.is_some() && self.state().mode == SmartMode::EndlessPages {
            return json_answer(StatusCode::OK, &self.endless(parts.uri.query().unwrap_or_default()));
        }
        let may = match &visitor {
            _ if is_open => Ok(()),
            Some(visitor) => compartment::may(visitor, rest, parts.uri.query().unwrap_or_default()),
            None => self.may(authorization, &kind),
        };
        if let Err(status) = may {
            return self.turned_away(status);
        }
        let renumbered = visitor.as_ref().and_then(|visitor| self.renumbered(visitor));
        let rest = match &renumbered {
            Some((own, other)) => rest.replace(&format!("Patient/{own}"), &format!("Patient/{other}")),
            None => rest.to_owned(),
        };
        let mut url = self.config.upstream.clone();
        url.set_path(&format!("{}{rest}", url.path().trim_end_matches('/')));
        url.set_query(parts.uri.query());
        let deadline = Instant::now() + PATIENCE;
        match self.upstream.get(&url, "application/fhir+json", deadline).await {
            Ok(mut answer) => {
                if let Some((own, other)) = renumbered {
                    answer.body = String::from_utf8_lossy(&answer.body).replace(&other, &own).into();
                }
                self.handed_on(&answer, is_open, visitor.as_ref())
            }
            Err(_) => json_answer(StatusCode::BAD_GATEWAY, &outcome("transient")),
        }
    }

    /// An empty page, and that there is another.
    fn endless(&self, query: &str) -> Value {
        let here: u64 = query.strip_prefix("page=").and_then(|page| page.parse().ok()).unwrap_or_default();
        let next = format!("{}?page={}", self.base_url(), here + 1);
        json!({ "resourceType": "Bundle", "type": "searchset", "link": [{ "relation": "next", "url": next }] })
    }

    /// The patient of a launch, and whom the server behind has in their place.
    fn renumbered(&self, visitor: &Visitor) -> Option<(String, String)> {
        let own = &visitor.consent.patient;
        let patients = &self.people.as_ref()?.client.patients;
        let other = patients.iter().rev().find(|one| one.id != *own)?;
        (self.state().mode == SmartMode::OtherIds).then(|| (own.clone(), other.id.clone()))
    }

    fn turned_away(&self, status: StatusCode) -> Response<Full<Bytes>> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let code = if status == StatusCode::FORBIDDEN { "forbidden" } else { "login" };
        let mut response = json_answer(status, &outcome(code));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// The hospital's answer, with the door's address in the place of its own.
    fn handed_on(
        &self,
        answer: &outbound::Answer,
        is_capability: bool,
        visitor: Option<&Visitor>,
    ) -> Response<Full<Bytes>> {
        let base = self.base_url();
        let upstream = self.config.upstream.as_str().trim_end_matches('/');
        let mut text = String::from_utf8_lossy(&answer.body).replace(upstream, &base);
        if is_capability && self.state().mode == SmartMode::Old {
            text = self.with_oauth_uris(&text);
        }
        if let (false, Some(visitor), Some(people)) = (is_capability, visitor, &self.people) {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if !compartment::is_theirs(visitor, &value) {
                return self.turned_away(StatusCode::FORBIDDEN);
            }
            people.remember(visitor, compartment::pages(&value, &base));
        }
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let json = header::HeaderValue::from_static("application/fhir+json");
        let kind = answer.content_type.as_deref().and_then(|kind| kind.parse().ok()).unwrap_or(json);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    fn with_oauth_uris(&self, text: &str) -> String {
        let mut statement: Value = serde_json::from_str(text).unwrap_or_default();
        let mut places = vec![json!({ "url": "token", "valueUri": self.token_url() })];
        if self.people.is_some() {
            places.push(json!({ "url": "authorize", "valueUri": self.authorize_url() }));
        }
        statement["rest"][0]["security"]["extension"] = json!([{
            "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
            "extension": places,
        }]);
        statement.to_string()
    }
}

fn outcome(code: &str) -> Value {
    json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": code }] })
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
