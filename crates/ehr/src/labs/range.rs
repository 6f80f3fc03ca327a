//! Reference ranges: verbatim, and as numbers where certain.

// not shown: words that hospitals write, only compared with.

use fhir::rows::{Quantity, ReferenceRange};

/// Lower and upper limit, either may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// Reads a range as laboratories write it: `3.5-5.3`, `3.5–5.3`, `3.5~5.3`, `<5.2`, `≥90`, brackets and a unit around
/// it. `None` unless it is certain.
pub(crate) fn parse(text: &str) -> Option<Limits> {
    use unicode_normalization::UnicodeNormalization as _;
    let form: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
    let form = form.trim_matches(['(', ')', '[', ']', '【', '】']);
    if let Some(rest) = form.strip_prefix("<=").or_else(|| form.strip_prefix(['<', '≤', '≦'])) {
        return Some(Limits { low: None, high: Some(only_number(rest)?) });
    }
    if let Some(rest) = form.strip_prefix(">=").or_else(|| form.strip_prefix(['>', '≥', '≧'])) {
        return Some(Limits { low: Some(only_number(rest)?), high: None });
    }
    let (low, behind) = number(form)?;
    // A doubled dash is one dash, unless the limits are negative.
    let doubled = behind.strip_prefix("--").filter(|_| low >= 0.0);
    let rest = doubled.or_else(|| behind.strip_prefix(['-', '–', '—', '~', '∼', '至']))?;
    let high = only_number(rest)?;
    (low <= high).then_some(Limits { low: Some(low), high: Some(high) })
}

/// A number at the beginning, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(digits.len());
    let end = end + (text.len() - digits.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// A number with nothing behind it but a unit.
fn only_number(text: &str) -> Option<f64> {
    let (number, rest) = number(text)?;
    (rest.is_empty() || super::units::normalise(rest).is_some()).then_some(number)
}

/// The range that the result is to be seen against: the normal one, or the only one. Several without a difference that
/// we know are all shown, and none is used.
pub(crate) fn chosen<'r, 'a>(ranges: &'r [ReferenceRange<'a>]) -> Option<&'r ReferenceRange<'a>> {
    let is_plain = |range: &&ReferenceRange<'a>| match range.kind {
        None => true,
        Some(kind) => kind.coding.iter().any(|coding| coding.code == Some("normal")),
    };
    match ranges {
        [] => None,
        [only] => Some(only).filter(|range| !is_critical(range)),
        several => {
            let mut plain = several.iter().filter(is_plain);
            let first = plain.next()?;
            plain.next().is_none().then_some(first)
        }
    }
}

/// The laboratory's own critical limits, where it states them as a range of that type.
pub(crate) fn critical<'r, 'a>(ranges: &'r [ReferenceRange<'a>]) -> Option<&'r ReferenceRange<'a>> {
    ranges.iter().find(|range| is_critical(range))
}

fn is_critical(range: &ReferenceRange<'_>) -> bool {
    range.kind.is_some_and(|kind| {
        let says = |text: &str| text.contains("危急") || text.to_ascii_lowercase().contains("critical");
        kind.text.is_some_and(says)
            || kind.coding.iter().any(|coding| [coding.code, coding.display].into_iter().flatten().any(says))
    })
}

/// The limits of a range in the value's unit: stated as quantities in that unit, else read from the text.
pub(crate) fn limits(range: &ReferenceRange<'_>, value_unit: Option<&str>) -> Limits {
    if range.low.is_none() && range.high.is_none() {
        return range.text.and_then(parse).unwrap_or_default();
    }
    let stated = |quantity: Option<Quantity<'_>>| {
        let quantity = quantity?;
        let same = match (quantity.unit.or(quantity.code), value_unit) {
            (Some(unit), Some(of_value)) => unit == of_value || same_unit(unit, of_value),
            _ => true,
        };
        quantity.value.filter(|_| same)?.value()
    };
    Limits { low: stated(range.low), high: stated(range.high) }
}

fn same_unit(one: &str, other: &str) -> bool {
    let one = super::units::normalise(one).map(|unit| &unit.ucum);
    one.is_some() && one == super::units::normalise(other).map(|unit| &unit.ucum)
}

/// The range as text: the laboratory's words, else `low–high`. Appended to `out`.
pub(crate) fn write(ranges: &[ReferenceRange<'_>], out: &mut String) {
    let one = chosen(ranges);
    let shown: &[ReferenceRange<'_>] = one.map_or(ranges, std::slice::from_ref);
    for (nth, range) in shown.iter().enumerate() {
        if nth > 0 {
            out.push_str("; ");
        }
        write_one(range, out);
    }
}

/// The number of a limit, as written.
pub(crate) fn number_text<'a>(limit: Option<Quantity<'a>>) -> Option<&'a str> {
    Some(limit?.value?.text())
}

fn write_one(range: &ReferenceRange<'_>, out: &mut String) {
    match (range.text, number_text(range.low), number_text(range.high)) {
        (Some(text), ..) => out.push_str(text.trim()),
        (None, Some(low), Some(high)) => out.extend([low, "–", high]),
        (None, Some(low), None) => out.extend(["≥", low]),
        (None, None, Some(high)) => out.extend(["≤", high]),
        (None, None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(Option<f64>, Option<f64>)>) {
        assert_eq!(parse(text).map(|limits| (limits.low, limits.high)), expect, "{text}");
    }

    #[test]
    fn as_laboratories_write_them() {
        for text in
            ["3.5-5.3", "3.5–5.3", "3.5 ~ 5.3", "3.5--5.3", "(3.5-5.3)", "３．５－５．３", "3.5至5.3", "3.5-5.3 mmol/L"]
        {
            check(text, Some((Some(3.5), Some(5.3))));
        }
        check("<5.2", Some((None, Some(5.2))));
        check("≤5.2", Some((None, Some(5.2))));
        check("≥90", Some((Some(90.0), None)));
        check(">=90", Some((Some(90.0), None)));
        check("-2–3", Some((Some(-2.0), Some(3.0))));
        check("-3--1", Some((Some(-3.0), Some(-1.0))));
        check("3.5", None);
        check("3.5 5.3", None);
        check("5.3-3.5", None);
        check("3.5-5.3(男) 3.0-5.0(女)", None);
        check("阴性", None);
        check("0-5 /HP", Some((Some(0.0), Some(5.0))));
        check("1:128", None);
        check("", None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,20}") {
            let _ = parse(&text);
        }
    }
}
