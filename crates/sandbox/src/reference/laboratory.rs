//! The laboratory catalogue, units and local code tables (`data/zh`).

use std::collections::HashMap;

use serde::Deserialize;

use super::{rows, toml_of};
use crate::SandboxError;

/// What the laboratories measure, and how it is written.
pub(crate) struct Laboratory {
    analytes: HashMap<String, Analyte>,
    specimens: HashMap<String, Specimen>,
    units: HashMap<String, Unit>,
    local: HashMap<String, Vec<LocalCode>>,
}

#[derive(Deserialize)]
struct CatalogueFile {
    specimens: HashMap<String, Specimen>,
    analyte: Vec<Analyte>,
}

#[derive(Deserialize)]
struct Specimen {
    zh: String,
}

/// One analyte of the catalogue.
#[derive(Deserialize)]
pub(crate) struct Analyte {
    pub(crate) id: String,
    pub(crate) zh: String,
    pub(crate) specimen: String,
    scale: String,
    /// UCUM; empty for words.
    #[serde(default)]
    pub(crate) unit: String,
    pub(crate) decimals: Option<usize>,
    critical: Option<Limits>,
    loinc: Vec<Loinc>,
    #[serde(default)]
    ranges: Vec<Band>,
}

#[derive(Deserialize)]
struct Loinc {
    code: String,
}

/// A lower and an upper limit; either may be absent.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct Limits {
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

#[derive(Deserialize)]
struct Band {
    sex: String,
    age_from: Option<String>,
    age_below: Option<String>,
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Deserialize)]
struct UnitsFile {
    unit: Vec<Unit>,
}

#[derive(Deserialize)]
struct Unit {
    ucum: String,
    display: String,
    #[serde(default)]
    spellings: Vec<String>,
}

/// A row of a hospital's own code table.
#[derive(Clone, Deserialize)]
pub(crate) struct LocalCode {
    system: String,
    pub(crate) local_code: String,
    pub(crate) local_name: String,
    pub(crate) local_unit: String,
    analyte: String,
}

impl Laboratory {
    pub(super) fn load() -> Result<Self, SandboxError> {
        let file: CatalogueFile = toml_of("laboratory.toml", include_str!("../../data/zh/laboratory.toml"))?;
        let units: UnitsFile = toml_of("units.toml", include_str!("../../data/zh/units.toml"))?;
        let mut local: HashMap<String, Vec<LocalCode>> = HashMap::new();
        for row in rows::<LocalCode>("local-codes.csv", include_str!("../../data/zh/local-codes.csv"))? {
            local.entry(row.system.clone()).or_default().push(row);
        }
        Ok(Self {
            analytes: file.analyte.into_iter().map(|analyte| (analyte.id.clone(), analyte)).collect(),
            specimens: file.specimens,
            units: units.unit.into_iter().map(|unit| (unit.ucum.clone(), unit)).collect(),
            local,
        })
    }

    /// The analyte of this id.
    ///
    /// # Errors
    /// An id that only a mistake in the script can bring.
    pub(crate) fn analyte(&self, id: &str) -> Result<&Analyte, SandboxError> {
        self.analytes.get(id).ok_or_else(|| SandboxError::reference("laboratory.toml", format_args!("no analyte {id}")))
    }

    /// The specimen in words.
    pub(crate) fn specimen(&self, id: &str) -> &str {
        self.specimens.get(id).map_or("", |specimen| &specimen.zh)
    }

    /// How a unit is usually printed.
    pub(crate) fn unit_display(&self, ucum: &str) -> String {
        self.units.get(ucum).map_or_else(|| ucum.to_owned(), |unit| unit.display.clone())
    }

    /// Every spelling of a unit found in the wild.
    pub(crate) fn unit_spellings(&self, ucum: &str) -> &[String] {
        self.units.get(ucum).map_or(&[], |unit| &unit.spellings)
    }

    /// The hospital's own code of an analyte.
    pub(crate) fn local_of(&self, table: &str, analyte: &str) -> Option<&LocalCode> {
        self.local.get(table)?.iter().find(|row| row.analyte == analyte)
    }

    /// A row of the hospital's own table.
    pub(crate) fn local(&self, table: &str, code: &str) -> Option<&LocalCode> {
        self.local.get(table)?.iter().find(|row| row.local_code == code)
    }
}

impl Analyte {
    /// The LOINC code of the catalogue's unit.
    pub(crate) fn loinc(&self) -> &str {
        self.loinc.first().map_or("", |loinc| &loinc.code)
    }

    /// Is the value a word?
    pub(crate) fn is_word(&self) -> bool {
        self.scale != "quantitative"
    }

    /// Is the value a word with a normal one (阴性), unlike a blood group?
    pub(crate) fn is_graded(&self) -> bool {
        self.scale == "ordinal"
    }

    /// The range for this sex and age. For adults beyond the last band the oldest band is used, as laboratories do.
    pub(crate) fn range(&self, sex: &str, age_days: i64) -> Option<Limits> {
        let limits = |band: &Band| Limits { low: band.low, high: band.high };
        let of_sex = || self.ranges.iter().filter(|band| band.sex == "any" || band.sex == sex);
        let fits = |band: &&Band| {
            band.age_from.as_deref().is_none_or(|from| age_days >= days(from))
                && band.age_below.as_deref().is_none_or(|below| age_days < days(below))
        };
        let adult =
            |band: &&Band| age_days >= 18 * 365 && band.age_from.as_deref().is_some_and(|from| days(from) >= 18 * 365);
        let oldest = |band: &&Band| band.age_from.as_deref().map_or(0, days);
        of_sex().find(fits).or_else(|| of_sex().filter(adult).max_by_key(oldest)).map(limits)
    }

    /// HL7 v3 ObservationInterpretation code of a value: `LL`, `L`, `N`, `H`, `HH`.
    pub(crate) fn flag(&self, value: f64, range: Option<Limits>) -> Option<&'static str> {
        let below = |limit: Option<f64>| limit.is_some_and(|limit| value < limit);
        let above = |limit: Option<f64>| limit.is_some_and(|limit| value > limit);
        let critical = self.critical.unwrap_or_default();
        let range = range?;
        Some(match () {
            () if below(critical.low) => "LL",
            () if above(critical.high) => "HH",
            () if below(range.low) => "L",
            () if above(range.high) => "H",
            () => "N",
        })
    }
}

/// Days of an age such as `28d`, `6m`, `18y`.
fn days(age: &str) -> i64 {
    let (number, unit) = age.split_at(age.len().saturating_sub(1));
    let number: i64 = number.parse().unwrap_or(0);
    match unit {
        "y" => number * 36_525 / 100,
        "m" => number * 30,
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_follow_range_and_critical_limits() {
        let laboratory = Laboratory::load().unwrap();
        let potassium = laboratory.analyte("potassium").unwrap();
        let range = potassium.range("female", 62 * 365);
        assert_eq!(range, Some(Limits { low: Some(3.5), high: Some(5.3) }));
        for (value, flag) in [(2.5, "LL"), (3.4, "L"), (5.3, "N"), (5.4, "H"), (6.3, "HH")] {
            assert_eq!(potassium.flag(value, range), Some(flag), "{value}");
        }
    }

    #[test]
    fn children_have_no_adult_range() {
        let laboratory = Laboratory::load().unwrap();
        assert_eq!(laboratory.analyte("egfr").unwrap().range("male", 5 * 365), None);
        assert!(laboratory.analyte("potassium").unwrap().range("male", 85 * 365).is_some());
    }
}
