//! What happens to every request, whatever it asks for: request id, limits, language, session, CSRF, errors, headers,
//! compression, log line, figures. Nothing a handler could forget.

use std::{
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use access::{Fault, RequestId, Safeguard};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use poem::{
    Body, Endpoint, IntoResponse, Request, Response,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
};
use tracing::Instrument;
use url::{Url, form_urlencoded};

use crate::{
    Failure, Lang, compress,
    cookies::CookieRules,
    csrf, headers, keys,
    keys::Key,
    lang, network,
    render::Theme,
    routing::RoutePattern,
    session::Sessions,
    telemetry,
    throttle::device::KNOWN_DAYS,
    upload::{Upload, UploadRoute},
    visit::Visit,
};

/// The largest request body: forms and small JSON.
const BODY: usize = 1 << 20;
/// The largest body before sign-in: a name, a password and a token.
const ANONYMOUS_BODY: usize = 16 << 10;
/// For a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(8);
/// For an answer to be made; a record read has its own, shorter deadline. Together with [`BODY_TIME`] shorter than a
/// stopping portal waits.
const ANSWER_TIME: Duration = Duration::from_secs(15);

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

/// How much of an error page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorForm {
    /// A document.
    Page,
    /// What stands in the main part of the page that a script keeps on the screen: patient and sections stay where they
    /// are.
    Part,
}

/// Draws a portal's error pages.
pub trait ErrorPages: Send + Sync + 'static {
    /// The page for a failure; `None` when even that fails (a fixed text is sent instead).
    fn draw(&self, visit: &Visit, failure: &Failure, form: ErrorForm) -> Option<String>;
}

/// What the shell of a portal needs to know.
pub struct ShellSettings {
    /// What people type.
    pub public_url: Url,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<network::Network>,
    /// Cookie names.
    pub cookies: CookieRules,
    /// Where sessions are.
    pub sessions: Sessions,
    /// What CSRF tokens are made with; the same on every replica.
    pub csrf_key: Key,
    /// Error pages.
    pub errors: Arc<dyn ErrorPages>,
    /// The routes that take files. Nobody who is not signed in sends one.
    pub uploads: Vec<UploadRoute>,
}

/// The outermost endpoint of a portal.
pub struct Shell<E> {
    settings: Arc<ShellSettings>,
    origin: String,
    landings: &'static [(&'static str, &'static str)],
    arrivals: &'static [&'static str],
    inner: E,
}

impl<E: Endpoint<Output = Response>> Shell<E> {
    /// Puts the shell round `inner`.
    pub fn new(settings: Arc<ShellSettings>, inner: E) -> Self {
        let origin = settings.public_url.origin().ascii_serialization();
        Self { settings, origin, landings: &[], arrivals: &[], inner }
    }

