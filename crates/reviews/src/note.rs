//! A note to the patient.

use std::fmt;

/// Plain text, short enough to be read on a phone.
#[derive(Clone, PartialEq, Eq)]
pub struct ReviewNote(String);

/// Health data: never in a log line.
impl fmt::Debug for ReviewNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReviewNote").finish_non_exhaustive()
    }
}

impl ReviewNote {
    /// In characters.
    pub const LONGEST: usize = 500;

    /// `Ok(None)` where nothing was written; `Err` when it is too long. Line breaks stay, other control characters and
    /// what turns the direction of text do not: they can make a text say something else than it shows.
    ///
    /// # Errors
    /// [`TooLong`] when it is longer than [`ReviewNote::LONGEST`].
    pub fn new(text: &str) -> Result<Option<Self>, TooLong> {
        let text: String = text.chars().filter(|char| *char == '\n' || !is_hidden(*char)).collect();
        let text = text.trim();
        match text.chars().count() {
            0 => Ok(None),
            length if length > Self::LONGEST => Err(TooLong),
            _ => Ok(Some(Self(text.to_owned()))),
        }
    }

    /// Its words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// More than [`ReviewNote::LONGEST`] characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note has {} characters at most", ReviewNote::LONGEST)]
pub struct TooLong;

/// Bidirectional formatting (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>) and controls.
fn is_hidden(char: char) -> bool {
    char.is_control() || matches!(char, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_plain_and_bounded() {
        let check = |text: &str, expect: Result<Option<&str>, TooLong>| {
            let note = ReviewNote::new(text);
            assert_eq!(
                note.as_ref().map(|note| note.as_ref().map(ReviewNote::as_str)),
                expect.as_ref().copied(),
                "{text:?}"
            );
        };
        check("", Ok(None));
        check(" \r\n ", Ok(None));
        check(" 血钾略高，\r\n请少吃香蕉。 ", Ok(Some("血钾略高，\n请少吃香蕉。")));
        check("\u{202E}正常\u{2066}", Ok(Some("正常")));
        let longest = "长".repeat(ReviewNote::LONGEST);
        check(&longest, Ok(Some(&longest)));
        check(&"长".repeat(ReviewNote::LONGEST + 1), Err(TooLong));
    }

    #[test]
    fn what_is_told_to_the_patient_is_in_no_log_line() {
        let note = ReviewNote::new("您的HIV抗体").expect("short").expect("something");
        assert!(!format!("{note:?}").contains("HIV"));
    }
}
