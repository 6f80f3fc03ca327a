//! What every drawing function needs to know.

use std::borrow::Cow;

use ehr::{Bilingual, ClinicalTime, Fresh, FreshState, News, Section, SourceReport, labs::Flag};
use jiff::Timestamp;
use serde::Serialize;
use web::render::{Arg, Words};

use crate::sheet::Tag;

/// New items of a section.
#[derive(Clone, Debug, Serialize)]
pub struct FreshCount {
    /// `3 新`
    pub text: String,
    /// When it was so.
    pub as_of: String,
}

/// The reader's language, and when the page is drawn.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// `renderer.words(frame.lang)`.
    pub words: &'a Words,
    /// The frame's.
    pub now: Timestamp,
    /// Does the patient read, in plain words and dates?
    plain: bool,
    /// What is new to the reader.
    fresh: Option<&'a Fresh>,
}

impl<'a> Scene<'a> {
    /// The scene of a clinician's page in `words`, drawn `now`.
    pub fn new(words: &'a Words, now: Timestamp) -> Self {
        Self { words, now, plain: false, fresh: None }
    }

    /// The scene of a patient's page.
    pub fn for_patient(words: &'a Words, now: Timestamp) -> Self {
        Self { words, now, plain: true, fresh: None }
    }

    /// The same, with marks on what is new to the reader.
    #[must_use]
    pub fn with_fresh(self, fresh: &'a Fresh) -> Self {
        Self { fresh: Some(fresh), ..self }
    }
}

impl Scene<'_> {
    /// Does the patient read?
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The mark of an item that is drawn now: new, or changed since the reader looked last.
    pub(crate) fn fresh_tag(&self, item: &str) -> Option<Tag> {
        let key = match self.fresh?.mark(item)? {
            News::New => "fresh-new",
            News::Changed => "fresh-changed",
            News::Known => return None,
        };
        Some(Tag { text: self.text(key), tone: "brand" })
    }

    /// What is new in the section that is shown, in a sentence. `silent`: an answer is missing that could have come.
    pub(crate) fn fresh_line(&self, silent: bool) -> Option<String> {
        let since = |at: Timestamp| ("at", Arg::from(self.instant(at)));
        Some(match self.fresh?.state() {
            FreshState::Unknown => return None,
            FreshState::First => self.text("fresh-first"),
            FreshState::TooMany => self.text("fresh-too-many"),
            FreshState::Since(at, 0, 0) if silent => self.with("fresh-none-silent", &[since(at)]),
            FreshState::Since(at, 0, 0) => self.with("fresh-none", &[since(at)]),
            FreshState::Since(at, new, changed) => {
                let key = if silent { "fresh-since-silent" } else { "fresh-since" };
                self.with(key, &[since(at), ("new", Arg::from(new)), ("changed", Arg::from(changed))])
            }
        })
    }

    /// How many items of a section are new to the reader, and as of when, as far as it is known without asking.
    pub(crate) fn fresh_count(&self, section: Section) -> Option<FreshCount> {
        let (count, at) = self.fresh?.count(section, self.now)?;
        Some(FreshCount {
            text: self.with("fresh-count", &[("count", Arg::from(count))]),
            as_of: self.with("fresh-as-of", &[("at", Arg::from(self.instant(at)))]),
        })
    }

    /// A record's day at its precision: `2026-11-20`; for the patient `2026 年 11 月 20 日`, `2026 年 11 月`, `2026 年`.
    pub(crate) fn day(&self, time: &ClinicalTime) -> String {
        self.date(time.date())
    }

    /// The same of a date as text.
    pub(crate) fn date(&self, text: &str) -> String {
        if self.plain { self.words.long_date(text) } else { text.to_owned() }
    }

    /// The same with the time of day, where there is one.
    pub(crate) fn minute(&self, time: &ClinicalTime) -> String {
        let day = self.day(time);
        match time.time_of_day() {
            Some(clock) => format!("{day} {clock}"),
            None => day,
        }
    }

    /// An instant of the portal's own, on the region's clocks, as dates are written on this page.
    pub(crate) fn instant(&self, at: Timestamp) -> String {
        let minute = self.words.minute(at);
        match minute.split_once(' ') {
            Some((day, clock)) => format!("{} {clock}", self.date(day)),
            None => minute,
        }
    }

    /// Foot of a print: who, when, and what to do with the paper.
    pub(crate) fn printed(&self, reader: &str) -> String {
        self.with("printed-by", &[("name", Arg::from(reader)), ("at", Arg::from(self.instant(self.now)))])
    }

    /// The words of a key.
    pub fn text(&self, key: &str) -> String {
        self.words.text(key)
    }

    /// The words of a key with arguments.
    pub fn with(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.words.with(key, args)
    }

    /// The words of a code, or the code when it has none.
    pub fn coded(&self, prefix: &str, code: &str) -> String {
        let key = format!("{prefix}{code}");
        if self.words.has(&key) { self.text(&key) } else { code.to_owned() }
    }

    /// Names of a source, shortest first choice of the language.
    pub(crate) fn of(&self, both: &Bilingual) -> String {
        both.get(self.words.lang().tag()).to_owned()
    }

    /// `甲、乙、丙` or `A, B, C`.
    pub fn list(&self, items: &[String]) -> String {
        items.join(&self.text("list-separator"))
    }
}

