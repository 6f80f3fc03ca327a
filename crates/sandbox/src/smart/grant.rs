//! Who gets a token, and what it opens.

use std::sync::atomic::Ordering;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fhir::smart::{ClientAssertion, Expected, Jwks, verify};
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;
use url::form_urlencoded;

use super::{Door, Known, PATIENCE, Reply, SLOWNESS, SmartMode, target};

/// Longest life of an assertion, in seconds (SMART: five minutes).
const LONGEST_ASSERTION: i64 = 300;

/// The token that a request bears, empty for none.
pub(super) fn bearer(authorization: Option<&HeaderValue>) -> &str {
    authorization.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).unwrap_or_default()
}

pub(super) fn refusal(error: &str, description: &str) -> Reply {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    (status, json!({ "error": error, "error_description": description }))
}

/// Is this pair of client and secret sent, by basic or in the form?
pub(super) fn has_secret(
    authorization: Option<&HeaderValue>,
    form: (&str, &str),
    (client_id, secret): (&str, &str),
) -> Result<(), &'static str> {
    let header = authorization.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let pair = header.and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let decoded =
        |text: &str| form_urlencoded::parse(format!("v={text}").as_bytes()).next().map(|(_, value)| value.into_owned());
    let (client, given) = match &pair {
        Some(pair) => {
            let (client, given) = pair.split_once(':').unwrap_or_default();
            (decoded(client).unwrap_or_default(), decoded(given).unwrap_or_default())
        }
        None => (form.0.to_owned(), form.1.to_owned()),
    };
    let good = client == client_id && given == secret;
    if good { Ok(()) } else { Err("wrong client or secret") }
}

impl Door {
    /// `POST /auth/token`
    pub(super) async fn token(&self, authorization: Option<&HeaderValue>, body: &[u8]) -> Reply {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let value = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let mode = self.state().mode;
        match mode {
            SmartMode::Silent => std::future::pending().await,
            SmartMode::Busy => return (StatusCode::TOO_MANY_REQUESTS, json!({})),
            SmartMode::NoToken => return (StatusCode::OK, json!({ "access_token": "abc", "token_type": "mac" })),
            SmartMode::Denying => {
                return refusal("invalid_client", "this client <script>alert(1)</script> is not known");
            }
            SmartMode::Slow => tokio::time::sleep(SLOWNESS).await,
            _ => {}
        }
        match (value("grant_type"), &self.people) {
            ("authorization_code" | "refresh_token", Some(people)) => {
                return self.person_token(people, authorization, &value);
            }
            ("client_credentials", _) => {}
            _ => return refusal("unsupported_grant_type", "this is not given here"),
        }
        let known = match &self.config.client {
            Known::Keys(_) => self.is_signed(value("client_assertion"), mode).await,
            Known::Secret(secret) => {
                let form = (value("client_id"), value("client_secret"));
                has_secret(authorization, form, (&self.config.client_id, secret))
            }
            Known::Basic(..) | Known::Nobody => Err("no tokens are given here"),
        };
        if let Err(why) = known {
            return refusal("invalid_client", why);
        }
        let asked: Vec<&str> = value("scope").split(' ').filter(|scope| !scope.is_empty()).collect();
        let mut scopes: Vec<String> = self.config.scopes.clone();
        scopes.retain(|scope| asked.contains(&scope.as_str()));
        if mode == SmartMode::Narrow {
            scopes = vec!["system/Patient.read".to_owned(), "system/Observation.read".to_owned()];
        }
        if scopes.is_empty() {
            return refusal("invalid_scope", "none of these scopes is registered");
        }
        self.granted(scopes)
    }

    fn granted(&self, scopes: Vec<String>) -> Reply {
        let number = self.granted.fetch_add(1, Ordering::Relaxed);
        let token = format!("door-token-{number}-{}", Timestamp::now().as_nanosecond());
        let (lives, until) = self.lives();
        let told = json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": lives,
            "scope": scopes.join(" "),
        });
        self.state().tokens.insert(token, (scopes, until));
        (StatusCode::OK, told)
    }

    /// How long a token given now lives, in seconds, and its end.
    pub(super) fn lives(&self) -> (u64, Timestamp) {
        let lives = if self.state().mode == SmartMode::ShortLived { 2 } else { self.config.lives_s };
        let span = SignedDuration::from_secs(i64::try_from(lives).unwrap_or(i64::from(i32::MAX)));
        (lives, Timestamp::now() + span)
    }

    async fn is_signed(&self, assertion: &str, mode: SmartMode) -> Result<(), &'static str> {
        let algorithms: &[&str] = if mode == SmartMode::Rs384 { &["RS384"] } else { &["RS384", "ES384"] };
        let url = self.token_url();
        let expected = Expected {
            issuer: &self.config.client_id,
            audience: &[&url],
            algorithms,
            leeway_s: 30,
            now: Timestamp::now(),
        };
        let keys = self.state().keys.clone();
        let claims: ClientAssertion = match verify(assertion, &keys, &expected) {
            Ok(claims) => claims,
            // A key that is not known yet, perhaps.
            Err(_) => {
                let keys = self.fetched().await.ok_or("the keys of this client can't be read")?;
                self.state().keys = keys.clone();
                verify(assertion, &keys, &expected).map_err(|_| "the assertion is not this client's")?
            }
        };
        if claims.sub != claims.iss || claims.exp - expected.now.as_second() > LONGEST_ASSERTION {
            return Err("sub is not iss, or exp is too far");
        }
        let mut state = self.state();
        if state.used.contains(&claims.jti) {
            return Err("this assertion was used before");
        }
        state.used.push(claims.jti);
        Ok(())
    }

    async fn fetched(&self) -> Option<Jwks> {
        let Known::Keys(url) = &self.config.client else { return None };
        let target = target("keys", url).ok()?;
        let answer = target.get(url, "application/json", Instant::now() + PATIENCE).await.ok()?;
        Jwks::read(&answer.body)
    }

    /// May whoever sends this ask for this type?
    pub(super) fn may(&self, authorization: Option<&HeaderValue>, kind: &str) -> Result<(), StatusCode> {
        let sent = authorization.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Known::Basic(name, password) = &self.config.client {
            let good = sent == format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
            return if good { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) };
        }
        let state = self.state();
        let token = sent.strip_prefix("Bearer ").and_then(|token| state.tokens.get(token));
        let (scopes, _) = token.filter(|(_, until)| *until > Timestamp::now()).ok_or(StatusCode::UNAUTHORIZED)?;
        let opens = |scope: &String| {
            let what = scope.strip_prefix("system/").and_then(|rest| rest.split('.').next()).unwrap_or_default();
            what == "*" || what == kind || kind.is_empty()
        };
        if scopes.iter().any(opens) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }
}
