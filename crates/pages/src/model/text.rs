//! What administrators write on pages, in both languages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest text in one language, in characters.
pub const LONGEST: usize = 80;

/// A short plain text in both languages. It is shown escaped, never as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// In Chinese.
    #[schemars(length(max = 80))]
    pub zh: String,
    /// In English.
    #[schemars(length(max = 80))]
    pub en: String,
}

impl Bilingual {
    /// Both.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// Is there something to read in both languages, not too long, without characters that have no place in a line?
    pub fn is_sound(&self) -> bool {
        [&self.zh, &self.en].into_iter().all(|text| is_line(text) && !text.trim().is_empty())
    }
}

/// One line of visible text: no control characters, and none that turn the direction of what stands after it.
fn is_line(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    text.chars().count() <= LONGEST && !text.chars().any(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (zh, en, good) in [
            ("工作台", "Workspace", true),
            ("<script>alert(1)</script>", "it is text", true),
            ("", "Workspace", false),
            ("工作台", "  ", false),
            ("工\n作", "Workspace", false),
            ("工作台", "a\u{202e}b", false),
            ("工作台", "a\0b", false),
        ] {
            assert_eq!(Bilingual::new(zh, en).is_sound(), good, "{zh:?} {en:?}");
        }
        assert!(!Bilingual::new("长".repeat(LONGEST + 1), "long").is_sound());
    }
}
