//! A service that wraps keys, as the transit engine of HashiCorp Vault and OpenBao does on the wire: `encrypt`, `decrypt` and
//! `rotate` of named keys for whoever has the token. Its keys are made of the seed and live in memory, so that a sandbox that
//! is started again opens what it has wrapped before.
//!
//! Its cipher is a toy of SHA-256, good for telling a changed text, another key and another associated value, and nothing else.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    SandboxError,
    config::TransitConfig,
    listen::{self, Tasks},
};

const MAX_BODY: usize = 64 * 1024;
const NONCE: usize = 12;
const TAG: usize = 16;

/// How the service behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransitMode {
    /// Answers.
    #[default]
    Ok,
    /// Closes every connection without an answer.
    Down,
    /// Answers 503, as a vault does that nobody has unsealed.
    Sealed,
    /// Answers 200 with a text that it has not wrapped and keys that are others.
    Garbled,
    /// Takes connections and never answers.
    Silent,
}

pub(crate) struct Transit {
    seed: u64,
    state: Mutex<State>,
    requests: AtomicU64,
}

struct State {
    mode: TransitMode,
    token: String,
    /// Newest version of each key.
    keys: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct Asked {
    plaintext: Option<String>,
    ciphertext: Option<String>,
    #[serde(default)]
    associated_data: String,
}

/// Not answered: the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("the service is down")]
pub(crate) struct Gone;

type Reply = (StatusCode, Value);

/// A transit service of a test's own. Stops when dropped.
pub struct RunningTransit {
    /// `http://127.0.0.1:port`
    pub url: String,
    service: Arc<Transit>,
    tasks: Tasks,
}

impl RunningTransit {
    /// Starts it.
    ///
    /// # Errors
    /// [`SandboxError::Listen`].
    pub async fn start(config: &TransitConfig, seed: u64) -> Result<Self, SandboxError> {
        let tasks = Tasks::default();
        let (url, service) = serve(config, seed, &tasks).await?;
        Ok(Self { url, service, tasks })
    }

    /// Switches its behaviour.
    pub fn set_mode(&self, mode: TransitMode) {
        self.service.set_mode(mode);
    }

    /// The token that is accepted from now on.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.service.state().token);
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.service.requests.load(Ordering::Relaxed)
    }
}

impl Drop for RunningTransit {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
    }
}

/// Starts the service; its URL and its switch.
pub(crate) async fn serve(
    config: &TransitConfig,
    seed: u64,
    tasks: &Tasks,
) -> Result<(String, Arc<Transit>), SandboxError> {
    let (listener, address): (_, SocketAddr) = listen::open(config.listen).await?;
    let keys = config.keys.iter().map(|name| (name.clone(), 1)).collect();
    let state = State { mode: TransitMode::Ok, token: config.token.clone(), keys };
    let service = Arc::new(Transit { seed, state: Mutex::new(state), requests: AtomicU64::new(0) });
    let served = Arc::clone(&service);
    listen::accept(tasks, listener, move |stream| {
        listen::http(stream, Arc::clone(&served), |service, request| async move { service.answer(request).await })
    });
    Ok((format!("http://{address}"), service))
}

impl Transit {
    pub(crate) fn set_mode(&self, mode: TransitMode) {
        self.state().mode = mode;
    }

