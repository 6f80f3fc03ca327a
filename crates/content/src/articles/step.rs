//! From draft to published and back: what may follow what, and who.

use jiff::civil::Date;

use super::{Draft, Wording};
use crate::{
    ContentError, Problem,
    entity::{article, revision},
};

/// Where the working copy stands. A published version may be shown beside a draft of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArticleState {
    /// Being written.
    Draft,
    /// Waits for somebody else to read it.
    InReview,
    /// As published.
    Published,
    /// Taken back; shown to nobody.
    Withdrawn,
}

impl ArticleState {
    /// As in the database, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in-review",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::InReview, Self::Published, Self::Withdrawn].into_iter().find(|state| state.as_str() == text)
    }
}

/// What somebody does with an article.
#[derive(Clone, Debug)]
pub enum Step {
    /// Keep what was typed. What waited for review is a draft again.
    Save(Box<Draft>),
    /// Ask for review.
    Submit,
    /// Back to whoever wrote it, with a word why.
    SendBack(String),
    /// Show it to its audience.
    Publish,
    /// Take it back. Its versions stay.
    Withdraw,
    /// The text of an earlier version, as a draft.
    Restore(i64),
}

/// The longest word why, in characters.
const LONGEST_NOTE: usize = 1000;

impl Step {
    /// As in the audit log.
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::Save(_) => "article.save",
            Self::Submit => "article.submit",
            Self::SendBack(_) => "article.send-back",
            Self::Publish => "article.publish",
            Self::Withdraw => "article.withdraw",
            Self::Restore(_) => "article.restore",
        }
    }

    /// Whoever edits writes; whoever manages judges.
    pub(super) const fn act(&self) -> access::Act {
        match self {
            Self::Save(_) | Self::Submit | Self::Restore(_) => access::Act::Edit,
            Self::SendBack(_) | Self::Publish | Self::Withdraw => access::Act::Manage,
        }
    }
}

/// Who takes the step.
pub(super) struct By<'a> {
    pub(super) subject: &'a str,
    pub(super) name: &'a str,
    /// The date on the region's clocks.
    pub(super) today: Date,
}

/// The working copy after the step. `earlier` is the version that [`Step::Restore`] names.
pub(super) fn after(
    mut row: article::Model,
    step: &Step,
    by: &By<'_>,
    earlier: Option<&revision::Model>,
) -> Result<article::Model, ContentError> {
    let state = ArticleState::parse(&row.state).ok_or(ContentError::Row("article"))?;
    let next = match step {
        Step::Save(draft) => {
            if row.last_number > 0 && draft.slug != row.slug {
                return Err(ContentError::Invalid(vec![Problem { field: "slug", what: "fixed" }]));
            }
            write(&mut row, draft);
            sign(&mut row, by)?;
            row.note = None;
            ArticleState::Draft
        }
        Step::Submit if state == ArticleState::Draft => {
            complete(&row, by.today)?;
            row.note = None;
            ArticleState::InReview
        }
        Step::SendBack(why) if state == ArticleState::InReview => {
            let why = crate::text::block(why);
            match why.chars().count() {
                0 => return Err(ContentError::Invalid(vec![Problem { field: "note", what: "missing" }])),
                length if length > LONGEST_NOTE => {
                    return Err(ContentError::Invalid(vec![Problem { field: "note", what: "too-long" }]));
                }
                _ => row.note = Some(why),
            }
            ArticleState::Draft
        }
        Step::Publish if state == ArticleState::InReview => {
            if editors(&row)?.iter().any(|one| one == by.subject) {
                return Err(ContentError::OwnArticle);
            }
            // It may have waited past its date.
            complete(&row, by.today)?;
            row.last_number += 1;
            row.live = true;
            ArticleState::Published
        }
        Step::Withdraw if row.live => {
            row.live = false;
            ArticleState::Withdrawn
        }
        Step::Restore(_) => {
            let earlier = earlier.ok_or(ContentError::NotFound)?;
            let date = row.review_by.clone();
            write(&mut row, &of_revision(earlier));
            // The text of then, looked at again by the date of now.
            row.review_by = date;
            sign(&mut row, by)?;
            row.note = None;
            ArticleState::Draft
        }
        Step::Submit | Step::SendBack(_) | Step::Publish | Step::Withdraw => return Err(ContentError::State),
    };
    next.as_str().clone_into(&mut row.state);
    row.rev += 1;
    Ok(row)
}

/// Who wrote on it since it was last published, as policy subjects.
pub(super) fn editors(row: &article::Model) -> Result<Vec<String>, ContentError> {
    serde_json::from_str(&row.editors).map_err(|_| ContentError::Row("article"))
}

fn sign(row: &mut article::Model, by: &By<'_>) -> Result<(), ContentError> {
    // What is published has been reviewed: whoever writes now writes the next version.
    let settled = matches!(ArticleState::parse(&row.state), Some(ArticleState::Published | ArticleState::Withdrawn));
    let mut editors = if settled { Vec::new() } else { editors(row)? };
    if !editors.iter().any(|one| one == by.subject) {
        editors.push(by.subject.to_owned());
    }
    row.editors = serde_json::to_string(&editors).map_err(|_| ContentError::Row("article"))?;
    by.name.clone_into(&mut row.editor_name);
    Ok(())
}

