//! Sections that are lists of facts, for both portals: one table (cards on a phone), the hospitals of every row, its
//! originals on demand, what contradicts what, who is missing.
//!
//! A section gives its columns and cells ([`SheetView`]); everything else is the same for all.

mod form;

use std::collections::HashMap;

use ehr::{
    Banner, DocumentLink, Entry, Fact, Note, Origin, Reviewed, Section, Sheet, SourceReport, SourceState, Succession,
};
use serde::Serialize;
use web::render::Arg;

use crate::{
    PatientShell, RecordShell, Scene,
    chart::Chart,
    facts::{self, Contradiction, SourceMark, explained, explained_mark},
    filters::{ListFilters, ListFrame},
    related::{RelatedView, Targets},
    review::{PlainReview, ReviewView},
    sources::{Audience, Sources},
    visits::NoteView,
};

pub use form::{Form, FormPart, FormRow, Labelled};

/// Entries on one page.
const MOST: usize = 50;

/// What is particular about a section.
pub trait SheetView {
    /// The section's fields.
    type Fields;
    /// Which section.
    const SECTION: Section;
    /// Message keys of the columns between what it is and where it comes from.
    const COLUMNS: &'static [&'static str];

    /// One entry: as many cells as there are columns.
    fn row(entry: &Entry<Self::Fields>, look: &Look<'_>) -> Cells;

    /// The heading that an entry stands under; entries under one heading follow each other. None for a plain list.
    fn group(_entry: &Entry<Self::Fields>, _look: &Look<'_>) -> Option<String> {
        None
    }

    /// What stands over a group instead of its key, put together from all of it that passes the filters.
    fn heading(_entries: &[&Entry<Self::Fields>], _look: &Look<'_>) -> Option<Heading> {
        None
    }

    /// Charts of what passes the filters, above the list.
    fn charts(_entries: &[&Entry<Self::Fields>], _look: &Look<'_>) -> Vec<Chart> {
        Vec::new()
    }

    /// A table put together from what passes the filters, above the list.
    fn digest(_entries: &[&Entry<Self::Fields>], _look: &Look<'_>) -> Option<Digest> {
        None
    }

    /// Do clinicians mark its entries?
    const REVIEWED: bool = false;

    /// Notes that hang on an entry.
    fn notes(_entry: &Entry<Self::Fields>) -> &[Note] {
        &[]
    }

    /// Where an entry, or each of its notes, stands among its versions.
    fn successions(entry: &Entry<Self::Fields>) -> Vec<&Succession> {
        Self::notes(entry).iter().map(|note| &note.succession).collect()
    }

    /// What an entry says where it contradicts another.
    fn statement(entry: &Entry<Self::Fields>, look: &Look<'_>) -> String {
        let cells = Self::row(entry, look);
        let texts = cells.cells.into_iter().flat_map(|cell| cell.lines).chain(cells.tag.map(|tag| tag.text));
        look.scene.list(&texts.collect::<Vec<_>>())
    }
}

/// What a section needs to know to put an entry into words.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Language and time.
    pub scene: Scene<'a>,
    /// The sources, for notes.
    pub reports: &'a [SourceReport],
    /// Whose record it is.
    pub banner: &'a Banner,
    /// What clinicians have said.
    pub reviews: &'a Reviewed,
    /// What versions of one another lead to.
    pub targets: &'a Targets,
}

/// What a section says of an entry.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// What it is, where its code does not say it.
    pub title: Option<String>,
    /// A lighter line below.
    pub sub: Option<String>,
    /// Its status, where it is worth a word.
    pub tag: Option<Tag>,
    /// One per column.
    pub cells: Vec<Cell>,
    /// Longer texts below the row, each with its label.
    pub texts: Vec<Labelled>,
    /// What it replaces, what replaced it.
    pub related: Vec<RelatedView>,
    /// Notes below the row.
    pub notes: Vec<NoteView>,
    /// Documents that are fetched when somebody opens them.
    pub documents: Vec<DocumentView>,
    /// Forms and tables below the row.
    pub forms: Vec<Form>,
}

/// A document that can be opened.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentView {
    /// What it is called.
    pub title: String,
    /// Kind, size, day, or why it can't be opened.
    pub about: Vec<String>,
    /// Below the page's own address; none where it lies on another server.
    pub href: Option<String>,
}

