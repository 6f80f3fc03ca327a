//! How the patient was anaesthetised, and the ASA class: R4's Procedure has no element for either, so hospitals say it in
//! extensions, used codes, remarks, procedures of their own and observations.

// not shown: words that hospitals write, only compared with.

use fhir::rows::{CodeableConcept, Coding, Extension, Observation, Procedure, Value};

use crate::concept::{SNOMED, said_form, some_words, words};

/// ASA physical status classes 1 to 6, SNOMED CT <http://snomed.info/id/302132005> and its values.
const ASA_CLASSES: [&str; 6] = ["413495001", "413496000", "413497009", "413498004", "413499007", "413500003"];
/// The codes of observations of the ASA class.
pub(crate) const ASA_CODES: &str = "http://loinc.org|97816-3,http://snomed.info/sct|302132005";
/// Kinds of anaesthesia (SNOMED CT): general, local, regional, epidural. Others are known by their words.
const ANAESTHESIA: [&str; 4] = ["50697003", "386761002", "27372005", "18946005"];
/// A remark longer than that tells a story; it does not name a kind of anaesthesia.
const LONGEST_NAME: usize = 40;

/// Does it say how the patient was anaesthetised?
pub(super) fn is_anaesthesia(concept: &CodeableConcept<'_>) -> bool {
    let coded = |coding: &Coding<'_>| {
        coding.system.is_none_or(|system| system == SNOMED)
            && coding.code.is_some_and(|code| ANAESTHESIA.contains(&code))
    };
    let texts = concept.coding.iter().filter_map(|coding| coding.display).chain(concept.text);
    concept.coding.iter().any(coded) || texts.into_iter().any(names_anaesthesia)
}

fn names_anaesthesia(text: &str) -> bool {
    let form = said_form(text);
    form.contains("麻醉") || form.contains("anesthe") || form.contains("anaesthe")
}

/// Kinds of anaesthesia that a procedure names.
pub(crate) fn methods(row: &Procedure<'_>) -> Vec<String> {
    let mut all: Vec<String> = row.used_code.iter().filter(|used| is_anaesthesia(used)).map(words).collect();
    for extension in every(row.extension).filter(|one| !is_asa(one)) {
        let about = extension.url.is_some_and(|url| names_anaesthesia(last_word(url)));
        let concept = match extension.value {
            Some(Value::CodeableConcept(concept)) => Some(concept),
            _ => None,
        };
        if about || concept.is_some_and(|concept| is_anaesthesia(&concept)) {
            all.extend(extension_words(extension));
        }
    }
    all.extend(
        row.note.iter().filter_map(|note| note.text).filter(|text| is_method(text)).map(|text| text.trim().to_owned()),
    );
    let mut once = Vec::new();
    crate::joined::add_new(&mut once, &all);
    once.retain(|method: &String| !method.is_empty());
    once
}

/// A remark that names a kind of anaesthesia and nothing else.
pub(super) fn is_method(text: &str) -> bool {
    text.chars().count() <= LONGEST_NAME && names_anaesthesia(text) && !text.contains(['。', '\n', ';', '；'])
}

/// The ASA class in a procedure's extensions, as written.
pub(super) fn asa(row: &Procedure<'_>) -> Option<String> {
    every(row.extension).filter(|one| is_asa(one)).find_map(extension_words)
}

/// Is it an observation of the ASA class? Asked of everything that comes: servers ignore what they don't know.
pub(crate) fn is_asa_observation(row: &Observation<'_>) -> bool {
    let Some(code) = row.code else { return false };
    let coded = |coding: &Coding<'_>| matches!(coding.code, Some("97816-3" | "302132005"));
    let named = |text: &str| {
        let form = said_form(text);
        let asa = form.contains("asa分级") || form.contains("asa分类") || form.contains("asaclass") || form == "asa";
        asa || form.contains("asaphysicalstatus") || form.contains("americansocietyofanesthesiologists")
    };
    code.coding.iter().any(coded) || code.coding.iter().filter_map(|one| one.display).chain(code.text).any(named)
}

/// For comparing: `ASA II`, `Ⅱ级`, `2` and `asa-2` are one class.
pub(super) fn grade(text: &str) -> String {
    let form = said_form(text);
    let emergency = if form.ends_with('e') && form.len() > 1 { "e" } else { "" };
    let bare: String = form.trim_start_matches("asa").chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let bare = bare.trim_start_matches("class").trim_end_matches('e');
    let number =
        ["i", "ii", "iii", "iv", "v", "vi"].iter().position(|roman| *roman == bare).map(|at| (at + 1).to_string());
    let number = number.unwrap_or_else(|| bare.to_owned());
    if number.is_empty() { form } else { format!("{number}{emergency}") }
}

fn is_asa(extension: &Extension<'_>) -> bool {
    let by_url = extension.url.is_some_and(|url| {
        let name = last_word(url).to_ascii_lowercase();
        name.split(['-', '_', '.']).any(|part| part == "asa")
            || name.starts_with("asaclass")
            || name.starts_with("asaps")
    });
    let concept = match extension.value {
        Some(Value::CodeableConcept(concept)) => Some(concept),
        _ => None,
    };
    let coded = |coding: &Coding<'_>| coding.code.is_some_and(|code| ASA_CLASSES.contains(&code));
    by_url
        || concept.is_some_and(|concept| concept.coding.iter().any(coded))
        || extension.coding.as_ref().is_some_and(coded)
}

/// Extensions and their parts, one level deep: R4 nests them no deeper in what is known of operations.
fn every<'e, 'a>(extensions: &'e [Extension<'a>]) -> impl Iterator<Item = &'e Extension<'a>> {
    extensions.iter().flat_map(|one| std::iter::once(one).chain(one.extension))
}

fn last_word(url: &str) -> &str {
    url.rsplit(['/', ':', '#']).next().unwrap_or(url)
}

fn extension_words(extension: &Extension<'_>) -> Option<String> {
    let concept = match extension.value {
        Some(Value::CodeableConcept(concept)) => some_words(Some(&concept)),
        Some(Value::String(text)) => Some(text.to_owned()),
        Some(Value::Integer(number)) => Some(number.text().to_owned()),
        _ => None,
    };
    let coding = || extension.coding.and_then(|coding| coding.display.or(coding.code)).map(str::to_owned);
    let said = concept.or_else(coding).or_else(|| extension.code.map(str::to_owned));
    said.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_however_it_is_written() {
        for text in ["ASA II", "ASA Ⅱ级", "asa-2", "2", "ASA class 2", "II", "ＡＳＡ　２"] {
            assert_eq!(grade(text), "2", "{text}");
        }
        assert_eq!((grade("ASA 3E"), grade("ASA III")), ("3e".to_owned(), "3".to_owned()));
        assert_eq!(grade("未评"), "未评");
    }

    #[test]
    fn a_story_is_no_kind_of_anaesthesia() {
        assert!(is_method("气管插管全身麻醉"));
        assert!(!is_method("麻醉满意后，取仰卧位。"));
        assert!(!is_method("术中出血少"));
    }
}
