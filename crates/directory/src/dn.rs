//! Distinguished names (RFC 4514), parsed so that two spellings of one name compare equal.

use std::fmt;

/// Not a distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// Longer than 4096 bytes or more than 64 parts.
    #[error("too long for a DN")]
    TooLong,
    /// A part is not `attribute=value`.
    #[error("part {0} is not attribute=value")]
    Part(usize),
    /// A backslash is not followed by two hexadecimal digits or a special character.
    #[error("a backslash is followed by something that can't be escaped")]
    Escape,
    /// A `#` value is not pairs of hexadecimal digits.
    #[error("a #value is not hexadecimal")]
    Hex,
    /// A character that must be escaped is not.
    #[error("{0:?} must be escaped")]
    Unescaped(char),
}

/// A distinguished name in a form that compares: attribute types in lower case, values without regard to case and to
/// repeated, leading and trailing spaces (caseIgnoreMatch, RFC 4517 §4.2.11), the parts of a multi-valued RDN in
/// order. `Display` writes it back with every special character escaped.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dn {
    rdns: Vec<Vec<Assertion>>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Assertion {
    attribute: String,
    value: Value,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Value {
    /// Normalised text.
    Text(String),
    /// Not UTF-8: compared byte by byte.
    Bytes(Vec<u8>),
    /// `#04024869`: the BER encoding of a value, compared byte by byte.
    Ber(Vec<u8>),
}

const MAX_BYTES: usize = 4096;
const MAX_PARTS: usize = 64;

impl Dn {
    /// Parses the string form. The empty string is the root's name, with no parts.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        if text.len() > MAX_BYTES {
            return Err(DnError::TooLong);
        }
        let mut rdns = Vec::new();
        if text.trim_matches(' ').is_empty() {
            return Ok(Self { rdns });
        }
        for (place, rdn) in split(text, &[',', ';']).into_iter().enumerate() {
            if place >= MAX_PARTS {
                return Err(DnError::TooLong);
            }
            let mut assertions = Vec::new();
            for part in split(rdn, &['+']) {
                assertions.push(Assertion::parse(part, place + 1)?);
            }
            assertions.sort();
            rdns.push(assertions);
        }
        Ok(Self { rdns })
    }

    /// Is this the root's name?
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// Is this name `base` or below it?
    pub fn is_under(&self, base: &Self) -> bool {
        self.rdns.ends_with(&base.rdns)
    }

    /// `attribute=value` below this name; the value is escaped.
    pub fn child(&self, attribute: &str, value: &str) -> String {
        let rdn = format!("{attribute}={}", escape(value));
        if self.is_empty() { rdn } else { format!("{rdn},{self}") }
    }
}

impl Assertion {
    fn parse(part: &str, place: usize) -> Result<Self, DnError> {
        let (attribute, value) = part.split_once('=').ok_or(DnError::Part(place))?;
        let attribute = attribute.trim_matches(' ');
        if !is_attribute_type(attribute) {
            return Err(DnError::Part(place));
        }
        Ok(Self { attribute: attribute.to_ascii_lowercase(), value: Value::parse(value)? })
    }
}

impl Value {
    fn parse(raw: &str) -> Result<Self, DnError> {
        let raw = raw.trim_start_matches(' ');
        if let Some(digits) = raw.strip_prefix('#') {
            return Ok(Self::Ber(hex_pairs(digits.trim_end_matches(' ')).ok_or(DnError::Hex)?));
        }
        let bytes = unescape(raw)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Self::Text(normal_form(&text)),
            Err(error) => Self::Bytes(error.into_bytes()),
        })
    }
}

/// Lower case, spaces squeezed: the comparable part of RFC 4518 that directories rely on in names.
fn normal_form(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.extend(word.chars().flat_map(char::to_lowercase));
    }
    normal
}

/// RFC 4512 §1.4: a descriptor or a dotted number.
pub(crate) fn is_attribute_type(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if first.is_ascii_alphabetic() => characters.all(|c| c.is_ascii_alphanumeric() || c == '-'),
        Some(first) if first.is_ascii_digit() => {
            text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
        }
        _ => false,
    }
}

/// Splits at unescaped separators. (A quoted value, RFC 2253's old form, is not written by any server today.)
fn split<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (place, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if separators.contains(&character) {
            parts.push(&text[start..place]);
            start = place + character.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(raw: &str) -> Result<Vec<u8>, DnError> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'\\' => match after {
                [high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    bytes.push(nibble(*high) << 4 | nibble(*low));
                    rest = tail;
                }
                [special, tail @ ..] if b" \"#+,;<=>\\".contains(special) => {
                    bytes.push(*special);
                    rest = tail;
                }
                _ => return Err(DnError::Escape),
            },
            b'"' | b'<' | b'>' | 0 => return Err(DnError::Unescaped(char::from(byte))),
            // An unescaped space at the end is padding (RFC 4514 §3); normal_form drops it.
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10) & 0x0f,
    }
}

fn hex_pairs(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect())
}

/// RFC 4514 §2.4, by hexadecimal pairs: the form that every server and every parser reads.
pub(crate) fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (place, character) in value.chars().enumerate() {
        let special = matches!(character, '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' | '\0');
        let leading = place == 0 && matches!(character, ' ' | '#');
        let trailing = place == last && character == ' ';
        if special || leading || trailing {
            escaped.push_str(&format!("\\{:02x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, rdn) in self.rdns.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            for (place, assertion) in rdn.iter().enumerate() {
                let plus = if place > 0 { "+" } else { "" };
                write!(f, "{plus}{}=", assertion.attribute)?;
                match &assertion.value {
                    Value::Text(text) => f.write_str(&escape(text))?,
                    Value::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "\\{byte:02x}"))?,
                    Value::Ber(bytes) => {
                        f.write_str("#")?;
                        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({self})")
    }
}

#[cfg(test)]
mod tests;
