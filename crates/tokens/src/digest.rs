//! Digests as texts.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// SHA-256 in base64url without padding: thumbprints (RFC 7638), challenges (RFC 7636), the name of what must not be kept.
pub fn sha256_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}