impl DocumentView {
    /// A link to a document.
    pub fn new(link: &DocumentLink, scene: &Scene<'_>) -> Self {
        let kind = link.content_type.as_deref().map(|kind| crate::visits::kind_words(kind, scene));
        let size = link.size.map(|bytes| scene.with("file-size", &[("kb", Arg::from((bytes + 1023) / 1024))]));
        let elsewhere = link.path.is_none().then(|| scene.text("note-elsewhere"));
        Self {
            title: link.title.clone().unwrap_or_else(|| scene.text("document-open")),
            about: kind.into_iter().chain(size).chain(elsewhere).collect(),
            href: link.path.clone(),
        }
    }
}

/// A word in a coloured box.
#[derive(Clone, Debug, Serialize)]
pub struct Tag {
    /// The word.
    pub text: String,
    /// `warn`, `brand`, `high`, `low`, `crit`, `ok` or none.
    pub tone: &'static str,
}

/// What stands over a group.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Heading {
    /// Its name.
    pub title: String,
    /// Who, where.
    pub about: Vec<String>,
    /// Its state.
    pub tags: Vec<Tag>,
    /// Whose.
    pub sources: Vec<SourceMark>,
}

/// A table that the portal has put together: sums, totals.
#[derive(Clone, Debug, Serialize)]
pub struct Digest {
    /// Its name.
    pub title: String,
    /// How it was put together.
    pub remark: String,
    /// The first is that of the rows' headings.
    pub columns: Vec<DigestColumn>,
    /// Its rows.
    pub rows: Vec<DigestRow>,
}

/// A column of a [`Digest`].
#[derive(Clone, Debug, Serialize)]
pub struct DigestColumn {
    /// In words.
    pub text: String,
    /// Whose, where the column is one hospital's; else each row says whose it is.
    pub source: Option<SourceMark>,
}

impl DigestColumn {
    /// A column of what rows of several hospitals say.
    pub fn text(key: &str, scene: &Scene<'_>) -> Self {
        Self { text: scene.text(key), source: None }
    }
}

/// A row of a [`Digest`].
#[derive(Clone, Debug, Serialize)]
pub struct DigestRow {
    /// What it is of.
    pub title: String,
    /// As many as there are columns after the first.
    pub cells: Vec<Cell>,
    /// Whose; none where the columns say it.
    pub source: Option<SourceMark>,
}

/// One cell.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    /// Its lines; none where nothing was said.
    pub lines: Vec<String>,
    /// Is it a number, with all digits of one width?
    pub number: bool,
    /// Where each line is explained; empty where that is where the row is.
    pub hrefs: Vec<Option<String>>,
}

impl Cell {
    /// One line, or nothing.
    pub fn text(text: Option<String>) -> Self {
        Self { lines: text.into_iter().filter(|text| !text.is_empty()).collect(), ..Self::default() }
    }

    /// Several lines.
    pub fn lines(lines: Vec<String>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// Several lines, each explained by originals of its own.
    pub fn explained<'o>(section: Section, lines: impl IntoIterator<Item = (String, &'o [Origin])>) -> Self {
        let with = |(line, origins): (String, &[Origin])| (line, origins.first().and_then(|one| one.path(section)));
        let (lines, hrefs) = lines.into_iter().map(with).unzip();
        Self { lines, hrefs, ..Self::default() }
    }

    /// A number or a date.
    pub fn number(text: Option<String>) -> Self {
        Self { number: true, ..Self::text(text) }
    }
}

/// What a page is made from.
pub struct SheetInput<'a, F> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered: everything, filters are applied here, so that no filter hides who is silent.
    pub sheet: &'a Sheet<F>,
    /// From the URL.
    pub filters: &'a ListFilters,
    /// Who prints it; nobody on the patient's own portal.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// `record/sheet.html` of the internal portal.
#[derive(Debug, Serialize)]
pub struct SheetPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// The list.
    pub list: SheetList,
    /// Foot of a print.
    pub printed: String,
}

/// `record/sheet.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientSheetPage {
    /// Whose.
    pub shell: PatientShell,
    /// Name of the section.
    pub title: String,
    /// One line of what it holds.
    pub hint: String,
    /// Who answered.
    pub sources: Sources,
    /// The list.
    pub list: SheetList,
}

