//! HTML written by Rust code: escaped where it is made.

use serde::{Serialize, Serializer};

/// HTML that is safe to print as it is. Templates print it with `| safe`, on fields whose names end in `_html` only
/// (a test holds them to it).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Takes markup whose every piece of outside text went through [`escape`] or [`push_escaped`].
    pub fn from_escaped(markup: String) -> Self {
        Self(markup)
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Html {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Text as HTML text or as a quoted attribute's value (OWASP's five characters, and the backtick for old parsers).
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    push_escaped(&mut out, text);
    out
}

/// [`escape`] at the end of `out`. Characters that HTML forbids outright (C0 controls but tab and line ends) are
/// dropped: a laboratory's text may hold them.
pub fn push_escaped(out: &mut String, text: &str) {
    // What needs no escape is taken over in one piece: nearly all of a page.
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| ESCAPED[usize::from(byte)]) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match from.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            Some(b'\'') => "&#39;",
            Some(b'`') => "&#96;",
            _ => "",
        });
        // All of them are single bytes.
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Bytes that do not stand for themselves; no byte of a longer character is among them.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escaped[byte] = !matches!(byte as u8, b'\t' | b'\n' | b'\r');
        byte += 1;
    }
    let named = *b"&<>\"'`\x7f";
    let mut nth = 0;
    while nth < named.len() {
        escaped[named[nth] as usize] = true;
        nth += 1;
    }
    escaped
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_stays_text() {
        let check = |text: &str, expect: &str| assert_eq!(escape(text), expect, "{text:?}");
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("a\" onload='x'", "a&quot; onload=&#39;x&#39;");
        check("R&D `x`", "R&amp;D &#96;x&#96;");
        check("×10⁹/L 钾", "×10⁹/L 钾");
        check("a\u{0}b\u{1b}c\td", "abc\td");
    }
}
