//! The FHIR server over hyper: routes, compression, and the ways it can fail on command.

use std::{io, sync::Arc, time::Duration};

use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;

use super::{
    body::{self, Body},
    capability::capability,
    mode::{Mode, Switch},
    page::{Bookmark, Page, expired},
    platform::Platform,
    records::Records,
    search::{self, Query, Refusal},
    temper::{Fate, Temper},
};

/// Bodies of `_search` are a few parameters.
const MAX_FORM: usize = 64 * 1024;

/// A hospital's FHIR endpoint.
pub(crate) struct FhirServer {
    pub(crate) records: Records,
    pub(crate) platform: &'static Platform,
    /// `http://127.0.0.1:port/fhir`
    pub(crate) base: String,
    pub(crate) switch: Arc<Switch>,
    pub(crate) slow: Duration,
    pub(crate) page_link: Duration,
    /// What the vendor's server does now and then.
    pub(crate) temper: Temper,
}

/// The path under which FHIR is served.
pub(crate) const BASE_PATH: &str = "/fhir";

struct Reply {
    status: u16,
    body: String,
    /// Beside 429: seconds to wait.
    retry_after: Option<u64>,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, refusal.body.to_string())
    }
}

impl Reply {
    fn new(status: u16, body: String) -> Self {
        Self { status, body, retry_after: None }
    }
}