/// Entries with their filters: the same on both portals.
#[derive(Debug, Serialize)]
pub struct SheetList {
    /// `results`, `filtered`, `held`, `none`, `not-offered`, `unknown` or `not-linked`.
    pub state: &'static str,
    /// Icon of the section.
    pub icon: &'static str,
    /// Its form, and which part of it this is.
    #[serde(flatten)]
    pub frame: ListFrame,
    /// Words of the columns.
    pub columns: Vec<String>,
    /// Charts above the list.
    pub charts: Vec<Chart>,
    /// A table above the list.
    pub digest: Option<Digest>,
    /// Those of this page, under their headings.
    pub groups: Vec<Group>,
    /// Entries that contradict each other.
    pub conflicts: Vec<Contradiction>,
    /// Who is missing, and in which part.
    pub missing: Vec<String>,
    /// What exists and is not shown yet, in words.
    pub held: Vec<String>,
}

/// Entries under one heading.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// The heading; none for a plain list.
    pub title: Option<String>,
    /// What more stands in the heading.
    pub heading: Option<Heading>,
    /// Its entries.
    pub rows: Vec<RowView>,
}

/// One entry.
#[derive(Clone, Debug, Serialize)]
pub struct RowView {
    /// Usable as an anchor.
    pub id: String,
    /// What.
    pub title: String,
    /// A lighter line.
    pub sub: Option<String>,
    /// Status.
    pub tag: Option<Tag>,
    /// For machines.
    pub instant: Option<String>,
    /// Day, at its precision.
    pub date: Option<String>,
    /// Time of day.
    pub clock: Option<String>,
    /// One per column.
    pub cells: Vec<Cell>,
    /// Longer texts.
    pub texts: Vec<Labelled>,
    /// What it replaces, what replaced it.
    pub related: Vec<RelatedView>,
    /// Notes.
    pub notes: Vec<NoteView>,
    /// Documents.
    pub documents: Vec<DocumentView>,
    /// Forms and tables.
    pub forms: Vec<Form>,
    /// Whose.
    pub sources: Vec<SourceMark>,
    /// Is it new to the reader, or changed?
    pub fresh: Option<Tag>,
    /// Does another entry say something else?
    pub conflict: bool,
    /// What clinicians have said of it, for the clinician's page; nothing in sections that are not marked.
    pub review: Option<ReviewView>,
    /// The same for the patient.
    pub plain_review: Option<PlainReview>,
    /// Where it comes from, for those who want to know exactly.
    pub originals: Vec<OriginalView>,
    /// Does the mark of its hospital lead to all that is known of its only original? It need not be listed too.
    pub explained: bool,
}

/// One original of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct OriginalView {
    /// Whose.
    pub source: SourceMark,
    /// `Type/id` there.
    pub resource: String,
    /// Its version there.
    pub version: Option<String>,
    /// When it was read.
    pub read_at: String,
}

/// The clinician's page.
pub fn page<V: SheetView>(input: &SheetInput<'_, V::Fields>) -> SheetPage {
    let SheetInput { banner, sheet, filters, scene, .. } = input;
    let path = format!("/patients/{}/{}", banner.person, V::SECTION.slug());
    let retry = filters.retry_href(&path);
    let sources = Sources::build(&sheet.sources, sheet.as_of, &retry, Audience::Clinician, scene);
    SheetPage {
        shell: RecordShell::new(banner, V::SECTION, scene),
        list: SheetList::new::<V>(input, &path, &sources),
        printed: scene.printed(input.reader),
        sources,
    }
}

/// The patient's page.
pub fn patient_page<V: SheetView>(input: &SheetInput<'_, V::Fields>) -> PatientSheetPage {
    let SheetInput { banner, sheet, filters, scene, .. } = input;
    let path = format!("/people/{}/record/{}", banner.person, V::SECTION.slug());
    let retry = filters.retry_href(&path);
    let sources = Sources::build(&sheet.sources, sheet.as_of, &retry, Audience::Patient, scene);
    PatientSheetPage {
        shell: PatientShell::new(banner, scene),
        title: scene.text(&format!("section-{}", V::SECTION.slug())),
        hint: scene.text(&format!("section-hint-{}", V::SECTION.slug())),
        list: SheetList::new::<V>(input, &path, &sources),
        sources,
    }
}

