//! 医嘱表单: what was ordered for the patient, for as long as it holds (长期医嘱) or once (临时医嘱).

mod read;
mod said;

use schemars::JsonSchema;
use serde::Serialize;

use crate::joined::{add_new, fill};
use crate::medication::{self, DoseWords, Medicated, Standing};
use crate::sheet::{Fields, Named, Span};
use crate::succession::Succession;
use crate::{Entry, Part};

pub(crate) use read::{OrderRows, add_visit};

/// `fields` of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct OrderFields {
    /// Whether it holds until it is stopped, or is done once; nothing where the source does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<OrderDuration>,
    /// `inpatient`, `outpatient`, `emergency`, `community`, `discharge`: where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<&'static str>,
    /// What kind of order, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<String>,
    /// More exactly what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// How it is taken or done.
    #[serde(flatten)]
    pub dose: DoseWords,
    /// How much in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// Who ordered it.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub orderer: Named,
    /// From–to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
    /// `plan`, `proposal` and the like, as sent; nothing for an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// `urgent`, `asap`, `stat`, as sent; nothing for a routine one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// It orders that something is not done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub do_not_perform: bool,
    /// What for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Where on the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_site: Option<String>,
    /// Why it was stopped, or waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Which order it replaces, and which replaced it.
    #[serde(flatten)]
    pub succession: Succession,
    /// ICD-10 codes of `reasons`.
    #[serde(skip)]
    pub(crate) reason_codes: Vec<String>,
    /// The visit it belongs to, until that one's class is known.
    #[serde(skip)]
    pub(crate) encounter: Option<String>,
    #[serde(skip)]
    pub(crate) standing: Vec<Standing>,
}

/// How long an order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderDuration {
    /// 长期: until it is stopped.
    LongTerm,
    /// 临时: once.
    OneOff,
}

impl OrderDuration {
    /// As in JSON and message keys (`orders-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongTerm => "long-term",
            Self::OneOff => "one-off",
        }
    }
}

impl Fields for OrderFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.duration, &other.duration);
        fill(&mut self.setting, &other.setting);
        fill(&mut self.category, &other.category);
        fill(&mut self.ordered, &other.ordered);
        add_new(&mut self.details, &other.details);
        self.dose.fill(&other.dose);
        fill(&mut self.quantity, &other.quantity);
        self.orderer.fill(&other.orderer);
        Span::fill(&mut self.period, &other.period);
        fill(&mut self.priority, &other.priority);
        add_new(&mut self.reasons, &other.reasons);
        fill(&mut self.body_site, &other.body_site);
        fill(&mut self.status_reason, &other.status_reason);
        add_new(&mut self.notes, &other.notes);
        add_new(&mut self.reason_codes, &other.reason_codes);
        add_new(&mut self.standing, &other.standing);
        self.succession.fill(&other.succession);
    }

    fn succession(&mut self) -> Option<&mut Succession> {
        Some(&mut self.succession)
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        each(&mut self.orderer);
    }

    fn stated(&self) -> Vec<Option<String>> {
        vec![self.duration.map(|duration| duration.as_str().to_owned())]
    }

    fn running(&self) -> Vec<&str> {
        self.notes.iter().map(String::as_str).collect()
    }

    fn icd10(&self) -> Vec<&str> {
        self.reason_codes.iter().map(String::as_str).collect()
    }
}

impl Medicated for OrderFields {
    fn called(&mut self, name: Option<String>) {
        self.ordered = name;
    }

    fn stand(&mut self, standing: Standing) {
        self.standing = vec![standing];
    }
}

/// What was taken back was not to be done.
pub(crate) fn stands(status: &str) -> bool {
    !matches!(status, "revoked" | "cancelled" | "stopped" | "draft")
}

impl Entry<OrderFields> {
    /// Is it to be followed now? What another order stands in the place of is not, whatever its status.
    pub fn is_in_force(&self) -> bool {
        matches!(self.fact.status.as_str(), "active" | "on-hold") && !self.fields.succession.superseded
    }
}

/// Two doses of a medicine; a medicine that is to be taken here and was stopped there; an order of one moment that stands
/// here and was taken back there, or is said to be long-term here and one-off there.
pub(crate) fn contradict(one: &Entry<OrderFields>, other: &Entry<OrderFields>) -> bool {
    let time = |of: &Entry<OrderFields>| of.fact.time.as_ref().map(crate::joined::time_key);
    let same_moment = time(one).is_some() && time(one) == time(other) && one.fact.kind == other.fact.kind;
    let stands = |of: &Entry<OrderFields>| stands(&of.fact.status) && !of.fields.succession.superseded;
    let taken_back = stands(one) && !stands(other);
    let (a, b) = (&one.fields, &other.fields);
    let duration = a.duration.is_some() && b.duration.is_some() && a.duration != b.duration;
    medication::apart(&one.fact, &other.fact) && same_moment && (taken_back || duration)
        || medication::contradict((&one.fact, &a.standing), (&other.fact, &b.standing))
}

/// Long-term ones first, then those of once, then what is not said; each newest first.
pub(crate) fn arrange(mut entries: Vec<Entry<OrderFields>>) -> Vec<Entry<OrderFields>> {
    let sheet = |entry: &Entry<OrderFields>| match entry.fields.duration {
        Some(OrderDuration::LongTerm) => 0,
        None => 1,
        Some(OrderDuration::OneOff) => 2,
    };
    // What is in force comes first on its sheet.
    let is_over = |entry: &Entry<OrderFields>| !entry.is_in_force();
    entries.sort_by(|one, other| {
        (sheet(one), is_over(one))
            .cmp(&(sheet(other), is_over(other)))
            .then_with(|| crate::joined::newest_first(&one.fact, &other.fact))
    });
    entries
}

/// Which part of the section an order is.
pub(crate) fn part(entry: &Entry<OrderFields>) -> Part {
    match entry.fact.kind {
        "MedicationRequest" => Part::MedicationOrders,
        "NutritionOrder" => Part::NutritionOrders,
        _ => Part::ServiceOrders,
    }
}

/// Where it was given, as its categories say.
pub(crate) fn setting(categories: &[fhir::rows::CodeableConcept<'_>]) -> Option<&'static str> {
    said::setting(categories)
}

/// Does it say how a medicine is taken from now on? A dose given once does not.
pub(crate) fn is_lasting(row: &fhir::rows::MedicationRequest<'_>) -> bool {
    let course = || said::duration_of_course(row.course_of_therapy.as_ref(), row.dosage_instruction);
    said::duration(row.category).or_else(course) != Some(OrderDuration::OneOff)
}
