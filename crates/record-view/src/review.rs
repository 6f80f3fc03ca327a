//! What clinicians have said of a result, on both sides; the page where they say it; critical values that wait.

use access::PersonId;
use ehr::{
    Banner, ItemReview, Mark, OpenCritical, ReviewKind, ReviewNote, Reviewable, Reviewed, ReviewedItem, Section,
    SourceReport,
    labs::{LabResult, catalogue},
};
use serde::Serialize;
use web::render::Arg;

use crate::facts::{SourceMark, marks};
use crate::labs::{FlagView, full_value, status_key};
use crate::sources::{Audience, Sources};
use crate::{RecordShell, Scene};

/// Marks beside a result, for clinicians.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewView {
    /// A critical value that nobody has acknowledged.
    pub open: bool,
    /// Has somebody looked at what it says now?
    pub reviewed: bool,
    /// Oldest first.
    pub marks: Vec<MarkView>,
    /// The page where one says it; none for those who may not.
    pub href: Option<String>,
}

/// One mark in words.
#[derive(Clone, Debug, Serialize)]
pub struct MarkView {
    /// For withdrawing it.
    pub id: String,
    /// Who, when, what.
    pub line: String,
    /// To the patient.
    pub note: Option<String>,
    /// Does it hold for what the hospital says now?
    pub standing: bool,
    /// May the reader withdraw it?
    pub own: bool,
}

/// Whether a doctor has looked at it, in plain words.
#[derive(Clone, Debug, Serialize)]
pub struct PlainReview {
    /// Has one?
    pub reviewed: bool,
    /// Oldest first.
    pub marks: Vec<MarkView>,
}

/// Critical values that wait.
#[derive(Clone, Debug, Serialize)]
pub struct OpenView {
    /// The page it stands on: where acknowledging leads back to.
    pub back: &'static str,
    /// Newest first.
    pub rows: Vec<OpenRow>,
    /// Older ones, in words.
    pub elsewhere: Option<String>,
    /// All of them.
    pub labs_href: String,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct OpenRow {
    /// Analyte.
    pub name: String,
    /// Value and unit.
    pub value: String,
    /// Flag.
    pub flag: Option<FlagView>,
    /// Range, verbatim.
    pub range: Option<String>,
    /// When, at its precision.
    pub time: Option<String>,
    /// Whose.
    pub sources: Vec<SourceMark>,
    /// Acknowledged before the hospital corrected it.
    pub corrected: bool,
    /// What is acknowledged.
    pub seen: String,
    /// Its page.
    pub href: String,
    /// Where acknowledging goes; none for those who may not.
    pub action: Option<String>,
}

/// `record/review.html`.
#[derive(Debug, Serialize)]
pub struct ReviewPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// What it is.
    pub title: String,
    /// Value and unit, or the conclusion.
    pub value: String,
    /// Flag.
    pub flag: Option<FlagView>,
    /// Range, verbatim.
    pub range: Option<String>,
    /// When, at its precision.
    pub time: Option<String>,
    /// Its status, where it is worth a word.
    pub status: Option<String>,
    /// Specimen, remarks.
    pub remarks: Vec<String>,
    /// Where it comes from.
    pub originals: Vec<(SourceMark, String, Option<String>)>,
    /// Marks.
    pub review: ReviewView,
    /// Critical at all?
    pub critical: bool,
    /// May the reader review?
    pub may_review: bool,
    /// May the reader acknowledge?
    pub may_acknowledge: bool,
    /// This version.
    pub seen: String,
    /// This page; forms lead below it.
    pub action: String,
    /// Back to the section.
    pub back_href: String,
    /// As typed.
    pub note: String,
    /// What went wrong: `too-long`, `changed`, `not-critical`.
    pub problem: Option<&'static str>,
    /// In characters.
    pub longest: usize,
    /// Foot of a print.
    pub printed: String,
}

/// What the page is made from.
pub struct ReviewInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// The item.
    pub of: &'a Reviewable,
    /// As typed, when it has to be put right.
    pub note: &'a str,
    /// What went wrong.
    pub problem: Option<&'static str>,
    /// Who prints it.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// `/patients/{id}/reviews/{section}/{item}`
pub(crate) fn path(person: PersonId, section: Section, item: &str) -> String {
    format!("/patients/{person}/reviews/{}/{item}", section.slug())
}

impl ReviewView {
    /// Marks on one item of a section.
    pub fn new(reviews: &Reviewed, (person, section, item): (PersonId, Section, &str), scene: &Scene<'_>) -> Self {
        let none = ItemReview::default();
        let review = reviews.get(item).unwrap_or(&none);
        let href = reviews.may().review.then(|| path(person, section, item));
        Self { href, ..Self::of(review, |_| false, scene) }
    }

    fn of(review: &ItemReview, own: impl Fn(&Mark) -> bool, scene: &Scene<'_>) -> Self {
        let mark = |mark: &Mark| MarkView { own: own(mark), ..MarkView::new(mark, false, scene) };
        Self {
            open: review.is_open(),
            reviewed: review.standing(ReviewKind::Reviewed).is_some(),
            marks: review.marks.iter().map(mark).collect(),
            href: None,
        }
    }
}

