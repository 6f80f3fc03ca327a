//! 病历摘要: what a clinician who has never seen the patient must know, part by part (International Patient Summary).
//!
//! Parts keep apart what holds now and what no longer does; each names the linked sources that have not answered it.
//! Facts of several sources are one row with several origins; facts that contradict each other stand side by side.

mod allergies;
mod events;
mod medicines;
mod problems;
mod results;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::labs::{LabResult, Trend};
use crate::outpatient::Visit;
use crate::{ClinicalTime, Fact, Held, PartList, Silent, SourceReport, SourceState};

pub(crate) use allergies::{AllergyRows, join_allergies};
pub(crate) use events::{
    EventRows, is_laboratory_report, join_devices, join_immunizations, join_procedures, join_reports,
};
pub(crate) use medicines::{MedicineRows, is_current, join_medicines};
pub(crate) use problems::{ProblemRows, dated, is_problem, join_problems, quantity};
pub(crate) use results::recent_results;

/// The summary of one person's record.
#[derive(Clone, Debug)]
pub struct Summary {
    /// 过敏与不良反应
    pub allergies: Allergies,
    /// 诊断与问题: `items` active ones, `past` resolved, inactive and refuted ones.
    pub problems: PartList<Problem>,
    /// 用药: `items` current ones, `past` stopped, completed and cancelled ones.
    pub medicines: PartList<Medicine>,
    /// 免疫接种: newest first; `past` what was not done.
    pub immunizations: PartList<Immunization>,
    /// 操作与手术: newest first; `past` what was not done or stopped.
    pub procedures: PartList<Procedure>,
    /// 植入物与器械: `past` what is no longer in use.
    pub devices: PartList<Device>,
    /// 近期检验: the newest value of each analyte of the last twelve months, in the order of the catalogue; `past` is empty.
    pub results: PartList<RecentResult>,
    /// 就诊时间线: visits and stays of every class, newest first, undated last; `past` cancelled ones.
    pub encounters: PartList<Visit>,
    /// 近期检查报告: reports other than laboratory ones, newest first; `past` cancelled ones.
    pub reports: PartList<ReportLine>,
    /// One per configured source, in configuration order; `parts` says what failed there.
    pub sources: Vec<SourceReport>,
    /// When this view was put together.
    pub as_of: Timestamp,
    /// What is there but not shown to this reader yet (release policy); always empty for staff.
    pub held: Vec<Held>,
    /// Critical values that nobody has acknowledged; always empty for patients.
    pub critical: crate::OpenCritical,
}

impl Summary {
    /// Leaves what is of the time asked for. Allergies stay: no time makes them harmless.
    pub(crate) fn retain_times(&mut self, includes: impl Fn(Option<&ClinicalTime>) -> bool) {
        fn of<T: crate::joined::Item>(part: &mut PartList<T>, includes: &impl Fn(Option<&ClinicalTime>) -> bool) {
            part.items.retain(|item| includes(item.fact().time.as_ref()));
            part.past.retain(|item| includes(item.fact().time.as_ref()));
        }
        of(&mut self.problems, &includes);
        of(&mut self.medicines, &includes);
        of(&mut self.immunizations, &includes);
        of(&mut self.procedures, &includes);
        of(&mut self.devices, &includes);
        of(&mut self.encounters, &includes);
        of(&mut self.reports, &includes);
        self.results.items.retain(|result| includes(result.newest.time.as_ref()));
    }

