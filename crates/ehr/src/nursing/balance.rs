//! 出入量: what went into and out of a patient, day by day and hospital by hospital.

use std::collections::BTreeMap;

use super::NursingFields;
use crate::findings::{Side, fluid};
use crate::labs::{Value, units};
use crate::{Entry, Precision};

/// One day's fluids at one hospital, in mL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Balance {
    /// On China's calendar, `YYYY-MM-DD`.
    pub day: String,
    /// Source id.
    pub source: String,
    /// What went in; none where nothing was said of it.
    pub intake: Option<f64>,
    /// What came out.
    pub output: Option<f64>,
    /// Is a sum the hospital's own, and not added up here?
    pub stated: bool,
    /// Amounts of this day that could not be added: no volume, or no number.
    pub left_out: usize,
}

impl Balance {
    /// In minus out, where both are known.
    pub fn difference(&self) -> Option<f64> {
        Some(self.intake? - self.output?)
    }
}

#[derive(Default)]
struct Sums {
    added: [Option<f64>; 2],
    stated: [Option<f64>; 2],
    left_out: usize,
}

/// Newest day first. A hospital's own total of a day is taken as it is, and never added to the amounts it consists of;
/// amounts of two hospitals are never added up.
pub fn balances(entries: &[&Entry<NursingFields>]) -> Vec<Balance> {
    let mut days: BTreeMap<(String, String), Sums> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.fact.status != "cancelled") {
        let Some(known) = fluid(&entry.fact.code) else { continue };
        let time = entry.fact.time.as_ref().filter(|time| time.precision() >= Precision::Day);
        let (Some(time), Some(origin)) = (time, entry.fact.origins.first()) else { continue };
        let sums = days.entry((time.date().to_owned(), origin.source.clone())).or_default();
        let side = usize::from(known.side == Side::Output);
        match entry.fields.value.as_ref().and_then(millilitres) {
            _ if known.uncounted => sums.left_out += 1,
            None => sums.left_out += 1,
            // Two totals of one day contradict each other: the larger is not hidden behind the smaller.
            Some(amount) if known.total => {
                sums.stated[side] = Some(sums.stated[side].map_or(amount, |before: f64| before.max(amount)));
            }
            Some(amount) => *sums.added[side].get_or_insert(0.0) += amount,
        }
    }
    let balance = |((day, source), sums): ((String, String), Sums)| Balance {
        day,
        source,
        intake: sums.stated[0].or(sums.added[0]),
        output: sums.stated[1].or(sums.added[1]),
        stated: sums.stated.iter().any(Option::is_some),
        left_out: sums.left_out,
    };
    let mut all: Vec<Balance> = days.into_iter().map(balance).collect();
    all.sort_by(|one, other| other.day.cmp(&one.day).then_with(|| one.source.cmp(&other.source)));
    all
}

/// A volume in mL. `<50` is no amount.
fn millilitres(value: &Value) -> Option<f64> {
    if value.comparator.is_some() {
        return None;
    }
    // A total of a day is often sent as a rate.
    let unit = value.ucum.or(value.unit.as_deref())?;
    let unit = unit
        .strip_suffix("/d")
        .or_else(|| unit.strip_suffix("/(24.h)"))
        .or_else(|| unit.strip_suffix("/24h"))
        .unwrap_or(unit);
    let factor = match units::normalise(unit)?.ucum.as_str() {
        "mL" => 1.0,
        "L" => 1000.0,
        "dL" => 100.0,
        "cL" => 10.0,
        _ => return None,
    };
    Some(value.number? * factor).filter(|amount| *amount >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::Code;
    use crate::{ClinicalTime, Fact, Origin};

    fn amount(text: &str, number: f64, unit: &str, at: &str, source: &str) -> Entry<NursingFields> {
        let value = Value {
            text: number.to_string(),
            number: Some(number),
            comparator: None,
            unit: Some(unit.to_owned()),
            ucum: units::normalise(unit).map(|unit| unit.ucum.as_str()),
        };
        Entry {
            fact: Fact {
                code: Code { text: text.to_owned(), codings: vec![] },
                time: ClinicalTime::parse(at),
                origins: vec![Origin { source: source.to_owned(), ..Origin::default() }],
                status: "final".to_owned(),
                ..Fact::default()
            },
            fields: NursingFields { value: Some(value), ..NursingFields::default() },
        }
    }

    #[test]
    fn amounts_of_a_day_are_added_and_a_stated_total_is_not_added_to_them() {
        let entries = [
            amount("饮水量", 300.0, "mL", "2026-11-20T08:00:00+08:00", "a"),
            amount("输液量", 0.5, "L", "2026-11-20T12:00:00+08:00", "a"),
            amount("尿量", 400.0, "毫升", "2026-11-20T14:00:00+08:00", "a"),
            amount("尿量", 200.0, "mL", "2026-11-20T23:30:00+08:00", "a"),
            amount("尿量", 3.0, "次", "2026-11-20T23:40:00+08:00", "a"),
            amount("总入量", 1500.0, "mL", "2026-11-19", "a"),
            amount("饮水量", 900.0, "mL", "2026-11-19T10:00:00+08:00", "a"),
            amount("尿量", 100.0, "mL", "2026-11-19T20:00:00Z", "b"),
            amount("24小时尿量", 900.0, "mL", "2026-11-19", "a"),
            amount("体重", 60.0, "kg", "2026-11-20", "a"),
            amount("尿量", 100.0, "mL", "2026-11", "a"),
        ];
        let told: Vec<_> = balances(&entries.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|one| (one.day, one.source, one.intake, one.output, one.stated, one.left_out))
            .collect();
        assert_eq!(
            told,
            [
                ("2026-11-20".into(), "a".into(), Some(800.0), Some(600.0), false, 1),
                ("2026-11-20".into(), "b".into(), None, Some(100.0), false, 0),
                ("2026-11-19".into(), "a".into(), Some(1500.0), None, true, 1),
            ]
        );
    }
}
