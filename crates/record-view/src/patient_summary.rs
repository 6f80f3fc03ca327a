//! The patient's own summary: part by part, each led by a plain sentence.

use ehr::{Banner, Medicine, PartList, Problem, RecentResult, Section, SourceReport, Summary};
use serde::Serialize;
use web::render::Arg;

use crate::{
    PatientShell, Scene,
    allergies::{self, AllergyCard},
    facts::{self, Contradiction, PartView, names},
    labs::value_text,
    scene::flag_arrow,
    sources::{Audience, Sources},
    summary::{
        EventRow, event_of_device, event_of_immunization, event_of_procedure, medicine_words, newest_first, unit_of,
    },
    timeline::Stop,
};

const STOPS: usize = 5;
const RESULTS: usize = 6;

/// `record/summary.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientSummaryPage {
    /// Whose.
    pub shell: PatientShell,
    /// Who answered.
    pub sources: Sources,
    /// What is known of allergies.
    pub allergies: AllergyCard,
    /// What that means.
    pub allergy_sentence: String,
    /// Medicines taken now.
    pub medicines: PlainPart<PlainMedicine>,
    /// Diagnoses.
    pub problems: PlainPart<PlainProblem>,
    /// Newest results outside their ranges.
    pub results: PlainPart<PlainValue>,
    /// Newest visits.
    pub visits: PlainPart<Stop>,
    /// Vaccinations.
    pub immunizations: PlainPart<EventRow>,
    /// Operations and procedures.
    pub procedures: PlainPart<EventRow>,
    /// Implants and devices.
    pub devices: PlainPart<EventRow>,
    /// What hospitals write differently.
    pub conflicts: Vec<Contradiction>,
    /// What exists and is not shown yet, in words.
    pub held: Vec<String>,
}

/// A part with the sentence that leads it.
#[derive(Debug, Serialize)]
pub struct PlainPart<T> {
    /// Counts, and what is missing.
    pub part: PartView,
    /// `医院记着 6 种正在用的药。`, or why there is nothing.
    pub sentence: String,
    /// As far as shown.
    pub rows: Vec<T>,
    /// How many more there are.
    pub more: usize,
}

/// A medicine in plain words.
#[derive(Debug, Serialize)]
pub struct PlainMedicine {
    /// What.
    pub name: String,
    /// How much, how often.
    pub usage: String,
    /// What for, since when.
    pub about: String,
    /// Was the dose changed?
    pub changed: bool,
    /// Whose.
    pub source: String,
    /// Do hospitals write it differently?
    pub conflict: bool,
}

/// A diagnosis in plain words.
#[derive(Debug, Serialize)]
pub struct PlainProblem {
    /// What.
    pub name: String,
    /// Since when, how certain.
    pub about: String,
    /// Whose.
    pub source: String,
}

/// A result in one line.
#[derive(Debug, Serialize)]
pub struct PlainValue {
    /// Analyte.
    pub name: String,
    /// Value with unit.
    pub value: String,
    /// `偏高 ↑`
    pub flag: String,
    /// `high`, `low` or `crit`: class of the tag.
    pub tone: &'static str,
    /// When, whose.
    pub about: String,
}

impl<T> PlainPart<T> {
    fn new<S>(name: &str, part: &PartList<S>, sources: &Sources, scene: &Scene<'_>, row: impl Fn(&S) -> T) -> Self {
        let view = PartView::new(part, sources, scene);
        let key = match view.state {
            "items" => format!("plain-{name}-items"),
            state => format!("plain-part-{state}"),
        };
        Self {
            sentence: scene.with(&key, &[("count", Arg::from(view.count))]),
            part: view,
            rows: part.items.iter().map(row).collect(),
            more: 0,
        }
    }

    fn first(mut self, most: usize) -> Self {
        self.more = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        self
    }
}

/// The patient's page.
pub fn page(banner: &Banner, summary: &Summary, scene: &Scene<'_>) -> PatientSummaryPage {
    let base = format!("/people/{}/record", banner.person);
    let retry = format!("{base}/{}?refresh=true", Section::Summary.slug());
    let sources = Sources::build(&summary.sources, summary.as_of, &retry, Audience::Patient, scene);
    let reports = &summary.sources;
    PatientSummaryPage {
        shell: PatientShell::new(banner, scene),
        allergy_sentence: allergies::plain_sentence(&summary.allergies, &sources, scene),
        allergies: AllergyCard::new(&summary.allergies, reports, scene),
        medicines: PlainPart::new("medicines", &summary.medicines, &sources, scene, |one| {
            medicine(one, reports, scene)
        }),
        problems: PlainPart::new("problems", &summary.problems, &sources, scene, |one| problem(one, reports, scene)),
        results: results(summary, &sources, scene),
        visits: PlainPart::new("visits", &summary.encounters, &sources, scene, |one| {
            Stop::new(one, &base, reports, scene)
        })
        .first(STOPS),
        immunizations: PlainPart::new("immunizations", &summary.immunizations, &sources, scene, |one| {
            event_of_immunization(one, reports, scene)
        }),
        procedures: PlainPart::new("procedures", &summary.procedures, &sources, scene, |one| {
            event_of_procedure(one, reports, scene)
        }),
        devices: PlainPart::new("devices", &summary.devices, &sources, scene, |one| {
            event_of_device(one, reports, scene)
        }),
        conflicts: conflicts(summary, scene),
        held: facts::held(&summary.held, scene),
        sources,
    }
}

