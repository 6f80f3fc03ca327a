//! How an answer goes out: whole, compressed, in odd pieces, cut, as XML or as a page of HTML.

use std::{io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use serde_json::Value;

const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
const BEFORE_CUT: Duration = Duration::from_millis(30);
/// Below this, compressing gains nothing.
const WORTH_COMPRESSING: usize = 1024;
/// Sizes of the pieces of an old server, over and over.
const PIECES: [usize; 7] = [1, 7, 311, 4096, 13, 1460, 16_384];

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Does the client take gzip?
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && parts.all(|weight| weight != "q=0")
    })
}

/// Does the client want a `Binary` as what it holds (<https://hl7.org/fhir/R4/binary.html#rest>)? FHIR's own formats, and
/// no wish at all, mean the resource.
pub(super) fn wants_raw(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| !accept.contains("json") && !accept.contains("xml") && !accept.contains("*/*"))
}

/// Content type and bytes of a `Binary`.
pub(super) fn binary(body: &str) -> Option<(String, Vec<u8>)> {
    let resource: Value = body.starts_with('{').then(|| serde_json::from_str(body).ok()).flatten()?;
    let text = |member: &str| resource.get(member).and_then(Value::as_str);
    (text("resourceType")? == "Binary").then_some(())?;
    Some((text("contentType")?.to_owned(), STANDARD.decode(text("data")?).ok()?))
}

fn respond(status: u16, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

fn full(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync()
}

/// What a `Binary` holds.
pub(super) fn native(content_type: &str, bytes: Vec<u8>) -> Response<Body> {
    respond(200, content_type, full(bytes))
}

/// A page of HTML where FHIR is meant.
pub(super) fn garbage() -> Response<Body> {
    respond(200, "text/html", full(b"<html><body><h1>It works!</h1></body></html>".to_vec()))
}

/// The page of a web server whose application fell over.
pub(super) fn html_fault(status: u16) -> Response<Body> {
    let page = "<html><head><title>500 Internal Server Error</title></head><body><h1>Internal Server Error</h1>\
        <p>java.lang.NullPointerException</p></body></html>";
    respond(status, "text/html; charset=ISO-8859-1", full(page.as_bytes().to_vec()))
}

/// An `OperationOutcome` as XML (<https://hl7.org/fhir/R4/xml.html>), whatever was asked for.
pub(super) fn xml_outcome(status: u16, json: &str) -> Response<Body> {
    let outcome: Value = serde_json::from_str(json).unwrap_or_default();
    let of = |path: &str| outcome.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OperationOutcome xmlns=\"http://hl7.org/fhir\">\n  <issue>\n    \
         <severity value=\"{}\"/>\n    <code value=\"{}\"/>\n    <diagnostics value=\"{}\"/>\n  </issue>\n\
         </OperationOutcome>\n",
        of("/issue/0/severity"),
        of("/issue/0/code"),
        escaped(of("/issue/0/diagnostics")),
    );
    respond(status, "application/fhir+xml; charset=utf-8", full(xml.into_bytes()))
}

/// Compressed where the client takes it and it gains something.
pub(super) fn whole(status: u16, body: Vec<u8>, gzip: bool) -> Response<Body> {
    match packed(&body).filter(|_| gzip && body.len() >= WORTH_COMPRESSING) {
        Some(packed) => as_gzip(respond(status, FHIR_JSON, full(packed))),
        None => respond(status, FHIR_JSON, full(body)),
    }
}

/// Compressed however small, in pieces of odd sizes, so that characters and lines are torn apart.
pub(super) fn in_pieces(status: u16, body: Vec<u8>, gzip: bool) -> Response<Body> {
    let packed = packed(&body).filter(|_| gzip);
    let compressed = packed.is_some();
    let mut rest = Bytes::from(packed.unwrap_or(body));
    let mut pieces = Vec::new();
    for size in PIECES.into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        pieces.push(Ok(Frame::data(rest.split_to(size.min(rest.len())))));
    }
    let response = respond(status, FHIR_JSON, StreamBody::new(stream::iter(pieces)).boxed_unsync());
    if compressed { as_gzip(response) } else { response }
}

fn packed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // writing to a Vec cannot fail; if it did, the answer goes out as it is
    io::Write::write_all(&mut encoder, body).and_then(|()| encoder.finish()).ok()
}

fn as_gzip(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Half of the promised body, then the connection breaks.
pub(super) fn cut(status: u16, body: Vec<u8>) -> Response<Body> {
    let promised = body.len();
    let half = Bytes::from(body).slice(..promised / 2);
    let first = stream::once(std::future::ready(Ok(Frame::data(half))));
    // the pause lets the first half leave before the connection goes
    let broken = stream::once(async {
        tokio::time::sleep(BEFORE_CUT).await;
        Err(io::ErrorKind::ConnectionReset.into())
    });
    let mut response = respond(status, FHIR_JSON, StreamBody::new(first.chain(broken)).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_LENGTH, promised.into());
    response
}
