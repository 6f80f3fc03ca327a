//! The clinician's own patients on the desk: in hospital, seen lately, on a list; and which hospitals told of them.

use ehr::{ClinicalTime, MyPatient, MyPatients, MyRelation, SourceReport, SourceState, Standing};
use serde::Serialize;
use web::render::Arg;

use crate::{
    Scene,
    scene::mark_letter,
    search::KnownAt,
    shell::{IdentifierView, identifiers, sex, years},
};

/// The list (`mine` in templates).
#[derive(Clone, Debug, Serialize)]
pub struct MineView {
    /// Those that have anybody, in their order.
    pub groups: Vec<Group>,
    /// People in all.
    pub total: usize,
    /// There are more people than are shown.
    pub more: bool,
    /// Hospitals are being asked: the page asks for the list again.
    pub asking: Option<String>,
    /// Whose patients may be missing, and why.
    pub notice: Option<MineNotice>,
    /// Every hospital, in a line.
    pub hospitals: Vec<AskedView>,
    /// Title and text of an empty list.
    pub none: Option<(String, String)>,
}

/// Why the list may not be whole.
#[derive(Clone, Debug, Serialize)]
pub struct MineNotice {
    /// In one line.
    pub title: String,
    /// One for each hospital.
    pub lines: Vec<String>,
}

/// Patients who stand alike.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// In words.
    pub title: String,
    /// One each.
    pub rows: Vec<MineRow>,
}

/// One patient.
#[derive(Clone, Debug, Serialize)]
pub struct MineRow {
    /// The summary of the record.
    pub href: String,
    /// As registered.
    pub name: String,
    /// In words.
    pub sex: String,
    /// In words.
    pub age: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Regional index number.
    pub number: String,
    /// The resident ID, else whatever there is.
    pub identifier: Option<IdentifierView>,
    /// Hospital that told of them.
    pub at: Option<KnownAt>,
    /// Ward and bed, or department.
    pub place: Option<String>,
    /// `住院 · 11-19 起`
    pub relation: String,
    /// Until when the record is open by it, in words.
    pub until: String,
    /// Further relations, in words.
    pub others: Option<String>,
}

/// A hospital and what it said last.
#[derive(Clone, Debug, Serialize)]
pub struct AskedView {
    /// Short name.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// Class of the state.
    pub tone: &'static str,
    /// Icon of the state.
    pub icon: &'static str,
    /// In words.
    pub state: String,
    /// Why, how long ago.
    pub detail: String,
    /// May patients of theirs be missing here?
    pub silent: bool,
}

impl MineView {
    /// The list. `waited`: whoever is still being asked has been waited for.
    pub fn new(of: &MyPatients, waited: bool, scene: &Scene<'_>) -> Self {
        let hospitals: Vec<AskedView> = of.sources.iter().map(|report| AskedView::new(report, scene)).collect();
        let silent: Vec<&SourceReport> = of.sources.iter().filter(|report| is_silent(report)).collect();
        let asking = of.due > 0 && !waited;
        let group = |standing: Standing| {
            let rows: Vec<MineRow> =
                of.items.iter().filter(|one| one.standing == standing).map(|one| row(one, of, scene)).collect();
            let count = [("count", Arg::from(rows.len()))];
            let title = scene.with(&format!("mine-group-{}", standing.as_str()), &count);
            (!rows.is_empty()).then_some(Group { title, rows })
        };
        Self {
            groups: Standing::ALL.into_iter().filter_map(group).collect(),
            total: of.items.len(),
            more: of.more,
            asking: asking.then(|| scene.with("mine-asking", &[("count", Arg::from(of.due))])),
            notice: (!silent.is_empty() && !asking).then(|| notice(&silent, scene)),
            none: of.items.is_empty().then(|| none(of, asking, scene)),
            hospitals,
        }
    }
}

/// May patients be missing because of this hospital? One that offers no such search says so every day.
fn is_silent(report: &SourceReport) -> bool {
    !matches!(report.state, SourceState::Answered | SourceState::NotLinked | SourceState::Unsupported)
}

fn notice(silent: &[&SourceReport], scene: &Scene<'_>) -> MineNotice {
    let line = |report: &&SourceReport| {
        let args = [("name", Arg::from(scene.of(&report.name))), ("why", Arg::from(why(report, scene)))];
        match (report.state, report.retrieved_at) {
            (SourceState::Partial, _) => scene.with("mine-silent-partial", &args),
            (_, Some(at)) => {
                let at = ("at", Arg::from(scene.words.minute_today(at, scene.now)));
                scene.with("mine-silent-since", &[args[0].clone(), args[1].clone(), at])
            }
            (_, None) => scene.with("mine-silent-never", &args),
        }
    };
    MineNotice {
        title: scene.with("mine-silent-title", &[("count", Arg::from(silent.len()))]),
        lines: silent.iter().map(line).collect(),
    }
}

