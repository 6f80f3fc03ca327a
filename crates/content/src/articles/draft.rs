//! What an editor typed, and whether it can be kept, and reviewed.

use jiff::civil::Date;

use crate::{Audience, Problem, text};

/// Slugs of the topics; their words are in the locale files.
pub const TOPICS: [&str; 9] = [
    "heart",
    "diabetes",
    "nutrition",
    "medicines",
    "tests",
    "children",
    "older-people",
    "infection",
    "using-the-portal",
];

/// In characters.
pub const LONGEST_TITLE: usize = 120;
/// In characters.
pub const LONGEST_SUMMARY: usize = 400;
/// In characters: fifty minutes of reading. What the parsers take grows with the square of what is made to hold them up.
pub const LONGEST_BODY: usize = 20_000;
const LONGEST_SLUG: usize = 80;

/// An article in one language. All three are filled, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// One line.
    pub title: String,
    /// One or two sentences for lists.
    pub summary: String,
    /// Markdown.
    pub body: String,
}

impl Wording {
    /// Nothing was written in this language.
    pub fn is_empty(&self) -> bool {
        self.title.is_empty() && self.summary.is_empty() && self.body.is_empty()
    }

    fn is_whole(&self) -> bool {
        !self.title.is_empty() && !self.summary.is_empty() && !self.body.is_empty()
    }

    fn cleaned(&self) -> Self {
        Self { title: text::line(&self.title), summary: text::line(&self.summary), body: text::block(&self.body) }
    }
}

/// What an editor typed, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// In the address: lower-case letters, digits and `-`. Fixed with the first publication.
    pub slug: String,
    /// One of [`TOPICS`].
    pub topic: String,
    /// An [`Audience`].
    pub audience: String,
    /// `2027-10-08`; may be empty in a draft.
    pub review_by: String,
    /// In Chinese.
    pub zh: Wording,
    /// In English.
    pub en: Wording,
}

/// Field names of one language: title, summary, body.
type Names = [&'static str; 3];
const ZH: Names = ["zh_title", "zh_summary", "zh_body"];
const EN: Names = ["en_title", "en_summary", "en_body"];

impl Draft {
    /// Without what hides in text. Nothing a person can read goes.
    pub(super) fn cleaned(&self) -> Self {
        Self {
            slug: self.slug.trim().to_owned(),
            topic: self.topic.trim().to_owned(),
            audience: self.audience.trim().to_owned(),
            review_by: self.review_by.trim().to_owned(),
            zh: self.zh.cleaned(),
            en: self.en.cleaned(),
        }
    }

    /// What keeps a draft from being kept: it may be incomplete, but not unreadable.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut problem = |field, what| found.push(Problem { field, what });
        if !is_slug(&self.slug) {
            problem("slug", if self.slug.is_empty() { "missing" } else { "malformed" });
        }
        if !TOPICS.contains(&self.topic.as_str()) {
            problem("topic", "missing");
        }
        if Audience::parse(&self.audience).is_none() {
            problem("audience", "missing");
        }
        if !self.review_by.is_empty() && self.review_by.parse::<Date>().is_err() {
            problem("review_by", "malformed");
        }
        if self.zh.title.is_empty() && self.en.title.is_empty() {
            problem("zh_title", "missing");
        }
        for (wording, names) in [(&self.zh, ZH), (&self.en, EN)] {
            let texts = [&wording.title, &wording.summary, &wording.body];
            for ((text, field), longest) in
                texts.into_iter().zip(names).zip([LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_BODY])
            {
                if text.chars().count() > longest {
                    problem(field, "too-long");
                }
            }
        }
        found
    }

    /// What keeps it from being reviewed: one language at least, in full, and a date in the future to look at it again.
    pub(super) fn gaps(&self, today: Date) -> Vec<Problem> {
        let mut found = Vec::new();
        match self.review_by.parse::<Date>() {
            Err(_) => found.push(Problem { field: "review_by", what: "missing" }),
            Ok(date) if date <= today => found.push(Problem { field: "review_by", what: "past" }),
            Ok(_) => {}
        }
        for (wording, names) in [(&self.zh, ZH), (&self.en, EN)] {
            if wording.is_empty() || wording.is_whole() {
                continue;
            }
            let texts = [&wording.title, &wording.summary, &wording.body];
            let empty = texts.into_iter().zip(names).filter(|(text, _)| text.is_empty());
            found.extend(empty.map(|(_, field)| Problem { field, what: "half" }));
        }
        if self.zh.is_empty() && self.en.is_empty() {
            found.push(Problem { field: "zh_title", what: "missing" });
        }
        found
    }
}

fn is_slug(text: &str) -> bool {
    (1..=LONGEST_SLUG).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Draft {
        let wording = |title: &str| Wording { title: title.into(), summary: "s".into(), body: "b".into() };
        Draft {
            slug: "salt".into(),
            topic: "nutrition".into(),
            audience: "public".into(),
            review_by: "2027-01-01".into(),
            zh: wording("盐"),
            en: Wording::default(),
        }
    }

    #[test]
    fn what_has_to_be_put_right() {
        let check = |change: fn(&mut Draft), expect: &[(&str, &str)]| {
            let mut draft = good();
            change(&mut draft);
            let found: Vec<_> = draft.problems().iter().map(|one| (one.field, one.what)).collect();
            assert_eq!(found, expect);
        };
        check(|_| {}, &[]);
        check(|draft| draft.slug = "Salz".into(), &[("slug", "malformed")]);
        check(|draft| draft.slug = "../x".into(), &[("slug", "malformed")]);
        check(|draft| draft.slug.clear(), &[("slug", "missing")]);
        check(|draft| draft.topic = "<script>".into(), &[("topic", "missing")]);
        check(|draft| draft.audience = "all".into(), &[("audience", "missing")]);
        check(|draft| draft.review_by = "soon".into(), &[("review_by", "malformed")]);
        check(|draft| draft.zh.title.clear(), &[("zh_title", "missing")]);
        check(|draft| draft.en.body = "x".repeat(LONGEST_BODY + 1), &[("en_body", "too-long")]);
        // A draft may be half done.
        check(|draft| draft.zh.body.clear(), &[]);
    }

    #[test]
    fn what_a_review_needs() {
        let today = jiff::civil::date(2026, 11, 22);
        let check = |change: fn(&mut Draft), expect: &[(&str, &str)]| {
            let mut draft = good();
            change(&mut draft);
            let found: Vec<_> = draft.gaps(today).iter().map(|one| (one.field, one.what)).collect();
            assert_eq!(found, expect);
        };
        check(|_| {}, &[]);
        check(|draft| draft.review_by.clear(), &[("review_by", "missing")]);
        check(|draft| draft.review_by = "2026-11-22".into(), &[("review_by", "past")]);
        check(|draft| draft.en.title = "Salt".into(), &[("en_summary", "half"), ("en_body", "half")]);
        check(|draft| draft.zh = Wording::default(), &[("zh_title", "missing")]);
    }
}