    /// With paths that pages of other sites post forms to, and those of one segment more: their handlers must do nothing in the name of whoever's browser it is,
    /// and believe only what is a secret in itself. No session reaches them.
    #[must_use]
    pub fn with_arrivals(self, arrivals: &'static [&'static str]) -> Self {
        Self { arrivals, ..self }
    }

    /// With paths (and those of one segment more) whose query is a secret, good once, and where whoever is there is led instead: nothing that the shell draws or
    /// sends back (the way to sign in, switches, buttons of error pages) has the query in it.
    #[must_use]
    pub fn with_landings(self, landings: &'static [(&'static str, &'static str)]) -> Self {
        Self { landings, ..self }
    }

    async fn visit(
        &self,
        request: &Request,
        id: RequestId,
        now: Timestamp,
    ) -> Result<(Visit, Option<String>), Failure> {
        let headers = request.headers();
        let peer = request.remote_addr().as_socket_addr().map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.ip());
        // A proxy may add a line of its own below the client's: all lines are one list (RFC 9110 §5.3).
        let forwarded: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("?")).collect();
        let client = network::client_address(peer, Some(&forwarded.join(",")), &self.settings.trusted_proxies);
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (path, asked) = without_switches(request.uri());
        let landing = self.landings.iter().find(|(secret, _)| is_or_below(request.uri().path(), secret));
        let path = landing.map_or(path, |(_, landing)| (*landing).to_owned());
        let lang = asked
            .lang
            .or_else(|| lang::cookie(headers, "lang").and_then(Lang::from_tag))
            .unwrap_or_else(|| Lang::from_accept(headers));
        let theme = asked.theme.as_deref().or_else(|| lang::cookie(headers, "theme"));
        let theme = theme.and_then(Theme::from_name).map(Theme::name);
        let session = match lang::cookie(headers, &self.settings.cookies.session) {
            Some(cookie) if !path.starts_with("/static/") && !self.is_arrival(request) => {
                self.settings.sessions.load(cookie, now).await?
            }
            _ => None,
        };
        let known = lang::cookie(headers, &self.settings.cookies.visitor).filter(|value| value.len() == 43);
        let mut new_visitor = None;
        let csrf_binding = match (&session, known) {
            (Some(session), _) => session.csrf_secret.clone(),
            (None, Some(visitor)) => visitor.to_owned(),
            (None, None) => {
                let visitor = random_text().map_err(Failure::internal)?;
                new_visitor = Some(visitor.clone());
                visitor
            }
        };
        let visit = Visit {
            request: id,
            now,
            lang,
            theme,
            nonce: random_text().map_err(Failure::internal)?,
            path,
            session: session.map(Arc::new),
            csrf_binding,
            is_look: crate::visit::is_look(request),
            network: network::Network::of_subscriber(client),
            site: network::site(client),
            device: text("user-agent").chars().take(200).collect(),
            browser: lang::cookie(headers, &self.settings.cookies.browser).map(str::to_owned),
            unread: OnceLock::new(),
            acting_for: OnceLock::new(),
            remembered: OnceLock::new(),
        };
        Ok((visit, new_visitor))
    }

    fn is_arrival(&self, request: &Request) -> bool {
        request.method() == Method::POST && self.arrivals.iter().any(|path| is_or_below(request.uri().path(), path))
    }

    /// Reads the body of an unsafe request, and lets it pass only with a token of this visitor's from our own pages.
    async fn guard_unsafe(&self, request: &mut Request, visit: &Visit) -> Result<(), Failure> {
        let kind = request.content_type().unwrap_or_default().to_owned();
        let lower = kind.to_ascii_lowercase();
        let upload = lower.starts_with("multipart/form-data") && visit.session.is_some();
        let upload = Some(request.uri().path()).filter(|_| upload);
        let upload = upload.and_then(|path| UploadRoute::cap(&self.settings.uploads, request.method(), path));
        let cap = upload.unwrap_or_else(|| body_cap(visit));
        let read = tokio::time::timeout(BODY_TIME, read_body(request.take_body(), cap)).await;
        let late = || Failure::new(Fault::Invalid).with_status(StatusCode::REQUEST_TIMEOUT);
        let body = read.map_err(|_| late())??;
        let form = lower.starts_with("application/x-www-form-urlencoded");
        // Other sites' pages can send forms and plain text without asking; nothing else is a form of ours.
        if !body.is_empty() && !form && upload.is_none() && !lower.starts_with("application/json") {
            return Err(Failure::new(Fault::Invalid).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        if form && self.is_arrival(request) {
            request.set_body(Body::from_bytes(body));
            return Ok(());
        }
        if Safeguard::CsrfOrigin.stands() && !csrf::same_origin(request.headers(), &self.origin) {
            return Err(Failure::new(Fault::Forbidden).with_problem("cross-site"));
        }
        let (body, files) = match upload {
            Some(_) => (Bytes::new(), Some(Upload::read(&kind, body).await?)),
            None => (body, None),
        };
        let token_needed = Safeguard::CsrfToken.stands() && !signs_in_by_json(request, form);
        let in_files = files.as_ref().is_some_and(|files| self.is_token(files.text("csrf_token"), visit));
        if token_needed && !in_files && !self.carries_token(request, form, &body, visit) {
            return Err(Failure::new(Fault::Forbidden).with_problem("stale-form"));
        }
        if let Some(files) = files {
            request.set_data(Arc::new(files));
        }
        request.set_body(Body::from_bytes(body));
        Ok(())
    }

    fn is_token(&self, token: &str, visit: &Visit) -> bool {
        csrf::matches(&self.settings.csrf_key, &visit.csrf_binding, token)
    }

    /// In the header, or in the form's hidden field.
    fn carries_token(&self, request: &Request, form: bool, body: &[u8], visit: &Visit) -> bool {
        let header = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok().map(str::to_owned));
        let token = header.or_else(|| {
            let fields = form.then(|| form_urlencoded::parse(body));
            fields?.find(|(name, _)| name == "csrf_token").map(|(_, value)| value.into_owned())
        });
        token.is_some_and(|token| self.is_token(&token, visit))
    }

    async fn answer(&self, mut request: Request, visit: &Arc<Visit>) -> poem::Result<Response> {
        if request.method().is_safe() {
            // A body nobody asked for is never read.
            drop(request.take_body());
        } else {
            self.guard_unsafe(&mut request, visit).await?;
        }
        request.set_data(visit.clone());
        // A handler that panics is our mistake, not the end of the connection.
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        match tokio::time::timeout(ANSWER_TIME, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Failure::internal(Panicked).into()),
            Err(_) => Err(Failure::new(Fault::Unavailable).with_retry_after(5).into()),
        }
    }

    fn refuse(&self, failure: &Failure, visit: &Visit, asked: Wanted) -> Response {
        let Wanted { page: wants_page, by_script, is_get } = asked;
        if let Some(cause) = failure.cause() {
            let status = failure.status().as_u16();
            let chain = chain(cause);
            if failure.status().is_server_error() {
                tracing::error!(request_id = %visit.request.0, status, cause = %chain, "request failed");
            } else {
                tracing::info!(request_id = %visit.request.0, status, cause = %chain, "request refused");
            }
        }
        if wants_page && is_get && failure.fault() == Fault::NotSignedIn {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", &visit.path).finish();
            let location = format!("/sign-in?{query}");
            // A script that asked for a part of a page leaves the page: nothing of it may stay round a sign-in form.
            return if by_script {
                Response::builder().status(StatusCode::UNAUTHORIZED).header("hx-redirect", location).finish()
            } else {
                see_other(&location)
            };
        }
        let form = if by_script { ErrorForm::Part } else { ErrorForm::Page };
        let page = if wants_page { self.settings.errors.draw(visit, failure, form) } else { None };
        let mut response = match page {
            Some(page) => Response::builder().content_type("text/html; charset=utf-8").body(page),
            None => problem(failure, &visit.request),
        };
        if wants_page && by_script {
            into_main(&mut response);
        }
        response.set_status(failure.status());
        if let Some(seconds) = failure.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn add_cookies(&self, response: &mut Response, visit: &Visit, new_visitor: Option<String>, asked: Asked) {
        let cookies = &self.settings.cookies;
        let html = response.content_type().is_some_and(|kind| kind.starts_with("text/html"));
        let mut add = |cookie: String| {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        };
        if let Some(visitor) = new_visitor.filter(|_| html) {
            add(cookies.set(&cookies.visitor, &visitor));
        }
        if let Some(browser) = visit.remembered.get() {
            add(cookies.lasting(&cookies.browser, browser, KNOWN_DAYS));
        }
        if asked.lang.is_some() {
            add(cookies.preference("lang", visit.lang.tag()));
        }
        match asked.theme {
            Some(_) if visit.theme.is_none() => add(cookies.clear("theme")),
            Some(theme) => add(cookies.preference("theme", &theme)),
            None => {}
        }
    }
}

