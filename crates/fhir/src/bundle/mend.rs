//! Mending pages whose JSON is almost right.

use std::borrow::Cow;

/// A page after mending.
pub(super) struct Mended<'t> {
    pub(super) text: Cow<'t, str>,
    /// Raw control characters were replaced.
    pub(super) controls: bool,
}

/// Replaces raw control characters by spaces (outside strings they are white space or illegal anyway) and halves of
/// surrogate pairs by U+FFFD. Lengths stay the same.
pub(super) fn mend(text: &str) -> Mended<'_> {
    let mut bytes = Cow::Borrowed(text.as_bytes());
    let mut controls = false;
    let mut in_string = false;
    let mut at = 0;
    while at < text.len() {
        match text.as_bytes()[at] {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                if let Some(half) = lone_surrogate(&text.as_bytes()[at..]) {
                    if half {
                        bytes.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                        at += 5;
                    } else {
                        at += 11;
                    }
                } else {
                    at += 1;
                }
            }
            byte if byte < 0x20 => {
                controls |= in_string;
                bytes.to_mut()[at] = b' ';
            }
            _ => {}
        }
        at += 1;
    }
    let text = match bytes {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // ASCII was put in the place of ASCII.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_default()),
    };
    Mended { text, controls }
}

/// At a `\uXXXX` of the surrogate range: is it half a pair? `None` for every other escape.
fn lone_surrogate(escape: &[u8]) -> Option<bool> {
    let first = unit(escape)?;
    match first {
        0xD800..=0xDBFF => Some(!matches!(escape.get(6..).and_then(unit), Some(0xDC00..=0xDFFF))),
        0xDC00..=0xDFFF => Some(true),
        _ => None,
    }
}

fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::mend;

    #[test]
    fn control_characters_become_spaces_and_lone_surrogates_are_replaced() {
        let check = |text: &str, expect: &str, controls: bool| {
            let mended = mend(text);
            assert_eq!((mended.text.as_ref(), mended.controls), (expect, controls), "{text:?}");
        };
        check("{\"a\":\"b\tc\"}", "{\"a\":\"b c\"}", true);
        check("{\n\"a\":1}", "{ \"a\":1}", false);
        check(r#""\ud800x""#, r#""\ufffdx""#, false);
        check(r#""\udc00""#, r#""\ufffd""#, false);
        check(r#""\ud83d\ude00""#, r#""\ud83d\ude00""#, false);
        check(r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#, false);
        check(r#""\\ud800""#, r#""\\ud800""#, false);
        check("\"\\\"\t", "\"\\\" ", true);
        check(r#""\u12"#, r#""\u12"#, false);
    }
}
