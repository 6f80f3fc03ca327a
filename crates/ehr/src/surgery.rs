//! 手术麻醉: operations and other procedures with their team, anaesthesia and outcome.

mod anaesthesia;
mod rows;

use schemars::JsonSchema;
use serde::Serialize;

use crate::concept::said_form;
use crate::joined::{add_new, fill};
use crate::sheet::{Fields, Named, Span};
use crate::{ClinicalTime, Note};

pub(crate) use anaesthesia::{ASA_CODES, methods};
pub(crate) use rows::Operations;

/// `fields` of an operation or procedure; of a note or an ASA class that names none, `notes` or `asa` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct SurgeryFields {
    /// From–to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performed: Option<Span>,
    /// When, in the source's words, where there is no date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performed_text: Option<String>,
    /// Who took part, and as what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub team: Vec<TeamMember>,
    /// How the patient was anaesthetised, in the source's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anaesthesia: Vec<String>,
    /// Physical status by the American Society of Anesthesiologists, as written (`ASA II`, `2`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asa: Option<String>,
    /// What for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Where on the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_site: Option<String>,
    /// In which room.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub location: Named,
    /// Surgery, diagnostic procedure, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What went wrong; nothing said is not "none".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complications: Vec<String>,
    /// Why it was not done, or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Materials and techniques.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<String>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Operation and anaesthesia notes.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "crate::json::notes")]
    #[schemars(with = "Vec<crate::json::NoteJson<'static>>")]
    pub notes: Vec<Note>,
}

/// Somebody of the team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct TeamMember {
    /// Who.
    pub name: Named,
    /// As what, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

impl SurgeryFields {
    /// When it ended.
    pub fn ended(&self) -> Option<&ClinicalTime> {
        self.performed.as_ref()?.end.as_ref()
    }
}

impl Fields for SurgeryFields {
    fn fill(&mut self, other: &Self) {
        Span::fill(&mut self.performed, &other.performed);
        fill(&mut self.performed_text, &other.performed_text);
        add_new(&mut self.team, &other.team);
        add_new(&mut self.anaesthesia, &other.anaesthesia);
        fill(&mut self.asa, &other.asa);
        add_new(&mut self.reasons, &other.reasons);
        fill(&mut self.body_site, &other.body_site);
        self.location.fill(&other.location);
        fill(&mut self.category, &other.category);
        fill(&mut self.outcome, &other.outcome);
        add_new(&mut self.complications, &other.complications);
        fill(&mut self.status_reason, &other.status_reason);
        add_new(&mut self.used, &other.used);
        add_new(&mut self.remarks, &other.remarks);
        add_new(&mut self.notes, &other.notes);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.team.iter_mut().for_each(|member| each(&mut member.name));
        each(&mut self.location);
    }

    fn stated(&self) -> Vec<Option<String>> {
        let end = self.ended().map(crate::joined::time_key);
        let said = |text: &Option<String>| text.as_deref().map(said_form);
        vec![said(&self.asa.as_deref().map(anaesthesia::grade)), said(&self.outcome), end]
    }

    fn notes(&mut self) -> Option<&mut Vec<Note>> {
        Some(&mut self.notes)
    }

    fn hanging(&self) -> Vec<&crate::Origin> {
        self.notes.iter().map(|note| &note.origin).collect()
    }

    fn running(&self) -> Vec<&str> {
        self.remarks.iter().map(String::as_str).collect()
    }
}

/// What was not done, or given up, did not happen.
pub(crate) fn is_done(status: &str) -> bool {
    !matches!(status, "not-done" | "stopped" | "cancelled")
}
