//! A target: one origin and everything that holds for requests to it.

use std::{error::Error, fmt, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use rustls::crypto::CryptoProvider;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::{
    Authorizer, OutboundError,
    address::is_loopback,
    body::{self, Cut, Turn},
    resolve::{self, Ask, Pinned, ResolveError, literal_is_allowed, names_loopback},
    thread::Thread,
    tls,
};

/// Default limit of a body after decompression: 16 MiB.
const DEFAULT_MAX_BODY: u64 = 16 * 1024 * 1024;
/// Default time for one request: 10 s.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time to connect, TLS handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that was idle for longer is not used again. Servers close idle ones (Apache and Node after 5 s), and a
/// request that crosses the closing is lost: a hospital that is well would be called silent.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const UNAUTHORIZED: u16 = 401;
/// How long after the deadline what came until then may be on its way from the target's thread.
const HANDOVER: Duration = Duration::from_millis(100);

/// What is configured about one target.
#[derive(Clone)]
pub struct TargetSettings {
    /// Names the target in errors and logs.
    pub id: String,
    /// `http` or `https`, without user information, query or fragment.
    pub base_url: Url,
    /// Longest time for one request, body included. The deadline given to [`Target::get`] can only shorten it.
    pub timeout: Duration,
    /// `http://`, `https://` or `socks5://`. The proxy then resolves names, so addresses are checked here only where
    /// the host is written as an address, and the proxy has to guard the rest.
    pub proxy: Option<Url>,
    /// Largest body in bytes, counted after decompression.
    pub max_body: u64,
    /// Sent with every request to this target, and to nobody else.
    pub headers: Vec<(String, String)>,
    /// PEM file with certificate authorities trusted beside the public ones, for this target only.
    pub ca_file: Option<PathBuf>,
    /// What every GET is signed in with.
    pub authorizer: Option<Arc<dyn Authorizer>>,
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
            authorizer: None,
        }
    }
}

impl fmt::Debug for TargetSettings {
    // Header values are credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("TargetSettings")
            .field("id", &self.id)
            .field("base_url", &self.base_url.as_str())
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// What a target answered, whatever the status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status. A redirect is an answer like any other.
    pub status: u16,
    /// `Content-Type` as sent, when readable.
    pub content_type: Option<String>,
    /// Decompressed. Drop a large one soon: no other large answer of the target is read while it lives.
    pub body: Bytes,
    /// `Retry-After` (RFC 9110, 10.2.3): seconds, or an instant seen from the answer's own `Date`.
    pub retry_after: Option<Duration>,
    /// `Date` as sent, when readable.
    pub date: Option<String>,
}

/// Makes targets. One per process.
#[derive(Clone, Debug)]
pub struct Outbound {
    provider: Arc<CryptoProvider>,
}

/// One origin, ready to be asked. Cheap to clone; clones share connections and the thread that these live on.
#[derive(Clone, Debug)]
pub struct Target {
    exchange: Exchange,
    thread: Arc<Thread>,
    authorizer: Option<Arc<dyn Authorizer>>,
}

/// What goes to the target's thread with a request.
#[derive(Clone, Debug)]
struct Exchange {
    settings: Arc<TargetSettings>,
    client: reqwest::Client,
    pinned: Pinned,
    large: Turn,
}

impl Outbound {
    /// Installs rustls' ring provider for the process, if none is installed yet.
    pub fn new() -> Result<Self, OutboundError> {
        Ok(Self { provider: tls::provider() })
    }

    /// Checks the settings and makes a target. Nothing is sent or resolved.
    pub fn target(&self, settings: TargetSettings) -> Result<Target, OutboundError> {
        self.target_asking(settings, resolve::system)
    }

