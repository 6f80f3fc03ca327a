//! What is done for people besides measuring their blood (`data/care.toml`) and the templates of notes (`data/notes`).

use std::collections::HashMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::toml_of;
use crate::SandboxError;

/// The templates by their ids.
const TEMPLATES: [(&str, &str); 11] = [
    ("admission", include_str!("../../data/notes/admission.md")),
    ("anaesthesia", include_str!("../../data/notes/anaesthesia.md")),
    ("daily-progress", include_str!("../../data/notes/daily-progress.md")),
    ("discharge-summary", include_str!("../../data/notes/discharge-summary.md")),
    ("emergency-observation", include_str!("../../data/notes/emergency-observation.md")),
    ("exam", include_str!("../../data/notes/exam.md")),
    ("intervention", include_str!("../../data/notes/intervention.md")),
    ("nursing-admission", include_str!("../../data/notes/nursing-admission.md")),
    ("nursing-general", include_str!("../../data/notes/nursing-general.md")),
    ("operation", include_str!("../../data/notes/operation.md")),
    ("outpatient", include_str!("../../data/notes/outpatient.md")),
];

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Care {
    #[serde(rename = "story")]
    stories: Vec<Story>,
    pub(crate) stay: StayWords,
    #[serde(rename = "vaccine")]
    pub(crate) vaccines: Vec<Vaccine>,
    #[serde(rename = "note")]
    notes: Vec<NoteKind>,
    #[serde(rename = "exam")]
    pub(crate) exams: Vec<ExamKind>,
    #[serde(rename = "scale")]
    pub(crate) scales: Vec<Scale>,
    #[serde(rename = "finding")]
    pub(crate) findings: Vec<FindingKind>,
    #[serde(rename = "balance")]
    pub(crate) balances: Vec<BalanceKind>,
    pub(crate) questionnaire: Questionnaire,
    pub(crate) orders: OrderWords,
    pub(crate) charges: ChargeWords,
    #[serde(rename = "habit")]
    pub(crate) habits: Vec<HabitKind>,
    #[serde(rename = "relative")]
    pub(crate) relatives: Vec<RelativeKind>,
    /// Fills of a template, drawn anew for each note.
    phrases: HashMap<String, Vec<String>>,
    /// Fills that stay with a person.
    own_phrases: HashMap<String, Vec<String>>,
}

/// What a diagnosis looks like in a note, and what an admission for it brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    icd: Vec<String>,
    pub(crate) complaint: String,
    pub(crate) illness: String,
    pub(crate) exam: String,
    pub(crate) tests: String,
    pub(crate) advice: String,
    /// Title of the care plan; empty for none.
    pub(crate) plan: String,
    pub(crate) stay: Option<StayStory>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StayStory {
    pub(crate) department: String,
    /// Least and most days.
    pub(crate) days: [i64; 2],
    /// Codes of `procedures.csv`.
    pub(crate) operations: Vec<String>,
    pub(crate) drugs: Vec<String>,
    pub(crate) course: String,
    pub(crate) outcome: String,
    pub(crate) device: Option<DeviceStory>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceStory {
    pub(crate) zh: String,
    pub(crate) kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StayWords {
    pub(crate) ward: String,
    pub(crate) bed: String,
    pub(crate) complications: Vec<String>,
    /// 离院方式: code of FHIR's discharge dispositions, and the form's words; drawn for each stay.
    pub(crate) leaving: Vec<[String; 2]>,
    /// 入院病情 by the code of FHIR's value set.
    pub(crate) admission_states: HashMap<String, String>,
    pub(crate) followup_days: i64,
}

/// A vaccine: by months of life, or for some of an age on given days.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vaccine {
    pub(crate) zh: String,
    pub(crate) cvx: String,
    #[serde(default)]
    pub(crate) months: Vec<i64>,
    #[serde(default)]
    pub(crate) dates: Vec<Date>,
    /// Years.
    pub(crate) from_age: Option<i64>,
    pub(crate) share: Option<f64>,
}

/// A kind of note.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteKind {
    pub(crate) id: String,
    pub(crate) loinc: String,
    pub(crate) zh: String,
}

/// An examination, and what it may show: findings and conclusion.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExamKind {
    pub(crate) zh: String,
    pub(crate) category: String,
    pub(crate) department: String,
    icd: Vec<String>,
    pub(crate) variants: Vec<[String; 2]>,
}

/// A score of nursing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    pub(crate) zh: String,
    pub(crate) loinc: String,
    pub(crate) values: Vec<i64>,
}

/// What nurses see: one of these words a day. Without LOINC at hospitals that have no code for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingKind {
    pub(crate) zh: String,
    pub(crate) loinc: Option<String>,
    pub(crate) words: Vec<String>,
}

