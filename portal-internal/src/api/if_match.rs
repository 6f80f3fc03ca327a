//! `If-Match` (RFC 9110 section 13.1.1): which state of something a change is meant for.

use access::Fault;
use poem::http::StatusCode;
use web::Failure;

/// The rev that a change is meant for. A tag may bear the coding of the answer that it came with.
pub(super) fn rev(header: Option<&str>) -> Result<i64, Failure> {
    let missing = || {
        Failure::new(Fault::Invalid).with_status(StatusCode::PRECONDITION_REQUIRED).with_problem("if-match-required")
    };
    let tag = header.map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"')).ok_or_else(missing)?;
    tag.split('-').next().and_then(|rev| rev.parse().ok()).ok_or_else(missing)
}
