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
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            '\t' | '\n' | '\r' => out.push(character),
            character if character < ' ' || character == '\u{7f}' => {}
            character => out.push(character),
        }
    }
}

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