fn conflicts(summary: &Summary, scene: &Scene<'_>) -> Vec<Contradiction> {
    let reports = &summary.sources;
    let mut all = allergies::contradictions(&summary.allergies, reports, scene);
    let medicines = summary.medicines.items.iter().chain(&summary.medicines.past);
    let say = |one: &Medicine| {
        let said = [one.dose.clone().unwrap_or_default(), medicine_words(one, scene)];
        scene.list(&said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>())
    };
    all.extend(facts::contradictions(medicines, |one| &one.fact, say, reports, scene));
    all
}

fn since(time: Option<&ehr::ClinicalTime>, scene: &Scene<'_>) -> Option<String> {
    Some(scene.with("plain-since", &[("date", Arg::from(scene.day(time?)))]))
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn medicine(one: &Medicine, reports: &[SourceReport], scene: &Scene<'_>) -> PlainMedicine {
    let reason = one.reason.clone().map(|reason| scene.with("plain-what-for", &[("reason", Arg::from(reason))]));
    let usage: Vec<String> = [one.dose.clone(), Some(medicine_words(one, scene))]
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    PlainMedicine {
        name: one.fact.code.text.clone(),
        usage: if usage.is_empty() { scene.text("plain-usage-not-said") } else { scene.list(&usage) },
        about: joined([reason, since(one.since.as_ref().or(one.fact.time.as_ref()), scene)]),
        changed: one.dose_changed,
        source: names(&one.fact.origins, reports, scene),
        conflict: one.fact.is_contradicted(),
    }
}

fn problem(one: &Problem, reports: &[SourceReport], scene: &Scene<'_>) -> PlainProblem {
    let unsure = !matches!(one.verification.as_str(), "confirmed" | "");
    PlainProblem {
        name: one.fact.code.text.clone(),
        about: joined([
            unsure.then(|| scene.coded("verification-", &one.verification)),
            since(one.fact.time.as_ref(), scene).or_else(|| one.onset_text.clone()),
        ]),
        source: names(&one.fact.origins, reports, scene),
    }
}

/// Those outside their ranges, newest first; all others are on the page of results.
fn results(summary: &Summary, sources: &Sources, scene: &Scene<'_>) -> PlainPart<PlainValue> {
    let view = PartView::new(&summary.results, sources, scene);
    let abnormal = |one: &&RecentResult| one.newest.flag.is_some_and(|flag| flag.is_abnormal());
    let all: Vec<&RecentResult> = newest_first(&summary.results.items).into_iter().filter(abnormal).collect();
    let key = match view.state {
        "items" => "plain-results-items".to_owned(),
        state => format!("plain-part-{state}"),
    };
    let args = [("count", Arg::from(view.count)), ("abnormal", Arg::from(all.len()))];
    PlainPart {
        sentence: scene.with(&key, &args),
        part: view,
        rows: all.iter().take(RESULTS).filter_map(|one| value(one, &summary.sources, scene)).collect(),
        more: all.len().saturating_sub(RESULTS),
    }
}

fn value(one: &RecentResult, reports: &[SourceReport], scene: &Scene<'_>) -> Option<PlainValue> {
    use ehr::labs::Flag;
    let newest = &one.newest;
    let flag = newest.flag?;
    let (key, tone) = match flag {
        Flag::CriticalHigh => ("plain-critical-high", "crit"),
        Flag::CriticalLow => ("plain-critical-low", "crit"),
        Flag::Low => ("plain-low", "low"),
        Flag::High => ("plain-high", "high"),
        Flag::Abnormal => ("plain-abnormal", "high"),
        Flag::Normal => return None,
    };
    let unit = unit_of(newest).unwrap_or_default();
    let date = newest.time.as_ref().map(|time| scene.day(time));
    Some(PlainValue {
        name: scene.of(&one.name),
        value: format!("{} {unit}", value_text(newest).unwrap_or_default()).trim().to_owned(),
        flag: format!("{} {}", scene.text(key), flag_arrow(flag)),
        tone,
        about: joined([date, Some(names(&newest.origins, reports, scene))]),
    })
}