impl FhirServer {
    /// Answers one request in the present mode.
    ///
    /// # Errors
    /// In mode `down`, and when the connection breaks as this vendor's sometimes do: it is closed without an answer.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
        let number = self.switch.count();
        let mode = self.switch.mode();
        match mode {
            Mode::Down => return Err(io::ErrorKind::ConnectionReset.into()),
            Mode::Slow => tokio::time::sleep(self.slow).await,
            Mode::Refusing => return Ok(self.wrap(Refusal::new(403, "forbidden", "Access denied").into(), false)),
            Mode::Garbage => return Ok(body::garbage()),
            Mode::Ok | Mode::Dropping => {}
        }
        tokio::time::sleep(self.temper.delay).await;
        let gzip = body::accepts_gzip(request.headers());
        let raw = body::wants_raw(request.headers());
        let fate = self.temper.fate(number, Timestamp::now());
        let reply = match fate {
            Fate::Vanish => return Err(io::ErrorKind::ConnectionReset.into()),
            Fate::Wait(seconds) => too_many(seconds),
            Fate::Answer | Fate::BreakOff => self.route(request).await,
        };
        if mode == Mode::Dropping || fate == Fate::BreakOff {
            return Ok(body::cut(reply.status, self.records.bytes(reply.body)));
        }
        match raw.then(|| body::binary(&reply.body)).flatten() {
            Some((content_type, bytes)) => Ok(body::native(&content_type, bytes)),
            None => Ok(self.wrap(reply, gzip)),
        }
    }

    /// The reply in the vendor's envelope.
    fn wrap(&self, reply: Reply, gzip: bool) -> Response<Body> {
        let Reply { status, body, retry_after } = reply;
        let mut response = match (self.platform.old, status) {
            (true, 500..) => body::html_fault(status),
            (true, 400..) => body::xml_outcome(status, &body),
            (true, _) => body::in_pieces(status, self.records.bytes(body), gzip),
            (false, _) => body::whole(status, self.records.bytes(body), gzip),
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    async fn route(&self, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let Some(path) = parts.uri.path().strip_prefix(BASE_PATH) else { return not_found("no such path") };
        let mut params = decode(parts.uri.query().unwrap_or_default().as_bytes());
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (&parts.method, segments.as_slice()) {
            (&Method::GET | &Method::HEAD, []) => self.next_page(&params),
            (&Method::GET | &Method::HEAD, ["metadata"]) => {
                Reply::new(200, capability(&self.records, self.platform, &self.base).to_string())
            }
            (&Method::GET | &Method::HEAD, [".well-known", ..]) => not_found("this server is open"),
            (&Method::GET | &Method::HEAD, [kind]) => self.search(kind, params),
            (&Method::GET | &Method::HEAD, [kind, id]) => self.read(kind, id),
            (&Method::GET | &Method::HEAD, ["Patient", id, "$everything"]) if self.platform.everything => {
                self.everything(id, params)
            }
            (&Method::POST, [kind, "_search"]) => match Limited::new(body, MAX_FORM).collect().await {
                Ok(form) => {
                    params.extend(decode(&form.to_bytes()));
                    self.search(kind, params)
                }
                Err(_) => Refusal::new(413, "too-long", "the form is too long").into(),
            },
            (&Method::GET | &Method::HEAD, _) => not_found("no such path"),
            _ => Refusal::new(405, "not-supported", "this server is read-only").into(),
        }
    }

    fn read(&self, kind: &str, id: &str) -> Reply {
        let Some(shelf) = self.records.shelf(kind) else { return not_found(&format!("unknown resource type {kind}")) };
        match shelf.position(id).and_then(|at| shelf.resources.get(at)) {
            Some(stored) => Reply::new(200, stored.json.clone()),
            None => not_found(&format!("no {kind} of this id")),
        }
    }

    fn search(&self, kind: &str, params: Vec<(String, String)>) -> Reply {
        self.page(&Query { kind: kind.to_owned(), params }, 0)
    }

    fn everything(&self, id: &str, params: Vec<(String, String)>) -> Reply {
        if self.records.shelf("Patient").is_none_or(|shelf| shelf.position(id).is_none()) {
            return not_found("no Patient of this id");
        }
        self.page(&Query { kind: format!("Patient/{id}/$everything"), params }, 0)
    }

    fn next_page(&self, params: &[(String, String)]) -> Reply {
        let opaque = params.iter().find(|(key, _)| key == self.platform.page_parameter);
        let Some(bookmark) = opaque.and_then(|(_, value)| Bookmark::read(value)) else {
            return not_found("no such page");
        };
        let age = Timestamp::now().as_millisecond().saturating_sub(bookmark.issued);
        if self.platform.links_expire && age > self.page_link.as_millis() as i64 {
            return Reply::new(200, expired());
        }
        self.page(&bookmark.query(), bookmark.offset)
    }

    fn page(&self, query: &Query, offset: usize) -> Reply {
        let found = match self.found(query) {
            Ok(found) => found,
            Err(refusal) => return refusal.into(),
        };
        let now = Timestamp::now().as_millisecond();
        let (records, platform, base) = (&self.records, self.platform, self.base.as_str());
        let page = Page { records, platform, base, query, found: &found, offset, now };
        Reply::new(200, page.write())
    }

    /// Type and position of all that a search, or `$everything`, finds.
    fn found(&self, query: &Query) -> Result<Vec<(&'static str, usize)>, Refusal> {
        let everything = query.kind.strip_prefix("Patient/").and_then(|rest| rest.strip_suffix("/$everything"));
        if let Some(id) = everything {
            let of = |kind: &'static str| {
                let shelf = self.records.shelf(kind).into_iter();
                shelf.flat_map(move |shelf| shelf.about(id)).map(move |at| (kind, *at))
            };
            return Ok(self.records.kinds().flat_map(of).collect());
        }
        let found = search::find(&self.records, self.platform, query)?;
        let kind = self.records.kinds().find(|kind| *kind == query.kind).unwrap_or_default();
        Ok(found.into_iter().map(|at| (kind, at)).collect())
    }
}

fn not_found(text: &str) -> Reply {
    Refusal::new(404, "not-found", text).into()
}

fn decode(query: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query).into_owned().collect()
}

fn too_many(seconds: u64) -> Reply {
    let refusal = Refusal::new(429, "throttled", "Too many requests");
    Reply { retry_after: Some(seconds), ..refusal.into() }
}
