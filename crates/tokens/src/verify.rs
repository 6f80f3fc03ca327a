//! Checking what others have signed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Jwk, Jwks, TokenError, provider};

/// Longest token that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// What a token must be. Each is checked, whatever the token says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// `iss`, exactly.
    pub issuer: &'e str,
    /// One of these is in `aud`.
    pub audience: &'e [&'e str],
    /// `alg`, of RS256, RS384, RS512, ES256, ES384: those that this issuer signs with. `none` and the symmetric ones are never
    /// taken.
    pub algorithms: &'e [&'e str],
    /// How far the clocks may be apart, in seconds.
    pub leeway_s: i64,
    /// The time.
    pub now: Timestamp,
}

/// What is read of a token beside the caller's claims.
#[derive(Deserialize)]
struct Registered {
    iss: Option<String>,
    #[serde(default)]
    aud: Value,
    /// A number: one in quotes is no time.
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
}

/// The claims of `token`, once it is known that a key of `keys` has signed it and that it is what is `expected`
/// (RFC 7519 section 7.2, RFC 8725).
///
/// # Errors
/// The first thing that is wrong, in this order: form, algorithm, key, signature, issuer, audience, time.
pub fn verify<C: DeserializeOwned>(token: &str, keys: &Jwks, expected: &Expected<'_>) -> Result<C, TokenError> {
    provider::install();
    if token.len() > LONGEST {
        return Err(TokenError::Malformed);
    }
    let header = header(token)?;
    let algorithm = algorithm(&header.alg).filter(|_| expected.algorithms.contains(&header.alg.as_str()));
    let algorithm = algorithm.ok_or(TokenError::Algorithm)?;
    let key = keys.find(header.kid.as_deref(), kty(algorithm)).ok_or(TokenError::UnknownKey)?;
    let fits = key.alg.as_ref().is_none_or(|alg| *alg == header.alg);
    let key = decoding(key).filter(|_| fits).ok_or(TokenError::UnknownKey)?;
    // Signature alone: all else is checked below, by the caller's clock.
    let mut only = Validation::new(algorithm);
    only.required_spec_claims.clear();
    (only.validate_exp, only.validate_nbf, only.validate_aud) = (false, false, false);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &only).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        _ => TokenError::Malformed,
    })?;
    check(&claims.claims, expected)?;
    serde_json::from_value(claims.claims).map_err(|_| TokenError::Malformed)
}

fn check(claims: &Value, expected: &Expected<'_>) -> Result<(), TokenError> {
    let said = Registered::deserialize(claims).map_err(|_| TokenError::Malformed)?;
    if said.iss.as_deref() != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    let meant = |value: &Value| value.as_str().is_some_and(|one| expected.audience.contains(&one));
    let is_for_us = match &said.aud {
        Value::Array(all) => all.iter().any(meant),
        one => meant(one),
    };
    if !is_for_us {
        return Err(TokenError::Audience);
    }
    let (now, leeway) = (expected.now.as_second() as f64, expected.leeway_s as f64);
    if said.exp.is_none_or(|exp| exp + leeway <= now) {
        return Err(TokenError::Expired);
    }
    match said.nbf.into_iter().chain(said.iat).any(|from| from - leeway > now) {
        true => Err(TokenError::Early),
        false => Ok(()),
    }
}

/// What is read of a token's header. A key that it brings along or points to is none.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

fn header(token: &str) -> Result<Header, TokenError> {
    let part = token.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        _ => None,
    }
}

fn kty(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => "EC",
        _ => "RSA",
    }
}

fn decoding(key: &Jwk) -> Option<DecodingKey> {
    let key = match (key.kty.as_str(), &key.x, &key.y, &key.n, &key.e) {
        ("EC", Some(x), Some(y), _, _) => DecodingKey::from_ec_components(x, y),
        ("RSA", _, _, Some(n), Some(e)) => DecodingKey::from_rsa_components(n, e),
        _ => return None,
    };
    key.ok()
}