    fn target_asking(&self, settings: TargetSettings, ask: Ask) -> Result<Target, OutboundError> {
        let wrong = |what: &str| OutboundError::Settings { target: settings.id.clone(), what: what.to_owned() };
        let base = &settings.base_url;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(wrong("base_url must be http:// or https:// with a host"));
        }
        if has_userinfo(base) || base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("base_url must have no user information, query or fragment"));
        }
        if !literal_is_allowed(base) || settings.proxy.as_ref().is_some_and(|proxy| !literal_is_allowed(proxy)) {
            return Err(OutboundError::Address { target: settings.id.clone() });
        }
        let config =
            tls::client_config(self.provider.clone(), settings.ca_file.as_deref()).map_err(|what| wrong(&what))?;
        let pinned = Pinned::new([base].into_iter().chain(settings.proxy.as_ref()), ask);
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .dns_resolver(Arc::new(pinned.clone()))
            .user_agent(concat!("regional-portal/", env!("CARGO_PKG_VERSION")))
            .default_headers(
                header_map(&settings.headers).ok_or_else(|| wrong("headers hold what HTTP does not allow"))?,
            );
        if let Some(proxy) = &settings.proxy {
            let known = matches!(proxy.scheme(), "http" | "https" | "socks5" | "socks5h");
            let proxy = known.then(|| reqwest::Proxy::all(resolving(proxy)?).ok()).flatten();
            builder = builder.proxy(proxy.ok_or_else(|| wrong("proxy must be http://, https:// or socks5://"))?);
        }
        let client = builder.build().map_err(|_| wrong("no HTTP client can be made of these settings"))?;
        let thread = Thread::start().map_err(|_| wrong("no thread can be started for it"))?;
        let authorizer = settings.authorizer.clone();
        let exchange = Exchange { settings: Arc::new(settings), client, pinned, large: body::turn() };
        Ok(Target { exchange, thread: Arc::new(thread), authorizer })
    }
}

impl Target {
    /// Names the target in errors and logs.
    pub fn id(&self) -> &str {
        &self.exchange.settings.id
    }

    /// The base URL as configured.
    pub fn base_url(&self) -> &Url {
        &self.exchange.settings.base_url
    }

    /// Longest time for one request.
    pub fn timeout(&self) -> Duration {
        self.exchange.settings.timeout
    }

    /// One GET. Any status is an answer; a body that is too large, too slow or broken off is an error.
    pub async fn get(&self, url: &Url, accept: &str, deadline: Instant) -> Result<Answer, OutboundError> {
        match self.get_partly(url, accept, deadline).await? {
            (answer, None) => Ok(answer),
            (_, Some(error)) => Err(error),
        }
    }

    /// One GET that keeps what came: with an error, the answer's body ends where the transfer did.
    pub async fn get_partly(
        &self,
        url: &Url,
        accept: &str,
        deadline: Instant,
    ) -> Result<(Answer, Option<OutboundError>), OutboundError> {
        let settings = &self.exchange.settings;
        if !self.is_same_origin(url) {
            return Err(OutboundError::Origin { target: settings.id.clone() });
        }
        let deadline = deadline.min(Instant::now() + settings.timeout);
        let request = || self.exchange.client.get(url.clone()).header(ACCEPT, accept);
        let Some(authorizer) = &self.authorizer else { return self.run(request(), deadline).await };
        let proof = authorizer.authorization(deadline).await?;
        let answered = self.run(request().header(AUTHORIZATION, self.sensitive(&proof)?), deadline).await;
        match &answered {
            // Tokens end before their time: another one is tried, once.
            Ok((answer, _)) if answer.status == UNAUTHORIZED && authorizer.refused(&proof).await => {}
            _ => return answered,
        }
        let proof = authorizer.authorization(deadline).await?;
        self.run(request().header(AUTHORIZATION, self.sensitive(&proof)?), deadline).await
    }

