//! Problems: active ones, and what is past.

use fhir::rows::{Condition, When};

use super::Problem;
use crate::concept::{Concept, has_code, some_words, status_code};
use crate::fact::silent;
use crate::joined::{Row, RowSource, add_new, fill, item, join, mark_conflicts, newest_first, state_key};
use crate::{ClinicalTime, Part, PartList, SourceReport};

item!(Problem, self, other, {
    fill(&mut self.icd10, &other.icd10);
    fill(&mut self.onset_text, &other.onset_text);
    fill(&mut self.ended, &other.ended);
    fill(&mut self.severity, &other.severity);
    self.recorded = [self.recorded.take(), other.recorded.clone()].into_iter().flatten().min();
    if self.verification.is_empty() {
        self.verification.clone_from(&other.verification);
    }
    add_new(&mut self.notes, &other.notes);
});

/// Problems of one source.
#[derive(Debug)]
pub(crate) struct ProblemRows {
    source: RowSource,
    rows: Vec<Row<Problem>>,
    pub without_id: u32,
}

/// Is it a problem of the list? Where the category is empty or the hospital's own, nothing says that it is not.
pub(crate) fn is_problem(row: &Condition<'_>) -> bool {
    let diagnosis = has_code(row.category, "encounter-diagnosis");
    !diagnosis || has_code(row.category, "problem-list-item") || has_code(row.category, "health-concern")
}

impl ProblemRows {
    pub fn new(source: RowSource) -> Self {
        Self { source, rows: Vec::new(), without_id: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes a resource that has been checked to be the patient's; what is only a visit's diagnosis is left out.
    pub fn add(&mut self, row: &Condition<'_>) {
        let verification = status_code(row.verification_status.as_ref());
        if verification == "entered-in-error" || !is_problem(row) {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let (onset, onset_text) = dated(row.onset);
        let (ended, _) = dated(row.abatement);
        let recorded = row.recorded_date.and_then(ClinicalTime::parse);
        let time_is_onset = onset.is_some();
        let time = onset.or_else(|| recorded.clone());
        let status = status_code(row.clinical_status.as_ref());
        let Some(fact) = self.source.fact("Condition", row.id, row.meta, &concept, time, &status) else {
            self.without_id += 1;
            return;
        };
        let problem = Problem {
            verification,
            icd10: concept.icd10.clone(),
            onset_text,
            time_is_onset,
            ended,
            severity: some_words(row.severity.as_ref()),
            recorded,
            notes: row.note.iter().filter_map(|note| note.text).map(str::to_owned).collect(),
            fact,
        };
        // How certain it is and whether it is over is part of what is said.
        let value = match is_active(&problem) {
            true => format!("active-{}", problem.verification),
            false => format!("{}-{}", problem.fact.status, problem.verification),
        };
        let key = state_key(&concept, problem.fact.time.as_ref(), &value);
        self.rows.push(Row { item: problem, order: self.source.order, key, names: concept.names });
    }
}

/// A time, or words for it.
pub(crate) fn dated(when: Option<When<'_>>) -> (Option<ClinicalTime>, Option<String>) {
    match when {
        None => (None, None),
        Some(When::DateTime(text)) => match ClinicalTime::parse(text) {
            Some(time) => (Some(time), None),
            None => (None, Some(text.to_owned())),
        },
        Some(When::Period(period)) => (period.start.or(period.end).and_then(ClinicalTime::parse), None),
        Some(When::String(text)) => (None, Some(text.to_owned())),
        Some(When::Age(age)) => (None, quantity(&age)),
        Some(When::Range(range)) => {
            let ends = [range.low.as_ref().and_then(quantity), range.high.as_ref().and_then(quantity)];
            (None, Some(ends.map(Option::unwrap_or_default).join("–")))
        }
    }
}

/// `62 岁`
pub(crate) fn quantity(of: &fhir::rows::Quantity<'_>) -> Option<String> {
    let number = of.value?.text();
    let unit = of.unit.or(of.code).unwrap_or_default();
    let text = format!("{}{number} {unit}", of.comparator.unwrap_or_default());
    Some(text.trim().to_owned())
}

/// Nothing said is active: a problem is not hidden because its status is missing.
fn is_active(problem: &Problem) -> bool {
    let over = matches!(problem.fact.status.as_str(), "inactive" | "remission" | "resolved");
    !over && problem.verification != "refuted"
}

/// An earlier episode that certainly ended before the present one began contradicts nothing.
fn contradict(active: &Problem, past: &Problem) -> bool {
    if !is_active(active) || is_active(past) {
        return false;
    }
    let began = active.fact.time.as_ref().filter(|_| active.time_is_onset);
    match (began, &past.ended) {
        (Some(began), Some(ended)) if past.verification != "refuted" => ended > began,
        _ => true,
    }
}

/// All sources' problems as one view.
pub(crate) fn join_problems(parts: Vec<ProblemRows>, sources: &[SourceReport]) -> PartList<Problem> {
    let mut rows = join(parts.into_iter().flat_map(|part| part.rows).collect());
    mark_conflicts(&mut rows, contradict);
    let (mut items, mut past): (Vec<Problem>, Vec<Problem>) = rows.into_iter().map(|row| row.item).partition(is_active);
    items.sort_by(|one, other| newest_first(&one.fact, &other.fact));
    past.sort_by(|one, other| newest_first(&one.fact, &other.fact));
    PartList { items, past, silent: silent(sources, Part::Problems) }
}