    /// Entries as far as they are shown.
    pub(crate) fn recount(&mut self) {
        fn of<'s, T: crate::joined::Item + 's>(part: &'s PartList<T>) -> impl Iterator<Item = &'s crate::Origin> {
            part.items.iter().chain(&part.past).flat_map(|item| &item.fact().origins)
        }
        let allergies = [&self.allergies.items, &self.allergies.past, &self.allergies.none_known];
        let results = self.results.items.iter().flat_map(|result| &result.newest.origins);
        let shown = allergies.into_iter().flatten().flat_map(|allergy| &allergy.fact.origins).chain(results);
        let shown = shown.chain(of(&self.problems)).chain(of(&self.medicines)).chain(of(&self.immunizations));
        let shown = shown.chain(of(&self.procedures)).chain(of(&self.devices)).chain(of(&self.encounters));
        let shown: Vec<crate::Origin> = shown.chain(of(&self.reports)).cloned().collect();
        crate::release::recount(&mut self.sources, shown.iter());
    }

    /// Has every linked source answered every part in full?
    pub fn complete(&self) -> bool {
        self.sources.iter().all(|source| matches!(source.state, SourceState::Answered | SourceState::NotLinked))
    }
}

/// What is known of allergies, as a whole. Never "none known" while a source is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AllergyState {
    /// At least one, and every linked source answered.
    Known,
    /// At least one, and a linked source is silent: there may be more.
    KnownIncomplete,
    /// Every linked source says that there are none.
    NoneKnown,
    /// Every linked source answered; none is recorded, and not all say that there are none (`Allergies::none_known` has
    /// those that do). To be asked.
    NotRecorded,
    /// None that we know of, and a linked source is silent, or nobody could be asked: nothing can be said.
    Unavailable,
    /// Not asked yet.
    #[default]
    Asking,
    /// This reader may not see them.
    NotPermitted,
}

impl AllergyState {
    /// As in JSON and message keys (`allergies-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::KnownIncomplete => "known-incomplete",
            Self::NoneKnown => "none-known",
            Self::NotRecorded => "not-recorded",
            Self::Unavailable => "unavailable",
            Self::Asking => "asking",
            Self::NotPermitted => "not-permitted",
        }
    }
}

/// 过敏与不良反应 of every linked source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allergies {
    /// What they amount to.
    pub state: AllergyState,
    /// Allergens that count, gravest first.
    pub items: Vec<Allergy>,
    /// Refuted, inactive and resolved ones: shown as such, never as a warning.
    pub past: Vec<Allergy>,
    /// Statements that there are none, newest first: who said so, and when. `Allergy::scope` says of what.
    pub none_known: Vec<Allergy>,
    /// Linked sources that have not answered.
    pub silent: Vec<Silent>,
}

/// One allergy or intolerance, or the statement that there is none. `fact.status` is the clinical status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allergy {
    /// What (the substance), since when (onset, else recorded), where from.
    pub fact: Fact,
    /// For a statement that there is none: of what. `None` for an allergy.
    pub scope: Option<NoneScope>,
    /// `confirmed`, `unconfirmed`, `presumed`, `refuted`: as sent; empty when not said.
    pub verification: String,
    /// `allergy` or `intolerance`, as sent.
    pub nature: Option<String>,
    /// `food`, `medication`, `environment`, `biologic`, as sent.
    pub categories: Vec<String>,
    /// `high`, `low`, `unable-to-assess`, as sent.
    pub criticality: Option<String>,
    /// What happened, each once.
    pub reactions: Vec<Reaction>,
    /// When it was written down.
    pub recorded: Option<ClinicalTime>,
    /// When it happened last.
    pub last: Option<ClinicalTime>,
    /// Remarks, as text.
    pub notes: Vec<String>,
}

impl Allergy {
    /// Life-threatening by criticality or by a severe reaction.
    pub fn is_grave(&self) -> bool {
        self.criticality.as_deref() == Some("high")
            || self.reactions.iter().any(|reaction| reaction.severity.as_deref() == Some("severe"))
    }
}

/// What a statement of "none known" is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoneScope {
    /// Any allergy.
    Any,
    /// Medicines.
    Medication,
    /// Food.
    Food,
    /// Pollen, dust, latex, insects, …
    Environment,
}

impl NoneScope {
    /// As in JSON and message keys (`none-known-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Medication => "medication",
            Self::Food => "food",
            Self::Environment => "environment",
        }
    }
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reaction {
    /// Rash, shock, … in words.
    pub what: String,
    /// `mild`, `moderate`, `severe`, as sent.
    pub severity: Option<String>,
}

/// A problem. `fact.status` is the clinical status (`active`, `recurrence`, `remission`, `inactive`, `resolved`); `fact.time`
/// the onset, else when it was recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    /// What, since when, where from.
    pub fact: Fact,
    /// `confirmed`, `provisional`, `differential`, `refuted`, …: as sent; empty when not said.
    pub verification: String,
    /// The ICD-10 code, when one was sent.
    pub icd10: Option<String>,
    /// Since when, in words, where it is no date (an age, a range, words).
    pub onset_text: Option<String>,
    /// Is `fact.time` the onset (else the time of recording)?
    pub time_is_onset: bool,
    /// Until when.
    pub ended: Option<ClinicalTime>,
    /// Mild, severe, … in words.
    pub severity: Option<String>,
    /// When it was written down.
    pub recorded: Option<ClinicalTime>,
    /// Remarks, as text.
    pub notes: Vec<String>,
}

