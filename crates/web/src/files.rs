//! Files of other people's making, handed to a browser so that they can do nothing there.

use poem::{Body, Response, http::header};

/// Nothing is loaded, nothing runs, and the document has an origin of its own.
const POLICY: &str = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Letters of a name that are kept.
const LONGEST_NAME: usize = 80;

/// A file that has been looked at: its type is what its bytes are.
pub struct CheckedFile<'a> {
    /// What its bytes are.
    pub content_type: &'static str,
    /// Of its name, without the dot.
    pub extension: &'static str,
    /// What somebody calls it; anything.
    pub title: &'a str,
    /// The whole of it.
    pub bytes: Vec<u8>,
}

/// The answer that holds it. Every answer also says `nosniff` and `private, no-store` ([`crate::shell`]).
pub fn file(of: CheckedFile<'_>) -> Response {
    let name = file_name(of.title);
    let named = match name.is_empty() {
        true => String::new(),
        // RFC 8187: letters beyond ASCII; the first form is for programs that don't know the second.
        false => format!("; filename*=UTF-8''{}.{}", percent_encoded(&name), of.extension),
    };
    Response::builder()
        .header(header::CONTENT_TYPE, of.content_type)
        .header(header::CONTENT_DISPOSITION, format!("inline; filename=\"document.{}\"{named}", of.extension))
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .body(Body::from(of.bytes))
}

/// Without what a file system or a header would take for something else.
fn file_name(title: &str) -> String {
    let plain = |c: &char| {
        !c.is_control()
            && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '.')
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    title.chars().filter(plain).take(LONGEST_NAME).collect::<String>().trim().to_owned()
}

fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disposition(title: &str) -> String {
        let bytes = b"%PDF-".to_vec();
        let answer = file(CheckedFile { content_type: "application/pdf", extension: "pdf", title, bytes });
        let policy = answer.header(header::CONTENT_SECURITY_POLICY).unwrap_or_default();
        assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("allow-"), "{policy}");
        assert_eq!(answer.content_type(), Some("application/pdf"));
        answer.header(header::CONTENT_DISPOSITION).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_title_is_only_ever_a_name() {
        assert_eq!(disposition(""), "inline; filename=\"document.pdf\"");
        assert_eq!(disposition("ECG 1"), "inline; filename=\"document.pdf\"; filename*=UTF-8''ECG%201.pdf");
        assert_eq!(
            disposition("\"\r\nset-cookie: x/../心电图\u{202e}.exe"),
            "inline; filename=\"document.pdf\"; filename*=UTF-8''set-cookie%20x%E5%BF%83%E7%94%B5%E5%9B%BEexe.pdf"
        );
        assert!(disposition(&"长".repeat(500)).len() < 900);
    }
}