/// Letter of a source's mark: shape and colour come from the stylesheet's `src--<letter>`.
pub fn mark_letter(mark: usize) -> &'static str {
    const LETTERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    LETTERS[mark % LETTERS.len()]
}

/// Name and mark of a source by its id; the id itself when the page knows no more.
pub(crate) fn source_of(reports: &[SourceReport], id: &str, scene: &Scene<'_>) -> (String, &'static str) {
    match reports.iter().find(|report| report.id == id) {
        Some(report) => (scene.of(&report.name), mark_letter(report.mark)),
        None => (id.to_owned(), "x"),
    }
}

/// The same with the short name, for where there is little room.
pub(crate) fn short_source_of(reports: &[SourceReport], id: &str, scene: &Scene<'_>) -> (String, &'static str) {
    match reports.iter().find(|report| report.id == id) {
        Some(report) => (scene.of(&report.short_name), mark_letter(report.mark)),
        None => (id.to_owned(), "x"),
    }
}

/// A unit for the eye: `10^9/L` and `10*9/L` as `10⁹/L`; anything else as it is.
pub(crate) fn pretty_unit(unit: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(unit);
    for (written, raised) in POWERS {
        if out.contains(written) {
            out = Cow::Owned(out.replace(written, raised));
        }
    }
    out
}

const POWERS: [(&str, &str); 8] = [
    ("10^12/", "10¹²/"),
    ("10*12/", "10¹²/"),
    ("10^3/", "10³/"),
    ("10*3/", "10³/"),
    ("10^6/", "10⁶/"),
    ("10*6/", "10⁶/"),
    ("10^9/", "10⁹/"),
    ("10*9/", "10⁹/"),
];

/// Class of a flagged value: `h`, `l`, `c` (critical), `ab` (abnormal without a direction) or none.
pub(crate) fn flag_class(flag: Option<Flag>) -> &'static str {
    match flag {
        Some(Flag::High) => "h",
        Some(Flag::Low) => "l",
        Some(Flag::CriticalHigh | Flag::CriticalLow) => "c",
        Some(Flag::Abnormal) => "ab",
        Some(Flag::Normal) | None => "",
    }
}

/// Arrow of a flag.
pub(crate) fn flag_arrow(flag: Flag) -> &'static str {
    match flag {
        Flag::CriticalHigh => "↑↑",
        Flag::High => "↑",
        Flag::Low => "↓",
        Flag::CriticalLow => "↓↓",
        Flag::Abnormal => "!",
        Flag::Normal => "",
    }
}

/// Message key of a flag's word.
pub(crate) fn flag_key(flag: Flag) -> &'static str {
    match flag {
        Flag::CriticalHigh => "flag-critical-high",
        Flag::High => "flag-high",
        Flag::Low => "flag-low",
        Flag::CriticalLow => "flag-critical-low",
        Flag::Abnormal => "flag-abnormal",
        Flag::Normal => "flag-normal",
    }
}
