//! Text of a bundle: one line, bounded, and as it is compared.

use unicode_normalization::UnicodeNormalization as _;

/// Does any character of it belong to the Han script, as far as names use it?
pub fn is_han(text: &str) -> bool {
    text.chars().any(|one| matches!(one, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'))
}

/// One line of at most `longest` characters, without what is not seen or turns other text round.
pub fn line(text: &str, longest: usize) -> String {
    let seen = |one: &char| !matches!(one, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    // Many times what is kept: blanks take part of it, and the rest of a long text is not gone through.
    let whole: String =
        text.chars().take(longest * 4).filter(seen).map(|one| if one.is_control() { ' ' } else { one }).collect();
    let mut kept: String = whole.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(longest).collect();
    kept.truncate(kept.trim_end().len());
    kept
}

/// As texts are compared: compatibility forms (full-width letters and digits) and case folded away.
pub fn folded(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |text: &str, expect: &str| assert_eq!(line(text, 6), expect, "{text:?}");
        check("  仁济\n医院 ", "仁济 医院");
        check("abc\u{202e}def", "abcdef");
        check("a\0b", "a b");
        check("abcde fgh", "abcde");
        check("", "");
    }

    #[test]
    fn comparing() {
        assert_eq!(folded("ＲＥＮＪＩ　Hospital １"), "renji hospital 1");
        assert_eq!((is_han("滨江 A"), is_han("Binjiang")), (true, false));
    }
}
