//! 费用表单: what was charged for. One bill is said in many hands (charge items, an invoice, a claim, its settlement): here it
//! is one entry with all of them as originals, counted once.

mod bills;
mod classes;
mod documents;
mod totals;

use schemars::JsonSchema;
use serde::Serialize;

use crate::joined::{add_new, fill};
use crate::sheet::{Fields, Named, Span};
use crate::{Decimal, Part};

pub(crate) use bills::{AdmissionDiagnosis, Bill};
pub use classes::FeeClass;
pub(crate) use documents::BillRows;
pub use totals::{ChargeTotals, ClassTotal};

/// `fields` of a bill, a coverage or an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ChargeFields {
    /// What kind of bill, in the source's words or code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What time it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
    /// Its lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ChargeLine>,
    /// What it comes to; none where nobody says so and the lines do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Decimal>,
    /// ISO 4217, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What of it the payer bears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Decimal>,
    /// Who pays.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub payer: Named,
    /// The lines' sums by fee class, in the order of the form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_class: Vec<ClassTotal>,
    /// FHIR type of the documents whose sum `total` is; the others say the same once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<&'static str>,
    /// Every document of the bill.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<ChargeDocument>,
    /// Do documents that should say the same come to different sums?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    /// It names no visit, and another document may say the same: it is added nowhere.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
    /// In which part it came; none of a bill that was made up.
    #[serde(skip)]
    pub part: Option<Part>,
}

/// A line of a bill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ChargeLine {
    /// What.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fee class: the form's words where it is one of the form's, else the source's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The class's number on the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_number: Option<u8>,
    /// How many, with their unit, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// One of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Decimal>,
    /// All of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
}

/// A document of a bill.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChargeDocument {
    /// FHIR type.
    pub kind: &'static str,
    /// Its status as sent; empty when not said.
    pub status: String,
    /// What it comes to by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Decimal>,
    /// Is it part of the bill's sum? Cancelled ones, drafts and estimates never are.
    pub counted: bool,
}

impl ChargeFields {
    /// Is it a bill with a sum, and not a coverage or an account?
    pub fn is_bill(&self) -> bool {
        !matches!(self.part, Some(Part::Coverages | Part::Accounts))
    }

    /// Part of the section that it came in.
    pub fn part(&self) -> Part {
        self.part.unwrap_or(Part::ChargeItems)
    }
}

impl Fields for ChargeFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.category, &other.category);
        Span::fill(&mut self.period, &other.period);
        if self.items.is_empty() {
            self.items.clone_from(&other.items);
            self.by_class.clone_from(&other.by_class);
        }
        fill(&mut self.total, &other.total);
        fill(&mut self.currency, &other.currency);
        fill(&mut self.paid, &other.paid);
        self.payer.fill(&other.payer);
        fill(&mut self.counted, &other.counted);
        add_new(&mut self.documents, &other.documents);
        self.differs |= other.differs;
        self.uncertain |= other.uncertain;
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        each(&mut self.payer);
    }

    fn stated(&self) -> Vec<Option<String>> {
        vec![self.total.map(|total| total.to_string()), self.currency.clone()]
    }
}