impl SheetList {
    fn new<V: SheetView>(input: &SheetInput<'_, V::Fields>, action: &str, sources: &Sources) -> Self {
        let SheetInput { banner, sheet, filters, scene, .. } = input;
        let fitting: Vec<&Entry<V::Fields>> = sheet.entries.iter().filter(|entry| filters.fits(&entry.fact)).collect();
        let frame = filters.frame(
            fitting.iter().map(|entry| &entry.fact),
            (sheet.entries.len(), MOST),
            (action, |skip| filters.query(skip)),
            (&sheet.sources, scene),
        );
        let shown: Vec<&Entry<V::Fields>> = fitting.iter().skip(frame.skip).take(MOST).copied().collect();
        let targets = Targets::of_sheet::<V>(&sheet.entries, &shown, action, scene);
        let look = Look { scene: *scene, reports: &sheet.sources, banner, reviews: &sheet.reviews, targets: &targets };
        let mut columns: Vec<String> = V::COLUMNS.iter().map(|key| scene.text(key)).collect();
        let mut groups = groups::<V>(&shown, &fitting, &look);
        drop_empty_columns(&mut columns, &mut groups);
        // What is told of the whole list stands above its beginning.
        let begins = frame.skip == 0;
        Self {
            state: state(&frame, sheet, sources),
            icon: crate::shell::icon(V::SECTION),
            columns,
            charts: if begins { V::charts(&fitting, &look) } else { Vec::new() },
            digest: begins.then(|| V::digest(&fitting, &look)).flatten(),
            groups,
            conflicts: facts::contradictions(
                sheet.entries.iter(),
                |entry: &Entry<V::Fields>| &entry.fact,
                |entry| V::statement(entry, &look),
                &sheet.sources,
                scene,
            ),
            missing: missing(sheet, scene),
            held: facts::held(&sheet.held, scene),
            frame,
        }
    }
}

/// Why the list is empty, if it is. Never `none` while a source is silent.
pub(crate) fn state<F>(frame: &ListFrame, sheet: &Sheet<F>, sources: &Sources) -> &'static str {
    match () {
        () if frame.found > 0 => "results",
        () if frame.total > 0 => "filtered",
        () if !sheet.held.is_empty() => "held",
        () if !sources.linked => "not-linked",
        () if sources.complete && sheet.silent.is_empty() => "none",
        () if only_not_offered(sheet) => "not-offered",
        () => "unknown",
    }
}

/// Everybody answered what they can answer: asking again changes nothing, and it is no "none" either.
fn only_not_offered<F>(sheet: &Sheet<F>) -> bool {
    let not_offered = |state: SourceState| state == SourceState::Unsupported;
    !sheet.silent.is_empty() && sheet.silent.iter().all(|(_, silent)| not_offered(silent.state))
}

/// `不含市中医院的护理计划（未应答）`, one per silent part of a source; what its system does not offer stands at the page's head.
pub(crate) fn missing<F>(sheet: &Sheet<F>, scene: &Scene<'_>) -> Vec<String> {
    let one = |(part, silent): &(ehr::Part, ehr::Silent)| {
        let args = [
            ("name", Arg::from(scene.of(&silent.name))),
            ("part", Arg::from(scene.text(&format!("part-name-{}", part.as_str())))),
            ("state", Arg::from(scene.text(&format!("state-{}", silent.state.as_str())))),
        ];
        scene.with("sheet-missing", &args)
    };
    sheet.silent.iter().filter(|(_, silent)| silent.state != SourceState::Unsupported).map(one).collect()
}

