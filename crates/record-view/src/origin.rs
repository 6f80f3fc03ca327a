//! Where a value comes from, and why this reader sees it, in words: for both portals.

use ehr::{Banner, ExplainedOrigin, SourceJson, Step};
use serde::Serialize;
use web::render::Arg;

use crate::{
    PatientShell, RecordShell, Scene,
    facts::{SourceMark, explained_mark},
    scene::source_of,
    sheet::OriginalView,
    sources::{Audience, Sources},
};

/// `record/origin.html` of the internal portal.
#[derive(Debug, Serialize)]
pub struct OriginPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Whether its hospital answered.
    pub sources: Sources,
    /// What is explained.
    pub facts: OriginFacts,
    /// The hospital's own JSON, when it was asked for.
    pub json: Option<JsonView>,
    /// Where it is asked for, for those who may.
    pub json_href: Option<String>,
    /// The section, where the item stands.
    pub back_href: String,
    /// Foot of a print.
    pub printed: String,
}

/// `record/origin.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientOriginPage {
    /// Whose.
    pub shell: PatientShell,
    /// What is explained.
    pub facts: OriginFacts,
    /// The section, where the item stands.
    pub back_href: String,
    /// Name of the section.
    pub section: String,
}

/// An original, explained in words.
#[derive(Debug, Serialize)]
pub struct OriginFacts {
    /// What it is about.
    pub title: String,
    /// Value with unit.
    pub value: Option<String>,
    /// When, at its precision.
    pub when: Option<String>,
    /// As sent.
    pub status: Option<String>,
    /// That others say something else.
    pub conflict: Option<String>,
    /// The hospital.
    pub source: SourceMark,
    /// `Type/id` there.
    pub resource: String,
    /// Its version there.
    pub version: Option<String>,
    /// When it was read.
    pub read_at: String,
    /// As the hospital was asked.
    pub asked: String,
    /// What became of the hospital in this section.
    pub answered: String,
    /// Originals that were put together with it.
    pub others: Vec<OriginalView>,
    /// By which rule they were, or that there are none.
    pub merged: String,
    /// Why the reader may open the record.
    pub relation: String,
    /// Until when.
    pub until: Option<String>,
    /// Why they may open this section.
    pub rules: Vec<String>,
    /// What the release policy says, where it stands between.
    pub released: Option<String>,
}

/// The hospital's own JSON.
#[derive(Debug, Serialize)]
pub struct JsonView {
    /// Indented. Not HTML: escaped where it is printed.
    pub text: Option<String>,
    /// What is to be said of it, or why there is none.
    pub remarks: Vec<String>,
}

/// The clinician's page; `reader` prints it.
pub fn page(banner: &Banner, of: &ExplainedOrigin, reader: &str, scene: &Scene<'_>) -> OriginPage {
    let below = format!("/patients/{}", banner.person);
    let json_href = of.origin.path(of.section).filter(|_| of.because.may_read_json && of.json.is_none());
    let asked: Vec<_> = of.sources.iter().filter(|report| report.id == of.origin.source).cloned().collect();
    let back_href = back(of, &below);
    OriginPage {
        sources: Sources::build(&asked, of.as_of, &back_href, Audience::Clinician, scene),
        shell: RecordShell::new(banner, of.section, scene),
        facts: OriginFacts::new(of, &below, scene),
        json: of.json.as_ref().map(|json| JsonView::new(json, scene)),
        json_href: json_href.map(|path| format!("{below}/{path}/json#json")),
        back_href,
        printed: scene
            .with("printed-by", &[("name", Arg::from(reader)), ("at", Arg::from(scene.words.minute(scene.now)))]),
    }
}

/// The patient's page.
pub fn patient_page(banner: &Banner, of: &ExplainedOrigin, scene: &Scene<'_>) -> PatientOriginPage {
    let below = format!("/people/{}/record", banner.person);
    PatientOriginPage {
        shell: PatientShell::new(banner, scene),
        facts: OriginFacts::new(of, &below, scene),
        back_href: back(of, &below),
        section: scene.text(&format!("section-{}", of.section.slug())),
    }
}

fn back(of: &ExplainedOrigin, below: &str) -> String {
    format!("{below}/{}#e-{}", of.section.slug(), of.item.id)
}

