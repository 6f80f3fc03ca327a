//! The desk's pages as templates print them.

use content::{Audience, Desk, DeskRow, Draft, Language, Problem, TOPICS, Working};
use content_view::language;
use serde::Serialize;
use web::render::{Html, Words};

/// `desk/articles.html`
#[derive(Serialize)]
pub struct DeskPage {
    rows: Vec<RowView>,
    in_review: usize,
    due: usize,
}

#[derive(Serialize)]
struct RowView {
    href: String,
    title: String,
    slug: String,
    topic: String,
    audience: &'static str,
    state: &'static str,
    is_live: bool,
    is_due: bool,
    review_by: Option<String>,
    editor: String,
    edited_at: String,
    /// Read where it is shown to staff.
    shown_href: Option<String>,
}

impl DeskPage {
    pub fn new(desk: &Desk, words: &Words) -> Self {
        let rows: Vec<_> = desk.rows.iter().map(|row| row_view(row, words)).collect();
        Self {
            in_review: rows.iter().filter(|row| row.state == "in-review").count(),
            due: rows.iter().filter(|row| row.is_due).count(),
            rows,
        }
    }
}

fn row_view(row: &DeskRow, words: &Words) -> RowView {
    let title = row.title.pick(language(words.lang())).map(|(title, _)| title);
    RowView {
        href: format!("/admin/articles/{}", row.id),
        title: title.unwrap_or(&row.slug).to_owned(),
        slug: row.slug.clone(),
        topic: row.topic.clone(),
        audience: Audience::parse(&row.audience).map_or("public", Audience::as_str),
        state: row.state.as_str(),
        is_live: row.is_live,
        is_due: row.is_due,
        review_by: row.review_by.clone(),
        editor: row.editor.clone(),
        edited_at: words.minute(row.edited_at),
        shown_href: (row.is_live && row.audience != "public").then(|| format!("/articles/{}", row.slug)),
    }
}

/// `desk/article.html`
#[derive(Serialize)]
pub struct EditPage {
    /// Where the form goes.
    action: String,
    rev: i64,
    /// Of an article that is kept already.
    kept: Option<KeptView>,
    title: Option<String>,
    form: FormView,
    topics: [&'static str; 9],
    audiences: [&'static str; 3],
    /// By field, for the summary and beside the fields.
    problems: Vec<ProblemView>,
    refused: Option<&'static str>,
    /// What somebody else wrote first.
    other: Option<OtherView>,
    preview: Option<Vec<PreviewView>>,
    done: Option<String>,
    note: String,
    longest_title: usize,
    longest_summary: usize,
    longest_body: usize,
}

#[derive(Serialize)]
struct KeptView {
    state: &'static str,
    is_live: bool,
    is_due: bool,
    last_number: i64,
    note: Option<String>,
    editor: String,
    edited_at: String,
    may_submit: bool,
    /// In review, and the reader may judge.
    may_review: bool,
    /// They wrote it themselves.
    is_own: bool,
    may_withdraw: bool,
    slug_is_fixed: bool,
    images: usize,
}

#[derive(Serialize)]
struct FormView {
    slug: String,
    topic: String,
    audience: String,
    review_by: String,
    zh: WordingView,
    en: WordingView,
}

#[derive(Serialize)]
struct WordingView {
    title: String,
    summary: String,
    body: String,
}

#[derive(Serialize)]
pub struct ProblemView {
    pub field: &'static str,
    pub what: &'static str,
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        Self { field: problem.field, what: problem.what }
    }
}

#[derive(Serialize)]
struct OtherView {
    editor: String,
    edited_at: String,
    form: FormView,
}

#[derive(Serialize)]
struct PreviewView {
    lang: &'static str,
    title: String,
    summary: String,
    body_html: Html,
}

/// What a page is made of.
pub struct EditParts<'a> {
    pub working: Option<&'a Working>,
    /// The reader may publish.
    pub manages: bool,
    pub words: &'a Words,
    pub typed: Option<&'a Draft>,
    pub note: &'a str,
    pub problems: &'a [Problem],
    pub other: Option<&'a Working>,
    pub refused: Option<&'static str>,
    pub preview: bool,
    pub done: Option<&'a str>,
}

impl EditPage {
    pub fn new(parts: EditParts<'_>) -> Self {
        let EditParts { working, words, .. } = parts;
        let fresh = Draft { audience: "public".to_owned(), ..Draft::default() };
        let kept = working.map(|working| &working.draft);
        let draft = parts.typed.or(kept).unwrap_or(&fresh);
        let known = ["saved", "submitted", "sent-back", "published", "withdrawn", "restored"];
        Self {
            action: super::address(working.map(|working| working.id)),
            rev: working.map_or(0, |working| working.rev),
            title: kept.map(|kept| title(kept, language(words.lang()))),
            kept: working.map(|working| kept_view(working, parts.manages, words)),
            form: form(draft),
            topics: TOPICS,
            audiences: Audience::ALL.map(Audience::as_str),
            problems: parts.problems.iter().map(ProblemView::from).collect(),
            refused: parts.refused,
            other: parts.other.map(|other| OtherView {
                editor: other.editor.clone(),
                edited_at: words.minute(other.edited_at),
                form: form(&other.draft),
            }),
            preview: parts.preview.then(|| preview(draft, working)),
            done: parts.done.filter(|done| known.contains(done)).map(str::to_owned),
            note: parts.note.to_owned(),
            longest_title: content::LONGEST_TITLE,
            longest_summary: content::LONGEST_SUMMARY,
            longest_body: content::LONGEST_BODY,
        }
    }
}

fn title(draft: &Draft, wanted: Language) -> String {
    let (first, second) = match wanted {
        Language::Zh => (&draft.zh, &draft.en),
        Language::En => (&draft.en, &draft.zh),
    };
    if first.title.is_empty() { second.title.clone() } else { first.title.clone() }
}

fn kept_view(working: &Working, manages: bool, words: &Words) -> KeptView {
    let state = working.state.as_str();
    KeptView {
        state,
        is_live: working.is_live,
        is_due: working.is_due,
        last_number: working.last_number,
        note: working.note.clone(),
        editor: working.editor.clone(),
        edited_at: words.minute(working.edited_at),
        may_submit: state == "draft",
        may_review: state == "in-review" && manages,
        is_own: working.is_own,
        may_withdraw: working.is_live && manages,
        slug_is_fixed: working.last_number > 0,
        images: working.images.len(),
    }
}

fn form(draft: &Draft) -> FormView {
    let wording = |wording: &content::Wording| WordingView {
        title: wording.title.clone(),
        summary: wording.summary.clone(),
        body: wording.body.clone(),
    };
    FormView {
        slug: draft.slug.clone(),
        topic: draft.topic.clone(),
        audience: draft.audience.clone(),
        review_by: draft.review_by.clone(),
        zh: wording(&draft.zh),
        en: wording(&draft.en),
    }
}

/// Each language that something is written in, as readers will see it.
fn preview(draft: &Draft, working: Option<&Working>) -> Vec<PreviewView> {
    let images = working.map_or(&[][..], |working| &working.images);
    let written = [(&draft.zh, Language::Zh), (&draft.en, Language::En)];
    let written = written.into_iter().filter(|(wording, _)| !wording.is_empty());
    let view = |(wording, language): (&content::Wording, Language)| PreviewView {
        lang: language.tag(),
        title: wording.title.clone(),
        summary: wording.summary.clone(),
        body_html: content_view::preview(&wording.body, images, language),
    };
    written.map(view).collect()
}
