//! Observations outside the laboratory: `data/findings.toml`, applied.

use std::sync::OnceLock;

use fhir::rows::{CodeableConcept, Observation};
use sources::LocalCodes;

use crate::concept::said_form;
use crate::labs::{Code, Linear, Value};
use crate::{Bilingual, labs};

const TEXT: &str = include_str!("../data/findings.toml");
const LOINC: &str = "http://loinc.org";
/// HL7 observation-category that other sections show
/// (<https://terminology.hl7.org/CodeSystem-observation-category.html>).
const OTHER_SECTIONS: [&str; 3] = ["laboratory", "social-history", "imaging"];

#[derive(Debug, Default, serde::Deserialize)]
struct File {
    vital: Vec<Vital>,
    fluid: Vec<Fluid>,
    assessment: Words,
    social: Words,
}

#[derive(Debug, Default, serde::Deserialize)]
struct Words {
    #[serde(default)]
    loinc: Vec<String>,
    words: Vec<String>,
}

/// A vital sign.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Vital {
    pub id: String,
    pub name: Bilingual,
    /// UCUM unit of its axis; none where it is not drawn.
    pub unit: Option<String>,
    loinc: Vec<String>,
    words: Vec<String>,
    #[serde(default)]
    also: Vec<Also>,
}

#[derive(Debug, serde::Deserialize)]
struct Also {
    unit: Vec<String>,
    factor: f64,
    offset: f64,
}

/// What goes into or out of a patient.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Fluid {
    pub side: Side,
    #[serde(default)]
    pub total: bool,
    #[serde(default)]
    pub uncounted: bool,
    loinc: Vec<String>,
    words: Vec<String>,
}

/// In or out?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    Intake,
    Output,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        // A test reads the same compiled-in text: it can't fail here.
        let mut file: File = toml::from_str(TEXT).unwrap_or_default();
        let lists =
            file.vital.iter_mut().map(|one| &mut one.words).chain(file.fluid.iter_mut().map(|one| &mut one.words));
        for words in lists.chain([&mut file.assessment.words, &mut file.social.words]) {
            words.iter_mut().for_each(|word| *word = said_form(word));
        }
        file
    })
}

/// Vital signs, in the order in which they are drawn.
pub(crate) fn vitals() -> &'static [Vital] {
    &file().vital
}

fn has_code(code: &Code, known: &[String]) -> bool {
    let loinc = |system: &Option<String>| system.as_deref().is_none_or(|system| system == LOINC);
    code.codings.iter().any(|coding| loinc(&coding.system) && known.contains(&coding.code))
}

fn has_word(code: &Code, words: &[String]) -> bool {
    let form = said_form(&code.text);
    words.iter().any(|word| form.contains(word.as_str()))
}

/// The vital sign that a code or its words mean.
pub(crate) fn vital(code: &Code) -> Option<&'static Vital> {
    let known = vitals().iter().find(|one| has_code(code, &one.loinc));
    // A LOINC code that is none of a vital sign's says what it is: its words don't (体温 of an incubator).
    let coded = code.codings.iter().any(|coding| coding.system.as_deref() == Some(LOINC));
    known.or_else(|| vitals().iter().filter(|_| !coded).find(|one| has_word(code, &one.words)))
}

/// What of intake or output a code or its words mean.
pub(crate) fn fluid(code: &Code) -> Option<&'static Fluid> {
    let known = file().fluid.iter().find(|one| has_code(code, &one.loinc));
    known.or_else(|| file().fluid.iter().find(|one| has_word(code, &one.words)))
}

impl Vital {
    /// What makes a value of the axis out of this one; none where it can't be on it.
    pub fn onto_axis(&self, value: &Value) -> Option<Linear> {
        let axis = self.unit.as_deref()?;
        if value.ucum == Some(axis) {
            return Some(Linear { factor: 1.0, offset: 0.0 });
        }
        let said = value.unit.as_deref()?.trim();
        let also =
            self.also.iter().find(|also| also.unit.iter().any(|unit| unit == said || value.ucum == Some(unit)))?;
        Some(Linear { factor: also.factor, offset: also.offset })
    }
}

/// Where an observation stands that is not a laboratory's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    VitalSign,
    Assessment,
    Social,
}

/// By its category; where that is empty or the hospital's own, by what it is. `None` for what other sections show.
pub(crate) fn finding(row: &Observation<'_>, local: &LocalCodes) -> Option<Finding> {
    let is = |wanted: &str| crate::concept::has_code(row.category, wanted);
    if is("vital-signs") {
        return Some(Finding::VitalSign);
    }
    if is("social-history") {
        return Some(Finding::Social);
    }
    if is("survey") || is("exam") {
        return Some(Finding::Assessment);
    }
    if labs::is_laboratory(row, local) || OTHER_SECTIONS.iter().any(|other| is(other)) {
        return None;
    }
    let code = code_of(row.code.as_ref());
    match () {
        () if vital(&code).is_some() || fluid(&code).is_some() => Some(Finding::VitalSign),
        () if has_code(&code, &file().social.loinc) || has_word(&code, &file().social.words) => Some(Finding::Social),
        () if has_word(&code, &file().assessment.words) => Some(Finding::Assessment),
        // What nobody has classified and no other section takes must be somewhere.
        () if row.category.is_empty() => Some(Finding::Assessment),
        () => None,
    }
}

