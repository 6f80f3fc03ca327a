//! 门(急)诊病历 and 住院病历 for clinicians: visits or stays of all hospitals, newest first, with diagnoses and notes.

use ehr::{
    Banner, ClinicalTime, Note, NoteContent, Place, PlaceKind, Section, SourceReport, Visit, VisitClass,
    VisitDiagnosis, Visits,
};
use serde::Serialize;
use web::render::{Arg, Html};

use crate::{
    RecordShell, Scene,
    facts::{self, SourceMark, explained},
    filters::{ListFilters, ListFrame},
    related::{RelatedView, Targets},
    sheet::Tag,
    sources::{Audience, Sources},
    timeline::{class_words, status_words},
};

/// Visits on one page.
const MOST: usize = 25;

/// What the page is made from.
pub struct VisitsInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered: everything, filters are applied here, so that no filter hides who is silent.
    pub visits: &'a Visits,
    /// From the URL.
    pub filters: &'a ListFilters,
    /// Who prints it.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// `record/visits.html`.
#[derive(Debug, Serialize)]
pub struct VisitsPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// The list.
    pub list: VisitList,
    /// Foot of a print.
    pub printed: String,
}

/// Visits with their filters: the same on both portals.
#[derive(Debug, Serialize)]
pub struct VisitList {
    /// `就诊` or `住院`
    pub title: String,
    /// Icon of the section.
    pub icon: &'static str,
    /// Whose words an empty list has: `visits` or `stays`.
    pub words: &'static str,
    /// `results`, `filtered`, `held`, `none`, `unknown` or `not-linked`.
    pub state: &'static str,
    /// Its form, and which part of it this is.
    #[serde(flatten)]
    pub frame: ListFrame,
    /// Those of this page.
    pub visits: Vec<VisitView>,
    /// Notes that name no visit.
    pub loose: Vec<NoteView>,
    /// Who is missing.
    pub missing: Vec<String>,
    /// What exists and is not shown yet, in words.
    pub held: Vec<String>,
}

/// A visit.
#[derive(Clone, Debug, Serialize)]
pub struct VisitView {
    /// Usable as an anchor.
    pub id: String,
    /// For machines.
    pub instant: Option<String>,
    /// Day, at its precision.
    pub date: Option<String>,
    /// Time of day.
    pub clock: Option<String>,
    /// `门诊`
    pub class: String,
    /// `brand`, `high` or none: class of its tag.
    pub tone: &'static str,
    /// A status worth a word.
    pub status: Option<String>,
    /// As the visit names it.
    pub hospital: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Ward, room and bed, as one text.
    pub location: Option<String>,
    /// Each of them with its time, of a stay with several.
    pub places: Vec<String>,
    /// Who answers for the patient.
    pub attending: String,
    /// When a stay ended.
    pub ended: Option<String>,
    /// From where the patient was admitted.
    pub admitted_from: Option<String>,
    /// How the patient left.
    pub disposition: Option<String>,
    /// Who treated.
    pub clinicians: String,
    /// Why the patient came.
    pub reasons: String,
    /// Diagnoses.
    pub diagnoses: Vec<DiagnosisView>,
    /// Notes.
    pub notes: Vec<NoteView>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Is it new to the reader, or changed?
    pub fresh: Option<Tag>,
    /// Does another row say something else?
    pub conflict: bool,
}

/// A diagnosis.
#[derive(Clone, Debug, Serialize)]
pub struct DiagnosisView {
    /// What.
    pub name: String,
    /// Its code.
    pub icd10: Option<String>,
    /// Admission, chief complaint, …
    pub role: Option<String>,
    /// Certainty worth a word.
    pub certainty: Option<String>,
    /// Where it is explained.
    pub href: Option<String>,
}

/// A note.
#[derive(Clone, Debug, Serialize)]
pub struct NoteView {
    /// Usable as an anchor.
    pub id: String,
    /// What kind.
    pub title: String,
    /// When, by whom.
    pub about: String,
    /// A status worth a word.
    pub status: Option<String>,
    /// A newer one stands in its place.
    pub superseded: bool,
    /// What it replaces, signs or adds to, and what it.
    pub related: Vec<RelatedView>,
    /// Plain text.
    pub text: Option<String>,
    /// Sanitised HTML.
    pub body_html: Option<Html>,
    /// Why there is no text, or what happened to its characters.
    pub remark: Option<String>,
    /// Where the document itself is opened, below the page's own address.
    pub document: Option<String>,
    /// Is it new to the reader, or changed?
    pub fresh: Option<Tag>,
    /// Whose.
    pub source: SourceMark,
}

