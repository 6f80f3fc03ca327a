//! Fee classes of the front page's form: `data/fee-classes.toml`, applied.

use std::sync::OnceLock;

use fhir::rows::CodeableConcept;

const TEXT: &str = include_str!("../../data/fee-classes.toml");

/// A fee class of the form.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeClass {
    /// On the form.
    pub number: u8,
    /// What it stands under there.
    pub heading: String,
    /// The form's words.
    pub name: String,
    /// What hospitals write.
    words: Vec<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "schema")]
    _schema: u32,
    class: Vec<FeeClass>,
}

impl FeeClass {
    /// All, in the order of the form.
    pub fn all() -> &'static [Self] {
        static FILE: OnceLock<File> = OnceLock::new();
        // Part of the program: a test reads it.
        &FILE.get_or_init(|| toml::from_str(TEXT).unwrap_or_default()).class
    }

    /// The class that one of these concepts names.
    pub(crate) fn of<'c>(concepts: impl IntoIterator<Item = &'c CodeableConcept<'c>>) -> Option<&'static Self> {
        let texts = concepts
            .into_iter()
            .flat_map(|concept| concept.coding.iter().filter_map(|coding| coding.display).chain(concept.text));
        texts.map(form).find_map(|said| Self::all().iter().find(|class| class.is_called(&said)))
    }

    fn is_called(&self, said: &str) -> bool {
        std::iter::once(&self.name).chain(&self.words).any(|own| form(own) == said)
    }
}

/// Without the form's numbering: `（10）手术治疗费`.
fn form(text: &str) -> String {
    let form = crate::concept::said_form(text);
    let numbering = |c: char| c.is_ascii_digit() || matches!(c, '(' | ')' | '.' | '、');
    form.trim_start_matches(numbering).trim_end_matches(':').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_its_classes_and_no_word_means_two() {
        let all = FeeClass::all();
        assert!(all.iter().map(|class| class.number).eq(1..=24));
        let mut words: Vec<String> = all
            .iter()
            .flat_map(|class| std::iter::once(&class.name).chain(&class.words))
            .map(|one| form(one))
            .collect();
        let count = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), count);
        let of = |text| {
            let concept = CodeableConcept { text: Some(text), ..CodeableConcept::default() };
            FeeClass::of([&concept]).map(|class| class.number)
        };
        assert_eq!(
            (of("（10）手术治疗费："), of("护理费"), of("化 验 费"), of("餐费")),
            (Some(10), Some(3), Some(6), None)
        );
    }
}
