//! What rows of the summary and of visits share: their hospitals, their dates, what is missing from a part, what
//! contradicts what.

use std::collections::HashSet;

use ehr::{ClinicalTime, Fact, Held, Origin, PartList, Precision, Silent, SourceReport, SourceState};
use serde::Serialize;
use web::render::Arg;

use crate::{Scene, scene::short_source_of, sources::Sources};

/// A hospital's mark and short name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceMark {
    /// Short name.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
}

/// The head and foot of a card.
#[derive(Clone, Debug, Serialize)]
pub struct PartView {
    /// What holds now.
    pub count: usize,
    /// What no longer holds.
    pub past: usize,
    /// `items`, `past` (nothing now, something once), `none` (every linked source said so), `refused`, `unsupported`,
    /// `unknown` (not everyone answered) or `not-linked`.
    pub state: &'static str,
    /// One per silent source: `不含中医院（未应答）`.
    pub missing: Vec<String>,
    /// The same for those whose system does not offer this part.
    pub not_offered: Vec<String>,
}

/// Rows that contradict each other.
#[derive(Clone, Debug, Serialize)]
pub struct Contradiction {
    /// What about.
    pub name: String,
    /// What each says.
    pub said: Vec<Statement>,
}

/// What one row says.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// Who.
    pub sources: Vec<SourceMark>,
    /// What.
    pub value: String,
}

impl SourceMark {
    /// The mark of the source with this id.
    pub(crate) fn of(id: &str, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let (name, mark) = short_source_of(reports, id, scene);
        Self { name, mark }
    }
}

/// The hospitals of a row, each once, in the order of the catalogue.
pub(crate) fn marks(origins: &[Origin], reports: &[SourceReport], scene: &Scene<'_>) -> Vec<SourceMark> {
    let mut all: Vec<SourceMark> = Vec::new();
    for origin in origins {
        let one = SourceMark::of(&origin.source, reports, scene);
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// Names of a row's hospitals in one text.
pub(crate) fn names(origins: &[Origin], reports: &[SourceReport], scene: &Scene<'_>) -> String {
    let names: Vec<String> = marks(origins, reports, scene).into_iter().map(|one| one.name).collect();
    scene.list(&names)
}

/// `11-20` of this year, `25-09-11` of another; a year or a month stays what it is.
pub(crate) fn short_day(time: &ClinicalTime, scene: &Scene<'_>) -> String {
    let date = time.date();
    if matches!(time.precision(), Precision::Year | Precision::Month) {
        return date.to_owned();
    }
    let this_year = web::render::local(scene.now).year().to_string();
    let from = if date.starts_with(&this_year) { 5 } else { 2 };
    date.get(from..).unwrap_or(date).to_owned()
}

/// `不含中医院（未应答）`, one per source whose answer is missing.
pub(crate) fn missing(silent: &[Silent], scene: &Scene<'_>) -> Vec<String> {
    without(silent.iter().filter(|one| one.state != SourceState::Unsupported), scene)
}

/// `不含清溪社区（机构不支持）`, one per source whose system does not offer this: so every day, and no warning.
pub(crate) fn not_offered(silent: &[Silent], scene: &Scene<'_>) -> Vec<String> {
    without(silent.iter().filter(|one| one.state == SourceState::Unsupported), scene)
}

fn without<'s>(silent: impl Iterator<Item = &'s Silent>, scene: &Scene<'_>) -> Vec<String> {
    let one = |silent: &Silent| {
        let state = scene.text(&format!("state-{}", silent.state.as_str()));
        scene.with("part-missing", &[("name", Arg::from(scene.of(&silent.name))), ("state", Arg::from(state))])
    };
    silent.map(one).collect()
}

/// What exists and is not shown yet, in words.
pub(crate) fn held(all: &[Held], scene: &Scene<'_>) -> Vec<String> {
    all.iter().map(|held| scene.with(held.reason_key, &[("count", Arg::from(held.count))])).collect()
}

/// Why a card is empty, if it is. Never `none` while a source is silent.
pub(crate) fn state(items: usize, past: usize, silent: &[Silent], linked: bool) -> &'static str {
    let all = |wanted: SourceState| !silent.is_empty() && silent.iter().all(|one| one.state == wanted);
    match () {
        () if items > 0 => "items",
        () if !linked => "not-linked",
        () if all(SourceState::Refused) => "refused",
        () if all(SourceState::Unsupported) => "unsupported",
        () if !silent.is_empty() => "unknown",
        () if past > 0 => "past",
        () => "none",
    }
}

impl PartView {
    pub(crate) fn new<T>(part: &PartList<T>, sources: &Sources, scene: &Scene<'_>) -> Self {
        Self {
            count: part.items.len(),
            past: part.past.len(),
            state: state(part.items.len(), part.past.len(), &part.silent, sources.linked),
            missing: missing(&part.silent, scene),
            not_offered: not_offered(&part.silent, scene),
        }
    }
}

/// Every set of contradicting rows once; `say` puts a row into words.
pub(crate) fn contradictions<'f, T: 'f>(
    rows: impl Iterator<Item = &'f T> + Clone,
    fact: impl Fn(&T) -> &Fact,
    say: impl Fn(&T) -> String,
    reports: &[SourceReport],
    scene: &Scene<'_>,
) -> Vec<Contradiction> {
    let mut listed: HashSet<String> = HashSet::new();
    let mut all = Vec::new();
    for row in rows.clone().filter(|row| fact(row).is_contradicted()) {
        let own = fact(row);
        let is_in = |id: &String| *id == own.id || own.conflict.contains(id);
        let set: Vec<&T> = rows.clone().filter(|row| is_in(&fact(row).id)).collect();
        if set.len() < 2 || set.iter().all(|row| listed.contains(&fact(row).id)) {
            continue;
        }
        listed.extend(set.iter().map(|row| fact(row).id.clone()));
        let statement = |row: &&T| Statement { sources: marks(&fact(row).origins, reports, scene), value: say(row) };
        all.push(Contradiction { name: own.code.text.clone(), said: set.iter().map(statement).collect() });
    }
    all
}
