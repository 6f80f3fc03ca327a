//! 处方表单: medicines as prescribed, by the form that they stand on, with what the pharmacy made of it.

mod pharmacy;
mod read;

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::joined::{add_new, fill};
use crate::medication::{self, DoseWords, Medicated, Standing};
use crate::sheet::{Fields, Named};
use crate::{ClinicalTime, Entry};

pub(crate) use pharmacy::Pharmacy;
pub(crate) use read::PrescriptionRows;

/// `dispensed` where the hospital's pharmacy was asked, answered in full and has handed out nothing on a prescription.
pub const NOTHING_DISPENSED: &str = "none-recorded";

/// `fields` of a medicine on a prescription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct PrescriptionFields {
    /// The same for all that stand on one form: `system|number` where the form has a number, else put together of source,
    /// visit, day and prescriber.
    pub group: String,
    /// Number of the form, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What, as the prescription names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medication: Option<String>,
    /// How it is taken.
    #[serde(flatten)]
    pub dose: DoseWords,
    /// For how long, `30 天`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// How much in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// Who prescribed it.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub prescriber: Named,
    /// `inpatient`, `outpatient`, `community`, `discharge`: where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<&'static str>,
    /// What the pharmacy made of it: status of its last `MedicationDispense` (`completed` where any was handed out),
    /// [`NOTHING_DISPENSED`], or nothing where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispensed: Option<String>,
    /// When it was handed out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispensed_at: Option<ClinicalTime>,
    /// How much was handed out then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispensed_quantity: Option<String>,
    /// How often it was handed out, where more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispensed_times: Option<usize>,
    /// What for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Why it was stopped, or waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// ICD-10 codes of `reasons`.
    #[serde(skip)]
    pub(crate) reason_codes: Vec<String>,
    #[serde(skip)]
    pub(crate) standing: Vec<Standing>,
}

impl Fields for PrescriptionFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.number, &other.number);
        fill(&mut self.medication, &other.medication);
        self.dose.fill(&other.dose);
        fill(&mut self.days, &other.days);
        fill(&mut self.quantity, &other.quantity);
        self.prescriber.fill(&other.prescriber);
        fill(&mut self.setting, &other.setting);
        if knows_more(other.dispensed.as_deref(), self.dispensed.as_deref()) {
            self.dispensed.clone_from(&other.dispensed);
            self.dispensed_at.clone_from(&other.dispensed_at);
            self.dispensed_quantity.clone_from(&other.dispensed_quantity);
            self.dispensed_times = other.dispensed_times;
        }
        add_new(&mut self.reasons, &other.reasons);
        fill(&mut self.status_reason, &other.status_reason);
        add_new(&mut self.notes, &other.notes);
        add_new(&mut self.reason_codes, &other.reason_codes);
        add_new(&mut self.standing, &other.standing);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        each(&mut self.prescriber);
    }

    fn running(&self) -> Vec<&str> {
        self.notes.iter().map(String::as_str).collect()
    }

    fn icd10(&self) -> Vec<&str> {
        self.reason_codes.iter().map(String::as_str).collect()
    }
}

/// Handed out anywhere is handed out; "nothing recorded" is more than silence.
fn knows_more(one: Option<&str>, than: Option<&str>) -> bool {
    let rank = |state: Option<&str>| match state {
        None => 0,
        Some(NOTHING_DISPENSED) => 1,
        Some("completed") => 3,
        Some(_) => 2,
    };
    rank(one) > rank(than)
}

impl Medicated for PrescriptionFields {
    fn called(&mut self, name: Option<String>) {
        self.medication = name;
    }

    fn stand(&mut self, standing: Standing) {
        self.standing = vec![standing];
    }
}

/// Two doses of a medicine; to be taken here and stopped there.
pub(crate) fn contradict(one: &Entry<PrescriptionFields>, other: &Entry<PrescriptionFields>) -> bool {
    medication::contradict((&one.fact, &one.fields.standing), (&other.fact, &other.fields.standing))
}

/// Form by form, the newest first and undated ones last; on a form in the order of their names.
pub(crate) fn arrange(mut entries: Vec<Entry<PrescriptionFields>>) -> Vec<Entry<PrescriptionFields>> {
    let mut written: HashMap<String, Option<ClinicalTime>> = HashMap::new();
    for entry in &entries {
        let newest = written.entry(entry.fields.group.clone()).or_default();
        // `None` is less than any time.
        *newest = newest.take().max(entry.fact.time.clone());
    }
    let of = |entry: &Entry<PrescriptionFields>| written.get(&entry.fields.group).cloned().flatten();
    entries.sort_by(|one, other| {
        let forms = of(other).cmp(&of(one)).then_with(|| one.fields.group.cmp(&other.fields.group));
        forms.then_with(|| (&one.fact.code.text, &one.fact.id).cmp(&(&other.fact.code.text, &other.fact.id)))
    });
    entries
}
