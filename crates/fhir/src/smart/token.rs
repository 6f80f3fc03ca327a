//! Asking for a token (RFC 6749, <https://hl7.org/fhir/smart-app-launch/backend-services.html>,
//! <https://hl7.org/fhir/smart-app-launch/app-launch.html>), and giving it back (RFC 7009).

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use outbound::{Answer, OutboundError, Target};
use serde::Deserialize;
use serde_json::Value;
use tokens::{ASSERTION_TYPE, ClientAssertion, SigningKey};
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::reference::is_id;

/// Longest token, in bytes: it goes into a header.
const LONGEST_TOKEN: usize = 16 << 10;
/// Characters of a server's own words that are kept.
const LONGEST_WORDS: usize = 200;
/// Longest address of who signed in, in bytes.
const LONGEST_USER: usize = 2_000;
/// Characters of granted scopes: a server may list one for each of 150 types.
const LONGEST_SCOPES: usize = 8_000;
/// Where a server does not say how long a token lives (RFC 6749 section 5.1 asks it to): SMART's longest for clients without
/// a person.
const UNSAID: Duration = Duration::from_secs(300);
/// No token is kept for longer, whatever a server says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// How a client proves who it is.
pub enum Proof<'p> {
    /// Not at all: a public client says its name alone.
    Public,
    /// A password in the `Authorization` header (RFC 6749 section 2.3.1).
    SecretBasic(&'p str),
    /// A password in the form.
    SecretPost(&'p str),
    /// A signed assertion (RFC 7523).
    Assertion {
        /// Known to the server by our set of public keys.
        key: &'p SigningKey,
        /// `aud`: the token endpoint, unless the server wants to be called otherwise.
        audience: &'p str,
        /// `jti`: never used before.
        id: String,
    },
}

/// What a token is asked for with.
#[derive(Clone, Copy)]
pub enum Grant<'g> {
    /// In the client's own name (RFC 6749 section 4.4).
    ClientCredentials,
    /// With what a person brought back from signing in (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    Code {
        /// As it was brought.
        code: &'g str,
        /// Of the challenge that went with the person.
        verifier: &'g str,
        /// As it was said when they went.
        redirect_uri: &'g str,
    },
    /// With what was given with an earlier one (RFC 6749 section 6).
    Refresh(&'g str),
}

/// What is asked for.
pub struct Ask<'a> {
    /// At the origin of the target that it is asked of.
    pub endpoint: &'a Url,
    /// As registered there.
    pub client_id: &'a str,
    /// Who says so.
    pub proof: Proof<'a>,
    /// With spaces between them; with a code or a refresh token they are what they were.
    pub scopes: &'a str,
    /// The time.
    pub now: jiff::Timestamp,
}

/// A token.
pub struct Granted {
    /// To be sent as `Authorization: Bearer …`.
    pub access_token: Zeroizing<String>,
    /// How long from now.
    pub expires_in: Duration,
    /// What it is for, where the server says so: it may be less than was asked for.
    pub scopes: Option<String>,
    /// What the next one is asked for with; absent: what was used stays good, if anything was.
    pub refresh_token: Option<Zeroizing<String>>,
    /// What the server says beside the token of a launch.
    pub launch: Launch,
}

/// What comes with the token of a launch (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Id of the `Patient` it is about.
    pub patient: Option<String>,
    /// Id of the `Encounter`.
    pub encounter: Option<String>,
    /// Must the patient's name be on every page?
    pub need_patient_banner: Option<bool>,
    /// What the launch is for, in the server's own words.
    pub intent: Option<String>,
    /// Which tenant of the server.
    pub tenant: Option<String>,
    /// Who signed in, signed: a JSON Web Token. Not verified here.
    pub id_token: Option<String>,
    /// Who signed in, as the address of a resource: servers that leave it out of the `id_token` say it here.
    pub fhir_user: Option<String>,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({} s, {:?})", self.expires_in.as_secs(), self.scopes)
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// No answer.
    Outbound(OutboundError),
    /// The server says no (RFC 6749 section 5.2).
    Refused {
        /// HTTP status.
        status: u16,
        /// `error`, where it is a word of the kind that the RFC allows; empty otherwise.
        error: String,
        /// `error_description`, shortened. From outside, so never more than text.
        words: String,
    },
    /// What came is no token: another `token_type`, none at all, one that fits into no header.
    NoToken,
    /// The assertion could not be signed.
    Unsigned,
}