    /// The same server, asked without saying who asks: what it tells everybody.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { authorizer: None, ..self.clone() }
    }

    /// The same server, asked with what `authorizer` has.
    #[must_use]
    pub fn authorized_by(&self, authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer: Some(authorizer), ..self.clone() }
    }

    /// What GETs are signed in with.
    pub fn authorizer(&self) -> Option<&Arc<dyn Authorizer>> {
        self.authorizer.as_ref()
    }

    fn sensitive(&self, proof: &str) -> Result<HeaderValue, OutboundError> {
        let mut value = HeaderValue::from_str(proof)
            .map_err(|_| OutboundError::SignIn { target: self.id().to_owned(), why: "proof-malformed" })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// One POST of a JSON body, with headers that only this request has. Any status is an answer.
    pub async fn post_json(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
        body: Bytes,
        deadline: Instant,
    ) -> Result<Answer, OutboundError> {
        self.post(url, JSON, headers, body, deadline).await
    }

    /// One POST of a form, answered with JSON; otherwise as [`Target::post_json`].
    pub async fn post_form(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
        form: Bytes,
        deadline: Instant,
    ) -> Result<Answer, OutboundError> {
        self.post(url, FORM, headers, form, deadline).await
    }

    async fn post(
        &self,
        url: &Url,
        content_type: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        deadline: Instant,
    ) -> Result<Answer, OutboundError> {
        let settings = &self.exchange.settings;
        if !self.is_same_origin(url) {
            return Err(OutboundError::Origin { target: settings.id.clone() });
        }
        let what = "a header holds what HTTP does not allow";
        let wrong = || OutboundError::Settings { target: settings.id.clone(), what: what.to_owned() };
        let own: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let headers = header_map(&own).ok_or_else(wrong)?;
        let deadline = deadline.min(Instant::now() + settings.timeout);
        let request = self.exchange.client.post(url.clone()).headers(headers).header(ACCEPT, JSON);
        match self.run(request.header(CONTENT_TYPE, content_type).body(body), deadline).await? {
            (answer, None) => Ok(answer),
            (_, Some(error)) => Err(error),
        }
    }

    /// Sends a request on the target's thread.
    async fn run(
        &self,
        request: reqwest::RequestBuilder,
        deadline: Instant,
    ) -> Result<(Answer, Option<OutboundError>), OutboundError> {
        let exchange = self.exchange.clone();
        let asking = async move { exchange.send(request, deadline).await };
        let answer = self.thread.run(deadline + HANDOVER, asking).await;
        answer.unwrap_or_else(|| Err(OutboundError::Timeout { target: self.id().to_owned() }))
    }

    /// The addresses that the next connection goes to, checked as always; the proxy's where there is one, which looks up the
    /// others itself.
    ///
    /// # Errors
    /// [`OutboundError::Connect`] for a name that is not found, [`OutboundError::Address`] for one that is refused.
    pub async fn look_up(&self, deadline: Instant) -> Result<Vec<String>, OutboundError> {
        let settings = &self.exchange.settings;
        let target = || settings.id.clone();
        let url = settings.proxy.as_ref().unwrap_or(&settings.base_url);
        let Some(Host::Domain(name)) = url.host() else {
            return Ok(url.host_str().map(str::to_owned).into_iter().collect());
        };
        let looking = self.exchange.pinned.clone().look_up(name.to_owned());
        match timeout_at(deadline.min(Instant::now() + settings.timeout), looking).await {
            Err(_) => Err(OutboundError::Timeout { target: target() }),
            Ok(Err(ResolveError::NotFound)) => Err(OutboundError::Connect { target: target(), why: "name not found" }),
            Ok(Err(_)) => Err(OutboundError::Address { target: target() }),
            Ok(Ok(found)) => Ok(found.iter().map(|one| one.ip().to_string()).collect()),
        }
    }

    /// Same scheme, host and port as the base, and nobody's name in it?
    pub fn is_same_origin(&self, url: &Url) -> bool {
        let base = self.base_url();
        url.scheme() == base.scheme()
            && url.host() == base.host()
            && url.port_or_known_default() == base.port_or_known_default()
            && !has_userinfo(url)
    }
}

