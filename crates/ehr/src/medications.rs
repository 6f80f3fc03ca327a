//! 药品表单: medicines as handed out, as given, and as somebody says they are taken.

mod read;

use schemars::JsonSchema;
use serde::Serialize;

use crate::joined::{add_new, fill, time_key};
use crate::medication::{self, DoseForm, DoseWords, Medicated, Standing};
use crate::sheet::{Fields, Named, Span};
use crate::{ClinicalTime, Entry, Part};

pub(crate) use read::MedicationRows;

/// `fields` of a medicine that was handed out, given or stated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct MedicationFields {
    /// What happened.
    pub event: MedicationEvent,
    /// What, as the source names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medication: Option<String>,
    /// How it was given, or is taken.
    #[serde(flatten)]
    pub dose: DoseWords,
    /// How much was handed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// For how long it was handed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// Who handed it out or gave it, or says that it is taken.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub by: Named,
    /// Who else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_by: Vec<Named>,
    /// From–to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
    /// When it lay ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepared: Option<ClinicalTime>,
    /// Why it was not given, or is no longer taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    #[serde(skip)]
    pub(crate) standing: Vec<Standing>,
}

/// What happened to a medicine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MedicationEvent {
    /// 发药
    #[default]
    Dispensed,
    /// 给药
    Administered,
    /// 用药陈述
    Stated,
}

impl MedicationEvent {
    /// As in JSON and message keys (`medications-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dispensed => "dispensed",
            Self::Administered => "administered",
            Self::Stated => "stated",
        }
    }
}

impl Fields for MedicationFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.medication, &other.medication);
        self.dose.fill(&other.dose);
        fill(&mut self.quantity, &other.quantity);
        fill(&mut self.days, &other.days);
        self.by.fill(&other.by);
        add_new(&mut self.also_by, &other.also_by);
        Span::fill(&mut self.period, &other.period);
        fill(&mut self.prepared, &other.prepared);
        fill(&mut self.status_reason, &other.status_reason);
        add_new(&mut self.notes, &other.notes);
        add_new(&mut self.standing, &other.standing);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        each(&mut self.by);
        self.also_by.iter_mut().for_each(each);
    }

    fn running(&self) -> Vec<&str> {
        self.notes.iter().map(String::as_str).collect()
    }
}

impl Medicated for MedicationFields {
    fn called(&mut self, name: Option<String>) {
        self.medication = name;
    }

    fn stand(&mut self, standing: Standing) {
        self.standing = vec![standing];
    }
}

/// What was not given or not handed out did not happen.
pub(crate) fn happened(status: &str) -> bool {
    !matches!(status, "not-done" | "cancelled" | "declined" | "stopped" | "not-taken")
}

/// At one moment done here and not there, or done with another dose or amount; two doses said to be taken, or taken here
/// and stopped there.
pub(crate) fn contradict(one: &Entry<MedicationFields>, other: &Entry<MedicationFields>) -> bool {
    let (a, b) = (&one.fields, &other.fields);
    if a.event != b.event {
        return false;
    }
    if a.event == MedicationEvent::Stated {
        return medication::contradict((&one.fact, &a.standing), (&other.fact, &b.standing));
    }
    let time = |of: &Entry<MedicationFields>| of.fact.time.as_ref().map(time_key);
    // Of a day many doses may be told: only what bears a time of day is the same event.
    let instant = one.fact.time.as_ref().is_some_and(|time| time.precision() == crate::Precision::Instant);
    let undone = happened(&one.fact.status) && !happened(&other.fact.status);
    let quantity = |of: &MedicationFields| DoseForm::new(of.quantity.as_deref(), None, None);
    let differs = !DoseForm::of(&a.dose).agrees(&DoseForm::of(&b.dose)) || !quantity(a).agrees(&quantity(b));
    instant && time(one) == time(other) && medication::apart(&one.fact, &other.fact) && (undone || differs)
}

/// Which part of the section an entry is.
pub(crate) fn part(entry: &Entry<MedicationFields>) -> Part {
    match entry.fields.event {
        MedicationEvent::Dispensed => Part::Dispenses,
        MedicationEvent::Administered => Part::Administrations,
        MedicationEvent::Stated => Part::Statements,
    }
}
