//! Words looked for in one record, for both portals: what was found, section by section, and what was not searched.

use ehr::{Banner, FoundIn, FoundText, NotSearched, QueryProblem, RecordHit, RecordSearch, Section, SourceState};
use serde::Serialize;
use web::render::Arg;

use crate::{
    PatientShell, RecordShell, Scene,
    facts::{SourceMark, explained},
    labs::{Filters, push_encoded},
    search::Piece,
    sources::{Audience, Sources},
};

/// Items of a section that are shown; how many there are is told.
const MOST: usize = 25;

/// What the page is made from.
pub struct RecordSearchInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What became of the search.
    pub outcome: RecordSearchOutcome<'a>,
    /// Who prints it; nobody on the patient's own portal.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// What became of a search.
pub enum RecordSearchOutcome<'a> {
    /// Nothing was looked for yet.
    Start,
    /// The words are no longer kept.
    Expired,
    /// These words can't be looked for.
    Problem(&'a str, QueryProblem),
    /// What was found, under the id of the words.
    Found(&'a RecordSearch, String),
}

/// `record/search.html` of the internal portal.
#[derive(Debug, Serialize)]
pub struct RecordSearchPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// What was found.
    pub search: RecordSearchView,
    /// Foot of a print.
    pub printed: String,
}

/// `record/search.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientRecordSearchPage {
    /// Whose.
    pub shell: PatientShell,
    /// Who answered.
    pub sources: Sources,
    /// What was found.
    pub search: RecordSearchView,
}

/// The search: the same on both portals.
#[derive(Debug, Serialize)]
pub struct RecordSearchView {
    /// `start`, `expired`, `problem`, `results`, `none` (all was searched), `unknown` (not all was) or `not-linked`.
    pub state: &'static str,
    /// Message key of what is wrong with the words.
    pub problem: Option<&'static str>,
    /// What is in the field.
    pub query: String,
    /// Where the form leads.
    pub action: String,
    /// `找到 12 条`
    pub title: String,
    /// Sections with something in them.
    pub groups: Vec<FoundGroup>,
    /// What was not searched, one line each.
    pub not_searched: Vec<String>,
}

/// What was found in one section.
#[derive(Debug, Serialize)]
pub struct FoundGroup {
    /// As in URLs.
    pub slug: &'static str,
    /// Its name.
    pub title: String,
    /// Its icon.
    pub icon: &'static str,
    /// How many.
    pub total: usize,
    /// Newest first.
    pub hits: Vec<HitView>,
    /// That there are more of them than these.
    pub more: Option<String>,
}

/// One item.
#[derive(Debug, Serialize)]
pub struct HitView {
    /// What it is called, with what was found in it.
    pub title: Vec<Piece>,
    /// Where it stands in its section.
    pub href: String,
    /// For machines.
    pub instant: Option<String>,
    /// When, at its precision.
    pub date: Option<String>,
    /// Whose.
    pub sources: Vec<SourceMark>,
    /// Other texts in which something was found.
    pub found: Vec<Vec<Piece>>,
}

/// The clinician's page.
pub fn page(input: &RecordSearchInput<'_>) -> RecordSearchPage {
    let below = format!("/patients/{}", input.banner.person);
    let mut shell = RecordShell::new(input.banner, Section::Summary, &input.scene);
    // It is no section: none of them is the one shown.
    shell.sections.iter_mut().for_each(|section| section.current = false);
    shell.section = input.scene.text("record-search-title");
    let (sources, search) = view(input, &below, Audience::Clinician);
    RecordSearchPage { shell, sources, search, printed: input.scene.printed(input.reader) }
}

/// The patient's page.
pub fn patient_page(input: &RecordSearchInput<'_>) -> PatientRecordSearchPage {
    let below = format!("/people/{}/record", input.banner.person);
    let (sources, search) = view(input, &below, Audience::Patient);
    PatientRecordSearchPage { shell: PatientShell::new(input.banner, &input.scene), sources, search }
}

fn view(input: &RecordSearchInput<'_>, below: &str, audience: Audience) -> (Sources, RecordSearchView) {
    let scene = &input.scene;
    let action = format!("{below}/search");
    let none = |state: &'static str| RecordSearchView {
        state,
        problem: None,
        query: String::new(),
        action: action.clone(),
        title: String::new(),
        groups: Vec::new(),
        not_searched: Vec::new(),
    };
    let nobody = || Sources::build(&[], scene.now, &action, audience, scene);
    match &input.outcome {
        RecordSearchOutcome::Start => (nobody(), none("start")),
        RecordSearchOutcome::Expired => (nobody(), none("expired")),
        RecordSearchOutcome::Problem(typed, problem) => {
            let query = typed.trim().chars().take(200).collect();
            let problem = Some(match problem {
                QueryProblem::TooShort => "record-search-too-short",
                QueryProblem::TooLong => "record-search-too-long",
                QueryProblem::ResidentId => "record-search-resident-id",
            });
            (nobody(), RecordSearchView { problem, query, ..none("problem") })
        }
        RecordSearchOutcome::Found(found, id) => {
            let again = format!("{action}?search={id}");
            let sources = Sources::build(&found.sources, found.as_of, &again, audience, scene);
            let state = match () {
                () if found.total() > 0 => "results",
                () if !sources.linked => "not-linked",
                () if found.complete() => "none",
                () => "unknown",
            };
            let view = RecordSearchView {
                query: found.words.as_str().to_owned(),
                title: scene.with("record-search-found", &[("count", Arg::from(found.total()))]),
                groups: found.groups.iter().map(|group| FoundGroup::new(group, found, below, scene)).collect(),
                not_searched: not_searched(&found.not_searched, scene),
                ..none(state)
            };
            (sources, view)
        }
    }
}