/// A medicine as prescribed. `fact.status` is the request's status; `fact.time` when it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Medicine {
    /// What, since when, where from.
    pub fact: Fact,
    /// Is it a current one?
    pub current: bool,
    /// The whole instruction as written.
    pub instruction: Option<String>,
    /// `80 mg`
    pub dose: Option<String>,
    /// By mouth, …
    pub route: Option<String>,
    /// `每日一次`, `2 / 1 d`
    pub frequency: Option<String>,
    /// For how long it was supplied, `30 天`.
    pub supply: Option<String>,
    /// Who prescribed it.
    pub prescriber: Option<String>,
    /// What for.
    pub reason: Option<String>,
    /// `order`, `plan`, …
    pub intent: Option<String>,
    /// When the medicine was first prescribed at any of these sources, as far as they say.
    pub since: Option<ClinicalTime>,
    /// Earlier prescriptions of the same medicine at the same sources, newest first: what this row stands for.
    pub earlier: Vec<EarlierDose>,
    /// Is the dose another than before?
    pub dose_changed: bool,
    /// Remarks, as text.
    pub notes: Vec<String>,
}

/// An earlier prescription of a medicine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EarlierDose {
    /// When it was written.
    pub time: Option<ClinicalTime>,
    /// Its dose and instruction, as far as said.
    pub text: String,
    /// `80 mg`
    pub dose: Option<String>,
    /// As coded or written, like the current one's.
    pub frequency: Option<String>,
    /// Its status.
    pub status: String,
    /// Where from.
    pub origins: Vec<crate::Origin>,
}

/// A vaccination. `fact.status`: `completed`, `not-done`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Immunization {
    /// What, when, where from.
    pub fact: Fact,
    /// When, in words, where it is no date.
    pub when_text: Option<String>,
    /// Which dose, as written (`2`, `加强`).
    pub dose: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Who gave it, or where.
    pub performer: Option<String>,
    /// Why it was not given.
    pub reason: Option<String>,
}

/// A procedure. `fact.status`: `completed`, `in-progress`, `not-done`, …
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Procedure {
    /// What, when it began, where from.
    pub fact: Fact,
    /// When, in words, where it is no date.
    pub when_text: Option<String>,
    /// When it ended.
    pub ended: Option<ClinicalTime>,
    /// Where on the body.
    pub body_site: Option<String>,
    /// Who, with their part in it.
    pub performers: Vec<String>,
    /// What for.
    pub reason: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
}

/// A device or implant. `fact.status`: `active`, `inactive`; `fact.time` is when it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// What, where from.
    pub fact: Fact,
    /// Maker.
    pub manufacturer: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Use until.
    pub expires: Option<ClinicalTime>,
    /// Remarks, as text.
    pub notes: Vec<String>,
}

/// A report other than a laboratory's: one line. `fact.status` is the report's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportLine {
    /// What, when, where from.
    pub fact: Fact,
    /// Conclusion as written.
    pub conclusion: Option<String>,
    /// `RAD`, `CUS`, … in words.
    pub category: Option<String>,
}

/// The newest result of an analyte, with what came before.
#[derive(Clone, Debug)]
pub struct RecentResult {
    /// The row's key in the matrix of results: names the analyte in URLs.
    pub key: String,
    /// Analyte.
    pub name: crate::Bilingual,
    /// The newest one, with flag, range, time and origins.
    pub newest: LabResult,
    /// Those that contradict it (same thing, same instant, other value).
    pub contradicting: Vec<LabResult>,
    /// The one before it, of these twelve months.
    pub previous: Option<LabResult>,
    /// The newest critical value of these twelve months, when the newest result is not itself critical.
    pub critical: Option<LabResult>,
    /// Oldest first, for a small chart; none with fewer than two points on one axis.
    pub trend: Option<Trend>,
}