impl TokenFault {
    /// Did the server say that it will not, in a way that asking again will not change?
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 401 | 403, .. } | Self::NoToken | Self::Unsigned)
    }
}

#[derive(Deserialize)]
struct Given {
    access_token: Option<Zeroizing<String>>,
    refresh_token: Option<Zeroizing<String>>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    scope: Option<String>,
    // Beside a good token nothing of these makes it a bad one.
    patient: Option<Value>,
    encounter: Option<Value>,
    need_patient_banner: Option<Value>,
    intent: Option<Value>,
    tenant: Option<Value>,
    id_token: Option<Value>,
    #[serde(rename = "fhirUser")]
    fhir_user: Option<Value>,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// A token.
///
/// # Errors
/// What the server said, or that it said nothing.
pub async fn token(target: &Target, ask: &Ask<'_>, grant: Grant<'_>, deadline: Instant) -> Result<Granted, TokenFault> {
    let form: Vec<(&str, &str)> = match grant {
        Grant::ClientCredentials => vec![("grant_type", "client_credentials"), ("scope", ask.scopes)],
        Grant::Code { code, verifier, redirect_uri } => vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ],
        Grant::Refresh(token) => vec![("grant_type", "refresh_token"), ("refresh_token", token)],
    };
    granted(&send(target, ask, &form, deadline).await?)
}

/// Gives a token back, with all that were made of it (RFC 7009). A server that knows no such token is content.
///
/// # Errors
/// What the server said, or that it said nothing.
pub async fn revoke(target: &Target, ask: &Ask<'_>, token: &str, deadline: Instant) -> Result<(), TokenFault> {
    let answer = send(target, ask, &[("token", token)], deadline).await?;
    if (200..300).contains(&answer.status) { Ok(()) } else { Err(refusal(&answer)) }
}

/// Posts the form with what proves who asks.
async fn send(target: &Target, ask: &Ask<'_>, form: &[(&str, &str)], deadline: Instant) -> Result<Answer, TokenFault> {
    let (form, basic) = proven(ask, form)?;
    let headers: Vec<(&str, &str)> = basic.iter().map(|value| ("Authorization", value.as_str())).collect();
    let sent = target.post_form(ask.endpoint, &headers, form.into(), deadline);
    sent.await.map_err(TokenFault::Outbound)
}

/// What is posted, and the header of a client with a password.
fn proven(ask: &Ask<'_>, form: &[(&str, &str)]) -> Result<(String, Option<Zeroizing<String>>), TokenFault> {
    let mut written = form_urlencoded::Serializer::new(String::new());
    let form = written.extend_pairs(form);
    let mut basic = None;
    match &ask.proof {
        Proof::Public => {
            form.append_pair("client_id", ask.client_id);
        }
        Proof::SecretBasic(secret) => basic = Some(basic_header(ask.client_id, secret)),
        Proof::SecretPost(secret) => {
            form.append_pair("client_id", ask.client_id).append_pair("client_secret", secret);
        }
        Proof::Assertion { key, audience, id } => {
            let claims = ClientAssertion::new(ask.client_id, audience, id.clone(), ask.now);
            let assertion = key.sign(&claims).map_err(|_| TokenFault::Unsigned)?;
            form.append_pair("client_assertion_type", ASSERTION_TYPE).append_pair("client_assertion", &assertion);
        }
    }
    Ok((form.finish(), basic))
}

/// Each part is form-encoded first (RFC 6749 section 2.3.1).
fn basic_header(client_id: &str, secret: &str) -> Zeroizing<String> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(client_id), encoded(secret)));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

fn refusal(answer: &Answer) -> TokenFault {
    let said: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    TokenFault::Refused { status: answer.status, error: code(&said.error), words: words(&said.error_description) }
}

