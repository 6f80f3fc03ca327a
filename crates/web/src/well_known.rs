//! Documents at fixed addresses (RFC 8615) that other machines read.

use poem::{
    Response,
    http::{HeaderValue, header},
};

/// For five minutes whoever asks may keep a copy: a set of keys is published an hour before it is used.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A JSON document for everybody.
pub fn document(json: String) -> Response {
    let mut response = Response::builder().content_type("application/json").body(json);
    response.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    response
}
