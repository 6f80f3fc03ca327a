//! Codes and words of a concept, and what it goes by: by these, the same thing is known in two hospitals.

use fhir::rows::{CodeableConcept, Coding as RowCoding};
use unicode_normalization::UnicodeNormalization as _;

use crate::labs::{self, Code, Coding};

/// URIs of standard systems with what else they are written as (<https://hl7.org/fhir/R4/terminologies-systems.html>), in
/// the order in which they name a thing.
const STANDARD: [(&str, &[&str]); 7] = [
    (ICD_10, &["urn:oid:2.16.840.1.113883.6.3"]),
    (ICD_10_CM, &["urn:oid:2.16.840.1.113883.6.90"]),
    (SNOMED, &["urn:oid:2.16.840.1.113883.6.96"]),
    ("http://www.whocc.no/atc", &["urn:oid:2.16.840.1.113883.6.73"]),
    ("http://www.nlm.nih.gov/research/umls/rxnorm", &["urn:oid:2.16.840.1.113883.6.88"]),
    ("http://hl7.org/fhir/sid/cvx", &["urn:oid:2.16.840.1.113883.12.292"]),
    ("http://loinc.org", &["urn:oid:2.16.840.1.113883.6.1"]),
];
const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10";
const ICD_10_CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
/// SNOMED CT.
pub(crate) const SNOMED: &str = "http://snomed.info/sct";

/// A concept, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Concept {
    pub code: Code,
    /// The one name that merging goes by; none where nothing was said.
    pub key: Option<String>,
    /// Every name, sorted: two concepts that share one are about the same thing.
    pub names: Vec<String>,
    pub icd10: Option<String>,
}

/// Words for comparing: width, case and spaces do not count. Dots do, unlike in people's names: 0.5 is not 5.
pub(crate) fn said_form(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

impl Concept {
    pub fn read(concept: Option<&CodeableConcept<'_>>) -> Self {
        let Some(concept) = concept else { return Self::default() };
        let text = words(concept);
        let codings = concept.coding.iter().filter_map(|coding| {
            let code = coding.code.map(str::trim).filter(|code| !code.is_empty())?;
            Some(Coding { system: coding.system.map(str::to_owned), code: code.to_owned() })
        });
        let codings: Vec<Coding> = codings.collect();
        let mut standard: Vec<(usize, String)> = concept.coding.iter().filter_map(standard).collect();
        standard.sort();
        let icd10 = standard.iter().find(|(rank, _)| *rank < 2).and_then(|(_, name)| name.rsplit('|').next());
        let icd10 = icd10.map(str::to_owned);
        let said = concept.coding.iter().filter_map(|coding| coding.display).chain(concept.text);
        let mut names: Vec<String> = said.map(said_form).filter(|form| !form.is_empty()).collect();
        let form = said_form(&text);
        let key = standard.first().map(|(_, name)| name.clone()).or_else(|| Some(form).filter(|form| !form.is_empty()));
        names.extend(standard.into_iter().map(|(_, name)| name));
        names.extend(key.clone());
        names.sort();
        names.dedup();
        Self { code: Code { text, codings }, key, names, icd10 }
    }

    /// The concept of a reference's display, where there is no other.
    pub fn of_text(text: &str) -> Self {
        Self::read(Some(&CodeableConcept { text: Some(text), ..CodeableConcept::default() }))
    }

    pub fn is_empty(&self) -> bool {
        self.code.text.is_empty() && self.code.codings.is_empty()
    }
}

/// `system|CODE` of a standard system, with its rank.
fn standard(coding: &RowCoding<'_>) -> Option<(usize, String)> {
    let (system, code) = (coding.system?.trim(), coding.code?.trim());
    let rank = STANDARD.iter().position(|(uri, also)| *uri == system || also.contains(&system))?;
    let code = code.to_uppercase();
    (!code.is_empty()).then(|| (rank, format!("{}|{code}", STANDARD[rank].0)))
}

/// Text → display → code.
pub(crate) fn words(concept: &CodeableConcept<'_>) -> String {
    let mut words = String::new();
    labs::concept_words(concept, &mut words);
    words.trim().to_owned()
}

/// The words of the first concept that has any.
pub(crate) fn first_words(concepts: &[CodeableConcept<'_>]) -> Option<String> {
    concepts.iter().map(words).find(|words| !words.is_empty())
}

/// The words of an optional concept.
pub(crate) fn some_words(concept: Option<&CodeableConcept<'_>>) -> Option<String> {
    concept.map(words).filter(|words| !words.is_empty())
}

/// The code of a FHIR status that is sent as a concept (`clinicalStatus`): codes first, for words are translated.
pub(crate) fn status_code(concept: Option<&CodeableConcept<'_>>) -> String {
    let Some(concept) = concept else { return String::new() };
    let code = concept.coding.iter().find_map(|coding| coding.code).or(concept.text).unwrap_or_default();
    code.trim().to_ascii_lowercase()
}

/// Does any coding have this code (of whatever system), or do the words say it?
pub(crate) fn has_code(concepts: &[CodeableConcept<'_>], wanted: &str) -> bool {
    concepts.iter().any(|concept| {
        let codes =
            concept.coding.iter().flat_map(|coding| [coding.code, coding.display]).flatten().chain(concept.text);
        codes.into_iter().any(|code| code.trim().eq_ignore_ascii_case(wanted))
    })
}

/// Is something in both? Both are sorted.
pub(crate) fn share(one: &[String], other: &[String]) -> bool {
    one.iter().any(|name| other.binary_search(name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concept(codings: &[(&str, &str)], text: &str) -> Concept {
        let codings: Vec<RowCoding<'_>> = codings
            .iter()
            .map(|(system, code)| RowCoding { system: Some(system), code: Some(code), display: None })
            .collect();
        Concept::read(Some(&CodeableConcept { coding: &codings, text: Some(text).filter(|text| !text.is_empty()) }))
    }

    #[test]
    fn the_same_thing_goes_by_one_name() {
        let one = concept(&[("urn:his", "E11"), (ICD_10, "E11.9")], "2型糖尿病");
        let other = concept(&[("urn:oid:2.16.840.1.113883.6.3", "e11.9")], "糖尿病 2 型");
        assert_eq!(
            (one.key.as_deref(), one.icd10.as_deref()),
            (Some("http://hl7.org/fhir/sid/icd-10|E11.9"), Some("E11.9"))
        );
        assert_eq!(one.key, other.key);
        assert_eq!(concept(&[("urn:a", "1")], "青 霉素").key, concept(&[("urn:b", "9")], "青霉素").key);
        assert_eq!(concept(&[], "").key, None);
        assert!(share(&one.names, &concept(&[], "2型糖尿病").names));
        assert!(!share(&one.names, &concept(&[("urn:his", "E11")], "别的").names));
    }
}
