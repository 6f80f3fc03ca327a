//! Sums by fee class and hospital.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChargeFields, ChargeLine};
use crate::{Decimal, Entry};

/// What lines of one fee class come to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClassTotal {
    /// Its number on the form; none where it is not one of the form's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// The form's words, or the source's; none where nothing was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Sum of the lines that say an amount.
    pub amount: Decimal,
}

/// What one hospital charged in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct ChargeTotals {
    /// Source id.
    pub source: String,
    /// As sent; none where nothing was said.
    pub currency: Option<String>,
    /// Bills that were added.
    pub bills: usize,
    /// Bills that nobody says a sum of, or too large to be counted: not in `total`.
    pub without_total: usize,
    /// Sum of the bills.
    pub total: Decimal,
    /// Sums of their lines by fee class, in the order of the form.
    pub by_class: Vec<ClassTotal>,
    /// FHIR types that were counted, with how many bills each.
    pub counted: BTreeMap<&'static str, usize>,
}

/// Sums of lines by class: the form's first, in its order, then others by their words.
pub(super) fn by_class(lines: &[ChargeLine]) -> Vec<ClassTotal> {
    let each = lines.iter().filter_map(|line| Some(((line.class_number, line.class.clone()), line.amount?)));
    added(each)
}

type Class = (Option<u8>, Option<String>);

fn added(each: impl Iterator<Item = (Class, Decimal)>) -> Vec<ClassTotal> {
    let mut sums: BTreeMap<(u8, Option<String>), (Option<u8>, Decimal)> = BTreeMap::new();
    for ((number, name), amount) in each {
        let place = sums.entry((number.unwrap_or(u8::MAX), name)).or_insert((number, Decimal::default()));
        place.1 = place.1.plus(amount).unwrap_or(place.1);
    }
    let total = |((_, name), (number, amount))| ClassTotal { number, name, amount };
    sums.into_iter().map(total).collect()
}

impl ChargeTotals {
    /// Sums of these entries, by hospital and currency; a bill of several hospitals is the first one's. Nothing is added
    /// across hospitals or currencies.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry<ChargeFields>>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for entry in entries.into_iter().filter(|entry| entry.fields.counted.is_some()) {
            let Some(source) = entry.fact.origins.first().map(|origin| origin.source.clone()) else { continue };
            let currency = entry.fields.currency.clone();
            let at = all.iter().position(|known| known.source == source && known.currency == currency);
            let at = at.unwrap_or_else(|| {
                all.push(Self::new(source, currency));
                all.len() - 1
            });
            if let Some(totals) = all.get_mut(at) {
                totals.add(&entry.fields);
            }
        }
        all.sort_by(|one, other| (&one.source, &one.currency).cmp(&(&other.source, &other.currency)));
        all
    }

    fn new(source: String, currency: Option<String>) -> Self {
        let (by_class, counted) = (Vec::new(), BTreeMap::new());
        Self { source, currency, bills: 0, without_total: 0, total: Decimal::default(), by_class, counted }
    }

    fn add(&mut self, fields: &ChargeFields) {
        let Some(total) = fields.total.and_then(|total| self.total.plus(total)) else {
            self.without_total += 1;
            return;
        };
        self.total = total;
        self.bills += 1;
        *self.counted.entry(fields.counted.unwrap_or_default()).or_default() += 1;
        let all = self.by_class.drain(..).chain(fields.by_class.iter().cloned());
        self.by_class = added(all.map(|one| ((one.number, one.name), one.amount)));
    }
}
