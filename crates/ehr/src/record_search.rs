//! Looking for words in one person's record.
//!
//! A section is searched as its JSON, which is what its reader is shown: whatever is held back or foreign is not in it, and
//! a field that a section gets tomorrow is searched tomorrow.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::document::words_of_safe_html;
use crate::{Bilingual, ClinicalTime, Origin, QueryProblem, Section, SourceReport, SourceState};

/// Characters of a search.
const MOST_CHARS: usize = 100;
/// Words of a search.
const MOST_WORDS: usize = 8;
/// Items of one section that a search gives; how many there are is told.
pub(crate) const MOST_HITS: usize = 200;
/// Texts of one item that are given with what was found in them.
const MOST_TEXTS: usize = 4;
/// Characters round a find that are given with it.
const AROUND: usize = 40;

/// What is looked for: words, each of which an item has to have somewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordWords {
    typed: String,
    words: Vec<Vec<char>>,
}

/// May be anything of somebody's health: never in a log line.
impl std::fmt::Debug for RecordWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordWords").finish_non_exhaustive()
    }
}

impl RecordWords {
    /// Reads what was typed: in small letters, full width as half width, characters as written (traditional ones are not
    /// turned into simplified ones).
    ///
    /// # Errors
    /// [`QueryProblem::TooShort`] without a Han character or two others, [`QueryProblem::TooLong`] beyond 100 characters or
    /// eight words, [`QueryProblem::ResidentId`] with as many digits in a row as a resident ID has: such numbers are kept
    /// nowhere.
    pub fn read(typed: &str) -> Result<Self, QueryProblem> {
        let visible: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let typed = visible.split_whitespace().collect::<Vec<_>>().join(" ");
        let words: Vec<Vec<char>> = typed.nfkc().collect::<String>().split_whitespace().map(folded).collect();
        if typed.chars().count() > MOST_CHARS || words.len() > MOST_WORDS {
            return Err(QueryProblem::TooLong);
        }
        let digits: String = words.concat().into_iter().filter(|c| !matches!(c, '-' | '.' | '/')).collect();
        if digits.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 15) {
            return Err(QueryProblem::ResidentId);
        }
        let says = |c: &&char| c.is_alphanumeric();
        let letters = words.iter().flatten().filter(says).count();
        let least = if words.iter().flatten().filter(says).any(|c| !c.is_ascii()) { 1 } else { 2 };
        if letters < least {
            return Err(QueryProblem::TooShort);
        }
        Ok(Self { typed, words })
    }

    /// As typed, with single spaces.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// What the texts of an item say of them; `None` where it lacks one.
    pub(crate) fn find(&self, texts: &Texts) -> Option<Vec<FoundText>> {
        let mut met = vec![false; self.words.len()];
        let mut found: Vec<FoundText> = Vec::new();
        for text in &texts.all {
            let Some(one) = self.find_in(text, &mut met) else { continue };
            if !found.iter().any(|other| other.text == one.text) {
                found.push(one);
            }
        }
        found.truncate(MOST_TEXTS);
        met.iter().all(|met| *met).then_some(found)
    }

    /// Where a text has them, and which.
    fn find_in(&self, text: &str, met: &mut [bool]) -> Option<FoundText> {
        let letters: Vec<(char, usize)> =
            text.char_indices().flat_map(|(at, c)| fold(c).map(move |c| (c, at))).collect();
        let mut marks: Vec<(usize, usize)> = Vec::new();
        for (word, met) in self.words.iter().zip(met) {
            let same = |window: &[(char, usize)]| window.iter().zip(word).all(|((one, _), other)| one == other);
            let mut places = letters.windows(word.len()).enumerate().filter(|(_, window)| same(window)).peekable();
            *met |= places.peek().is_some();
            marks.extend(places.map(|(at, _)| (letters[at].1, end(text, letters[at + word.len() - 1].1))));
        }
        (!marks.is_empty()).then(|| FoundText::cut(text, joined(marks)))
    }
}

/// Where the character at `at` ends.
fn end(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
}

fn joined(mut marks: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    marks.sort_unstable();
    let mut all: Vec<(usize, usize)> = Vec::new();
    for (start, end) in marks {
        match all.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => all.push((start, end)),
        }
    }
    all
}

fn folded(word: &str) -> Vec<char> {
    word.chars().flat_map(fold).collect()
}

/// One character as it is compared.
fn fold(c: char) -> impl Iterator<Item = char> {
    let plain = c.is_ascii() || matches!(c, '\u{4e00}'..='\u{9fff}');
    let one = plain.then(|| c.to_ascii_lowercase());
    let many = (!plain).then(|| std::iter::once(c).nfkc().flat_map(char::to_lowercase));
    one.into_iter().chain(many.into_iter().flatten())
}