impl VisitList {
    pub(crate) fn new(
        found_visits: &Visits,
        filters: &ListFilters,
        action: &str,
        sources: &Sources,
        scene: &Scene<'_>,
    ) -> Self {
        let reports = &found_visits.sources;
        let stays = found_visits.section == Section::Inpatient;
        let fitting: Vec<&Visit> = found_visits.visits.iter().filter(|visit| filters.fits(&visit.fact)).collect();
        let frame = filters.frame(
            fitting.iter().map(|visit| &visit.fact),
            (found_visits.visits.len(), MOST),
            (action, |skip| filters.query(skip)),
            (reports, scene),
        );
        let (found, total) = (fitting.len(), found_visits.visits.len() + found_visits.loose_notes.len());
        let state = match () {
            () if found > 0 || (!filters.narrows() && total > 0) => "results",
            () if total > 0 => "filtered",
            () if !found_visits.held.is_empty() => "held",
            () if !sources.linked => "not-linked",
            () if sources.complete => "none",
            () => "unknown",
        };
        let shown: Vec<&Visit> = fitting.iter().skip(frame.skip).take(MOST).copied().collect();
        let all = (found_visits.visits.as_slice(), found_visits.loose_notes.as_slice());
        let targets = &Targets::of_visits(all, &shown, !filters.narrows(), action, scene);
        let note =
            |note: &Note| NoteView::new(note, reports, targets, scene).explained(found_visits.section, &note.origin);
        Self {
            title: scene.text(if stays { "stays-title" } else { "visits-title" }),
            icon: crate::shell::icon(found_visits.section),
            words: if stays { "stays" } else { "visits" },
            state,
            visits: shown.iter().map(|visit| VisitView::new(visit, reports, targets, scene)).collect(),
            loose: if filters.narrows() { Vec::new() } else { found_visits.loose_notes.iter().map(note).collect() },
            missing: facts::missing(&found_visits.silent, scene),
            held: facts::held(&found_visits.held, scene),
            frame,
        }
    }
}

/// The clinician's page.
pub fn page(input: &VisitsInput<'_>) -> VisitsPage {
    let VisitsInput { banner, visits, filters, scene, .. } = input;
    let path = format!("/patients/{}/{}", banner.person, visits.section.slug());
    let retry = filters.retry_href(&path);
    let sources = Sources::build(&visits.sources, visits.as_of, &retry, Audience::Clinician, scene);
    VisitsPage {
        shell: RecordShell::new(banner, visits.section, scene),
        list: VisitList::new(visits, filters, &path, &sources, scene),
        printed: scene.printed(input.reader),
        sources,
    }
}

/// Is that the very hospital whose mark the visit bears? It need not be said twice.
fn is_source(visit: &Visit, name: &str, reports: &[SourceReport]) -> bool {
    let names =
        |report: &SourceReport| [&report.name, &report.short_name].into_iter().any(|of| of.zh == name || of.en == name);
    reports.iter().any(|report| visit.fact.is_from(&report.id) && names(report))
}

impl VisitView {
    fn new(visit: &Visit, reports: &[SourceReport], targets: &Targets, scene: &Scene<'_>) -> Self {
        let time = visit.fact.time.as_ref();
        let attends = |name: &&String| visit.attending.contains(name);
        let others: Vec<String> = visit.clinicians.iter().filter(|name| !attends(name)).cloned().collect();
        Self {
            id: visit.fact.id.clone(),
            instant: time.map(|time| time.as_str().to_owned()),
            date: time.map(|time| scene.day(time)),
            clock: time.and_then(|time| time.time_of_day()).map(str::to_owned),
            class: class_words(visit, scene),
            tone: match visit.class {
                VisitClass::Emergency => "high",
                VisitClass::Outpatient => "brand",
                VisitClass::Inpatient | VisitClass::Unknown => "",
            },
            status: status_words(&visit.fact.status, scene),
            hospital: visit.hospital.clone().filter(|name| !is_source(visit, name, reports)),
            department: visit.department.clone(),
            location: visit.location.clone(),
            places: places(&visit.places, scene),
            attending: scene.list(&visit.attending),
            ended: visit.ended.as_ref().filter(|_| visit.class == VisitClass::Inpatient).map(|at| scene.minute(at)),
            admitted_from: visit.admitted_from.clone(),
            disposition: visit.disposition.clone(),
            clinicians: scene.list(&others),
            reasons: scene.list(&visit.reasons),
            diagnoses: visit
                .diagnoses
                .iter()
                .map(|one| DiagnosisView::new(one, visit.class.section(), scene))
                .collect(),
            notes: visit
                .notes
                .iter()
                .map(|note| NoteView::new(note, reports, targets, scene).explained(visit.class.section(), &note.origin))
                .collect(),
            sources: explained(visit.class.section(), &visit.fact.origins, reports, scene),
            fresh: scene.fresh_tag(&visit.fact.id),
            conflict: visit.fact.is_contradicted(),
        }
    }
}

