//! An identity as it is searched for and compared.

use std::collections::BTreeSet;

use crate::{
    Identifier, IndexKey, SourcePatient,
    name::{folded, search_form},
    readings::{initials, readings, spellings},
};

/// The rules by which terms are made. A change makes every identity's terms anew when it is next seen.
const RULES: u8 = 1;
/// The shortest end of a phone number that can be searched for.
pub(crate) const SHORTEST_PHONE: usize = 4;
/// Phones, addresses and record numbers taken of one identity.
const MOST: usize = 8;
/// Names taken of one identity, the official one first: a present name, an earlier one, one in Latin letters.
const MOST_NAMES: usize = 4;
const LONGEST: usize = 100;

/// What a term is: the first byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TermKind {
    /// A name without what people write differently.
    Name = b'n' as isize,
    /// A spelling in pinyin.
    Pinyin = b'p' as isize,
    Initials = b'i' as isize,
    RecordNumber = b'r' as isize,
    /// Digits from the last to the first, so that the end of a number is the beginning of a term.
    Phone = b't' as isize,
    /// HMAC of a resident ID.
    Number = b'd' as isize,
    /// What brings two identities together to be compared; never searched for.
    Block = b'b' as isize,
}

impl TermKind {
    /// A term of this kind.
    pub(crate) fn term(self, text: &str) -> Vec<u8> {
        let mut term = Vec::with_capacity(text.len() + 1);
        term.push(self as u8);
        term.extend_from_slice(text.as_bytes());
        term
    }
}

/// A resident ID as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub hash: String,
    /// Do birth date and sex of the record agree with it? Else it is likely somebody else's: a mother's, a twin's.
    pub fits: bool,
}

/// What is compared of an identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Particulars {
    pub source: String,
    pub names: Vec<String>,
    pub sex: Option<String>,
    pub birth_date: Option<String>,
    pub number: Option<Number>,
    /// Digits.
    pub phones: Vec<String>,
    pub addresses: Vec<String>,
    pub record_numbers: Vec<String>,
}

/// A phone number's digits, without the country's code. Shorter ones than can be searched for are none.
pub fn phone_digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect();
    let bare = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86")).filter(|bare| bare.len() >= 11);
    let digits = bare.unwrap_or(&digits);
    (SHORTEST_PHONE..=20).contains(&digits.len()).then(|| digits.to_owned())
}

/// Letters and digits of a record number: people leave out hyphens.
pub(crate) fn bare_record_number(text: &str) -> String {
    search_form(text).chars().filter(|c| c.is_alphanumeric()).take(LONGEST).collect()
}

pub(crate) fn record_numbers(identifiers: &[Identifier]) -> Vec<String> {
    let numbers = identifiers.iter().filter(|one| one.kind == "record-number");
    numbers.map(|one| bare_record_number(&one.shown)).filter(|number| !number.is_empty()).take(MOST).collect()
}

/// The names of a record that are searched for and compared, each to a length that a name may have.
pub(crate) fn bounded_names(names: &[String]) -> Vec<String> {
    names.iter().take(MOST_NAMES).map(short).collect()
}

fn short(text: &String) -> String {
    text.chars().take(LONGEST).collect()
}

impl Particulars {
    /// Of what a hospital showed us.
    pub(crate) fn of(identity: &SourcePatient, key: &IndexKey) -> Self {
        let number = identity.resident_id.as_ref();
        let fits = identity.number_fits();
        Self {
            source: identity.source.clone(),
            names: bounded_names(&identity.names),
            sex: identity.sex.clone(),
            birth_date: identity.birth_date.clone(),
            number: number.map(|id| Number { hash: key.hash(id), fits }),
            phones: identity.phones.iter().filter_map(|phone| phone_digits(phone)).take(MOST).collect(),
            addresses: identity.addresses.iter().take(MOST).map(short).collect(),
            record_numbers: record_numbers(&identity.identifiers),
        }
    }

    /// What tells, without telling what, whether terms have to be made anew.
    pub(crate) fn digest(&self, key: &IndexKey) -> String {
        key.digest(&format!("{RULES}\n{self:?}"))
    }

    /// Everything this identity is found by.
    pub(crate) fn terms(&self) -> BTreeSet<Vec<u8>> {
        let mut terms = BTreeSet::new();
        for name in &self.names {
            for form in name_forms(name) {
                terms.insert(TermKind::Name.term(&form));
            }
            let readings = readings(name);
            terms.extend(spellings(&readings).iter().map(|way| TermKind::Pinyin.term(way)));
            terms.extend(initials(&readings).iter().map(|way| TermKind::Initials.term(way)));
        }
        terms.extend(self.record_numbers.iter().map(|number| TermKind::RecordNumber.term(number)));
        terms.extend(self.phones.iter().map(|phone| phone_term(phone)));
        terms.extend(self.number.iter().map(|number| TermKind::Number.term(&number.hash)));
        terms.extend(self.blocks());
        terms
    }