/// A text of an item with what was found in it, as parts of one line: what is found, and what stands between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundText {
    text: String,
    /// As it stands, and whether it is what was looked for.
    pub parts: Vec<(String, bool)>,
}

impl FoundText {
    /// The neighbourhood of the first find.
    fn cut(text: &str, marks: Vec<(usize, usize)>) -> Self {
        let first = marks.first().map_or(0, |mark| mark.0);
        let before = text.get(..first).unwrap_or_default();
        let begin = before.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
        let after = text.get(first..).unwrap_or_default();
        let until = after.char_indices().nth(AROUND * 3).map_or(text.len(), |(at, _)| first + at);
        let mut parts: Vec<(String, bool)> = Vec::new();
        let mut add = |from: usize, to: usize, hit: bool| {
            let piece = text.get(from..to).unwrap_or_default();
            if !piece.is_empty() {
                parts.push((piece.to_owned(), hit));
            }
        };
        let mut at = begin;
        for (start, end) in marks.into_iter().map(|(start, end)| (start, end.min(until))) {
            if start >= until {
                break;
            }
            add(at, start, false);
            add(start, end, true);
            at = end;
        }
        add(at, until, false);
        if begin > 0 {
            parts.insert(0, ("…".to_owned(), false));
        }
        if until < text.len() {
            parts.push(("…".to_owned(), false));
        }
        Self { text: text.to_owned(), parts }
    }

    /// A text in which nothing was looked for.
    pub fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), parts: vec![(text.to_owned(), false)] }
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Names of members that are no words of the record: addresses, systems, and what the portal itself says of an item.
const NO_WORDS: [&str; 21] = [
    "id",
    "kind",
    "origin",
    "origins",
    "conflict",
    "review",
    "system",
    "path",
    "resource",
    "resources",
    "content_type",
    "encoding",
    "missing",
    "remark",
    "number",
    "size",
    "rank",
    "class_number",
    "part",
    "related",
    "group",
];

/// The texts of an item, and what of it is no text.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Names first, then as they stand.
    pub all: Vec<String>,
    /// Files whose contents nobody reads, by where they lie.
    pub files: Vec<String>,
    /// Ids of notes whose text did not come.
    pub unread: Vec<String>,
}