fn complete(row: &article::Model, today: Date) -> Result<(), ContentError> {
    let gaps = of_row(row).gaps(today);
    if gaps.is_empty() { Ok(()) } else { Err(ContentError::Invalid(gaps)) }
}

/// Writes a draft that has no problems.
pub(super) fn write(row: &mut article::Model, draft: &Draft) {
    let Draft { slug, topic, audience, review_by, zh, en } = draft.clone();
    (row.slug, row.topic, row.audience) = (slug, topic, audience);
    row.review_by = Some(review_by).filter(|date| !date.is_empty());
    (row.zh_title, row.zh_summary, row.zh_body) = (zh.title, zh.summary, zh.body);
    (row.en_title, row.en_summary, row.en_body) = (en.title, en.summary, en.body);
}

/// The working copy as its form shows it.
pub(super) fn of_row(row: &article::Model) -> Draft {
    Draft {
        slug: row.slug.clone(),
        topic: row.topic.clone(),
        audience: row.audience.clone(),
        review_by: row.review_by.clone().unwrap_or_default(),
        zh: Wording { title: row.zh_title.clone(), summary: row.zh_summary.clone(), body: row.zh_body.clone() },
        en: Wording { title: row.en_title.clone(), summary: row.en_summary.clone(), body: row.en_body.clone() },
    }
}

pub(super) fn of_revision(row: &revision::Model) -> Draft {
    Draft {
        slug: row.slug.clone(),
        topic: row.topic.clone(),
        audience: row.audience.clone(),
        review_by: row.review_by.clone().unwrap_or_default(),
        zh: Wording { title: row.zh_title.clone(), summary: row.zh_summary.clone(), body: row.zh_body.clone() },
        en: Wording { title: row.en_title.clone(), summary: row.en_summary.clone(), body: row.en_body.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: &str) -> article::Model {
        article::Model {
            id: uuid::Uuid::nil(),
            slug: "salt".into(),
            state: state.into(),
            rev: 7,
            editors: "[\"u:r/author\"]".into(),
            editor_name: "author".into(),
            edited_at: 0,
            note: None,
            last_number: 2,
            live: state == "published",
            topic: "nutrition".into(),
            audience: "public".into(),
            review_by: Some("2027-01-01".into()),
            zh_title: "盐".into(),
            zh_summary: "s".into(),
            zh_body: "b".into(),
            en_title: String::new(),
            en_summary: String::new(),
            en_body: String::new(),
        }
    }

    fn by(subject: &str) -> By<'_> {
        By { subject, name: subject, today: jiff::civil::date(2026, 11, 22) }
    }

    #[test]
    fn what_may_follow_what() {
        let save = |slug: &str| {
            let mut draft = of_row(&row("draft"));
            draft.slug = slug.to_owned();
            Step::Save(Box::new(draft))
        };
        let check = |state: &str, step: Step, who: &str, expect: &str| {
            let said = match after(row(state), &step, &by(who), None) {
                Ok(row) => format!("{} {} {} {}", row.state, row.rev, row.last_number, row.editors),
                Err(error) => format!("{error}"),
            };
            assert_eq!(said, expect, "{state} {step:?} by {who}");
        };
        let (author, other) = ("u:r/author", "u:r/other");
        let refused = "not in the state for this";
        check("draft", Step::Submit, author, "in-review 8 2 [\"u:r/author\"]");
        check("in-review", Step::Publish, other, "published 8 3 [\"u:r/author\"]");
        check("in-review", Step::Publish, author, "the author does not review their own article");
        check("draft", Step::Publish, other, refused);
        check("withdrawn", Step::Publish, other, refused);
        check("in-review", Step::Submit, author, refused);
        check("in-review", Step::SendBack("why".into()), other, "draft 8 2 [\"u:r/author\"]");
        check("in-review", Step::SendBack(" ".into()), other, "1 fields have to be put right");
        check("draft", Step::SendBack("why".into()), other, refused);
        check("published", Step::Withdraw, other, "withdrawn 8 2 [\"u:r/author\"]");
        check("draft", Step::Withdraw, other, refused);
        // A reviewer who writes is an author; the next version has authors of its own.
        check("in-review", save("salt"), other, "draft 8 2 [\"u:r/author\",\"u:r/other\"]");
        check("published", save("salt"), other, "draft 8 2 [\"u:r/other\"]");
        check("published", save("pepper"), other, "1 fields have to be put right");
        check("published", Step::Restore(1), other, "no such article, notice or picture for this reader");
    }

    #[test]
    fn what_is_incomplete_is_neither_reviewed_nor_published() {
        for (state, step) in [("draft", Step::Submit), ("in-review", Step::Publish)] {
            for change in [(|row| row.zh_body.clear()) as fn(&mut article::Model), |row| row.review_by = None] {
                let mut incomplete = row(state);
                change(&mut incomplete);
                let error = after(incomplete, &step, &by("u:r/other"), None).expect_err("incomplete");
                assert!(matches!(error, ContentError::Invalid(_)), "{state}: {error}");
            }
        }
    }
}
