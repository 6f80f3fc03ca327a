//! What was charged for, and who pays.

use super::{Charge, Chart, Encounter, Making};
use crate::{clock::DAY, dice::Dice, people::Person, reference::care::ChargeWords};

/// Bills are kept for so many days, those of dialysis for fewer.
const DAYS: i64 = 2 * 365;
const DIALYSIS_DAYS: i64 = 60;

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) {
    let mut dice = Dice::new(making.seed, &format!("charges {}", person.resident_id));
    let words = &making.reference.care.charges;
    let payer = dice.between(0, 10);
    let payer = match payer {
        0..6 => 0,
        6..9 => 1,
        _ => 2,
    };
    let now = making.today.midnight();
    for chart in charts {
        chart.payer = Some(payer).filter(|at| *at < words.payers.len());
        let mut charges = Vec::new();
        for (index, encounter) in chart.encounters.iter().enumerate() {
            let dialysis = encounter.department == making.reference.script.words.dialysis;
            let days = if dialysis { DIALYSIS_DAYS } else { DAYS };
            if encounter.start < now - days * DAY {
                continue;
            }
            for (item, quantity) in items(words, chart, index, encounter, dialysis) {
                let Some(row) = making.reference.charge_item(item) else { continue };
                let price = row.price_cny.unwrap_or_else(|| dice.between(1800, 26_000) as f64 / 100.0);
                let at = encounter.start + 600;
                charges.push(Charge { item: item.to_owned(), price, quantity, at, encounter: index });
            }
        }
        chart.charges = charges;
    }
}

/// Items of one encounter and how many of each.
fn items<'w>(
    words: &'w ChargeWords,
    chart: &Chart,
    index: usize,
    encounter: &Encounter,
    dialysis: bool,
) -> Vec<(&'w str, i64)> {
    if dialysis {
        return words.dialysis.iter().map(|item| (item.as_str(), 1)).collect();
    }
    let mut items: Vec<(&str, i64)> = Vec::new();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    match encounter.class.as_str() {
        "IMP" => {
            let days = ((encounter.end - encounter.start) / DAY).max(1);
            items.extend(words.stay_daily.iter().map(|item| (item.as_str(), days)));
            items.extend(words.stay_once.iter().map(|item| (item.as_str(), 1)));
            if chart.procedures.iter().any(|operation| operation.encounter == Some(index)) {
                items.push((&words.operation, 1));
            }
        }
        "EMER" => items.push((&words.emergency, 1)),
        _ => items.push((&words.visit, 1)),
    }
    let reports = chart.reports.iter().filter(|report| report.encounter == Some(index)).count();
    let medicines = chart.medicines.iter().filter(|medicine| medicine.encounter == Some(index)).count();
    items.push((&words.report, count(reports)));
    items.push((&words.medicines, count(medicines)));
    items.retain(|(_, quantity)| *quantity > 0);
    items
}