impl Texts {
    pub(crate) fn of(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.all.extend((!text.trim().is_empty()).then(|| text.clone())),
            // Sums of money and the like; of a result's value the text is there, with its own digits.
            Value::Number(number) => self.all.push(number.to_string()),
            Value::Array(values) => values.iter().for_each(|value| self.of(value)),
            Value::Object(members) => {
                let said = |name: &str| members.get(name).and_then(Value::as_str);
                if said("content_type").is_some() {
                    let place = said("path").or_else(|| said("document")).or_else(|| said("title"));
                    self.files.push(place.unwrap_or_default().to_owned());
                }
                if said("missing").is_some() {
                    self.unread.push(said("id").unwrap_or_default().to_owned());
                }
                for (name, value) in members.iter().filter(|(name, _)| !NO_WORDS.contains(&name.as_str())) {
                    match (name.as_str(), value) {
                        // A tag may stand in the middle of a word.
                        ("html", Value::String(html)) => self.all.push(words_of_safe_html(html)),
                        // An address; a document that is more has a title.
                        ("document", Value::String(_)) => {}
                        _ => self.of(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// An item that has all the words.
#[derive(Clone, Debug)]
pub struct RecordHit {
    /// Its id in its section.
    pub id: String,
    /// FHIR type.
    pub kind: String,
    /// What it is called, with what was found in its name.
    pub title: Option<FoundText>,
    /// When.
    pub time: Option<ClinicalTime>,
    /// Where from.
    pub origins: Vec<Origin>,
    /// Other texts in which something was found.
    pub found: Vec<FoundText>,
    /// Of results: the row of the matrix in which it stands. Of the summary: the part.
    pub place: Option<String>,
    /// As in the section's JSON.
    pub item: Value,
}

/// What was found in one section.
#[derive(Clone, Debug)]
pub struct FoundIn {
    /// Which.
    pub section: Section,
    /// How many items.
    pub total: usize,
    /// The newest of them, undated ones last.
    pub hits: Vec<RecordHit>,
}

/// Something that was not searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSearched {
    /// The reader may not see it.
    Section(Section),
    /// A hospital has not answered for a section in full.
    Source {
        /// Which section.
        section: Section,
        /// Source id.
        source: String,
        /// Its short name.
        name: Bilingual,
        /// What became of it.
        state: SourceState,
        /// Why, as a message key (`why-…`).
        detail: Option<String>,
    },
    /// Files (PDF, images and the like): so many; what they are called is searched.
    Files(usize),
    /// Notes whose text did not come: so many.
    Texts(usize),
    /// Something is there and not shown yet.
    Held,
}

/// A search of one person's record.
#[derive(Clone, Debug)]
pub struct RecordSearch {
    /// What was looked for.
    pub words: RecordWords,
    /// Sections in which something was found, in their order.
    pub groups: Vec<FoundIn>,
    /// What was not searched.
    pub not_searched: Vec<NotSearched>,
    /// One per configured source, in configuration order, over all sections.
    pub sources: Vec<SourceReport>,
    /// When it was put together.
    pub as_of: jiff::Timestamp,
}

impl RecordSearch {
    /// How many items were found.
    pub fn total(&self) -> usize {
        self.groups.iter().map(|group| group.total).sum()
    }

    /// Was everything searched? Only then may a view say that it is nowhere.
    pub fn complete(&self) -> bool {
        self.not_searched.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_be_looked_for() {
        let check = |typed: &str, expect: Result<&str, QueryProblem>| {
            let read = RecordWords::read(typed);
            assert_eq!(read.as_ref().map(RecordWords::as_str).map_err(|problem| *problem), expect, "{typed:?}");
        };
        check(" 钾 ", Ok("钾"));
        check("K", Err(QueryProblem::TooShort));
        check("!!!", Err(QueryProblem::TooShort));
        check("", Err(QueryProblem::TooShort));
        check("\u{0}\r\n", Err(QueryProblem::TooShort));
        check("5.4", Ok("5.4"));
        check("阿司匹林  100\tmg", Ok("阿司匹林 100 mg"));
        check(&"长".repeat(101), Err(QueryProblem::TooLong));
        check("a b c d e f g h i", Err(QueryProblem::TooLong));
        check("999009-19640318-0328", Err(QueryProblem::ResidentId));
        check("９９９００９１９６４０３１８０３２８", Err(QueryProblem::ResidentId));
        assert!(!format!("{:?}", RecordWords::read("HIV").expect("a word")).contains("HIV"));
    }

    fn texts_of(item: &Value) -> Texts {
        let mut texts = Texts::default();
        texts.of(item);
        texts
    }

    fn marked(typed: &str, item: &Value) -> Option<Vec<String>> {
        let texts = RecordWords::read(typed).expect("words").find(&texts_of(item))?;
        let part = |(text, hit): &(String, bool)| if *hit { format!("[{text}]") } else { text.clone() };
        Some(texts.iter().map(|text| text.parts.iter().map(part).collect()).collect())
    }

    #[test]
    fn an_item_has_every_word_somewhere() {
        let item = json!({
            "id": "zzid", "kind": "Observation", "time": "2026-11-20T08:10:00+08:00", "status": "final",
            "code": { "text": "血钾 (Ｋ)", "codings": [{ "system": "http://loinc.org", "code": "2823-3" }] },
            "fields": { "value": { "text": "5.40", "number": 5.4, "unit": "mmol/L" }, "flag": "H",
                "notes": ["复查。<b>血钾</b>偏高"],
                "parts": [{ "html": "<p>心<em>房</em>颤动 &amp; 早搏</p>" }, { "content_type": "application/pdf" }] },
            "origins": [{ "source": "zzsource", "resource": "Observation/1" }],
        });
        let check = |typed: &str, expect: Option<&[&str]>| {
            let expect = expect.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            assert_eq!(marked(typed, &item), expect, "{typed}");
        };
        check("血钾", Some(&["[血钾] (Ｋ)", "复查。<b>[血钾]</b>偏高"]));
        check("(k) 5.40", Some(&["血钾 [(Ｋ)]", "[5.40]"]));
        check("血钾 5.4", Some(&["[血钾] (Ｋ)", "复查。<b>[血钾]</b>偏高", "[5.4]0"]));
        check("MMOL", Some(&["[mmol]/L"]));
        check("2823-3", Some(&["[2823-3]"]));
        check("2026-11", Some(&["[2026-11]-20T08:10:00+08:00"]));
        check("房颤", Some(&["心[房颤]动 & 早搏"]));
        check("血鉀", None);
        check("血钾 血钠", None);
        for no_word in ["zzid", "zzsource", "loinc.org", "Observation", "pdf"] {
            check(no_word, None);
        }
    }

    #[test]
    fn a_long_text_is_cut_round_its_first_find() {
        let long = json!({ "fields": format!("{}胃{}胃{}", "前".repeat(500), "中".repeat(300), "后".repeat(10)) });
        let found = RecordWords::read("胃").expect("a word").find(&texts_of(&long)).expect("found");
        let line: String = found[0].parts.iter().map(|(text, _)| text.as_str()).collect();
        assert!(line.starts_with("…前") && line.ends_with("中…") && line.chars().count() < 200, "{line}");
        assert_eq!(found[0].parts.iter().filter(|(_, hit)| *hit).count(), 1);
    }
}
