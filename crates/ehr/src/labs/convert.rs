//! Which values may share an axis, and how one becomes the other.
//!
//! Within a property by a factor of the unit; across properties only by the analyte's own conversion, which cites a molar
//! mass or a published equation. What can't be converted is never on the same axis.

use super::{Analyte, LabResult, catalogue, units};

/// `to = from * factor + offset`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Multiplied.
    pub factor: f64,
    /// Added.
    pub offset: f64,
}

impl Linear {
    const SAME: Self = Self { factor: 1.0, offset: 0.0 };

    /// The converted value.
    pub fn apply(self, value: f64) -> f64 {
        value * self.factor + self.offset
    }

    /// Does it change anything?
    pub fn is_same(self) -> bool {
        self == Self::SAME
    }

    fn then(self, next: Self) -> Self {
        Self { factor: self.factor * next.factor, offset: self.offset * next.factor + next.offset }
    }

    fn inverse(self) -> Option<Self> {
        (self.factor != 0.0).then(|| Self { factor: 1.0 / self.factor, offset: -self.offset / self.factor })
    }

    fn scale(from: &str, to: &str) -> Option<Self> {
        units::scale(from, to).map(|factor| Self { factor, offset: 0.0 })
    }
}

/// What a value is measured in: a unit, and the LOINC code where the unit alone does not say (urea and urea nitrogen are
/// both mg/dL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Measure {
    /// UCUM.
    pub ucum: &'static str,
    /// LOINC, when known by it.
    pub loinc: Option<&'static str>,
}

impl Measure {
    /// Of a result with a number in a known unit.
    pub fn of(result: &LabResult) -> Option<Self> {
        let value = result.value.as_ref()?;
        value.number?;
        Some(Self { ucum: value.ucum?, loinc: result.loinc })
    }
}

/// The value of `result` in the measure of `like`, when both are of one group and that is certain.
pub(crate) fn value(result: &LabResult, like: &LabResult) -> Option<f64> {
    let analyte = catalogue().analyte(result.analyte?)?;
    if result.group != like.group {
        return None;
    }
    let linear = between(analyte, Measure::of(result)?, Measure::of(like)?)?;
    Some(linear.apply(result.value.as_ref()?.number?))
}

/// How values of `analyte` go from one measure to another.
pub fn between(analyte: &Analyte, from: Measure, to: Measure) -> Option<Linear> {
    let (kind_from, kind_to) = (kind(analyte, from)?, kind(analyte, to)?);
    if kind_from == kind_to
        && let Some(scale) = Linear::scale(from.ucum, to.ucum)
    {
        return Some(scale);
    }
    if analyte.never_convert.is_some() {
        return None;
    }
    // Through the one property that every conversion of the analyte begins at.
    down(analyte, from)?.then(down(analyte, to)?.inverse()?).into()
}

/// The LOINC code that sets a measure apart from others in the same unit; empty where the unit says enough. `None` when
/// the unit is ambiguous and the code unknown.
pub(crate) fn kind(analyte: &Analyte, of: Measure) -> Option<&'static str> {
    let special = |code: &str| {
        analyte.convert.iter().any(|step| {
            step.to_loinc.as_deref() == Some(code) && analyte.convert.iter().filter(|s| s.to == step.to).count() > 1
        })
    };
    let ambiguous = analyte
        .convert
        .iter()
        .any(|step| step.to_loinc.as_deref().is_some_and(special) && units::scale(of.ucum, &step.to).is_some());
    match (ambiguous, of.loinc) {
        (false, _) => Some(""),
        (true, None) => None,
        (true, Some(loinc)) if special(loinc) => Some(loinc),
        (true, Some(_)) => Some(""),
    }
}

/// From a measure to the `from` side of the analyte's conversions.
fn down(analyte: &Analyte, of: Measure) -> Option<Linear> {
    let base = &analyte.convert.first()?.from;
    if let Some(scale) = Linear::scale(of.ucum, base) {
        return Some(scale);
    }
    let kind = kind(analyte, of)?;
    analyte.convert.iter().filter(|step| step.from == *base).find_map(|step| {
        let ours = match step.to_loinc.as_deref() {
            // The only conversion into its unit needs no code to be told apart.
            Some(code) => code == kind || kind.is_empty() && is_only(analyte, &step.to),
            None => kind.is_empty(),
        };
        let up = Linear { factor: step.factor, offset: step.offset };
        let scale = ours.then(|| Linear::scale(of.ucum, &step.to)).flatten()?;
        Some(scale.then(up.inverse()?))
    })
}