/// What goes in or out in a day, millilitres.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BalanceKind {
    pub(crate) zh: String,
    pub(crate) loinc: String,
    pub(crate) millilitres: [i64; 2],
}

/// What people fill in when they register.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Questionnaire {
    pub(crate) zh: String,
    #[serde(rename = "question")]
    pub(crate) questions: Vec<Question>,
}

/// A question, and what may be answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) zh: String,
    pub(crate) answers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderWords {
    pub(crate) long_term: Vec<String>,
    pub(crate) one_off: Vec<String>,
    pub(crate) diets: Vec<String>,
    /// Of a care plan.
    pub(crate) activities: Vec<String>,
    /// Medicines that people buy themselves.
    pub(crate) self_bought: Vec<String>,
}

/// Items of `charge-items.csv` by what they are charged for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChargeWords {
    pub(crate) visit: String,
    pub(crate) emergency: String,
    pub(crate) stay_daily: Vec<String>,
    pub(crate) stay_once: Vec<String>,
    pub(crate) medicines: String,
    pub(crate) report: String,
    pub(crate) dialysis: Vec<String>,
    pub(crate) operation: String,
    pub(crate) account_of_stay: String,
    pub(crate) account_of_visit: String,
    /// Fee classes in the order of the form.
    pub(crate) fee_classes: Vec<String>,
    pub(crate) payers: Vec<Payer>,
}

/// Who pays, and which share.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payer {
    pub(crate) zh: String,
    /// Empty for those who pay themselves.
    pub(crate) code: String,
    pub(crate) share: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HabitKind {
    pub(crate) phrase: String,
    pub(crate) zh: String,
    pub(crate) loinc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelativeKind {
    pub(crate) said: String,
    pub(crate) role: String,
    pub(crate) zh: String,
    pub(crate) icd: String,
}

impl ExamKind {
    /// Is it done for this diagnosis?
    pub(crate) fn is_for(&self, icd: &str) -> bool {
        self.icd.iter().any(|prefix| icd.starts_with(prefix))
    }
}

impl Care {
    pub(super) fn load() -> Result<Self, SandboxError> {
        toml_of("care.toml", include_str!("../../data/care.toml"))
    }

    /// The story of a diagnosis; of none, that of a routine visit.
    pub(crate) fn story(&self, icd: Option<&str>) -> Result<&Story, SandboxError> {
        let icd = icd.unwrap_or_default();
        let fits = |story: &&Story| story.icd.iter().any(|prefix| icd.starts_with(prefix));
        self.stories.iter().find(fits).ok_or_else(|| SandboxError::reference("care.toml", "no story for all others"))
    }

    /// A kind of note by its id.
    pub(crate) fn note(&self, id: &str) -> Option<&NoteKind> {
        self.notes.iter().find(|kind| kind.id == id)
    }

    /// Fills that may stand for a placeholder, and whether they stay with a person.
    pub(crate) fn phrases(&self, placeholder: &str) -> (&[String], bool) {
        match self.own_phrases.get(placeholder) {
            Some(own) => (own, true),
            None => (self.phrases.get(placeholder).map_or(&[], Vec::as_slice), false),
        }
    }
}

/// A template's text without its front matter.
///
/// # Errors
/// An id that only a mistake in this crate can bring.
pub(crate) fn template(id: &str) -> Result<&'static str, SandboxError> {
    let missing = || SandboxError::reference("notes", format_args!("no template {id}"));
    let (_, text) = TEMPLATES.iter().find(|(known, _)| *known == id).ok_or_else(missing)?;
    let rest = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).ok_or_else(missing)?;
    Ok(rest.1.trim())
}

/// Replaces every `{placeholder}` of a template by what `fill` says.
pub(crate) fn filled(template: &str, mut fill: impl FnMut(&str) -> Option<String>) -> Result<String, SandboxError> {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, later) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        let unknown = || SandboxError::reference("notes", format_args!("nothing fills {name}"));
        text.push_str(&fill(name).ok_or_else(unknown)?);
        rest = later;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_and_gaps_are_faults() {
        let fill = |name: &str| (name == "a").then(|| "1".to_owned());
        assert_eq!(filled("x{a}y{a}", fill).unwrap(), "x1y1");
        assert!(filled("{b}", fill).is_err());
    }

    #[test]
    fn every_template_has_a_text() {
        for (id, _) in TEMPLATES {
            assert!(template(id).unwrap().starts_with("# "), "{id}");
        }
    }

    #[test]
    fn every_diagnosis_has_a_story() {
        let care = Care::load().unwrap();
        assert!(care.story(Some("I25.1")).unwrap().stay.is_some());
        assert!(care.story(Some("Z99")).unwrap().stay.is_none());
        assert!(care.story(None).is_ok());
    }
}