impl FoundGroup {
    fn new(group: &FoundIn, found: &RecordSearch, below: &str, scene: &Scene<'_>) -> Self {
        let section = group.section;
        let hits = group.hits.iter().take(MOST).map(|hit| HitView::new(section, hit, found, below, scene));
        Self {
            slug: section.slug(),
            title: scene.text(&format!("section-{}", section.slug())),
            icon: crate::shell::icon(section),
            total: group.total,
            hits: hits.collect(),
            more: (group.total > MOST)
                .then(|| scene.with("record-search-more", &[("count", Arg::from(group.total - MOST))])),
        }
    }
}

fn pieces(text: &FoundText) -> Vec<Piece> {
    text.parts.iter().map(|(text, hit)| Piece { text: text.clone(), hit: *hit }).collect()
}

impl HitView {
    fn new(section: Section, hit: &RecordHit, found: &RecordSearch, below: &str, scene: &Scene<'_>) -> Self {
        let unnamed = || vec![Piece { text: scene.coded("origin-kind-", &hit.kind), hit: false }];
        let marks = explained(section, &hit.origins, &found.sources, scene);
        let whole = |mark: SourceMark| SourceMark { href: mark.href.map(|path| format!("{below}/{path}")), ..mark };
        Self {
            title: hit.title.as_ref().map_or_else(unnamed, pieces),
            href: href(section, hit, below),
            instant: hit.time.as_ref().map(|time| time.as_str().to_owned()),
            date: hit.time.as_ref().map(|time| scene.day(time)),
            sources: marks.into_iter().map(whole).collect(),
            found: hit.found.iter().map(pieces).collect(),
        }
    }
}

/// The section's page, opened where the item stands.
fn href(section: Section, hit: &RecordHit, below: &str) -> String {
    let mut href = format!("{below}/{}", section.slug());
    let mut at = |anchor: &str| {
        href.push_str("?at=");
        push_encoded(&mut href, &hit.id);
        href.push_str(anchor);
        push_encoded(&mut href, &hit.id);
    };
    match (section, hit.kind.as_str()) {
        (Section::Demographics, _) => {}
        (Section::Summary, _) => {
            href.push('#');
            href.push_str(hit.place.as_deref().unwrap_or_default());
        }
        (Section::LabResults, _) => {
            let show = Filters { show: hit.place.clone(), ..Filters::default() };
            href.push_str(&show.query());
            href.push_str("#history");
        }
        (Section::Outpatient | Section::Inpatient, "DocumentReference") => {
            href.push_str("#n-");
            push_encoded(&mut href, &hit.id);
        }
        (Section::Outpatient | Section::Inpatient, _) => at("#v-"),
        _ => at("#e-"),
    }
    href
}

/// What was not searched, hospital by hospital and state by state, then the rest.
fn not_searched(all: &[NotSearched], scene: &Scene<'_>) -> Vec<String> {
    let mut silent: Vec<(String, SourceState, Vec<String>)> = Vec::new();
    let (mut hidden, mut lines) = (Vec::new(), Vec::new());
    let name_of = |section: &Section| scene.text(&format!("section-{}", section.slug()));
    for one in all {
        match one {
            NotSearched::Section(section) => hidden.push(name_of(section)),
            NotSearched::Source { section, name, state, .. } => {
                let name = scene.of(name);
                match silent.iter_mut().find(|(of, in_state, _)| *of == name && in_state == state) {
                    Some((_, _, sections)) => sections.push(name_of(section)),
                    None => silent.push((name, *state, vec![name_of(section)])),
                }
            }
            NotSearched::Files(count) => {
                lines.push(scene.with("record-search-files", &[("count", Arg::from(*count))]));
            }
            NotSearched::Texts(count) => {
                lines.push(scene.with("record-search-texts", &[("count", Arg::from(*count))]));
            }
            NotSearched::Held => lines.push(scene.text("record-search-held")),
        }
    }
    let of_hospital = |(name, state, sections): &(String, SourceState, Vec<String>)| {
        let args = [
            ("name", Arg::from(name.as_str())),
            ("state", Arg::from(scene.text(&format!("state-{}", state.as_str())))),
            ("sections", Arg::from(scene.list(sections))),
        ];
        scene.with("record-search-silent", &args)
    };
    let not_permitted = (!hidden.is_empty())
        .then(|| scene.with("record-search-hidden", &[("sections", Arg::from(scene.list(&hidden)))]));
    silent.iter().map(of_hospital).chain(not_permitted).chain(lines).collect()
}
