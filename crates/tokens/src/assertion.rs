//! How a client proves with its key who it is.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// How long one is valid: SMART allows five minutes at most, and clocks differ.
pub const ASSERTION_LIFETIME: i64 = 4;

/// `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The claims of a client's assertion (RFC 7523 section 3,
/// <https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#authentication-jwt-claims>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAssertion {
    /// The client.
    pub iss: String,
    /// The client again.
    pub sub: String,
    /// The token endpoint.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970: [`ASSERTION_LIFETIME`] minutes later.
    pub exp: i64,
    /// Never used twice.
    pub jti: String,
}

impl ClientAssertion {
    /// For one request. `id` must be new each time.
    pub fn new(client_id: &str, audience: &str, id: String, now: Timestamp) -> Self {
        let (iat, client) = (now.as_second(), client_id.to_owned());
        let exp = (now + ASSERTION_LIFETIME.minutes()).as_second();
        Self { iss: client.clone(), sub: client, aud: audience.to_owned(), iat, exp, jti: id }
    }
}
