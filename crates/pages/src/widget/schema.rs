//! What can be set on a widget. One description draws the form, checks what was typed, and reads it when the widget is drawn.

use serde_json::Value;
use url::Url;

use super::settings::{Bilingual, MisfitReason, Setting};

/// Longest address.
const LONGEST_URL: usize = 2000;

/// Something that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the settings (JSON) and behind `widget-KIND-` in message keys: lower-case letters, digits and `-`.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Must be there.
    pub required: bool,
}

/// What a field holds, in JSON and in forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A string, in characters.
    Text {
        /// At most.
        longest: usize,
        /// Several lines.
        lines: bool,
    },
    /// `{"zh": …, "en": …}`, in characters each; one of them is enough.
    Bilingual {
        /// At most.
        longest: usize,
        /// Several lines.
        lines: bool,
    },
    /// A whole number, both bounds included.
    Number {
        /// At least.
        least: i64,
        /// At most.
        most: i64,
        /// Unless said.
        otherwise: i64,
    },
    /// One of these, the first unless said. In words: `widget-KIND-FIELD-CHOICE`.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Boolean {
        /// Unless said.
        otherwise: bool,
    },
    /// An `https` or `http` address, or a path of the portal (`/…`).
    Url,
}

impl Field {
    /// A field that may be left out.
    pub const fn optional(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, required: false }
    }

    /// A field that must be there.
    pub const fn required(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, required: true }
    }

    /// What stands for it when it is left out.
    pub(super) fn otherwise(&self) -> Option<Setting> {
        match self.kind {
            FieldKind::Number { otherwise, .. } => Some(Setting::Number(otherwise)),
            FieldKind::Boolean { otherwise } => Some(Setting::Boolean(otherwise)),
            FieldKind::Choice(among) => among.first().map(|first| Setting::Text((*first).to_owned())),
            FieldKind::Text { .. } | FieldKind::Bilingual { .. } | FieldKind::Url => None,
        }
    }

    /// A value of the settings; `None` for one that says nothing (an empty text).
    pub(super) fn read(&self, value: &Value) -> Result<Option<Setting>, MisfitReason> {
        match (self.kind, value) {
            (FieldKind::Text { longest, .. }, Value::String(text)) => Ok(fitting(text, longest)?.map(Setting::Text)),
            (FieldKind::Bilingual { longest, .. }, Value::Object(both)) => bilingual(both, longest),
            (FieldKind::Number { least, most, .. }, Value::Number(number)) => {
                let number = number.as_i64().ok_or(MisfitReason::WrongType)?;
                let fits = (least..=most).contains(&number);
                if fits { Ok(Some(Setting::Number(number))) } else { Err(MisfitReason::OutOfBounds) }
            }
            (FieldKind::Choice(among), Value::String(text)) => {
                let known = among.contains(&text.as_str());
                if known { Ok(Some(Setting::Text(text.clone()))) } else { Err(MisfitReason::UnknownChoice) }
            }
            (FieldKind::Boolean { .. }, Value::Bool(said)) => Ok(Some(Setting::Boolean(*said))),
            (FieldKind::Url, Value::String(text)) => {
                let text = fitting(text, LONGEST_URL)?;
                if text.as_deref().is_some_and(|text| !leads_somewhere(text)) {
                    return Err(MisfitReason::NoAddress);
                }
                Ok(text.map(Setting::Text))
            }
            _ => Err(MisfitReason::WrongType),
        }
    }
}

fn fitting(text: &str, longest: usize) -> Result<Option<String>, MisfitReason> {
    let text = text.trim();
    if text.chars().count() > longest {
        return Err(MisfitReason::TooLong);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn bilingual(both: &serde_json::Map<String, Value>, longest: usize) -> Result<Option<Setting>, MisfitReason> {
    if both.keys().any(|key| key != "zh" && key != "en") {
        return Err(MisfitReason::WrongType);
    }
    let one = |key: &str| match both.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => fitting(text, longest),
        Some(_) => Err(MisfitReason::WrongType),
    };
    let (zh, en) = (one("zh")?, one("en")?);
    let text = match (zh, en) {
        (Some(zh), Some(en)) => Bilingual { zh, en },
        (Some(only), None) | (None, Some(only)) => Bilingual { zh: only.clone(), en: only },
        (None, None) => return Ok(None),
    };
    Ok(Some(Setting::Bilingual(text)))
}

/// `javascript:`, `data:` and whatever else runs or reads is no address; neither is `//host`, which looks like a path.
fn leads_somewhere(text: &str) -> bool {
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return false;
    }
    if text.starts_with('/') {
        return !text.starts_with("//");
    }
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_a_page_and_nowhere_else() {
        for (text, leads) in [
            ("https://his.example/start?x=1", true),
            ("http://10.0.0.1:8080/", true),
            ("/patients", true),
            ("//elsewhere.example", false),
            ("/\\elsewhere.example", false),
            ("javascript:alert(1)", false),
            ("JaVaScRiPt:alert(1)", false),
            ("java\nscript:alert(1)", false),
            ("data:text/html,x", false),
            ("mailto:a@b.example", false),
            ("patients", false),
        ] {
            assert_eq!(leads_somewhere(text), leads, "{text:?}");
        }
    }
}
