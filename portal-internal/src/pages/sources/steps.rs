//! The steps of a connection's test, in words.

use serde::Serialize;
use sources::{End, Look, Source, Step};
use web::{Visit, render::Words};

use crate::portal::Portal;

/// One step as it is shown.
#[derive(Serialize)]
pub struct StepView {
    /// What was looked at.
    pub name: String,
    /// `good`, `warning`, `failed` or `skipped`.
    pub end: &'static str,
    /// What came of it.
    pub said: String,
    /// What was expected, where something else came.
    pub expected: Option<String>,
    /// What to do.
    pub cure: Option<String>,
    /// In the server's own words or codes.
    pub answer: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// In seconds; empty for what was not tried.
    pub took: String,
    /// Of a section's type.
    pub of_section: bool,
}

/// A step in words.
pub fn words_of(words: &Words, step: &Step) -> StepView {
    let (name, of_section) = match step.look {
        Look::Section { section, kind } => (format!("{} · {kind}", words.text(&format!("section-{section}"))), true),
        look => (words.text(&format!("source-look-{}", look.as_str())), false),
    };
    let bad = matches!(step.end, End::Warning | End::Failed);
    let option = |key: String| (bad && words.has(&key)).then(|| words.text(&key));
    StepView {
        name,
        end: step.end.as_str(),
        said: words.text(&format!("source-said-{}", step.code)),
        expected: option(format!("source-expected-{}", step.look.as_str())),
        cure: option(format!("source-cure-{}", step.code)),
        answer: step.answer.clone(),
        status: step.status,
        took: match step.end {
            End::Skipped => String::new(),
            _ => format!("{:.2}", f64::from(u32::try_from(step.took_ms).unwrap_or(u32::MAX)) / 1000.0),
        },
        of_section,
    }
}

/// All steps in the visitor's language.
pub fn views(portal: &Portal, visit: &Visit, steps: &[Step]) -> Vec<StepView> {
    let words = portal.pages.renderer().words(visit.lang);
    steps.iter().map(|step| words_of(words, step)).collect()
}

/// `sources/test.html`
#[derive(Serialize)]
pub struct TestPage {
    id: String,
    name: String,
    mark: &'static str,
    platform: String,
    environment: &'static str,
    base_url: String,
    patient: String,
    at: String,
    connection: Vec<StepView>,
    sections: Vec<StepView>,
    counts: Counts,
    took: String,
}

#[derive(Serialize)]
struct Counts {
    good: usize,
    warning: usize,
    failed: usize,
    skipped: usize,
}

impl TestPage {
    pub fn new(portal: &Portal, visit: &Visit, source: &Source, steps: &[Step], patient: &str) -> Self {
        let count = |end: End| steps.iter().filter(|step| step.end == end).count();
        let took: u64 = steps.iter().map(|step| step.took_ms).sum();
        let (sections, connection) = views(portal, visit, steps).into_iter().partition(|step| step.of_section);
        Self {
            id: source.id.clone(),
            name: super::view::name(source, visit),
            mark: record_view::source_mark(source.mark),
            platform: source.client.platform().name.clone(),
            environment: source.environment.as_str(),
            base_url: source.client.base().to_string(),
            patient: patient.to_owned(),
            at: portal.pages.renderer().words(visit.lang).minute(visit.now),
            connection,
            sections,
            counts: Counts {
                good: count(End::Good),
                warning: count(End::Warning),
                failed: count(End::Failed),
                skipped: count(End::Skipped),
            },
            took: format!("{:.1}", f64::from(u32::try_from(took).unwrap_or(u32::MAX)) / 1000.0),
        }
    }
}