fn is_only(analyte: &Analyte, unit: &str) -> bool {
    analyte.convert.iter().filter(|step| step.to == unit).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        analyte: &str,
        from: (&str, Option<&'static str>),
        to: (&str, Option<&'static str>),
        value: f64,
        expect: Option<f64>,
    ) {
        let measure = |(unit, loinc): (&str, Option<&'static str>)| {
            let ucum = units::normalise(unit).expect("unit").ucum.as_str();
            Measure { ucum, loinc }
        };
        let analyte = catalogue().analyte(analyte).expect("analyte");
        let found = between(analyte, measure(from), measure(to)).map(|linear| linear.apply(value));
        let near = matches!((found, expect), (Some(a), Some(b)) if (a - b).abs() < 0.006 * b.abs());
        assert!(near || found == expect, "{} {from:?} → {to:?}: {found:?}", analyte.id);
    }

    #[test]
    fn across_properties_by_the_analyte() {
        check("glucose-fasting", ("mmol/L", None), ("mg/dL", None), 5.5, Some(99.1));
        check("glucose-fasting", ("mg/dL", None), ("mmol/L", None), 99.1, Some(5.5));
        check("creatinine", ("mg/dL", None), ("umol/L", None), 1.0, Some(88.4));
        check("hgb", ("g/dL", None), ("g/L", None), 13.5, Some(135.0));
        check("hgb", ("mmol/L", None), ("g/L", None), 8.0, Some(128.9));
        check("hba1c", ("mmol/mol", None), ("%", Some("4548-4")), 53.0, Some(7.0));
        check("hba1c", ("%", None), ("mmol/mol", Some("59261-8")), 7.0, Some(53.0));
        check("vit-d", ("nmol/L", None), ("ng/mL", None), 50.0, Some(20.0));
        check("uacr", ("mg/mmol", None), ("mg/g", None), 3.0, Some(26.5));
        check("potassium", ("mEq/L", None), ("mmol/L", None), 5.2, Some(5.2));
        check("tsh", ("uIU/mL", None), ("mIU/L", None), 2.5, Some(2.5));
    }

    #[test]
    fn urea_is_not_urea_nitrogen() {
        check("urea", ("mmol/L", None), ("mg/dL", Some("3091-6")), 5.0, Some(30.0));
        check("urea", ("mmol/L", None), ("mg/dL", Some("3094-0")), 5.0, Some(14.0));
        check("urea", ("mg/dL", Some("3094-0")), ("mg/dL", Some("3091-6")), 14.0, Some(30.0));
        check("urea", ("mg/dL", None), ("mmol/L", None), 14.0, None);
        check("urea", ("mg/dL", None), ("mg/dL", Some("3094-0")), 14.0, None);
    }

    #[test]
    fn never() {
        check("d-dimer", ("mg/L FEU", None), ("mg/L DDU", None), 0.5, None);
        check("d-dimer", ("ng/mL FEU", None), ("mg/L FEU", None), 500.0, Some(0.5));
        check("wbc", ("10*9/L", None), ("g/L", None), 5.0, None);
        check("potassium", ("mmol/L", None), ("mg/dL", None), 5.0, None);
        check("calcium", ("mEq/L", None), ("mmol/L", None), 5.0, None);
    }

    #[test]
    fn every_conversion_of_the_catalogue_goes_both_ways() {
        for analyte in catalogue().analytes() {
            for step in &analyte.convert {
                let measure = |unit: &str, loinc: Option<&str>| Measure {
                    ucum: units::normalise(unit).expect("unit").ucum.as_str(),
                    loinc: loinc.and_then(|code| Some(catalogue().by_loinc(code)?.1.code.as_str())),
                };
                let ambiguous = analyte.convert.iter().filter(|s| s.to == step.to).count() > 1;
                let plain = analyte.loinc.iter().find(|l| l.property == "mass").map(|l| l.code.as_str());
                let loinc = step.to_loinc.as_deref().or(plain.filter(|_| ambiguous));
                let (from, to) = (measure(&step.from, None), measure(&step.to, loinc));
                let there =
                    between(analyte, from, to).unwrap_or_else(|| panic!("{} {} → {}", analyte.id, step.from, step.to));
                let back = between(analyte, to, from).unwrap_or_else(|| panic!("{} back", analyte.id));
                assert!((there.apply(10.0) - (10.0 * step.factor + step.offset)).abs() < 1e-6, "{}", analyte.id);
                assert!((back.apply(there.apply(10.0)) - 10.0).abs() < 1e-6, "{}", analyte.id);
            }
        }
    }
}