/// Wherever htmx would have put the answer, an error goes into the main part of the page; every page has one.
fn into_main(response: &mut Response) {
    for (name, value) in [("hx-retarget", "#main"), ("hx-reswap", "innerHTML"), ("hx-reselect", "#error")] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Who is not signed in has nothing long to say.
fn body_cap(visit: &Visit) -> usize {
    if visit.session.is_some() { BODY } else { ANONYMOUS_BODY }
}

/// A body of at most `cap` bytes. More is read on and thrown away for a while, so that its sender hears the answer
/// instead of a connection that breaks.
async fn read_body(body: Body, cap: usize) -> Result<Bytes, Failure> {
    let refused = |status: StatusCode| Failure::new(Fault::Invalid).with_status(status);
    let (mut kept, mut length) = (BytesMut::new(), 0);
    let mut pieces = body.into_bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| refused(StatusCode::BAD_REQUEST))?;
        length += piece.len();
        if length <= cap {
            kept.extend_from_slice(&piece);
        } else {
            kept = BytesMut::new();
        }
        if length > cap + 2 * BODY {
            break;
        }
    }
    if length > cap { Err(refused(StatusCode::PAYLOAD_TOO_LARGE)) } else { Ok(kept.freeze()) }
}

/// A program signs in without having seen a page; browsers ask before they send JSON to another origin.
fn signs_in_by_json(request: &Request, form: bool) -> bool {
    request.method() == Method::POST && request.uri().path() == "/api/v1/session" && !form
}

/// 256 bits as text: visitor cookies, nonces.
fn random_text() -> Result<String, keys::KeyError> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    Ok(URL_SAFE_NO_PAD.encode(*keys::random()?))
}

/// What the switches in a page's frame ask for; each is a plain link.
#[derive(Default)]
struct Asked {
    lang: Option<Lang>,
    /// `light`, `dark`, or anything else for what the system prefers.
    theme: Option<String>,
}

fn without_switches(uri: &Uri) -> (String, Asked) {
    let mut asked = Asked::default();
    let kept: Vec<(String, String)> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .filter(|(name, value)| {
            match name.as_str() {
                "lang" => asked.lang = Lang::from_tag(value).or(asked.lang),
                "theme" => asked.theme = Some(value.clone()),
                _ => return true,
            }
            false
        })
        .collect();
    if kept.is_empty() {
        return (uri.path().to_owned(), asked);
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    (format!("{}?{query}", uri.path()), asked)
}

fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let deeper = source.to_string();
        if !text.contains(&deeper) {
            text = format!("{text}: {deeper}");
        }
        next = source.source();
    }
    text
}

