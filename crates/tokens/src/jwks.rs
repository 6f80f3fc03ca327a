//! Sets of public keys (RFC 7517).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::sha256_base64url;

/// Bytes of a coordinate on P-384.
const P384: usize = 48;
/// Keys of one set that are looked at.
const MOST: usize = 64;

/// A public key (RFC 7517 section 4). Members that are not read here, `jku` and `x5u` above all, are never followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `EC` or `RSA`.
    pub kty: String,
    /// Its name in its set; empty where its owner gives it none.
    #[serde(default)]
    pub kid: String,
    /// The algorithm that it is for, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig`, where that is said.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// What may be done with it: `verify`, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// EC: `P-256` or `P-384`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// EC: coordinate, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// EC: coordinate, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// RSA: modulus, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA: exponent, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

impl Jwk {
    /// Of a point in its long form (SEC 1, 2.3.3: 4, x, y).
    pub(crate) fn p384(point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4]).filter(|both| both.len() == 2 * P384)?;
        let (x, y) = coordinates.split_at(P384);
        let mut key = Self::bare("EC", "ES384");
        (key.crv, key.x, key.y) = (Some("P-384".to_owned()), Some(encode(x)), Some(encode(y)));
        Some(key.named())
    }

    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let mut key = Self::bare("RSA", "RS384");
        (key.n, key.e) = (Some(encode(modulus)), Some(encode(exponent)));
        key.named()
    }

    fn bare(kty: &str, alg: &str) -> Self {
        Self {
            kty: kty.to_owned(),
            kid: String::new(),
            alg: Some(alg.to_owned()),
            usage: Some("sig".to_owned()),
            key_ops: Some(vec!["verify".to_owned()]),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
        }
    }

    fn named(mut self) -> Self {
        self.kid = self.thumbprint();
        self
    }

    /// RFC 7638: SHA-256 of the required members, in order, base64url.
    pub fn thumbprint(&self) -> String {
        let member = |name: &str, value: &Option<String>| format!("\"{name}\":\"{}\"", value.as_deref().unwrap_or(""));
        let members = match self.kty.as_str() {
            "EC" => [member("crv", &self.crv), "\"kty\":\"EC\"".to_owned(), member("x", &self.x), member("y", &self.y)]
                .join(","),
            _ => [member("e", &self.e), format!("\"kty\":\"{}\"", self.kty), member("n", &self.n)].join(","),
        };
        sha256_base64url(format!("{{{members}}}").as_bytes())
    }

    /// May a signature be checked with it?
    fn verifies(&self) -> bool {
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"))
    }
}

/// A set of public keys: what stands at a `jwks_uri`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// In no order.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// Of a document. Keys of kinds that are not known here are left out, as RFC 7517 section 5 asks.
    pub fn read(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        let document: Document = serde_json::from_slice(json).ok()?;
        let keys = document.keys.into_iter().take(MOST).filter_map(|key| serde_json::from_value(key).ok());
        Some(Self { keys: keys.collect() })
    }

    /// The key of this name; where a token names none, the only key of the kind.
    pub(crate) fn find(&self, kid: Option<&str>, kty: &str) -> Option<&Jwk> {
        let mut fitting = self.keys.iter().filter(|key| key.kty == kty && key.verifies());
        match kid {
            Some(kid) => fitting.find(|key| key.kid == kid),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
