//! Cross-site request forgery: a token bound to the session (or, before sign-in, to a cookie of its own) and the
//! browser's word about where the request comes from.
//!
//! The token is masked anew in every answer, so that compression can't be used to guess it (BREACH).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use poem::http::HeaderMap;
use subtle::ConstantTimeEq;

use crate::keys::{self, Key};

/// A token for a page, made from what the browser is known by.
///
/// # Errors
/// No random bytes.
pub fn token(key: &Key, bound_to: &str) -> Result<String, keys::KeyError> {
    let mask = keys::random()?;
    let mut out = [0u8; 64];
    let (left, right) = out.split_at_mut(32);
    left.copy_from_slice(mask.as_slice());
    for ((byte, mask), secret) in right.iter_mut().zip(mask.iter()).zip(secret(key, bound_to)) {
        *byte = mask ^ secret;
    }
    Ok(URL_SAFE_NO_PAD.encode(out))
}

/// Was `token` made for `bound_to`?
pub fn matches(key: &Key, bound_to: &str, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    if bytes.len() != 64 {
        return false;
    }
    let (mask, masked) = bytes.split_at(32);
    let unmasked: Vec<u8> = mask.iter().zip(masked).map(|(mask, byte)| mask ^ byte).collect();
    unmasked.ct_eq(&secret(key, bound_to)).into()
}

fn secret(key: &Key, bound_to: &str) -> [u8; 32] {
    let mut mac = match Hmac::<sha2::Sha256>::new_from_slice(key.as_slice()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC-SHA256 takes 32 bytes"),
    };
    mac.update(bound_to.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Does the browser say that the request comes from our own pages? `Sec-Fetch-Site` when there is one, else `Origin`;
/// a client that sends neither is no browser of the last years and is held by the token alone.
pub fn same_origin(headers: &HeaderMap, own_origin: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    text("origin").is_none_or(|origin| origin == own_origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    #[test]
    fn a_token_fits_its_session_alone_and_never_repeats() {
        let key = keys::random().expect("random");
        let one = token(&key, "session-1").expect("token");
        let two = token(&key, "session-1").expect("token");
        assert_ne!(one, two);
        assert!(matches(&key, "session-1", &one) && matches(&key, "session-1", &two));
        assert!(!matches(&key, "session-2", &one));
        assert!(!matches(&keys::random().expect("random"), "session-1", &one));
        for bad in ["", "AA", "%%%", &one[1..]] {
            assert!(!matches(&key, "session-1", bad), "{bad}");
        }
    }

    #[test]
    fn where_requests_come_from() {
        let check = |pairs: &[(&'static str, &'static str)], expect: bool| {
            let headers =
                pairs.iter().map(|(name, value)| (name.parse().expect("name"), HeaderValue::from_static(value)));
            let headers: HeaderMap = headers.collect();
            assert_eq!(same_origin(&headers, "https://portal.example"), expect, "{pairs:?}");
        };
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "https://portal.example")], false);
        check(&[("origin", "https://portal.example")], true);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "null")], false);
    }
}