/// `303 See Other`: the answer to every form that did something.
pub fn see_other(location: &str) -> Response {
    Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, location).finish()
}

/// RFC 9457. `title` is the problem type in words a program's author can read; people read pages.
fn problem(failure: &Failure, request: &RequestId) -> Response {
    let status = failure.status();
    let body = serde_json::json!({
        "type": format!("/problems/{}", failure.problem()),
        "title": failure.problem().replace('-', " "),
        "status": status.as_u16(),
        "detail": status.canonical_reason(),
        "request_id": request.0,
    });
    Response::builder().content_type("application/problem+json").body(body.to_string())
}

/// How an answer is wanted.
#[derive(Clone, Copy)]
struct Wanted {
    page: bool,
    /// By htmx, which follows redirects unseen.
    by_script: bool,
    is_get: bool,
}

fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !request.uri().path().starts_with("/api/") && accept.contains("text/html")
}

impl<E: Endpoint<Output = Response>> Endpoint for Shell<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let started = std::time::Instant::now();
        let id = RequestId(uuid::Uuid::now_v7().simple().to_string());
        let method = request.method().clone();
        let is_get = matches!(method, Method::GET | Method::HEAD);
        let wanted =
            Wanted { page: wants_page(&request), by_script: request.headers().contains_key("hx-request"), is_get };
        let accept_encoding = request.headers().get(header::ACCEPT_ENCODING);
        let accept_encoding = accept_encoding.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let asked = if is_get { without_switches(request.uri()).1 } else { Asked::default() };
        let (visit, new_visitor, refused) = match self.visit(&request, id.clone(), Timestamp::now()).await {
            Ok((visit, new_visitor)) => (visit, new_visitor, None),
            Err(failure) => (Visit::unknown(id.clone(), lang_of(&request)), None, Some(failure)),
        };
        let visit = Arc::new(visit);
        let span = telemetry::request(&method, &id.0);
        let answered = match refused {
            Some(failure) => Err(failure.into()),
            None => self.answer(request, &visit).instrument(span.clone()).await,
        };
        let (mut response, pattern) = match answered {
            Ok(mut response) => {
                let pattern = response.extensions_mut().remove::<RoutePattern>();
                match response.extensions_mut().remove::<Failure>() {
                    Some(failure) => (self.refuse(&failure, &visit, wanted), pattern),
                    None => (response, pattern),
                }
            }
            Err(error) => {
                let pattern = error.data::<RoutePattern>().copied();
                (self.refuse(&Failure::from_poem(&error), &visit, wanted), pattern)
            }
        };
        self.add_cookies(&mut response, &visit, new_visitor, asked);
        headers::add(response.headers_mut(), &id.0, &visit.nonce, self.settings.public_url.scheme() == "https");
        let response = match compress::compress(response, &accept_encoding, method == Method::HEAD).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(request_id = %id.0, %error, "compressing an answer");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        };
        telemetry::finish(&span, &method, pattern.map_or("none", |pattern| pattern.0), response.status());
        note(&method, pattern, response.status(), started.elapsed(), &id);
        Ok(response)
    }
}

fn lang_of(request: &Request) -> Lang {
    let cookie = lang::cookie(request.headers(), "lang").and_then(Lang::from_tag);
    cookie.unwrap_or_else(|| Lang::from_accept(request.headers()))
}

/// The log line and the figures of a request: its pattern, never its path.
fn note(method: &Method, pattern: Option<RoutePattern>, status: StatusCode, took: Duration, id: &RequestId) {
    let route = pattern.map_or("none", |pattern| pattern.0);
    let method = known_method(method);
    tracing::info!(method, route, status = status.as_u16(), ms = took.as_millis() as u64, request_id = %id.0, "request");
    metrics::counter!("portal_http_requests_total", "method" => method, "route" => route, "status" => status.as_u16().to_string())
        .increment(1);
    metrics::histogram!("portal_http_request_duration_seconds", "route" => route).record(took.as_secs_f64());
}

/// A visitor may make methods up: they would be as many figures.
pub(crate) fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Is it this path, or one of one segment more?
fn is_or_below(path: &str, known: &str) -> bool {
    let is_segment = |more: &str| !more.is_empty() && !more.contains('/');
    path.strip_prefix(known).is_some_and(|more| more.is_empty() || more.strip_prefix('/').is_some_and(is_segment))
}
