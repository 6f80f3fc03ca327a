//! How a value stands to its range: what the laboratory says, else what its own range says. Never the catalogue's range.

// not shown: words that hospitals write, only compared with.

use fhir::rows::{CodeableConcept, ReferenceRange, Value};

use super::{Flag, range, range::Limits};

/// A flag, and whether the laboratory calls the result alarming (`HH`, `LL`, `AA`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub flag: Option<Flag>,
    pub alarming: bool,
}

/// The laboratory's own flag; several of one result: the gravest.
pub(crate) fn stated(interpretation: &[CodeableConcept<'_>]) -> Option<Judgement> {
    let codes = interpretation.iter().flat_map(|concept| {
        let text = concept.text.filter(|_| concept.coding.is_empty());
        concept.coding.iter().filter_map(|coding| coding.code).chain(text)
    });
    codes.filter_map(read).max_by_key(|judgement| (judgement.alarming, judgement.flag.map(gravity)))
}

/// HL7 v3 ObservationInterpretation (<https://terminology.hl7.org/CodeSystem-v3-ObservationInterpretation.html>), and what
/// Chinese laboratories write in its place.
fn read(code: &str) -> Option<Judgement> {
    let flag = match code {
        "N" | "NEG" | "ND" | "NR" | "S" | "正常" | "阴性" => Flag::Normal,
        "H" | "HU" | ">" | "↑" | "偏高" | "高" => Flag::High,
        "L" | "LU" | "<" | "↓" | "偏低" | "低" => Flag::Low,
        "HH" | "↑↑" => Flag::CriticalHigh,
        "LL" | "↓↓" => Flag::CriticalLow,
        "A" | "AA" | "POS" | "RR" | "WR" | "DET" | "异常" | "阳性" => Flag::Abnormal,
        padded if padded.len() > padded.trim().len() => return read(padded.trim()),
        _ => return None,
    };
    Some(Judgement { flag: Some(flag), alarming: matches!(code, "HH" | "LL" | "AA" | "↑↑" | "↓↓") })
}

/// For "the gravest": critical before high and low before abnormal before normal.
pub(crate) fn gravity(flag: Flag) -> u8 {
    match flag {
        Flag::CriticalHigh | Flag::CriticalLow => 3,
        Flag::High | Flag::Low => 2,
        Flag::Abnormal => 1,
        Flag::Normal => 0,
    }
}

/// From the laboratory's range, when it gave no flag.
pub(crate) fn derived(
    value: Option<&Value<'_>>,
    ranges: &[ReferenceRange<'_>],
    limits: Limits,
    number: Option<(f64, Comparator)>,
) -> Judgement {
    let flag = match number {
        Some((number, comparator)) => against(number, comparator, limits),
        None => in_words(value, ranges),
    };
    let unit = match value {
        Some(Value::Quantity(quantity)) => quantity.unit.or(quantity.code),
        _ => None,
    };
    let beyond = range::critical(ranges).zip(number).and_then(|(critical, (number, comparator))| {
        match against(number, comparator, range::limits(critical, unit))? {
            Flag::High => Some(Flag::CriticalHigh),
            Flag::Low => Some(Flag::CriticalLow),
            _ => None,
        }
    });
    Judgement { flag: beyond.or(flag), alarming: beyond.is_some() }
}

/// `<`, `<=`, `>=`, `>` before a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Comparator {
    #[default]
    Equal,
    Less,
    LessOrEqual,
    GreaterOrEqual,
    Greater,
}

impl Comparator {
    pub(crate) fn read(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else { return Some(Self::Equal) };
        Some(match text.trim() {
            "" => Self::Equal,
            "<" => Self::Less,
            "<=" | "≤" => Self::LessOrEqual,
            ">=" | "≥" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => return None,
        })
    }

    pub(crate) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Equal => None,
            Self::Less => Some("<"),
            Self::LessOrEqual => Some("<="),
            Self::GreaterOrEqual => Some(">="),
            Self::Greater => Some(">"),
        }
    }
}

