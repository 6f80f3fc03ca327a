//! What somebody has set on a widget, as its schema reads it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Field;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bilingual {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// In a language, by its tag.
    pub fn of(&self, language: &str) -> &str {
        if language.starts_with("en") { &self.en } else { &self.zh }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Setting {
    Text(String),
    Bilingual(Bilingual),
    Number(i64),
    Boolean(bool),
}

/// Why a setting does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MisfitReason {
    /// It must be there.
    Missing,
    /// The widget has no such setting.
    Unknown,
    /// Not what the field holds.
    WrongType,
    /// More characters than there may be.
    TooLong,
    /// A number beyond its bounds.
    OutOfBounds,
    /// None of the choices.
    UnknownChoice,
    /// Nothing that a link can lead to.
    NoAddress,
}

impl MisfitReason {
    /// Behind `misfit-` in message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::WrongType => "wrong-type",
            Self::TooLong => "too-long",
            Self::OutOfBounds => "out-of-bounds",
            Self::UnknownChoice => "unknown-choice",
            Self::NoAddress => "no-address",
        }
    }
}

/// A setting that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// As in the settings.
    pub field: String,
    /// Why.
    pub reason: MisfitReason,
}

/// Settings that fit their schema, with what stands for those left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, Setting>);

impl Settings {
    /// Reads settings by a schema. `null` is no settings.
    ///
    /// # Errors
    /// Every one that does not fit.
    pub fn read(fields: &'static [Field], settings: &Value) -> Result<Self, Vec<Misfit>> {
        let nothing = serde_json::Map::new();
        let given = match settings {
            Value::Null => &nothing,
            Value::Object(given) => given,
            _ => return Err(vec![Misfit { field: String::new(), reason: MisfitReason::WrongType }]),
        };
        let mut misfits: Vec<Misfit> = given
            .keys()
            .filter(|name| fields.iter().all(|field| field.name != name.as_str()))
            .map(|name| Misfit { field: name.clone(), reason: MisfitReason::Unknown })
            .collect();
        let mut read = BTreeMap::new();
        for field in fields {
            let said = match given.get(field.name) {
                None | Some(Value::Null) => Ok(None),
                Some(value) => field.read(value),
            };
            match said.map(|said| said.or_else(|| field.otherwise())) {
                Ok(Some(setting)) => {
                    read.insert(field.name, setting);
                }
                Ok(None) if field.required => {
                    misfits.push(Misfit { field: field.name.to_owned(), reason: MisfitReason::Missing });
                }
                Ok(None) => {}
                Err(reason) => misfits.push(Misfit { field: field.name.to_owned(), reason }),
            }
        }
        if misfits.is_empty() { Ok(Self(read)) } else { Err(misfits) }
    }

    /// A text, a choice or an address.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Setting::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A text in both languages.
    pub fn bilingual(&self, name: &str) -> Option<&Bilingual> {
        match self.0.get(name) {
            Some(Setting::Bilingual(text)) => Some(text),
            _ => None,
        }
    }

    /// A number; its field says what it is unless set, so `0` is only for names that the schema does not have.
    pub fn number(&self, name: &str) -> i64 {
        match self.0.get(name) {
            Some(Setting::Number(number)) => *number,
            _ => 0,
        }
    }

    /// As [`Settings::number`], for counts.
    pub fn count(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or_default()
    }

    /// Yes or no.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Setting::Boolean(true)))
    }

    /// The same for the same settings, whatever order they were written in.
    pub fn digest(&self) -> [u8; 32] {
        // Never fails: a map of texts, numbers and flags.
        let text = serde_json::to_vec(&self.0).unwrap_or_default();
        Sha256::digest(text).into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::widget::FieldKind;

    const FIELDS: &[Field] = &[
        Field::required("title", FieldKind::Bilingual { longest: 10, lines: false }),
        Field::optional("note", FieldKind::Text { longest: 5, lines: true }),
        Field::optional("most", FieldKind::Number { least: 1, most: 20, otherwise: 5 }),
        Field::optional("shape", FieldKind::Choice(&["list", "tiles"])),
        Field::optional("dates", FieldKind::Boolean { otherwise: true }),
        Field::optional("href", FieldKind::Url),
    ];

    #[test]
    fn what_is_left_out_has_its_value() {
        let settings = Settings::read(FIELDS, &json!({ "title": { "zh": "链接" }, "note": " " })).expect("fits");
        assert_eq!(settings.bilingual("title").map(|title| title.of("en")), Some("链接"));
        assert_eq!((settings.number("most"), settings.text("shape")), (5, Some("list")));
        assert!(settings.is("dates") && settings.text("note").is_none() && settings.text("href").is_none());
    }

    #[test]
    fn every_setting_that_does_not_fit_is_named() {
        let check = |given: Value, expect: &[(&str, &str)]| {
            let misfits = Settings::read(FIELDS, &given).expect_err("does not fit");
            let said: Vec<_> = misfits.iter().map(|one| (one.field.as_str(), one.reason.as_str())).collect();
            assert_eq!(said, expect, "{given}");
        };
        check(json!({}), &[("title", "missing")]);
        check(json!({ "title": { "zh": " " } }), &[("title", "missing")]);
        check(json!([]), &[("", "wrong-type")]);
        check(
            json!({ "title": { "fr": "x" }, "note": "六个字也太长", "most": 0, "shape": "x", "dates": 1, "href": "javascript:x", "old": 1 }),
            &[
                ("old", "unknown"),
                ("title", "wrong-type"),
                ("note", "too-long"),
                ("most", "out-of-bounds"),
                ("shape", "unknown-choice"),
                ("dates", "wrong-type"),
                ("href", "no-address"),
            ],
        );
    }

    #[test]
    fn the_order_of_settings_does_not_matter_and_their_values_do() {
        let digest = |text: &str| {
            let given: Value = serde_json::from_str(text).expect("JSON");
            Settings::read(FIELDS, &given).expect("fits").digest()
        };
        let one = digest(r#"{"title":{"zh":"a","en":"b"},"most":5}"#);
        assert_eq!(one, digest(r#"{"most":5,"title":{"en":"b","zh":"a"}}"#));
        assert_ne!(one, digest(r#"{"title":{"zh":"a","en":"b"},"most":6}"#));
    }
}
