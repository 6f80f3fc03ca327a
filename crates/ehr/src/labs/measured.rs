//! A measured value with its range, for sections other than the laboratory's.

use fhir::rows::{CodeableConcept, ReferenceRange, Value as RowValue};

use super::flags::{self, Comparator};
use super::{Flag, Range, Value, range, units, words};

/// What was measured or found, and how it stands to its range.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub value: Option<Value>,
    pub range: Option<Range>,
    pub flag: Option<Flag>,
}

/// Reads `value[x]`, `interpretation` and `referenceRange` of an observation or of a component.
pub(crate) fn measured(
    of: Option<RowValue<'_>>,
    interpretation: &[CodeableConcept<'_>],
    ranges: &[ReferenceRange<'_>],
) -> Measured {
    let value = of.and_then(|of| value(&of));
    let unit = value.as_ref().and_then(|value| value.unit.as_deref());
    let limits = range::chosen(ranges).map(|range| range::limits(range, unit)).unwrap_or_default();
    let mut text = String::new();
    range::write(ranges, &mut text);
    let range = (!text.is_empty()).then_some(Range { text, low: limits.low, high: limits.high });
    let number = value.as_ref().and_then(|value| Some((value.number?, Comparator::read(value.comparator.as_deref())?)));
    let judgement = flags::stated(interpretation).or_else(|| {
        // A value that is no number can't be judged against a range of numbers without knowing the analyte.
        number.map(|number| flags::derived(of.as_ref(), ranges, limits, Some(number)))
    });
    Measured { value, range, flag: judgement.and_then(|judgement| judgement.flag) }
}

fn value(of: &RowValue<'_>) -> Option<Value> {
    let (text, number, comparator, unit) = match of {
        RowValue::Quantity(quantity) => {
            let number = quantity.value?;
            let unit =
                [quantity.unit, quantity.code].into_iter().flatten().map(str::trim).find(|unit| !unit.is_empty());
            (number.text().to_owned(), number.value(), quantity.comparator, unit)
        }
        RowValue::Integer(number) => (number.text().to_owned(), number.value(), None, None),
        other => {
            let mut text = String::new();
            words::value(other, &mut text);
            (text.trim().to_owned(), None, None, None)
        }
    };
    if text.is_empty() {
        return None;
    }
    let code = match of {
        RowValue::Quantity(quantity) => quantity.code,
        _ => None,
    };
    let known = |spelling: &str| units::normalise(&without_annotation(spelling)).map(|unit| unit.ucum.as_str());
    Some(Value {
        text,
        number,
        comparator: comparator.map(str::to_owned),
        ucum: unit.and_then(known).or_else(|| code.and_then(known)),
        unit: unit.map(str::to_owned),
    })
}

/// `{beats}/min` is `/min`: what stands in braces says what is counted, and is no unit (UCUM § 12).
fn without_annotation(unit: &str) -> String {
    let mut out = String::with_capacity(unit.len());
    let mut inside = false;
    for c in unit.chars() {
        match c {
            '{' => inside = true,
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    if out.is_empty() { unit.to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::rows::Quantity;

    #[test]
    fn units_are_known_with_and_without_annotations() {
        for (unit, expect) in [("{beats}/min", Some("/min")), ("次/分", Some("/min")), ("℃", Some("Cel")), ("丈", None)]
        {
            let quantity = Quantity { unit: Some(unit), ..Quantity::default() };
            assert_eq!(value(&RowValue::Quantity(quantity)), None, "a unit alone is no value");
            let text = RowValue::String("10");
            assert_eq!(value(&text).and_then(|value| value.ucum), None);
            assert_eq!(units::normalise(&without_annotation(unit)).map(|unit| unit.ucum.as_str()), expect, "{unit}");
        }
    }
}
