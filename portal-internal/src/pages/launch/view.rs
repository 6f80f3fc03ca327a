//! What the pages of launches show.

use poem::http::StatusCode;
use serde::Serialize;
use sources::{FlowFault, FlowStep, Source};
use web::{Lang, render::Words};

fn name(source: &Source, words: &Words) -> String {
    match words.lang() {
        Lang::En => source.name.en.clone(),
        Lang::Zh => source.name.zh.clone(),
    }
}

/// `launch/leaving.html`
#[derive(Serialize)]
pub struct LeavingPage {
    hospital: String,
    url: String,
}

impl LeavingPage {
    pub fn new(source: Option<&Source>, url: &str, words: &Words) -> Self {
        Self { hospital: source.map(|source| name(source, words)).unwrap_or_default(), url: url.to_owned() }
    }
}

/// `launch/refused.html`
#[derive(Serialize)]
pub struct RefusedPage {
    /// Nothing went wrong.
    calm: bool,
    /// Empty where it is not known.
    hospital: String,
    /// How far it came.
    step: Option<String>,
    what: String,
    cure: String,
    /// The hospital's own words. From outside: text and nothing else.
    said: String,
    number: Option<String>,
    /// The patient has to be looked for.
    searches: bool,
}

/// What helps against `why`, as a message key.
fn cure(why: &str) -> &'static str {
    match why {
        "state-unknown" | "state-used" | "state-expired" | "state-elsewhere" | "no-code" | "no-launch" | "denied" => {
            "again"
        }
        "token-unreachable" | "practitioner-unreadable" | "patient-silent" => "later",
        "another-practitioner" => "account",
        "staff-no-number" | "practitioner-inactive" | "practitioner-unclear" | "no-practitioner" => "directory",
        "patient-unknown" => "search",
        "patient-unclear" => "steward",
        _ => "number",
    }
}

impl RefusedPage {
    /// `source` is the hospital, where it is known.
    pub fn new(fault: &FlowFault, source: Option<&Source>, words: &Words) -> Self {
        let key = format!("launch-why-{}", fault.why);
        let cure = cure(fault.why);
        Self {
            calm: false,
            hospital: source.map(|source| name(source, words)).unwrap_or_default(),
            step: Some(words.text(&format!("launch-step-{}", fault.step.as_str()))),
            what: words.text(if words.has(&key) { &key } else { "launch-why-other" }),
            cure: words.text(&format!("launch-cure-{cure}")),
            said: fault.said.clone(),
            number: fault.flow.map(|flow| flow.to_string()),
            searches: cure == "search",
        }
    }

    /// For somebody who comes here by no launch.
    pub fn again(words: &Words) -> Self {
        Self {
            calm: true,
            hospital: String::new(),
            step: None,
            what: words.text("launch-why-nothing"),
            cure: words.text("launch-cure-again"),
            said: String::new(),
            number: None,
            searches: true,
        }
    }
}

/// Whose doing it is, as HTTP says it: what the browser brought, who it is, or the hospital's server.
pub fn status(fault: &FlowFault) -> StatusCode {
    match (fault.step, fault.why) {
        (_, "unknown-iss" | "no-launch" | "denied") | (FlowStep::Callback, _) => StatusCode::BAD_REQUEST,
        (_, "shown-another" | "shown-unproven") => StatusCode::FORBIDDEN,
        (_, "another-practitioner" | "staff-no-number" | "practitioner-inactive" | "practitioner-unclear") => {
            StatusCode::FORBIDDEN
        }
        (_, "patient-unclear") => StatusCode::CONFLICT,
        (_, "patient-unknown") => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_GATEWAY,
    }
}
