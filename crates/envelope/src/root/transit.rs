//! A root key that never leaves a service: the transit engine of HashiCorp Vault and OpenBao
//! (<https://openbao.org/api-docs/secret/transit/>), which wraps and unwraps for whoever has a token.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use outbound::{Answer, Outbound, OutboundError, Target, TargetSettings};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::{RootError, RootKeys};
use crate::Key;

/// For one request: the service stands in the same network.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer is a wrapped key of some hundred bytes.
const LARGEST: u64 = 64 * 1024;

/// `[keys.transit]`
#[derive(Clone, Debug)]
pub struct TransitSettings {
    /// Origin of the service: `https://vault.example:8200`.
    pub url: Url,
    /// Where the engine is mounted: `transit`.
    pub mount: String,
    /// Name of the key there.
    pub key: String,
    /// Holds the token. Read for every request, since whoever renews it writes it anew.
    pub token_file: PathBuf,
    /// PEM file of certificate authorities trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
}

/// A key of a transit engine.
pub struct TransitRoot {
    target: Target,
    settings: TransitSettings,
    id: String,
    told: String,
}

#[derive(Deserialize)]
struct Answered<T> {
    data: T,
}

#[derive(Deserialize)]
struct Wrapped {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Unwrapped {
    plaintext: Zeroizing<String>,
}

impl TransitRoot {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// The settings can't be used.
    pub fn new(outbound: &Outbound, settings: TransitSettings) -> Result<Self, OutboundError> {
        let mut target = TargetSettings::new("keys.transit", settings.url.clone());
        target.timeout = PATIENCE;
        target.max_body = LARGEST;
        target.ca_file = settings.ca_file.clone();
        let told = format!("transit: key `{}` of {}", settings.key, settings.url);
        // The address is not part of it: the same key may be reached by another one.
        let id = format!("transit:{}/{}", settings.mount, settings.key);
        Ok(Self { target: outbound.target(target)?, settings, id, told })
    }

    async fn ask<T: DeserializeOwned>(&self, act: &str, body: Zeroizing<String>) -> Result<T, RootError> {
        let path = format!("v1/{}/{act}/{}", self.settings.mount, self.settings.key);
        let url = self.settings.url.join(&path).map_err(|_| RootError::Refused("no such address".to_owned()))?;
        let token = self.token().await?;
        // Wiped when the request is done with it.
        let body = Bytes::from_owner(Zeroizing::new(body.as_bytes().to_vec()));
        let headers = [("X-Vault-Token", token.as_str())];
        let answer = self.target.post_json(&url, &headers, body, Instant::now() + PATIENCE).await;
        read(&answer.map_err(|error| RootError::Unavailable(error.to_string()))?)
    }

    async fn token(&self) -> Result<Zeroizing<String>, RootError> {
        let file = &self.settings.token_file;
        let text = tokio::fs::read_to_string(file).await.map(Zeroizing::new);
        let text = text.map_err(|error| RootError::Refused(format!("token_file {}: {error}", file.display())))?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }
}

/// The service's own words are left out: nothing says what stands in them.
fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, RootError> {
    match answer.status {
        200 => {
            let read: Result<Answered<T>, _> = serde_json::from_slice(&answer.body);
            read.map(|answered| answered.data).map_err(|_| RootError::Unavailable("answers something else".to_owned()))
        }
        403 => Err(RootError::Refused("the token is not accepted (403)".to_owned())),
        // A key that is not there, and a text that another key has wrapped.
        400 | 404 => {
            Err(RootError::Refused(format!("there is no such key, or it has not wrapped this ({})", answer.status)))
        }
        status @ (429 | 500..) => Err(RootError::Unavailable(format!("is not ready ({status})"))),
        status => Err(RootError::Refused(format!("it answers {status}"))),
    }
}

#[async_trait]
impl RootKeys for TransitRoot {
    fn id(&self) -> &str {
        &self.id
    }

    fn told(&self) -> &str {
        &self.told
    }

    async fn wrap_key(&self, aad: &[u8], key: &Key) -> Result<String, RootError> {
        let (key, aad) = (Zeroizing::new(STANDARD.encode(key.as_bytes())), STANDARD.encode(aad));
        let body = Zeroizing::new(format!(r#"{{"plaintext":"{}","associated_data":"{aad}"}}"#, key.as_str()));
        Ok(self.ask::<Wrapped>("encrypt", body).await?.ciphertext)
    }

    async fn unwrap_key(&self, aad: &[u8], wrapped: &str) -> Result<Key, RootError> {
        let body = serde_json::json!({ "ciphertext": wrapped, "associated_data": STANDARD.encode(aad) });
        let unwrapped: Unwrapped = self.ask("decrypt", Zeroizing::new(body.to_string())).await?;
        let bytes = STANDARD.decode(unwrapped.plaintext.as_bytes()).map(Zeroizing::new);
        bytes.ok().and_then(|bytes| Key::from_slice(&bytes)).ok_or(RootError::Foreign)
    }
}
