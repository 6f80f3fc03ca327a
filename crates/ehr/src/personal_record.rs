//! 个人健康档案: family history, habits, vaccinations and questionnaires of all sources.
//!
//! What the patient enters in the portal is not part of it yet: nothing stands in its place.

mod family;
mod rows;

use schemars::JsonSchema;
use serde::Serialize;

use crate::joined::{add_new, fill};
use crate::labs::{Code, Value};
use crate::sheet::{Fields, Named};

/// What an entry of the personal record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PersonalKind {
    /// 家族史
    #[default]
    FamilyHistory,
    /// 生活习惯
    SocialHistory,
    /// 免疫接种
    Immunization,
    /// 问卷
    Questionnaire,
}

impl PersonalKind {
    /// As in JSON and message keys (`personal-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FamilyHistory => "family-history",
            Self::SocialHistory => "social-history",
            Self::Immunization => "immunization",
            Self::Questionnaire => "questionnaire",
        }
    }
}

/// `fields` of the personal record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct PersonalFields {
    /// What it is.
    pub what: PersonalKind,
    /// A habit as a value (`20 支/天`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// A habit or finding in words; of a vaccination when, where there is no date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Said by the patient, and by nobody else as far as the source tells.
    pub self_reported: bool,
    /// Who wrote it down or did it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entered_by: Vec<Named>,
    /// Why nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What a relative has or had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RelativeCondition>,
    /// The relative's name or other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<String>,
    /// Is the relative dead (`true`, `false`), and since when or at what age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deceased: Option<String>,
    /// What a questionnaire is called.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub questionnaire: Named,
    /// Its questions and answers, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answered>,
    /// Parts of a habit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<HabitPart>,
    /// Which dose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<String>,
    /// Lot of a vaccine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Why it was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What a relative has or had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct RelativeCondition {
    /// What.
    pub code: Code,
    /// Its ICD-10 code, when one was sent.
    #[serde(skip)]
    pub icd10: Option<String>,
    /// Since when, or at what age, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onset: Option<String>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Did the relative die of it?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributed_to_death: Option<bool>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A part of a habit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct HabitPart {
    /// What.
    pub code: Code,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A question with its answers, or the heading of a group of questions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Answered {
    /// How deep it is nested: 0 is the outermost.
    pub depth: usize,
    /// The question in words, else its number.
    pub question: String,
    /// Answers as given; none for a heading and for what was left open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
}

impl Fields for PersonalFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.value, &other.value);
        fill(&mut self.text, &other.text);
        // What a hospital found out itself is no longer only the patient's word.
        self.self_reported &= other.self_reported;
        add_new(&mut self.entered_by, &other.entered_by);
        fill(&mut self.absent, &other.absent);
        add_new(&mut self.conditions, &other.conditions);
        fill(&mut self.relative, &other.relative);
        fill(&mut self.deceased, &other.deceased);
        self.questionnaire.fill(&other.questionnaire);
        if self.answers.is_empty() {
            self.answers.clone_from(&other.answers);
        }
        add_new(&mut self.components, &other.components);
        fill(&mut self.dose, &other.dose);
        fill(&mut self.lot, &other.lot);
        fill(&mut self.reason, &other.reason);
        add_new(&mut self.remarks, &other.remarks);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.entered_by.iter_mut().for_each(&mut *each);
        each(&mut self.questionnaire);
    }

    fn stated(&self) -> Vec<Option<String>> {
        let said = |text: &Option<String>| text.as_deref().map(crate::concept::said_form);
        match self.what {
            PersonalKind::FamilyHistory => vec![said(&self.deceased)],
            // Two lots are two vials.
            PersonalKind::Immunization => vec![said(&self.lot)],
            PersonalKind::SocialHistory | PersonalKind::Questionnaire => Vec::new(),
        }
    }

    fn running(&self) -> Vec<&str> {
        let answers = self.answers.iter().flat_map(|one| std::iter::once(&one.question).chain(&one.answers));
        let of_relatives = self.conditions.iter().flat_map(|one| &one.remarks);
        self.remarks.iter().chain(answers).chain(of_relatives).map(String::as_str).collect()
    }

    fn icd10(&self) -> Vec<&str> {
        self.conditions.iter().filter_map(|one| one.icd10.as_deref()).collect()
    }
}
