//! 护理记录: vital signs, assessments, care plans and nursing notes.

mod balance;
mod rows;
mod vitals;

use schemars::JsonSchema;
use serde::Serialize;

use crate::Note;
use crate::concept::said_form;
use crate::joined::{add_new, fill};
use crate::labs::{Code, Flag, Range, Value};
use crate::sheet::{Fields, Named, Span};

pub use balance::{Balance, balances};
pub(crate) use rows::{NursingNotes, effective, remarks, value_key};
pub use vitals::{VitalTrend, vital_trends};

/// What an entry of nursing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NursingKind {
    /// 生命体征
    #[default]
    VitalSign,
    /// 评估
    Assessment,
    /// 护理计划
    Plan,
    /// 护理记录单
    Note,
}

impl NursingKind {
    /// As in JSON and message keys (`nursing-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VitalSign => "vital-sign",
            Self::Assessment => "assessment",
            Self::Plan => "plan",
            Self::Note => "note",
        }
    }
}

/// `fields` of nursing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct NursingFields {
    /// What it is.
    pub what: NursingKind,
    /// What was measured; of a blood pressure both numbers as one text (`128/77`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The source's own range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// How the value stands to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<Flag>,
    /// A finding or a plan in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What a measurement or a score consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<FindingPart>,
    /// Ids of entries that this one only groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Until when it was true; from when is the entry's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
    /// Who measured, assessed or planned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Named>,
    /// Where on the body, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub how: Vec<String>,
    /// Problems that a plan is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// What a plan is to reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<String>,
    /// What is to be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub activities: Vec<Activity>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// The note, when it is one.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "crate::json::notes")]
    #[schemars(with = "Vec<crate::json::NoteJson<'static>>")]
    pub notes: Vec<Note>,
}

/// A part of a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct FindingPart {
    /// What.
    pub code: Code,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The source's own range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// How the value stands to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<Flag>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

/// Something a plan asks to be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Activity {
    /// What, in words.
    pub text: String,
    /// `not-started`, `in-progress`, `completed`, …: as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// How far it is, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<String>,
}

impl NursingFields {
    /// Has it a value, a finding, or parts with values?
    pub(crate) fn is_said(&self) -> bool {
        self.value.is_some() || self.text.is_some() || self.components.iter().any(|part| part.value.is_some())
    }

    /// The same for the same value and parts, however they are written.
    pub(crate) fn said_key(&self) -> String {
        let mut parts: Vec<String> = self
            .components
            .iter()
            .map(|part| format!("{}={}", said_form(&part.code.text), value_key(part.value.as_ref())))
            .collect();
        parts.sort();
        let text = self.text.as_deref().map(said_form).unwrap_or_default();
        format!("{}|{text}|{}", value_key(self.value.as_ref()), parts.join("|"))
    }
}

impl Fields for NursingFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.value, &other.value);
        fill(&mut self.range, &other.range);
        fill(&mut self.flag, &other.flag);
        fill(&mut self.text, &other.text);
        fill(&mut self.absent, &other.absent);
        if self.components.is_empty() {
            self.components.clone_from(&other.components);
        }
        add_new(&mut self.members, &other.members);
        Span::fill(&mut self.period, &other.period);
        add_new(&mut self.by, &other.by);
        add_new(&mut self.how, &other.how);
        add_new(&mut self.about, &other.about);
        add_new(&mut self.goals, &other.goals);
        add_new(&mut self.activities, &other.activities);
        add_new(&mut self.remarks, &other.remarks);
        add_new(&mut self.notes, &other.notes);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.by.iter_mut().for_each(each);
    }

    fn notes(&mut self) -> Option<&mut Vec<Note>> {
        Some(&mut self.notes)
    }

    fn hanging(&self) -> Vec<&crate::Origin> {
        self.notes.iter().map(|note| &note.origin).collect()
    }

    fn running(&self) -> Vec<&str> {
        let of_plan =
            self.activities.iter().flat_map(|activity| std::iter::once(&activity.text).chain(&activity.progress));
        self.remarks.iter().chain(of_plan).chain(&self.text).map(String::as_str).collect()
    }
}