fn granted(answer: &Answer) -> Result<Granted, TokenFault> {
    if answer.status != 200 {
        return Err(refusal(answer));
    }
    let given: Given = serde_json::from_slice(&answer.body).map_err(|_| TokenFault::NoToken)?;
    let bearer = given.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let fits = |token: &Zeroizing<String>| {
        (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let access_token = given.access_token.filter(|token| bearer && fits(token)).ok_or(TokenFault::NoToken)?;
    // Some write the number as a text.
    let said = given.expires_in.as_ref().and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let expires_in = said.map_or(UNSAID, Duration::from_secs).min(LONGEST_LIFE);
    let launch = Launch {
        patient: text(given.patient.as_ref()).filter(|id| is_id(id)),
        encounter: text(given.encounter.as_ref()).filter(|id| is_id(id)),
        need_patient_banner: given.need_patient_banner.as_ref().and_then(Value::as_bool),
        intent: text(given.intent.as_ref()).map(|text| words(&text)),
        tenant: text(given.tenant.as_ref()).map(|text| words(&text)),
        id_token: text(given.id_token.as_ref()).filter(|token| token.len() <= LONGEST_TOKEN),
        fhir_user: text(given.fhir_user.as_ref()).filter(|text| text.len() <= LONGEST_USER),
    };
    Ok(Granted {
        access_token,
        expires_in,
        scopes: given.scope.map(|scope| words_of(&scope, LONGEST_SCOPES)),
        refresh_token: given.refresh_token.filter(fits),
        launch,
    })
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// A word of RFC 6749 (section 5.2): it becomes a label of figures, so it is one or nothing.
pub fn code(text: &str) -> String {
    let good = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if good { text.to_owned() } else { String::new() }
}

/// A server's own words as one short line of text.
pub fn words(text: &str) -> String {
    words_of(text, LONGEST_WORDS)
}

fn words_of(text: &str, longest: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(longest).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Granted, TokenFault> {
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        granted(&Answer { status, content_type: None, body, retry_after: None, date: None })
    }

    #[test]
    fn a_token_is_taken_as_servers_write_it() {
        let good = answer(200, r#"{"access_token":"abc","token_type":"Bearer","expires_in":"60","scope":"a b"}"#);
        let good = good.expect("granted");
        assert_eq!((good.access_token.as_str(), good.expires_in.as_secs()), ("abc", 60));
        assert_eq!(good.scopes.as_deref(), Some("a b"));
        assert!(!format!("{good:?}").contains("abc"));
        let launched = answer(
            200,
            r#"{"access_token":"a","token_type":"Bearer","patient":"p-1","encounter":"../x","need_patient_banner":true,
                "refresh_token":"r","tenant":7,"intent":"reconcile"}"#,
        );
        let launched = launched.expect("granted");
        let launch = &launched.launch;
        assert_eq!((launch.patient.as_deref(), &launch.encounter, &launch.tenant), (Some("p-1"), &None, &None));
        assert_eq!((launch.need_patient_banner, launch.intent.as_deref()), (Some(true), Some("reconcile")));
        assert_eq!(launched.refresh_token.as_ref().map(|token| token.as_str()), Some("r"));
        let unsaid = answer(200, r#"{"access_token":"abc","token_type":"bearer"}"#).expect("granted");
        assert_eq!((unsaid.expires_in, unsaid.scopes), (UNSAID, None));
        let endless = answer(200, r#"{"access_token":"a","token_type":"bearer","expires_in":99999999999}"#);
        assert_eq!(endless.expect("granted").expires_in, LONGEST_LIFE);
    }

    #[test]
    fn what_is_no_token_is_none() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"access_token":"abc"}"#,
            r#"{"access_token":"abc","token_type":"mac"}"#,
            r#"{"access_token":"","token_type":"bearer"}"#,
            r#"{"access_token":"a\r\nX: y","token_type":"bearer"}"#,
        ] {
            assert_eq!(answer(200, body).err(), Some(TokenFault::NoToken), "{body}");
        }
    }

    #[test]
    fn a_refusal_keeps_a_word_of_the_rfc_and_a_short_text() {
        let body = format!(r#"{{"error":"invalid_client","error_description":"no\n{}"}}"#, "x".repeat(1_000));
        let Some(TokenFault::Refused { status: 401, error, words }) = answer(401, &body).err() else {
            panic!("refused")
        };
        assert_eq!((error.as_str(), words.chars().count()), ("invalid_client", LONGEST_WORDS));
        assert!(words.starts_with("no x"));
        let odd = answer(500, r#"{"error":"<script>","error_description":1}"#).err();
        assert_eq!(odd, Some(TokenFault::Refused { status: 500, error: String::new(), words: String::new() }));
    }

    #[test]
    fn names_and_secrets_are_encoded_before_they_are_joined() {
        let header = basic_header("a:b", "p%/ 密");
        let pair = STANDARD.decode(header.strip_prefix("Basic ").expect("basic")).expect("base64");
        assert_eq!(String::from_utf8(pair).expect("text"), "a%3Ab:p%25%2F+%E5%AF%86");
    }
}