/// Only what is certain: `<5` is low below 5–10, and may be anything below 3–10.
fn against(number: f64, comparator: Comparator, limits: Limits) -> Option<Flag> {
    if limits.low.is_none() && limits.high.is_none() {
        return None;
    }
    let (least, most) = match comparator {
        Comparator::Equal => (number, number),
        Comparator::Less | Comparator::LessOrEqual => (f64::NEG_INFINITY, number),
        Comparator::Greater | Comparator::GreaterOrEqual => (number, f64::INFINITY),
    };
    let strict = matches!(comparator, Comparator::Less | Comparator::Greater);
    if limits.high.is_some_and(|high| least > high || (strict && least >= high && comparator == Comparator::Greater)) {
        return Some(Flag::High);
    }
    if limits.low.is_some_and(|low| most < low || (strict && most <= low && comparator == Comparator::Less)) {
        return Some(Flag::Low);
    }
    let inside = limits.low.is_none_or(|low| least >= low) && limits.high.is_none_or(|high| most <= high);
    inside.then_some(Flag::Normal)
}

/// `阳性` where `阴性` is expected.
fn in_words(value: Option<&Value<'_>>, ranges: &[ReferenceRange<'_>]) -> Option<Flag> {
    let said = match value? {
        Value::String(text) => *text,
        Value::CodeableConcept(concept) => {
            concept.text.or_else(|| concept.coding.iter().find_map(|coding| coding.display))?
        }
        _ => return None,
    };
    let expected = range::chosen(ranges)?.text?;
    let (said, expected) = (finding(said)?, finding(expected)?);
    Some(if said == expected { Flag::Normal } else { Flag::Abnormal })
}

/// Negative (false) or positive (true), in any of the ways it is written.
pub(crate) fn finding(text: &str) -> Option<bool> {
    use unicode_normalization::UnicodeNormalization as _;
    let form: String =
        text.nfkc().filter(|c| !c.is_whitespace() && !"()[]".contains(*c)).collect::<String>().to_lowercase();
    match form.as_str() {
        "阴性" | "-" | "阴性-" | "neg" | "negative" | "未检出" | "notdetected" | "nonreactive" | "non-reactive"
        | "无反应" | "无反应性" => Some(false),
        "阳性" | "阳性+" | "弱阳性" | "强阳性" | "+" | "++" | "+++" | "++++" | "+-" | "±" | "1+" | "2+" | "3+"
        | "4+" | "pos" | "positive" | "weakpositive" | "检出" | "detected" | "reactive" | "有反应" | "有反应性" => {
            Some(true)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: f64, comparator: &str, range: &str, expect: Option<Flag>) {
        let comparator = Comparator::read(Some(comparator)).expect("comparator");
        let limits = range::parse(range).unwrap_or_default();
        assert_eq!(against(number, comparator, limits), expect, "{comparator:?} {number} in {range}");
    }

    #[test]
    fn from_the_range() {
        check(5.4, "", "3.5-5.3", Some(Flag::High));
        check(5.3, "", "3.5-5.3", Some(Flag::Normal));
        check(3.4, "", "3.5-5.3", Some(Flag::Low));
        check(5.0, "<", "5-10", Some(Flag::Low));
        check(5.0, "<=", "5-10", None);
        check(5.0, "<", "3-10", None);
        check(5.0, "<", "<5.2", Some(Flag::Normal));
        check(1000.0, ">", "3-10", Some(Flag::High));
        check(5.0, ">", "3-10", None);
        check(95.0, ">", "≥90", Some(Flag::Normal));
        check(5.0, "", "见报告", None);
    }

    #[test]
    fn what_the_laboratory_says() {
        let says = |code: &'static str| {
            let coding = [fhir::rows::Coding { code: Some(code), ..Default::default() }];
            stated(&[CodeableConcept { coding: &coding, text: None }])
        };
        let check =
            |code, flag, alarming| assert_eq!(says(code), Some(Judgement { flag: Some(flag), alarming }), "{code}");
        check("H", Flag::High, false);
        check("HH", Flag::CriticalHigh, true);
        check("LL", Flag::CriticalLow, true);
        check("A", Flag::Abnormal, false);
        check("AA", Flag::Abnormal, true);
        check("N", Flag::Normal, false);
        check("POS", Flag::Abnormal, false);
        check("NEG", Flag::Normal, false);
        assert_eq!(says("W"), None);
    }

    #[test]
    fn findings() {
        assert_eq!(finding("阴性(-)"), Some(false));
        assert_eq!(finding("（－）"), Some(false));
        assert_eq!(finding("阳性"), Some(true));
        assert_eq!(finding("Non-reactive"), Some(false));
        assert_eq!(finding("淡黄色"), None);
    }
}
