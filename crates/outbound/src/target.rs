//! A target: one origin and everything that holds for requests to it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use url::Url;

use crate::OutboundError;

/// Default limit of a body after decompression: 16 MiB.
const DEFAULT_MAX_BODY: u64 = 16 * 1024 * 1024;
/// Default time for one request: 10 s.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is configured about one target.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// Names the target in errors and logs.
    pub id: String,
    /// `http` or `https`, without user information, query or fragment.
    pub base_url: Url,
    /// Longest time for one request, body included. The deadline given to [`Target::get`] can only shorten it.
    pub timeout: Duration,
    /// `http://`, `https://` or `socks5://`. The proxy then resolves names, so addresses are checked only where the
    /// host is written as an address.
    pub proxy: Option<Url>,
    /// Largest body in bytes, counted after decompression.
    pub max_body: u64,
    /// Sent with every request to this target, and to nobody else.
    pub headers: Vec<(String, String)>,
    /// PEM file with certificate authorities trusted beside the public ones, for this target only.
    pub ca_file: Option<PathBuf>,
}

impl TargetSettings {
    /// Settings with the defaults: 10 s, 16 MiB, no proxy, no headers, public certificate authorities.
    pub fn new(id: impl Into<String>, base_url: Url) -> Self {
        Self {
            id: id.into(),
            base_url,
            timeout: DEFAULT_TIMEOUT,
            proxy: None,
            max_body: DEFAULT_MAX_BODY,
            headers: Vec::new(),
            ca_file: None,
        }
    }
}

/// What a target answered, whatever the status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type` as sent, when readable.
    pub content_type: Option<String>,
    /// Decompressed.
    pub body: Bytes,
    /// `Retry-After`, when given in seconds.
    pub retry_after: Option<Duration>,
}

/// Makes targets. One per process.
#[derive(Clone, Debug)]
pub struct Outbound {
    roots: Arc<rustls::RootCertStore>,
}

/// One origin, ready to be asked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Target {
    settings: Arc<TargetSettings>,
}
impl Outbound {
    /// TODO
    pub fn new() -> Result<Self, OutboundError> {
        Ok(Self { roots: Arc::new(rustls::RootCertStore::empty()) })
    }
    /// Checks the settings and makes a target.
    pub fn target(&self, settings: TargetSettings) -> Result<Target, OutboundError> {
        let _ = &self.roots;
        Ok(Target { settings: Arc::new(settings) })
    }
}
impl Target {
    /// Id.
    pub fn id(&self) -> &str {
        &self.settings.id
    }
    /// The base URL as configured.
    pub fn base_url(&self) -> &Url {
        &self.settings.base_url
    }
    /// One GET.
    pub async fn get(
        &self,
        url: &Url,
        accept: &str,
        deadline: tokio::time::Instant,
    ) -> Result<Answer, OutboundError> {
        let _ = (url, accept, deadline);
        Err(OutboundError::Timeout { target: self.settings.id.clone() })
    }
}
