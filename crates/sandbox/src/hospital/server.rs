//! The FHIR server over hyper: routes, compression, and the ways it can fail on command.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use jiff::Timestamp;

use super::{
    capability::capability,
    mode::{Mode, Switch},
    outcome::outcome,
    page::{Bookmark, Page, expired},
    platform::Platform,
    records::Records,
    search::{self, Query, Refusal},
};

/// Bodies of `_search` are a few parameters.
const MAX_FORM: usize = 64 * 1024;
const BEFORE_CUT: Duration = Duration::from_millis(30);
const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// A hospital's FHIR endpoint.
pub(crate) struct FhirServer {
    pub(crate) records: Records,
    pub(crate) platform: &'static Platform,
    /// `http://127.0.0.1:port/fhir`
    pub(crate) base: String,
    pub(crate) switch: Arc<Switch>,
    pub(crate) slow: Duration,
    pub(crate) page_link: Duration,
}

/// The path under which FHIR is served.
pub(crate) const BASE_PATH: &str = "/fhir";

type Body = UnsyncBoxBody<Bytes, io::Error>;

struct Reply {
    status: u16,
    body: String,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.status, body: refusal.body.to_string() }
    }
}

impl FhirServer {
    /// Answers one request in the present mode.
    ///
    /// # Errors
    /// In mode `down`: the connection is to be closed without an answer.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
        self.switch.count();
        let mode = self.switch.mode();
        match mode {
            Mode::Down => return Err(io::ErrorKind::ConnectionReset.into()),
            Mode::Slow => tokio::time::sleep(self.slow).await,
            Mode::Refusing => {
                return Ok(plain(403, FHIR_JSON, outcome("error", "forbidden", "Access denied", None).to_string()));
            }
            Mode::Garbage => {
                return Ok(plain(200, "text/html", "<html><body><h1>It works!</h1></body></html>".to_owned()));
            }
            Mode::Ok | Mode::Dropping => {}
        }
        let gzip = accepts_gzip(request.headers());
        let reply = self.route(request).await;
        if mode == Mode::Dropping { Ok(cut(reply)) } else { Ok(whole(reply, gzip)) }
    }

    async fn route(&self, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let Some(path) = parts.uri.path().strip_prefix(BASE_PATH) else { return not_found("no such path") };
        let mut params = decode(parts.uri.query().unwrap_or_default().as_bytes());
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (&parts.method, segments.as_slice()) {
            (&Method::GET | &Method::HEAD, []) => self.next_page(&params),
            (&Method::GET | &Method::HEAD, ["metadata"]) => {
                Reply { status: 200, body: capability(&self.records, self.platform, &self.base).to_string() }
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
            Some(stored) => Reply { status: 200, body: stored.json.clone() },
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
            return Reply { status: 200, body: expired() };
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
        Reply { status: 200, body: page.write() }
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

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && parts.all(|weight| weight != "q=0")
    })
}

fn respond(status: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn plain(status: u16, content_type: &'static str, body: String) -> Response<Body> {
    respond(status, content_type, full(body.into()))
}

fn whole(reply: Reply, gzip: bool) -> Response<Body> {
    if !gzip || reply.body.len() < 1024 {
        return plain(reply.status, FHIR_JSON, reply.body);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // writing to a Vec cannot fail; if it did, the answer goes out as it is
    let packed = io::Write::write_all(&mut encoder, reply.body.as_bytes()).and_then(|()| encoder.finish());
    let Ok(packed) = packed else { return plain(reply.status, FHIR_JSON, reply.body) };
    let mut response = respond(reply.status, FHIR_JSON, full(packed.into()));
    response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    response
}

/// Half of the promised body, then the connection breaks.
fn cut(reply: Reply) -> Response<Body> {
    let promised = reply.body.len();
    let half = Bytes::from(reply.body).slice(..promised / 2);
    let first = stream::once(std::future::ready(Ok(Frame::data(half))));
    // the pause lets the first half leave before the connection goes
    let broken = stream::once(async {
        tokio::time::sleep(BEFORE_CUT).await;
        Err(io::ErrorKind::ConnectionReset.into())
    });
    let mut response = respond(reply.status, FHIR_JSON, StreamBody::new(first.chain(broken)).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_LENGTH, promised.into());
    response
}
