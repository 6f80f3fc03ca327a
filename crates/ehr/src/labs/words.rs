//! Values in words, as far as data can say them without a language, and the catalogue's plain sentences.

use fhir::rows::{CodeableConcept, Quantity, Value};

use super::catalogue::{Side, catalogue};
use super::{Analyte, Flag};
use crate::Bilingual;

/// The catalogue's sentences for an analyte: what it measures and, where the flag says so, what being high, low or
/// abnormal may mean in general. `None` for analytes that are not in it. Never a diagnosis: pages show it beside
/// 以出具报告机构的参考范围和医生说明为准.
pub fn plain_words(analyte: &str, flag: Option<Flag>) -> Option<Bilingual> {
    let analyte: &'static Analyte = catalogue().analyte(analyte)?;
    let meaning = match flag {
        Some(Flag::High | Flag::CriticalHigh) => analyte.meaning(Side::High),
        Some(Flag::Low | Flag::CriticalLow) => analyte.meaning(Side::Low),
        Some(Flag::Abnormal) => analyte.meaning(Side::Abnormal),
        Some(Flag::Normal) | None => None,
    };
    let what = analyte.what();
    Some(match meaning {
        Some(meaning) => {
            Bilingual { zh: format!("{}{}", what.zh, meaning.zh), en: format!("{} {}", what.en, meaning.en) }
        }
        None => what.clone(),
    })
}

/// Text → display → code.
pub(crate) fn concept(concept: &CodeableConcept<'_>, out: &mut String) {
    let display = concept.coding.iter().find_map(|coding| coding.display.filter(|text| !text.is_empty()));
    let code = || concept.coding.iter().find_map(|coding| coding.code);
    out.push_str(concept.text.filter(|text| !text.is_empty()).or(display).or_else(code).unwrap_or_default());
}

pub(crate) fn quantity(quantity: &Quantity<'_>, out: &mut String) {
    out.push_str(quantity.comparator.unwrap_or_default());
    out.push_str(quantity.value.map(|number| number.text()).unwrap_or_default());
}

fn quantity_with_unit(of: Option<Quantity<'_>>, out: &mut String) {
    let Some(of) = of else { return };
    quantity(&of, out);
    if let Some(unit) = of.unit.or(of.code).filter(|unit| *unit != "1") {
        out.push(' ');
        out.push_str(unit);
    }
}

/// Any value that is not a number: titres as `1:128`, ranges and periods with a dash between.
pub(crate) fn value(of: &Value<'_>, out: &mut String) {
    match of {
        Value::Quantity(of) => quantity(of, out),
        Value::CodeableConcept(of) => concept(of, out),
        Value::String(text) | Value::Time(text) | Value::DateTime(text) => out.push_str(text),
        Value::Boolean(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Integer(number) => out.push_str(number.text()),
        Value::Range(range) => {
            quantity_with_unit(range.low, out);
            out.push('–');
            quantity_with_unit(range.high, out);
        }
        Value::Ratio(ratio) => {
            quantity_with_unit(ratio.numerator, out);
            out.push(':');
            quantity_with_unit(ratio.denominator, out);
        }
        Value::SampledData(samples) => out.push_str(samples.data.unwrap_or_default()),
        Value::Period(period) => {
            out.push_str(period.start.unwrap_or_default());
            out.push('–');
            out.push_str(period.end.unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_follow_the_flag() {
        let high = plain_words("neut-abs", Some(Flag::High)).expect("known");
        assert!(high.zh.contains("白细胞") && high.zh.contains("感染"), "{}", high.zh);
        assert!(high.en.contains("white cells") && high.en.contains("infection"), "{}", high.en);
        let normal = plain_words("neut-abs", Some(Flag::Normal)).expect("known");
        assert!(!normal.en.contains("infection"), "{}", normal.en);
        assert_ne!(plain_words("hbsag", Some(Flag::Abnormal)), plain_words("hbsag", None));
        assert_eq!(plain_words("unheard-of", Some(Flag::High)), None);
    }
}