/// Is it in more than one place? A hospital may give an observation two categories.
pub(crate) fn is_social(row: &Observation<'_>, local: &LocalCodes) -> bool {
    crate::concept::has_code(row.category, "social-history") || finding(row, local) == Some(Finding::Social)
}

fn code_of(concept: Option<&CodeableConcept<'_>>) -> Code {
    crate::concept::Concept::read(concept).code
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::rows::Coding;

    fn code(system: Option<&str>, code: &str, text: &str) -> Code {
        let coding = labs::Coding { system: system.map(str::to_owned), code: code.to_owned() };
        Code { text: text.to_owned(), codings: if code.is_empty() { vec![] } else { vec![coding] } }
    }

    #[test]
    fn the_compiled_in_file_can_be_read() {
        let file: File = toml::from_str(TEXT).expect("findings.toml");
        assert!(file.vital.len() >= 10 && file.fluid.len() >= 4);
        for vital in &file.vital {
            let unit = vital.unit.as_deref();
            assert!(unit.is_none_or(|unit| labs::units::normalise(unit).is_some()), "{}", vital.id);
        }
    }

    #[test]
    fn vital_signs_by_code_then_by_words() {
        let id = |code: Code| vital(&code).map(|vital| vital.id.as_str());
        assert_eq!(id(code(Some(LOINC), "8310-5", "T")), Some("temperature"));
        assert_eq!(id(code(Some("urn:his"), "T01", "体温（腋下）")), Some("temperature"));
        assert_eq!(id(code(Some(LOINC), "60832-3", "室内体温计")), None, "another code of LOINC");
        assert_eq!(id(code(None, "", "身高")), Some("height"));
        assert_eq!(id(code(None, "", "舌苔")), None);
    }

    #[test]
    fn only_what_can_be_converted_is_on_an_axis() {
        let value = |number: f64, unit: &str| Value {
            text: number.to_string(),
            number: Some(number),
            comparator: None,
            unit: Some(unit.to_owned()),
            ucum: labs::units::normalise(unit).map(|unit| unit.ucum.as_str()),
        };
        let on = |id: &str, number: f64, unit: &str| {
            let vital = vitals().iter().find(|vital| vital.id == id).expect("vital");
            vital.onto_axis(&value(number, unit)).map(|linear| (linear.apply(number) * 10.0).round() / 10.0)
        };
        assert_eq!(on("temperature", 38.5, "℃"), Some(38.5));
        assert_eq!(on("temperature", 98.6, "[degF]"), Some(37.0));
        assert_eq!(on("systolic", 16.0, "kPa"), Some(120.0));
        assert_eq!(on("temperature", 38.5, "次/分"), None);
        assert_eq!(on("weight", 61.2, "公斤"), Some(61.2));
        assert_eq!(on("oxygen", 0.97, "kPa"), None);
    }

    #[test]
    fn an_observation_is_in_a_section_by_category_then_by_what_it_is() {
        let check = |category: Option<&str>, system: Option<&str>, id: &str, text: &str, expect: Option<Finding>| {
            let codings = [Coding { system, code: Some(id), display: None }];
            let categories = category.map(|code| [Coding { system: None, code: Some(code), display: None }]);
            let concept = categories.as_ref().map(|coding| [CodeableConcept { coding, text: None }]);
            let row = Observation {
                category: concept.as_ref().map_or(&[], |concept| concept.as_slice()),
                code: Some(CodeableConcept { coding: &codings, text: Some(text) }),
                ..Observation::default()
            };
            assert_eq!(finding(&row, &LocalCodes::default()), expect, "{category:?} {id} {text}");
        };
        check(Some("vital-signs"), Some("urn:x"), "1", "某项", Some(Finding::VitalSign));
        check(Some("survey"), Some(LOINC), "59460-6", "Morse", Some(Finding::Assessment));
        check(Some("laboratory"), Some(LOINC), "8310-5", "体温", None);
        check(None, Some(LOINC), "2823-3", "钾", None);
        check(None, Some(LOINC), "8310-5", "体温", Some(Finding::VitalSign));
        check(None, Some("urn:x"), "1", "吸烟情况", Some(Finding::Social));
        check(None, Some("urn:x"), "1", "跌倒风险评分", Some(Finding::Assessment));
        check(None, Some("urn:x"), "1", "无人认识", Some(Finding::Assessment));
        check(Some("procedure"), Some("urn:x"), "1", "无人认识", None);
        check(Some("imaging"), Some("urn:x"), "1", "肺部", None);
    }
}