/// `心内科一病区（病区） 2026-11-10 09:30 起`, one for each; none where one text says it all.
fn places(all: &[Place], scene: &Scene<'_>) -> Vec<String> {
    if all.iter().all(|place| place.since.is_none() && place.until.is_none()) {
        return Vec::new();
    }
    let one = |place: &Place| {
        let kind = (place.kind != PlaceKind::Other).then(|| scene.text(&format!("place-{}", place.kind.as_str())));
        let said = |time: &Option<ClinicalTime>| time.as_ref().map(|at| scene.minute(at)).unwrap_or_default();
        let (since, until) = (said(&place.since), said(&place.until));
        let args = [("since", Arg::from(since.as_str())), ("until", Arg::from(until.as_str()))];
        let times = match (since.is_empty(), until.is_empty()) {
            (true, true) => None,
            (false, true) => Some(scene.with("place-since", &args)),
            (true, false) => Some(scene.with("place-until", &args)),
            (false, false) => Some(scene.with("place-between", &args)),
        };
        [kind, Some(place.name.clone()), times].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    all.iter().map(one).collect()
}

/// A MIME type in words, where there are some.
pub(crate) fn kind_words(content_type: &str, scene: &Scene<'_>) -> String {
    let mime = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let key = match mime.as_str() {
        "application/pdf" => "file-kind-pdf",
        "image/png" | "image/jpeg" | "image/jpg" => "file-kind-image",
        "text/plain" => "file-kind-text",
        "text/html" | "application/xhtml+xml" => "file-kind-html",
        "text/xml" | "application/xml" | "application/hl7-v3+xml" => "file-kind-clinical",
        _ => return mime,
    };
    scene.text(key)
}

impl DiagnosisView {
    fn new(one: &VisitDiagnosis, section: Section, scene: &Scene<'_>) -> Self {
        let unsure = !matches!(one.verification.as_str(), "confirmed" | "");
        Self {
            name: one.code.text.clone(),
            icd10: one.icd10.clone(),
            role: one.role.as_deref().map(|role| scene.coded("diagnosis-role-", role)),
            certainty: unsure.then(|| scene.coded("verification-", &one.verification)),
            href: one.origins.first().and_then(|origin| origin.path(section)),
        }
    }
}

impl NoteView {
    pub(crate) fn new(note: &Note, reports: &[SourceReport], targets: &Targets, scene: &Scene<'_>) -> Self {
        let document = note.document();
        let (text, body_html, remark) = body(&note.content, document.is_some(), scene);
        let mut about: Vec<String> = Vec::new();
        if let Some(time) = &note.time {
            about.push(scene.minute(time));
        }
        about.extend(note.authors.iter().cloned());
        Self {
            id: note.id.clone(),
            title: if note.title.is_empty() { scene.text("note-title-not-said") } else { note.title.clone() },
            about: about.join(" · "),
            status: note
                .status
                .as_deref()
                .filter(|status| *status != "final")
                .map(|status| scene.coded("note-status-", status)),
            superseded: note.succession.superseded,
            related: targets.words(&note.succession, scene),
            text,
            body_html,
            remark,
            document,
            fresh: scene.fresh_tag(&note.id),
            source: SourceMark::of(&note.origin.source, reports, scene),
        }
    }

    /// With the way to where the note's own resource is explained, as `section` shows it.
    pub(crate) fn explained(mut self, section: Section, origin: &ehr::Origin) -> Self {
        self.source.href = origin.path(section);
        self
    }
}

/// Text, sanitised HTML, and what is to be said of them.
fn body(content: &NoteContent, can_open: bool, scene: &Scene<'_>) -> (Option<String>, Option<Html>, Option<String>) {
    let said = |key: &'static str| scene.text(key);
    match content {
        NoteContent::Text { text, encoding } => (Some(text.clone()), None, encoding.key().map(said)),
        // Sanitised where it was read; nothing else can be made a `SafeHtml`.
        NoteContent::Html { html, encoding } => {
            (None, Some(Html::from_escaped(html.as_str().to_owned())), encoding.key().map(said))
        }
        NoteContent::Document { content_type } => {
            let key = if can_open { "note-file" } else { "note-document" };
            (None, None, Some(scene.with(key, &[("kind", Arg::from(kind_words(content_type, scene)))])))
        }
        NoteContent::Missing { why } => {
            let why = if scene.words.has(why) { scene.text(why) } else { scene.text("why-unknown") };
            (None, None, Some(scene.with("note-missing", &[("why", Arg::from(why))])))
        }
    }
}
