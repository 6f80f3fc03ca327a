//! A resource's JSON for the eye: indented, numbers and keys as sent, numbers of people covered, nothing endless.

use patients::{looks_like_resident_id, mask_identifier, mask_phone};

/// Bytes of a page that are shown at most.
const LONGEST: usize = 256 * 1024;
/// Characters of one string: documents in base64 are opened elsewhere.
const LONGEST_STRING: usize = 4_000;
/// Deeper levels stand under one another.
const DEEPEST: usize = 32;

/// A JSON text, indented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pretty {
    /// The text. Nothing of it is HTML.
    pub text: String,
    /// Were identity or telephone numbers covered?
    pub masked: bool,
    /// Was something too long left out? `…` stands there.
    pub cut: bool,
}

/// Indents `json`, which the reader of resources has accepted. Tokens stay as they were written: `5.40` is not `5.4`.
pub(crate) fn pretty(json: &str) -> Pretty {
    let mut out = Pretty::default();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(next) = json[at..].chars().next() {
        if out.text.len() > LONGEST {
            out.text.push('…');
            out.cut = true;
            break;
        }
        match next {
            '"' => {
                let end = at + 1 + string_len(&json[at + 1..]);
                out.string(&json[at + 1..end]);
                at = (end + 1).min(json.len());
                continue;
            }
            '{' | '[' => {
                let rest = json[at + 1..].trim_start();
                out.text.push(next);
                if let Some(close) = rest.chars().next().filter(|close| matches!(close, '}' | ']')) {
                    out.text.push(close);
                    at = json.len() - rest.len() + 1;
                    continue;
                }
                depth += 1;
                out.line(depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                out.line(depth);
                out.text.push(next);
            }
            ',' => {
                out.text.push(next);
                out.line(depth);
            }
            ':' => out.text.push_str(": "),
            space if space.is_whitespace() => {}
            other => out.text.push(other),
        }
        at += next.len_utf8();
    }
    out
}

/// Bytes up to the quote that ends a string.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

impl Pretty {
    fn line(&mut self, depth: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    }

    /// A string's inside, as written, with its quotes.
    fn string(&mut self, inside: &str) {
        let shown = match inside.char_indices().nth(LONGEST_STRING) {
            Some((end, _)) => &inside[..end],
            None => inside,
        };
        self.text.push('"');
        let mut rest = shown;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let number = &rest[start..];
            let end = number.find(|c: char| !c.is_ascii_digit() && !matches!(c, 'X' | 'x')).unwrap_or(number.len());
            self.text.push_str(&rest[..start]);
            self.number(&number[..end]);
            rest = &number[end..];
        }
        self.text.push_str(rest);
        if shown.len() < inside.len() {
            self.text.push('…');
            self.cut = true;
        }
        self.text.push('"');
    }

    /// Numbers that are people's are covered here as everywhere: the value can be judged without them.
    fn number(&mut self, digits: &str) {
        let covered = match digits.as_bytes() {
            [b'1', b'3'..=b'9', ..] if digits.len() == 11 => mask_phone(digits),
            _ if looks_like_resident_id(digits) => mask_identifier(digits),
            _ => digits.to_owned(),
        };
        self.masked |= covered != digits;
        self.text.push_str(&covered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &str) {
        assert_eq!(pretty(json).text, expect, "{json}");
    }

    #[test]
    fn tokens_stay_as_they_were_written() {
        check(
            r#"{"value":5.40,"a":[1,{}, [ ] ],"b":null}"#,
            "{\n  \"value\": 5.40,\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \"b\": null\n}",
        );
        check(r#"{ "t" : "a\"b{,:}" }"#, "{\n  \"t\": \"a\\\"b{,:}\"\n}");
        check("", "");
        check("{\"a", "{\n  \"a\"");
    }

    #[test]
    fn numbers_of_people_are_covered() {
        let told = pretty(
            r#"{"id":"999009196403180328","t":"电话13800000526。","n":"2026-11-20T08:10:00","x":"12345678901"}"#,
        );
        assert!(told.masked, "{told:?}");
        assert!(!told.text.contains("999009196403180328") && !told.text.contains("13800000526"), "{told:?}");
        assert!(told.text.contains("999***********0328") && told.text.contains("138****0526"), "{told:?}");
        assert!(told.text.contains("2026-11-20T08:10:00") && told.text.contains("12345678901"), "{told:?}");
        assert!(!pretty(r#"{"id":"p1"}"#).masked);
    }

    #[test]
    fn nothing_is_endless() {
        let long = format!(r#"{{"data":"{}"}}"#, "汉".repeat(LONGEST_STRING + 1));
        let told = pretty(&long);
        assert!(told.cut && told.text.len() < long.len() + 20, "{}", told.text.len());
        let deep = "[".repeat(3_000_000);
        let told = pretty(&deep);
        assert!(told.cut && told.text.len() < LONGEST + 100, "{}", told.text.len());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered_and_json_says_the_same(text in "[\\[\\]{}\",:a5. \\\\]{0,60}") {
            let told = pretty(&text);
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
                proptest::prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&told.text).ok(), Some(value));
            }
        }
    }
}