    /// For the control listener.
    pub(crate) fn told(&self) -> Value {
        let state = self.state();
        json!({ "mode": state.mode, "requests": self.requests.load(Ordering::Relaxed), "keys": state.keys })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (mode, token) = {
            let state = self.state();
            (state.mode, state.token.clone())
        };
        match mode {
            TransitMode::Down => return Err(Gone),
            TransitMode::Silent => std::future::pending::<()>().await,
            TransitMode::Ok | TransitMode::Sealed | TransitMode::Garbled => {}
        }
        let (parts, body) = request.into_parts();
        let known = parts.headers.get("x-vault-token").is_some_and(|sent| sent.as_bytes() == token.as_bytes());
        let (status, value) = match Limited::new(body, MAX_BODY).collect().await {
            _ if mode == TransitMode::Sealed => refusal(StatusCode::SERVICE_UNAVAILABLE, "Vault is sealed"),
            _ if !known => refusal(StatusCode::FORBIDDEN, "permission denied"),
            Ok(body) => self.route(&parts.method, parts.uri.path(), &body.to_bytes(), mode),
            Err(_) => refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
        };
        let mut response = Response::new(Full::from(value.to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        Ok(response)
    }

    fn route(&self, method: &Method, path: &str, body: &[u8], mode: TransitMode) -> Reply {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (method, segments.as_slice()) {
            (&Method::POST, ["v1", "transit", "keys", name, "rotate"]) => self.rotate(name),
            (&Method::POST, ["v1", "transit", act @ ("encrypt" | "decrypt"), name]) => {
                let Some(newest) = self.state().keys.get(*name).copied() else {
                    return refusal(StatusCode::BAD_REQUEST, "encryption key not found");
                };
                let Ok(asked) = serde_json::from_slice::<Asked>(body) else {
                    return refusal(StatusCode::BAD_REQUEST, "failed to parse JSON input");
                };
                let done = match *act {
                    "encrypt" => self.encrypt(name, newest, &asked, mode),
                    _ => self.decrypt(name, newest, &asked, mode),
                };
                done.unwrap_or_else(|| refusal(StatusCode::BAD_REQUEST, "cipher: message authentication failed"))
            }
            _ => refusal(StatusCode::NOT_FOUND, "no handler for route"),
        }
    }

    fn rotate(&self, name: &str) -> Reply {
        match self.state().keys.get_mut(name) {
            Some(newest) => {
                *newest += 1;
                (StatusCode::OK, json!({ "data": { "latest_version": *newest } }))
            }
            None => refusal(StatusCode::BAD_REQUEST, "encryption key not found"),
        }
    }

    fn encrypt(&self, name: &str, version: u32, asked: &Asked, mode: TransitMode) -> Option<Reply> {
        let plain = STANDARD.decode(asked.plaintext.as_deref()?).ok()?;
        let key = self.key(name, version);
        let count = self.requests.load(Ordering::Relaxed).to_be_bytes();
        let nonce = hash(&[&key, b"nonce", &count, &plain])[..NONCE].to_vec();
        let text = with_stream(&key, &nonce, &plain);
        let tag = hash(&[&key, b"tag", &nonce, asked.associated_data.as_bytes(), &[0], &text])[..TAG].to_vec();
        let mut whole = [nonce, tag, text].concat();
        if mode == TransitMode::Garbled {
            whole.iter_mut().for_each(|byte| *byte ^= 1);
        }
        let ciphertext = format!("vault:v{version}:{}", STANDARD.encode(whole));
        Some((StatusCode::OK, json!({ "data": { "ciphertext": ciphertext, "key_version": version } })))
    }

    fn decrypt(&self, name: &str, newest: u32, asked: &Asked, mode: TransitMode) -> Option<Reply> {
        let (version, text) = asked.ciphertext.as_deref()?.strip_prefix("vault:v")?.split_once(':')?;
        let version: u32 = version.parse().ok().filter(|version| (1..=newest).contains(version))?;
        let whole = STANDARD.decode(text).ok()?;
        let (nonce, rest) = whole.split_at_checked(NONCE)?;
        let (tag, text) = rest.split_at_checked(TAG)?;
        let key = self.key(name, version);
        let good = hash(&[&key, b"tag", nonce, asked.associated_data.as_bytes(), &[0], text]);
        let plain = with_stream(&key, nonce, text);
        let plain = match mode {
            TransitMode::Garbled => plain.iter().map(|byte| byte ^ 1).collect(),
            _ if tag != &good[..TAG] => return None,
            _ => plain,
        };
        Some((StatusCode::OK, json!({ "data": { "plaintext": STANDARD.encode(plain) } })))
    }

    fn key(&self, name: &str, version: u32) -> [u8; 32] {
        hash(&[b"transit", &self.seed.to_be_bytes(), &version.to_be_bytes(), name.as_bytes()])
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

fn with_stream(key: &[u8], nonce: &[u8], text: &[u8]) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|block| hash(&[key, b"stream", nonce, &block.to_be_bytes()]));
    text.iter().zip(blocks).map(|(byte, mask)| byte ^ mask).collect()
}

fn refusal(status: StatusCode, error: &str) -> Reply {
    (status, json!({ "errors": [error] }))
}
