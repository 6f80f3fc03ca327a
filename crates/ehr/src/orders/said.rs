//! What hospitals' own words say of an order: long-term or one-off, on a ward or not.

// not shown: words that hospitals write, only compared with.

use fhir::rows::{CodeableConcept, Dosage, DosageTiming};

use super::OrderDuration;
use crate::concept::{said_form, words};

/// In a category, anywhere.
const LONG_TERM: [&str; 4] = ["长期", "long-term", "longterm", "standingorder"];
const ONE_OFF: [&str; 4] = ["临时", "one-off", "oneoff", "oneofforder"];
/// Alone, as a remark.
const LONG_TERM_ALONE: [&str; 4] = ["长期", "长期医嘱", "long-term", "long-termorder"];
const ONE_OFF_ALONE: [&str; 4] = ["临时", "临时医嘱", "one-off", "one-offorder"];
/// Frequencies that mean once.
const ONCE: [&str; 7] = ["st", "stat", "once", "即刻", "立即", "一次", "一次性"];
/// Codes of <http://terminology.hl7.org/CodeSystem/medicationrequest-category>, and words for them, in the order in which
/// they count: 出院带药 is written on a ward.
const SETTINGS: [(&str, &str); 10] = [
    ("discharge", "discharge"),
    ("出院带药", "discharge"),
    ("inpatient", "inpatient"),
    ("住院", "inpatient"),
    ("outpatient", "outpatient"),
    ("门诊", "outpatient"),
    ("急诊", "emergency"),
    ("community", "community"),
    ("社区", "community"),
    ("家庭病床", "community"),
];

fn texts<'c>(concept: &'c CodeableConcept<'c>) -> impl Iterator<Item = String> + 'c {
    let said = concept.coding.iter().flat_map(|coding| [coding.code, coding.display]).flatten().chain(concept.text);
    said.map(said_form)
}

fn duration_of(long: bool, once: bool) -> Option<OrderDuration> {
    match (long, once) {
        (true, false) => Some(OrderDuration::LongTerm),
        (false, true) => Some(OrderDuration::OneOff),
        _ => None,
    }
}

/// What categories say.
pub(super) fn duration(categories: &[CodeableConcept<'_>]) -> Option<OrderDuration> {
    let any =
        |known: &[&str]| categories.iter().flat_map(texts).any(|text| known.iter().any(|word| text.contains(word)));
    duration_of(any(&LONG_TERM), any(&ONE_OFF))
}

/// What a remark says that says nothing else.
pub(super) fn duration_alone(remark: &str) -> Option<OrderDuration> {
    let form = said_form(remark);
    duration_of(LONG_TERM_ALONE.contains(&form.as_str()), ONE_OFF_ALONE.contains(&form.as_str()))
}

/// A frequency that means once.
pub(super) fn is_once(timing: &DosageTiming<'_>) -> bool {
    let counted = timing.repeat.and_then(|repeat| repeat.count).and_then(fhir::rows::Number::integer) == Some(1);
    counted || timing.code.as_ref().is_some_and(|code| texts(code).any(|text| ONCE.contains(&text.as_str())))
}

/// What the course of a therapy or its only dose says.
pub(super) fn duration_of_course(
    course: Option<&CodeableConcept<'_>>,
    dosages: &[Dosage<'_>],
) -> Option<OrderDuration> {
    let continuous = course.is_some_and(|course| texts(course).any(|text| text == "continuous"));
    let once = matches!(dosages, [only] if only.timing.as_ref().is_some_and(is_once));
    duration_of(continuous, once && !continuous)
}

/// Where it was given.
pub(super) fn setting(categories: &[CodeableConcept<'_>]) -> Option<&'static str> {
    let said: Vec<String> = categories.iter().flat_map(texts).collect();
    SETTINGS.iter().find(|(word, _)| said.iter().any(|text| text.contains(word))).map(|(_, setting)| *setting)
}

/// The category that says neither of these.
pub(super) fn category(categories: &[CodeableConcept<'_>]) -> Option<String> {
    let alone = |one: &&CodeableConcept<'_>| {
        duration(std::slice::from_ref(one)).is_none() && setting(std::slice::from_ref(one)).is_none()
    };
    let said: Vec<String> = categories.iter().filter(alone).map(words).filter(|words| !words.is_empty()).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::rows::Coding;

    fn check(text: Option<&str>, code: Option<&str>, expect: (Option<OrderDuration>, Option<&str>, Option<&str>)) {
        let coding = [Coding { system: None, code, display: None }];
        let coding = if code.is_some() { &coding[..] } else { &[] };
        let categories = [CodeableConcept { coding, text }];
        let said = (duration(&categories), setting(&categories), category(&categories));
        assert_eq!((said.0, said.1, said.2.as_deref()), expect, "{text:?} {code:?}");
    }

    #[test]
    fn hospitals_words() {
        use OrderDuration::{LongTerm, OneOff};
        check(Some("长期医嘱"), None, (Some(LongTerm), None, None));
        check(Some("临时用药医嘱"), None, (Some(OneOff), None, None));
        check(Some("长期/临时"), None, (None, None, Some("长期/临时")));
        check(None, Some("outpatient"), (None, Some("outpatient"), None));
        check(Some("出院带药（住院）"), None, (None, Some("discharge"), None));
        check(Some("检验"), Some("108252007"), (None, None, Some("检验")));
        assert_eq!(duration_alone(" 长期 医嘱"), Some(LongTerm));
        assert_eq!(duration_alone("患者长期卧床"), None, "a remark is not a category");
    }
}