impl MarkView {
    fn new(mark: &Mark, plain: bool, scene: &Scene<'_>) -> Self {
        let at = |at| scene.words.minute_today(at, scene.now);
        let state = match (mark.withdrawn_at, mark.current) {
            (Some(_), _) => "-withdrawn",
            (None, false) => "-earlier",
            (None, true) => "",
        };
        let kind = mark.kind.as_str();
        let key = if plain { format!("plain-mark-{kind}{state}") } else { format!("mark-{kind}{state}") };
        let args = [
            ("by", Arg::from(mark.by.as_str())),
            ("at", Arg::from(at(mark.at))),
            ("withdrawn", Arg::from(mark.withdrawn_at.map(at).unwrap_or_default())),
        ];
        Self {
            id: mark.id.to_string(),
            line: scene.with(&key, &args),
            note: mark.note.clone(),
            standing: mark.current && mark.withdrawn_at.is_none(),
            own: false,
        }
    }
}

impl PlainReview {
    /// Marks on one item of the patient's own.
    pub fn new(reviews: &Reviewed, item: &str, scene: &Scene<'_>) -> Self {
        let review = reviews.get(item);
        let marks = review.map(|review| review.marks.as_slice()).unwrap_or_default();
        Self {
            reviewed: review.is_some_and(|review| review.standing(ReviewKind::Reviewed).is_some()),
            marks: marks.iter().map(|mark| MarkView::new(mark, true, scene)).collect(),
        }
    }
}

impl OpenView {
    /// What of `open` stands on the page of `section`.
    pub fn new(
        open: &OpenCritical,
        (person, section): (PersonId, Section),
        reports: &[SourceReport],
        scene: &Scene<'_>,
    ) -> Self {
        let row = |one: &ehr::OpenValue| {
            let result = &one.result;
            let page = path(person, Section::LabResults, &result.id);
            OpenRow {
                name: name_of(result, scene),
                value: full_value(result, scene),
                flag: FlagView::of(result, scene),
                range: result.range.as_ref().map(|range| range.text.clone()),
                time: result.time.as_ref().map(|time| scene.minute(time)),
                sources: marks(&result.origins, reports, scene),
                corrected: one.corrected,
                seen: one.seen.clone(),
                action: open.may_acknowledge.then(|| format!("{page}/acknowledge")),
                href: page,
            }
        };
        Self {
            back: section.slug(),
            rows: open.items.iter().map(row).collect(),
            elsewhere: (open.elsewhere > 0)
                .then(|| scene.with("critical-elsewhere", &[("count", Arg::from(open.elsewhere))])),
            labs_href: format!("/patients/{person}/{}", Section::LabResults.slug()),
        }
    }
}

/// The catalogue's name, else the laboratory's.
pub(crate) fn name_of(result: &LabResult, scene: &Scene<'_>) -> String {
    let analyte = result.analyte.and_then(|id| catalogue().analyte(id));
    analyte.map_or_else(|| result.code.text.clone(), |analyte| scene.of(&analyte.name))
}

/// The page where a clinician says that they have looked.
pub fn page(input: &ReviewInput<'_>) -> ReviewPage {
    let ReviewInput { banner, of, scene, .. } = input;
    let action = path(banner.person, of.section, of.item.id());
    let (title, value) = match &of.item {
        ReviewedItem::Result(result) => (name_of(result, scene), full_value(result, scene)),
        ReviewedItem::Report(entry) => {
            let fields = &entry.fields;
            let said: Vec<String> = fields.conclusion.iter().chain(&fields.conclusion_codes).cloned().collect();
            (entry.fact.code.text.clone(), scene.list(&said))
        }
    };
    let result = match &of.item {
        ReviewedItem::Result(result) => Some(result),
        ReviewedItem::Report(_) => None,
    };
    let (time, status) = match &of.item {
        ReviewedItem::Result(result) => (&result.time, &result.status),
        ReviewedItem::Report(entry) => (&entry.fact.time, &entry.fact.status),
    };
    let original = |origin: &ehr::Origin| {
        let mark = SourceMark::of(&origin.source, &of.sources, scene);
        (mark, origin.resource.clone(), origin.version.clone())
    };
    ReviewPage {
        shell: RecordShell::new(banner, of.section, scene),
        sources: Sources::build(&of.sources, of.as_of, &action, Audience::Clinician, scene),
        flag: result.and_then(|result| FlagView::of(result, scene)),
        range: result.and_then(|result| result.range.as_ref()).map(|range| range.text.clone()),
        remarks: result
            .iter()
            .flat_map(|result| [&result.specimen, &result.report].into_iter().flatten().chain(&result.notes))
            .cloned()
            .collect(),
        time: time.as_ref().map(|time| scene.minute(time)),
        status: status_key(status).map(|key| scene.text(key)),
        originals: of.item.origins().iter().map(original).collect(),
        review: ReviewView::of(&of.review, |mark| of.own.contains(&mark.id), scene),
        critical: of.review.critical,
        may_review: of.may.review,
        may_acknowledge: of.may.acknowledge,
        seen: of.seen.clone(),
        back_href: format!("/patients/{}/{}", banner.person, of.section.slug()),
        action,
        note: input.note.to_owned(),
        problem: input.problem,
        longest: ReviewNote::LONGEST,
        printed: scene.printed(input.reader),
        title,
        value,
    }
}