impl OriginFacts {
    fn new(of: &ExplainedOrigin, below: &str, scene: &Scene<'_>) -> Self {
        let ExplainedOrigin { section, item, origin, others, because, sources, .. } = of;
        let (name, mark) = source_of(sources, &origin.source, scene);
        let other = |one: &ehr::Origin| {
            let source = explained_mark(*section, one, sources, scene);
            let href = source.href.as_ref().map(|path| format!("{below}/{path}"));
            OriginalView { source: SourceMark { href, ..source }, ..OriginalView::new(*section, one, sources, scene) }
        };
        let kind = origin.resource.split('/').next().unwrap_or_default();
        Self {
            title: item.text.clone().unwrap_or_else(|| scene.coded("origin-kind-", kind)),
            value: item.value.clone(),
            when: item.time.as_ref().map(|time| match time.time_of_day() {
                Some(clock) => format!("{} {clock}", time.date()),
                None => time.date().to_owned(),
            }),
            status: item.status.clone(),
            conflict: (item.conflicts > 0)
                .then(|| scene.with("origin-conflict", &[("count", Arg::from(item.conflicts))])),
            source: SourceMark { name, mark, href: None },
            resource: origin.resource.clone(),
            version: origin.version.clone(),
            read_at: scene.words.minute(origin.retrieved_at),
            asked: of.asked.clone().unwrap_or_else(|| scene.text("origin-asked-by-id")),
            answered: answered(of, scene),
            others: others.iter().map(other).collect(),
            merged: merged(of, kind, scene),
            relation: scene.coded("origin-relation-", because.relation),
            until: because.until.map(|until| scene.words.minute(until)),
            rules: because.steps.iter().map(|step| rule(step, scene)).collect(),
            released: because.released.then(|| scene.text("origin-released")),
        }
    }
}

/// `已应答：提问 1 次，2 页，140 条，丢弃 0 条`
fn answered(of: &ExplainedOrigin, scene: &Scene<'_>) -> String {
    let Some(report) = of.sources.iter().find(|report| report.id == of.origin.source) else { return String::new() };
    let args = [
        ("state", Arg::from(scene.text(&format!("state-{}", report.state.as_str())))),
        ("queries", Arg::from(report.queries)),
        ("pages", Arg::from(report.pages)),
        ("entries", Arg::from(report.entries)),
        ("dropped", Arg::from(report.dropped)),
    ];
    scene.with("origin-answered", &args)
}

fn merged(of: &ExplainedOrigin, kind: &str, scene: &Scene<'_>) -> String {
    match (of.others.len(), kind) {
        (0, "Patient") => scene.text("origin-merged-patient"),
        (0, _) => scene.text("origin-merged-none"),
        (count, _) => scene.with("origin-merged-rule", &[("count", Arg::from(count))]),
    }
}

/// `组“临床医生”在“患者病历”上有“高级使用者”角色，下及“检验结果”`
fn rule(step: &Step, scene: &Scene<'_>) -> String {
    let members: Vec<String> = step.members.iter().map(|subject| subject_words(subject.as_str(), scene)).collect();
    let path: Vec<String> = step.path.iter().map(|object| object_words(object.as_str(), scene)).collect();
    let arrow = scene.text("origin-arrow");
    let args = [
        ("who", Arg::from(members.join(&arrow))),
        ("role", Arg::from(scene.coded("origin-role-", step.role.as_str()))),
        ("path", Arg::from(path.join(&arrow))),
    ];
    let key = if step.allows() { "origin-rule-allow" } else { "origin-rule-deny" };
    scene.with(key, &args)
}

fn subject_words(subject: &str, scene: &Scene<'_>) -> String {
    match subject.split_once(':') {
        Some(("g", group)) => scene.coded("origin-group-", group),
        _ => scene.text("origin-oneself"),
    }
}

fn object_words(object: &str, scene: &Scene<'_>) -> String {
    match object.split_once(':') {
        Some(("record", section)) => scene.coded("section-", section),
        Some((kind, name)) => scene.coded("origin-object-", &format!("{kind}-{name}")),
        None => object.to_owned(),
    }
}

impl JsonView {
    fn new(json: &SourceJson, scene: &Scene<'_>) -> Self {
        match json {
            SourceJson::Text(pretty) => {
                let said = [("origin-json-masked", pretty.masked), ("origin-json-cut", pretty.cut)];
                let remarks = said.iter().filter(|(_, said)| *said).map(|(key, _)| scene.text(key)).collect();
                Self { text: Some(pretty.text.clone()), remarks }
            }
            SourceJson::Missing(why) => {
                let why = if scene.words.has(why) { scene.text(why) } else { scene.text("why-unknown") };
                Self { text: None, remarks: vec![scene.with("origin-json-missing", &[("why", Arg::from(why))])] }
            }
        }
    }
}