impl Exchange {
    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        deadline: Instant,
    ) -> Result<(Answer, Option<OutboundError>), OutboundError> {
        let response = match timeout_at(deadline, request.send()).await {
            Err(_) => return Err(OutboundError::Timeout { target: self.settings.id.clone() }),
            Ok(Err(error)) => return Err(self.failure(&error)),
            Ok(Ok(response)) => response,
        };
        let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = header(CONTENT_TYPE).map(str::to_owned);
        let date = header(DATE).map(str::to_owned);
        let retry_after = header(RETRY_AFTER).and_then(|text| retry_after(text.trim(), date.as_deref()));
        let status = response.status().as_u16();
        let (body, cut) = body::read(response, self.settings.max_body, deadline, &self.large).await;
        Ok((Answer { status, content_type, body, retry_after, date }, cut.map(|cut| self.cut(cut))))
    }

    fn cut(&self, cut: Cut) -> OutboundError {
        let target = self.settings.id.clone();
        match cut {
            Cut::TooLarge => OutboundError::TooLarge { target, limit: self.settings.max_body },
            Cut::TooSlow => OutboundError::TooSlow { target },
            Cut::Timeout => OutboundError::Timeout { target },
            Cut::BrokeOff => OutboundError::Protocol { target, why: "the answer broke off" },
        }
    }

    /// What a failed request means. Nothing of reqwest's own text is kept: it holds the URL.
    fn failure(&self, error: &reqwest::Error) -> OutboundError {
        let target = self.settings.id.clone();
        let mut why = None;
        let mut source = error.source();
        while let Some(error) = source {
            if let Some(resolve) = error.downcast_ref::<ResolveError>() {
                match resolve {
                    ResolveError::Refused | ResolveError::Unexpected => return OutboundError::Address { target },
                    ResolveError::NotFound => why = Some("name not found"),
                }
            } else if let Some(io) = error.downcast_ref::<std::io::Error>() {
                why = match io.kind() {
                    _ if holds_tls(io) => Some("TLS handshake failed"),
                    std::io::ErrorKind::ConnectionRefused => Some("connection refused"),
                    _ => why,
                };
            }
            source = error.source();
        }
        if error.is_connect() {
            // Perhaps the hospital has moved: look the name up again next time.
            self.pinned.release();
            let why = why.unwrap_or(if error.is_timeout() { "not connected in time" } else { "not connected" });
            return OutboundError::Connect { target, why };
        }
        OutboundError::Protocol { target, why: "no HTTP answer" }
    }
}

/// The proxy as reqwest calls one that resolves names. What it calls `socks5` resolves them here, where a name behind the proxy
/// means nothing, or something else.
fn resolving(proxy: &Url) -> Option<Url> {
    let mut proxy = proxy.clone();
    if proxy.scheme() == "socks5" {
        proxy.set_scheme("socks5h").ok()?;
    }
    Some(proxy)
}

/// Does an address name this machine (`localhost`, 127/8, `::1`, also inside other notations)? Who takes addresses from others
/// than the operator asks this first: what listens on loopback trusts whoever reaches it.
pub fn is_this_machine(url: &Url) -> bool {
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => is_loopback(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => is_loopback(IpAddr::V6(v6)),
        _ => false,
    };
    literal || names_loopback(url)
}

/// Is it rustls that failed? Each layer may have wrapped the error once more.
fn holds_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        inner.is::<rustls::Error>() || inner.downcast_ref::<std::io::Error>().is_some_and(holds_tls)
    })
}

/// The server's clock against the server's: ours may differ.
fn retry_after(text: &str, date: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let second = |text: &str| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second());
    let left = second(text)?.saturating_sub(second(date?)?);
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn header_map(headers: &[(String, String)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        map.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(map)
}

#[cfg(test)]
mod tests;
