//! One analyte result by result, as each laboratory wrote it; and what contradicts what.

use std::collections::{HashMap, HashSet};

use ehr::{
    Gathered, Section,
    labs::{LabMatrix, LabResult},
};
use serde::Serialize;

use super::{LabsInput, results, status_key, value_text};
use crate::{
    Scene,
    review::ReviewView,
    scene::{flag_arrow, flag_class, flag_key, source_of},
};

/// Newest results of one analyte that are listed.
const MOST: usize = 50;

/// One analyte, result by result.
#[derive(Debug, Serialize)]
pub struct History {
    /// Analyte.
    pub name: String,
    /// Newest first, fifty at most.
    pub rows: Vec<HistoryRow>,
    /// Older ones not listed.
    pub not_listed: usize,
}

/// One result with everything its laboratory said.
#[derive(Debug, Serialize)]
pub struct HistoryRow {
    /// When, at its precision.
    pub time: Option<String>,
    /// When it was made available.
    pub issued: Option<String>,
    /// What the laboratory calls it.
    pub code: String,
    /// Value, comparator and unit as sent.
    pub value: String,
    /// Flag.
    pub flag: Option<FlagView>,
    /// Range, verbatim.
    pub range: Option<String>,
    /// Status in words, unless final.
    pub status: Option<String>,
    /// Specimen, report, remarks.
    pub remarks: Vec<String>,
    /// Where from: name, letter of the mark, `Observation/123`, when read.
    pub origins: Vec<OriginView>,
    /// Contradicted?
    pub conflict: bool,
    /// What clinicians have said of it.
    pub review: ReviewView,
}

/// A flag in every form.
#[derive(Clone, Debug, Serialize)]
pub struct FlagView {
    /// Of the stylesheet.
    pub class: &'static str,
    /// For the eye.
    pub arrow: &'static str,
    /// In words.
    pub word: String,
}

/// Where a value comes from.
#[derive(Debug, Serialize)]
pub struct OriginView {
    /// Source.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// `Observation/123`
    pub resource: String,
    /// When it was read.
    pub retrieved: String,
    /// Where it is explained, below the page's own address.
    pub href: Option<String>,
}

/// Results that contradict each other, side by side, never ranked.
#[derive(Debug, Serialize)]
pub struct Conflict {
    /// Analyte.
    pub name: String,
    /// When.
    pub time: Option<String>,
    /// Who says what.
    pub said: Vec<Said>,
}

/// What one source says.
#[derive(Debug, Serialize)]
pub struct Said {
    /// Source.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// Value and unit.
    pub value: String,
}

impl FlagView {
    pub(crate) fn of(result: &LabResult, scene: &Scene<'_>) -> Option<Self> {
        let flag = result.flag.filter(|flag| flag.is_abnormal())?;
        Some(Self { class: flag_class(Some(flag)), arrow: flag_arrow(flag), word: scene.text(flag_key(flag)) })
    }
}

/// Value and unit as sent, or why there is none.
pub(crate) fn full_value(one: &LabResult, scene: &Scene<'_>) -> String {
    let unit = one.value.as_ref().and_then(|value| value.unit.as_deref()).unwrap_or_default();
    match value_text(one) {
        Some(value) if unit.is_empty() => value,
        Some(value) => format!("{value} {unit}"),
        None if one.components.is_empty() => one.absent.clone().unwrap_or_else(|| scene.text("cell-no-value")),
        None => scene.list(
            &one.components
                .iter()
                .map(|part| format!("{} {}", part.code.text, full_value(part, scene)))
                .collect::<Vec<_>>(),
        ),
    }
}

/// The history of the analyte the filters ask for.
pub(super) fn of(input: &LabsInput<'_>) -> Option<History> {
    let LabsInput { matrix, filters, scene, .. } = input;
    let key = filters.show.as_ref()?;
    let row = matrix.panels.iter().flat_map(|panel| &panel.rows).find(|row| row.key == *key)?;
    Some(History {
        name: scene.of(&row.name),
        rows: row.history.iter().take(MOST).map(|one| history_row(one, input)).collect(),
        not_listed: row.history.len().saturating_sub(MOST),
    })
}

fn history_row(one: &LabResult, input: &LabsInput<'_>) -> HistoryRow {
    let LabsInput { banner, gathered, scene, .. } = input;
    let origin = |origin: &ehr::Origin| {
        let (name, mark) = source_of(&gathered.sources, &origin.source, scene);
        OriginView {
            name,
            mark,
            resource: origin.resource.clone(),
            retrieved: scene.words.minute_today(origin.retrieved_at, scene.now),
            href: origin.path(Section::LabResults),
        }
    };
    HistoryRow {
        time: one.time.as_ref().map(|time| scene.minute(time)),
        issued: one.issued.as_ref().map(|time| scene.minute(time)),
        code: one.code.text.clone(),
        value: full_value(one, scene),
        flag: FlagView::of(one, scene),
        range: one.range.as_ref().map(|range| range.text.clone()),
        status: status_key(&one.status).map(|key| scene.text(key)),
        remarks: [&one.specimen, &one.report].into_iter().flatten().chain(&one.notes).cloned().collect(),
        origins: one.origins.iter().map(origin).collect(),
        conflict: !one.conflict.is_empty(),
        review: ReviewView::new(&gathered.reviews, (banner.person, Section::LabResults, &one.id), scene),
    }
}

/// Every set of contradicting results once.
pub(super) fn conflicts(gathered: &Gathered<LabResult>, matrix: &LabMatrix<'_>, scene: &Scene<'_>) -> Vec<Conflict> {
    let by_id: HashMap<&str, &LabResult> = gathered.items.iter().map(|one| (one.id.as_str(), one)).collect();
    let rows = || matrix.panels.iter().flat_map(|panel| &panel.rows);
    let named = |id: &str| rows().find(|row| results(row).any(|(_, one)| one.id == id)).map(|row| scene.of(&row.name));
    let mut listed = HashSet::new();
    let mut all = Vec::new();
    for one in gathered.items.iter().filter(|one| !one.conflict.is_empty()) {
        let mut set: Vec<&LabResult> = vec![one];
        set.extend(one.conflict.iter().filter_map(|id| by_id.get(id.as_str()).copied()));
        if set.iter().any(|one| listed.contains(one.id.as_str())) {
            continue;
        }
        listed.extend(set.iter().map(|one| one.id.as_str()));
        let say = |one: &&LabResult| {
            let source = one.origins.first().map_or("", |origin| origin.source.as_str());
            let (name, mark) = source_of(&gathered.sources, source, scene);
            Said { name, mark, value: full_value(one, scene) }
        };
        all.push(Conflict {
            name: named(&one.id).unwrap_or_else(|| one.code.text.clone()),
            time: one.time.as_ref().map(|time| scene.minute(time)),
            said: set.iter().map(say).collect(),
        });
    }
    all
}
