//! Headers on every answer.

use poem::http::{HeaderMap, HeaderValue, header};

/// Nothing but our own files, and scripts that carry this answer's nonce; nothing inline, no eval.
fn content_security_policy(nonce: &str, forms: &str) -> String {
    let nonce = if nonce.is_empty() { String::new() } else { format!(" 'nonce-{nonce}'") };
    format!(
        "default-src 'none'; script-src 'self'{nonce}; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'{forms}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The `Content-Security-Policy` of a page with a form that goes to another site: to `origin` and nowhere else.
pub fn policy_with_form_to(nonce: &str, origin: &str) -> String {
    content_security_policy(nonce, &format!(" {origin}"))
}

const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("x-frame-options", "DENY"),
];

/// Adds what an answer does not say for itself (a handler may set a `Content-Security-Policy` or `Cache-Control` of its own).
/// `nonce` is that of the page's script tags.
pub fn add(headers: &mut HeaderMap, request_id: &str, nonce: &str, secure: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", value);
    }
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(nonce, "")) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    if access::Safeguard::NoStore.stands() {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    }
    if secure {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_need_the_nonce_of_their_own_answer() {
        let mut headers = HeaderMap::new();
        add(&mut headers, "R-1", "n0nce", false);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("script-src 'self' 'nonce-n0nce';") && policy.starts_with("default-src 'none';"));
        assert!(!policy.contains("unsafe"));
        let led = policy_with_form_to("n0nce", "https://hospital.example");
        assert_eq!(led, policy.replace("form-action 'self';", "form-action 'self' https://hospital.example;"));
        let mut bare = HeaderMap::new();
        add(&mut bare, "R-1", "", false);
        assert!(!bare[header::CONTENT_SECURITY_POLICY].to_str().expect("text").contains("nonce"));
    }
}
