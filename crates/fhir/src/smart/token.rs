//! Asking for a token (RFC 6749, <https://hl7.org/fhir/smart-app-launch/backend-services.html>).

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use outbound::{Answer, OutboundError, Target};
use serde::Deserialize;
use tokens::{ASSERTION_TYPE, ClientAssertion, SigningKey};
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// Longest token, in bytes: it goes into a header.
const LONGEST_TOKEN: usize = 16 << 10;
/// Characters of a server's own words that are kept.
const LONGEST_WORDS: usize = 200;
/// Where a server does not say how long a token lives (RFC 6749 section 5.1 asks it to): SMART's longest for clients without
/// a person.
const UNSAID: Duration = Duration::from_secs(300);
/// No token is kept for longer, whatever a server says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// How a client proves who it is.
pub enum Proof<'p> {
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

/// What is asked for.
pub struct Ask<'a> {
    /// At the origin of the target that it is asked of.
    pub endpoint: &'a Url,
    /// As registered there.
    pub client_id: &'a str,
    /// Who says so.
    pub proof: Proof<'a>,
    /// With spaces between them.
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
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    scope: Option<String>,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// A token for the client itself (RFC 6749 section 4.4).
///
/// # Errors
/// What the server said, or that it said nothing.
pub async fn client_credentials(target: &Target, ask: &Ask<'_>, deadline: Instant) -> Result<Granted, TokenFault> {
    let (form, basic) = form(ask)?;
    let headers: Vec<(&str, &str)> = basic.iter().map(|value| ("Authorization", value.as_str())).collect();
    let sent = target.post_form(ask.endpoint, &headers, form.into(), deadline);
    granted(&sent.await.map_err(TokenFault::Outbound)?)
}

/// What is posted, and the header of a client with a password.
fn form(ask: &Ask<'_>) -> Result<(String, Option<Zeroizing<String>>), TokenFault> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials").append_pair("scope", ask.scopes);
    let mut basic = None;
    match &ask.proof {
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

fn granted(answer: &Answer) -> Result<Granted, TokenFault> {
    if answer.status != 200 {
        let said: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        return Err(TokenFault::Refused {
            status: answer.status,
            error: code(&said.error),
            words: words(&said.error_description),
        });
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
    Ok(Granted { access_token, expires_in, scopes: given.scope.map(|scope| words(&scope)) })
}

/// A word of RFC 6749 (section 5.2): it becomes a label of figures, so it is one or nothing.
fn code(text: &str) -> String {
    let good = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if good { text.to_owned() } else { String::new() }
}

fn words(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(LONGEST_WORDS).collect::<String>().trim().to_owned()
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