/// Nobody is ever "none" while a hospital has not said so.
fn none(of: &MyPatients, asking: bool, scene: &Scene<'_>) -> (String, String) {
    let known = |report: &SourceReport| report.state != SourceState::NotLinked;
    let key = match (of.sources.iter().any(known), of.complete()) {
        _ if asking => "asking",
        (false, _) => "unknown",
        (true, true) => "complete",
        (true, false) => "incomplete",
    };
    (scene.text(&format!("mine-none-{key}")), scene.text(&format!("mine-none-{key}-text")))
}

fn why(report: &SourceReport, scene: &Scene<'_>) -> String {
    match report.detail.as_deref() {
        Some(key) if scene.words.has(key) => scene.text(key),
        _ => scene.text("why-unknown"),
    }
}

fn row(of: &MyPatient, list: &MyPatients, scene: &Scene<'_>) -> MineRow {
    let first = of.relations.first();
    let at = first.and_then(|relation| relation.source.as_ref()).map(|id| {
        let (name, mark) = crate::scene::short_source_of(&list.sources, id, scene);
        KnownAt { name, mark }
    });
    let others: Vec<String> = of.relations.iter().skip(1).map(|one| other(one, list, scene)).collect();
    MineRow {
        href: format!("/patients/{}/summary", of.person),
        name: of.name.clone(),
        sex: sex(of.sex.as_deref(), scene),
        age: of.age.map(|age| years(age, scene)),
        birth_date: of.birth_date.clone(),
        number: of.number.clone(),
        identifier: identifiers(&of.identifiers, scene).into_iter().next(),
        at,
        place: first.and_then(|relation| relation.place.clone()),
        relation: first.map(|relation| told(relation, scene)).unwrap_or_default(),
        until: until(first, scene),
        others: (!others.is_empty()).then(|| scene.list(&others)),
    }
}

/// `门诊 已预约 · 11-24 起`; `科室名单`
fn told(relation: &MyRelation, scene: &Scene<'_>) -> String {
    let Some(class) = &relation.class else { return scene.coded("mine-list-", &relation.status) };
    let class = scene.coded("visit-", class);
    let status = scene.coded("mine-status-", &relation.status);
    let began = relation.started.as_deref().and_then(ClinicalTime::parse);
    let args =
        |began: String| [("class", Arg::from(class)), ("status", Arg::from(status)), ("began", Arg::from(began))];
    match began {
        Some(began) => scene.with("mine-relation", &args(scene.day(&began))),
        None => scene.with("mine-relation-undated", &args(String::new())),
    }
}

fn other(relation: &MyRelation, list: &MyPatients, scene: &Scene<'_>) -> String {
    match &relation.source {
        Some(id) => {
            let (name, _) = crate::scene::short_source_of(&list.sources, id, scene);
            scene.with("mine-other", &[("name", Arg::from(name)), ("what", Arg::from(told(relation, scene)))])
        }
        None => told(relation, scene),
    }
}

fn until(relation: Option<&MyRelation>, scene: &Scene<'_>) -> String {
    match relation.and_then(|relation| relation.until) {
        Some(until) => scene.words.minute(until).chars().take(10).collect(),
        None => scene.text("mine-until-open"),
    }
}

impl AskedView {
    fn new(report: &SourceReport, scene: &Scene<'_>) -> Self {
        let asking = report.detail.as_deref() == Some("why-asking");
        let (tone, icon, state) = match report.state {
            _ if asking => ("off", "circle-dashed", "asking"),
            SourceState::Answered => ("ok", "circle-check", "answered"),
            SourceState::Partial => ("warn", "triangle-alert", "partial"),
            SourceState::Refused => ("bad", "lock", "refused"),
            SourceState::Unreachable | SourceState::Hidden => ("bad", "circle-x", "unreachable"),
            SourceState::Unsupported => ("off", "circle-minus", "unsupported"),
            SourceState::NotLinked => ("off", "circle-minus", "not-linked"),
        };
        let at = report.retrieved_at.map(|at| scene.words.minute_today(at, scene.now));
        let detail = match (report.state, at) {
            (SourceState::Answered, Some(at)) => scene.with("mine-as-of", &[("at", Arg::from(at))]),
            _ => why(report, scene),
        };
        Self {
            name: scene.of(&report.short_name),
            mark: mark_letter(report.mark),
            tone,
            icon,
            state: scene.text(&format!("mine-state-{state}")),
            detail,
            silent: is_silent(report) && !asking,
        }
    }
}
