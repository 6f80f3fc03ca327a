//! 就诊时间线: visits and stays in one list, newest first, told apart by shape and word.

use ehr::{Precision, Section, SourceReport, Visit, VisitClass};
use jiff::civil::Date;
use serde::Serialize;
use web::render::Arg;

use crate::{
    Scene,
    facts::{SourceMark, marks},
};

/// A visit or a stay on the line.
#[derive(Clone, Debug, Serialize)]
pub struct Stop {
    /// For machines.
    pub instant: Option<String>,
    /// At its precision; nothing when it is not known.
    pub date: Option<String>,
    /// Class of its dot: empty (outpatient), `dot--er`, `dot--ip`, `dot--x` (unknown).
    pub dot: &'static str,
    /// `门诊 · 肾内科`
    pub title: String,
    /// Reasons and diagnoses.
    pub text: String,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Where more of it is.
    pub href: String,
    /// A status worth a word (`planned`, `in-progress`, …).
    pub status: Option<String>,
}

/// Class of a dot.
fn dot(class: VisitClass) -> &'static str {
    match class {
        VisitClass::Outpatient => "",
        VisitClass::Emergency => "dot--er",
        VisitClass::Inpatient => "dot--ip",
        VisitClass::Unknown => "dot--x",
    }
}

/// What kind of visit, in words; the source's own where we don't know.
pub(crate) fn class_words(visit: &Visit, scene: &Scene<'_>) -> String {
    match (visit.class, &visit.class_text) {
        (VisitClass::Unknown, None) if visit.fact.kind == "Condition" => scene.text("visit-diagnosis-alone"),
        (VisitClass::Unknown, Some(text)) => text.clone(),
        (class, _) => scene.text(&format!("visit-{}", class.as_str())),
    }
}

/// A status worth a word; `finished` is what everybody expects.
pub(crate) fn status_words(status: &str, scene: &Scene<'_>) -> Option<String> {
    (!matches!(status, "finished" | "")).then(|| scene.coded("encounter-", status))
}

/// Whole days of a stay, the day of admission counted and the day of discharge not.
fn days(visit: &Visit) -> Option<i32> {
    let date = |time: &ehr::ClinicalTime| {
        (time.precision() >= Precision::Day).then(|| time.date().parse::<Date>().ok()).flatten()
    };
    let (from, to) = (date(visit.fact.time.as_ref()?)?, date(visit.ended.as_ref()?)?);
    let days = from.until(to).ok()?.get_days();
    (days >= 1).then_some(days)
}

impl Stop {
    /// `record` is the address that the pages of the record lie below.
    pub(crate) fn new(visit: &Visit, record: &str, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let mut title = class_words(visit, scene);
        if let Some(days) = days(visit).filter(|_| visit.class == VisitClass::Inpatient) {
            title = scene.with("stay-days", &[("class", Arg::from(title)), ("days", Arg::from(days))]);
        }
        if let Some(department) = &visit.department {
            title = format!("{title} · {department}");
        }
        let diagnoses = visit.diagnoses.iter().map(|diagnosis| diagnosis.code.text.clone());
        let mut said: Vec<String> = Vec::new();
        for text in visit.reasons.iter().cloned().chain(diagnoses).filter(|text| !text.is_empty()) {
            if !said.contains(&text) {
                said.push(text);
            }
        }
        said.truncate(4);
        let section = if visit.class == VisitClass::Inpatient { Section::Inpatient } else { Section::Outpatient };
        Self {
            instant: visit.fact.time.as_ref().map(|time| time.as_str().to_owned()),
            date: visit.fact.time.as_ref().map(|time| scene.day(time)),
            dot: dot(visit.class),
            title,
            text: scene.list(&said),
            sources: marks(&visit.fact.origins, reports, scene),
            href: format!("{record}/{}?at={id}#v-{id}", section.slug(), id = visit.fact.id),
            status: status_words(&visit.fact.status, scene),
        }
    }
}