    /// Two identities are compared when they share one of these, a phone or a resident ID: the same birthday with the same
    /// first or last syllable, or the same name with the same year or the same day of the year. So a slip in any one of name
    /// and birth date still brings them together, and a million people make a few comparisons each.
    fn blocks(&self) -> BTreeSet<Vec<u8>> {
        let mut blocks = BTreeSet::new();
        let Some(born) = self.birth_date.as_deref() else { return blocks };
        for name in &self.names {
            let mut syllables = readings(name).into_iter().map(|mut ways| ways.swap_remove(0)).collect::<Vec<_>>();
            if syllables.is_empty() {
                syllables = name.split_whitespace().map(search_form).collect();
            }
            let form = spoken(name, &syllables);
            for edge in [syllables.first(), syllables.last()].into_iter().flatten() {
                blocks.insert(TermKind::Block.term(&format!("s{born}{edge}")));
            }
            if let Some(year) = born.get(..4) {
                blocks.insert(TermKind::Block.term(&format!("y{year}{form}")));
            }
            if let Some(day) = born.get(5..10) {
                blocks.insert(TermKind::Block.term(&format!("d{day}{form}")));
            }
        }
        blocks
    }

    /// The terms that bring this identity together with others.
    pub(crate) fn meeting_terms(&self) -> BTreeSet<Vec<u8>> {
        let mut terms = self.blocks();
        terms.extend(self.phones.iter().map(|phone| phone_term(phone)));
        terms.extend(self.number.iter().map(|number| TermKind::Number.term(&number.hash)));
        terms.extend(self.record_numbers.iter().map(|number| TermKind::RecordNumber.term(number)));
        terms
    }
}

/// A name as it sounds, so that 陈玉兰 and Chen Yulan meet.
fn spoken(name: &str, syllables: &[String]) -> String {
    if name.is_ascii() {
        let mut words: Vec<String> = name.split_whitespace().map(search_form).collect();
        words.sort();
        return words.concat();
    }
    syllables.concat()
}

/// A phone's term: its digits from the last to the first.
pub(crate) fn phone_term(digits: &str) -> Vec<u8> {
    TermKind::Phone.term(&digits.chars().rev().collect::<String>())
}

/// A name whole, and one of several words beginning with each of them.
fn name_forms(name: &str) -> Vec<String> {
    let words: Vec<String> = name.split_whitespace().map(folded).filter(|word| !word.is_empty()).take(4).collect();
    let whole = folded(name);
    if whole.is_empty() {
        return Vec::new();
    }
    let mut forms = vec![whole];
    if name.is_ascii() || !words.iter().all(|word| word.chars().count() == 1) {
        forms.extend((1..words.len()).map(|first| words[first..].iter().chain(&words[..first]).cloned().collect()));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(name: &str, phone: &str) -> Vec<String> {
        let of = Particulars {
            names: vec![name.to_owned()],
            birth_date: Some("1964-03-18".to_owned()),
            phones: phone_digits(phone).into_iter().collect(),
            record_numbers: vec![bare_record_number("0773-092")],
            ..Particulars::default()
        };
        of.terms().into_iter().map(|term| String::from_utf8(term).expect("text")).collect()
    }

    #[test]
    fn found_by() {
        let all = terms("陳玉蘭", "+86 138-0000-0526");
        for term in ["n陈玉兰", "pchenyulan", "icyl", "ichyl", "t62500000831", "r0773092"] {
            assert!(all.iter().any(|own| own == term), "{term} in {all:?}");
        }
        let all = terms("Wenona Cormier", "");
        for term in ["nwenonacormier", "ncormierwenona"] {
            assert!(all.iter().any(|own| own == term), "{term} in {all:?}");
        }
        assert!(!all.iter().any(|term| term.starts_with('t')));
    }

    #[test]
    fn however_many_and_long_the_names_the_terms_are_bounded() {
        // Each character has several readings.
        let names: Vec<String> =
            (0..16).map(|nth| "单曾解行重".chars().cycle().skip(nth).take(100).collect()).collect();
        let identity = SourcePatient { names, ..crate::identity::nobody() };
        let of = Particulars::of(&identity, &IndexKey::derive(&[1; 32]));
        assert_eq!(of.names.len(), MOST_NAMES);
        let identity = SourcePatient { names: vec!["单曾解行重".repeat(4); 16], ..identity };
        let bytes = |of: &Particulars| of.terms().iter().map(Vec::len).sum::<usize>();
        let spelt = Particulars::of(&identity, &IndexKey::derive(&[1; 32]));
        assert!(bytes(&of) < 2_000 && bytes(&spelt) < 50_000, "{} and {} bytes", bytes(&of), bytes(&spelt));
    }

    #[test]
    fn phones() {
        for (text, expect) in [
            ("13800000526", Some("13800000526")),
            ("+86 138 0000 0526", Some("13800000526")),
            ("008613800000526", Some("13800000526")),
            ("0755-8612345", Some("07558612345")),
            ("8612", Some("8612")),
            ("110", None),
            ("", None),
        ] {
            assert_eq!(phone_digits(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn a_slip_in_name_or_birth_date_still_brings_two_together() {
        let of = |name: &str, born: &str| Particulars {
            names: vec![name.to_owned()],
            birth_date: Some(born.to_owned()),
            ..Particulars::default()
        };
        let one = of("陈玉兰", "1964-03-18");
        for (name, born, meet) in [
            ("陳玉蘭", "1964-03-18", true),
            ("陈玉莲", "1964-03-18", true),
            ("林玉兰", "1964-03-18", true),
            ("Chen Yu Lan", "1964-03-18", true),
            ("陈玉兰", "1946-03-18", true),
            ("陈玉兰", "1964-08-13", true),
            ("陈玉莲", "1964-08-13", false),
            ("王强", "1964-03-18", false),
        ] {
            let met = one.meeting_terms().intersection(&of(name, born).meeting_terms()).next().is_some();
            assert_eq!(met, meet, "{name} {born}");
        }
    }
}