/// `shown` under their headings; a heading tells of the whole group, whichever page it is on.
fn groups<V: SheetView>(shown: &[&Entry<V::Fields>], fitting: &[&Entry<V::Fields>], look: &Look<'_>) -> Vec<Group> {
    let mut whole: HashMap<String, Vec<&Entry<V::Fields>>> = HashMap::new();
    for entry in fitting {
        if let Some(key) = V::group(entry, look) {
            whole.entry(key).or_default().push(entry);
        }
    }
    let mut groups: Vec<(Option<String>, Group)> = Vec::new();
    for entry in shown {
        let key = V::group(entry, look);
        let mut row = RowView::new(V::SECTION, &entry.fact, V::row(entry, look), look);
        if V::REVIEWED {
            row.mark(V::SECTION, look);
        }
        match groups.last_mut() {
            Some((last, group)) if *last == key => group.rows.push(row),
            _ => {
                let heading = key.as_ref().and_then(|key| V::heading(whole.get(key)?, look));
                let title = heading.as_ref().map(|heading| heading.title.clone()).or_else(|| key.clone());
                groups.push((key, Group { title, heading, rows: vec![row] }));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A column that nobody on this page fills tells nothing.
fn drop_empty_columns(columns: &mut Vec<String>, groups: &mut [Group]) {
    for nth in (0..columns.len()).rev() {
        let rows = || groups.iter().flat_map(|group| &group.rows);
        if rows().all(|row| row.cells.get(nth).is_none_or(|cell| cell.lines.is_empty())) {
            columns.remove(nth);
            let rows = groups.iter_mut().flat_map(|group| &mut group.rows);
            rows.filter(|row| nth < row.cells.len()).for_each(|row| drop(row.cells.remove(nth)));
        }
    }
}

/// Links of one row that would read the same are told apart: by the day of what they belong to, then by a number.
fn told_apart(mut documents: Vec<DocumentView>, day: Option<String>) -> Vec<DocumentView> {
    for document in &mut documents {
        document.about.extend(day.clone());
    }
    let names: Vec<_> = documents.iter().map(|one| (one.title.clone(), one.about.clone())).collect();
    for (nth, document) in documents.iter_mut().enumerate() {
        let same = |other: &usize| names[*other] == names[nth];
        let before = (0..nth).filter(same).count();
        if before > 0 || (nth + 1..names.len()).any(|other| same(&other)) {
            document.about.push((before + 1).to_string());
        }
    }
    documents
}

impl RowView {
    fn new(section: Section, fact: &Fact, cells: Cells, look: &Look<'_>) -> Self {
        let time = fact.time.as_ref();
        let said = Some(fact.code.text.clone()).filter(|text| !text.is_empty());
        let coded = || fact.code.codings.first().map(|coding| coding.code.clone());
        let title = cells.title.or(said).or_else(coded).unwrap_or_else(|| look.scene.text("name-not-said"));
        Self {
            id: fact.id.clone(),
            title,
            sub: cells.sub,
            tag: cells.tag,
            instant: time.map(|time| time.as_str().to_owned()),
            date: time.map(|time| look.scene.day(time)),
            clock: time.and_then(|time| time.time_of_day()).map(str::to_owned),
            cells: cells.cells,
            texts: cells.texts,
            related: cells.related,
            notes: cells.notes,
            documents: told_apart(cells.documents, time.map(|time| look.scene.day(time))),
            forms: cells.forms,
            explained: fact.origins.len() == 1 && fact.origins[0].path(section).is_some(),
            sources: explained(section, &fact.origins, look.reports, &look.scene),
            fresh: look.scene.fresh_tag(&fact.id),
            conflict: fact.is_contradicted(),
            originals: fact
                .origins
                .iter()
                .map(|origin| OriginalView::new(section, origin, look.reports, &look.scene))
                .collect(),
            review: None,
            plain_review: None,
        }
    }

    fn mark(&mut self, section: Section, look: &Look<'_>) {
        self.plain_review = Some(PlainReview::new(look.reviews, &self.id, &look.scene));
        self.review = Some(ReviewView::new(look.reviews, (look.banner.person, section, &self.id), &look.scene));
    }
}

impl OriginalView {
    pub(crate) fn new(section: Section, origin: &Origin, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        Self {
            source: explained_mark(section, origin, reports, scene),
            resource: origin.resource.clone(),
            version: origin.version.clone(),
            read_at: scene.instant(origin.retrieved_at),
        }
    }
}

/// A status that is worth a word; `usual` ones are not.
pub fn status_tag(prefix: &str, status: &str, usual: &[&str], scene: &Scene<'_>) -> Option<Tag> {
    let plain = status.is_empty() || usual.contains(&status);
    (!plain).then(|| Tag { text: scene.coded(prefix, status), tone: "warn" })
}
