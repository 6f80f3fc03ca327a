//! How much weak evidence says that two identities are one person. It never links: it makes pairs for a steward.
//!
//! The model is that of Fellegi and Sunter (*A Theory for Record Linkage*, JASA 64, 1969): each field that agrees or
//! differs adds `log2(m / u)` bits, where `m` is how often that is seen of two records of one person and `u` how often of
//! two different people. The figures are estimates for a region of a million people and are meant to be seen, not trusted:
//!
//! | field | what is seen | m | u | bits |
//! |---|---|---|---|---|
//! | name | the same, three characters or two words | 0.86 | 1/2000 | +10.7 |
//! | | the same, two characters: 王伟 is one in three hundred of the men and women compared | 0.86 | 1/300 | +8.0 |
//! | | sounds the same: a homophone, or pinyin against characters | 0.05 | 1/900 | +5.5 |
//! | | one character or two letters of three or more differ | 0.03 | 1/600 | +4.2 |
//! | | the given name is the same, the surname is not (marriage) | 0.02 | 1/400 | +3.0 |
//! | | differs | 0.004 | 0.985 | −7.9 |
//! | birth date | the same day | 0.93 | 1/25 000 | +14.5 |
//! | | one says only the month, and it agrees | 0.90 | 1/800 | +9.5 |
//! | | one says only the year, and it agrees | 0.90 | 1/70 | +6.0 |
//! | | one slip: a digit, two digits swapped, day and month exchanged | 0.05 | 1/900 | +5.5 |
//! | | differs | 0.02 | 0.998 | −5.6 |
//! | sex | the same | 0.99 | 0.5 | +1.0 |
//! | | differs | 0.01 | 0.5 | −5.6 |
//! | resident ID | the same, and it agrees with both records | 0.90 | 1/1 000 000 | +19.8 |
//! | | two valid ones: a slip seldom keeps the check digit | 0.0002 | 1 | −12.3 |
//! | phone | one is the same: a phone is a household's | 0.60 | 1/27 | +4.0 |
//! | | none is the same: people change them | 0.40 | 0.96 | −1.3 |
//! | address | the same: also a household's | 0.50 | 1/12 | +2.6 |
//! | | alike | 0.20 | 1/10 | +1.0 |
//! | | differs: people move | 0.30 | 0.82 | −1.5 |
//! | record number | the same at the same hospital | 0.50 | 1/500 | +8.0 |
//!
//! The fields of a household are not independent: relatives share phone and address, twins the birth date as well. So phone
//! and address count only beside the same name. A number that does not agree with the record it stands in (a mother's on
//! her newborn) is compared with nothing, and so is the name of a newborn that has none yet.
//!
//! From [`LISTED`] on a pair is for a steward, from [`FIRST`] on it comes first. The same number on two records that agree
//! with it is for a steward whatever the rest says.

// not shown: examples of names.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    identity::is_placeholder,
    name::{folded, search_form},
    particulars::Particulars,
    readings::{readings, spellings},
};

/// The least score of a pair that a steward sees, in tenths of a bit.
pub const LISTED: i32 = 100;
/// From this score on a pair comes first, in tenths of a bit.
pub const FIRST: i32 = 240;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// All names of both.
    Name,
    /// FHIR administrative gender.
    Sex,
    /// At the precision both have.
    BirthDate,
    /// By its HMAC.
    ResidentId,
    /// All phones of both.
    Phone,
    /// All addresses of both.
    Address,
    /// At one hospital.
    RecordNumber,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// The same.
    Same,
    /// Sounds the same.
    SoundsSame,
    /// A slip apart, or alike.
    Near,
    /// The same as far as the less precise one goes.
    Compatible,
    /// The given name is the same.
    GivenSame,
    /// Not the same.
    Differs,
    /// One of the two doesn't say.
    OneMissing,
    /// Neither says.
    BothMissing,
    /// Says nothing about two records of different people, or of different hospitals.
    NotComparable,
}

/// One field of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was compared.
    pub field: Field,
    /// What was seen.
    pub seen: Seen,
    /// Tenths of a bit; negative speaks against.
    pub weight: i32,
}

/// All fields of two identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Tenths of a bit.
    pub score: i32,
    /// The same number, which agrees with both records.
    pub same_number: bool,
    pub evidence: Vec<Evidence>,
}

/// An identity made ready to be compared with many others: its names are spelt once.
pub(crate) struct Subject<'p> {
    of: &'p Particulars,
    names: Vec<Spelt>,
    /// All names are a newborn's, who has none yet.
    nameless: bool,
    addresses: Vec<Vec<char>>,
}

/// A name in all forms that are compared.
struct Spelt {
    letters: Vec<char>,
    ascii: bool,
    /// A Latin name whichever of its words comes first.
    sorted: String,
    /// Every way it sounds.
    ways: HashSet<String>,
    /// `Yu Lan Chen` as `yulanchen`, `lanchenyu`, `chenyulan`.
    turned: Vec<String>,
}

impl Spelt {
    fn new(name: &str) -> Self {
        let ascii = name.is_ascii();
        let sorted = in_any_order(name);
        let mut ways: HashSet<String> = spellings(&readings(name)).into_iter().collect();
        if ways.is_empty() {
            ways.insert(sorted.clone());
        }
        let turned = if ascii { orders(name) } else { Vec::new() };
        Self { letters: folded(name).chars().collect(), ascii, sorted, ways, turned }
    }
}

impl<'p> Subject<'p> {
    pub(crate) fn new(of: &'p Particulars) -> Self {
        let named = of.names.iter().filter(|name| !search_form(name).is_empty());
        let written = of.addresses.iter().map(|text| folded(text).chars().filter(|c| c.is_alphanumeric()).collect());
        Self {
            of,
            names: named.filter(|name| !is_placeholder(name)).map(|name| Spelt::new(name)).collect(),
            nameless: of.names.iter().any(|name| is_placeholder(name)),
            addresses: written.filter(|form: &Vec<char>| !form.is_empty()).collect(),
        }
    }
}

/// `log2(m / u)` in tenths of a bit.
fn bits(m: f64, u: f64) -> i32 {
    // Between −200 and 200 for every figure of the table.
    ((m / u).log2() * 10.0).round() as i32
}

/// Compares two identities; the order does not matter.
pub(crate) fn compare(one: &Subject<'_>, other: &Subject<'_>) -> Comparison {
    let name = of_names(one, other);
    let (addresses, one, other) = (of_addresses(one, other), one.of, other.of);
    let beside_name = |found: (Seen, i32)| match (name.0, found) {
        // Relatives share it.
        (Seen::Same, found) | (_, found @ (_, ..=0)) => found,
        (_, (_, _)) => (Seen::NotComparable, 0),
    };
    let number = of_numbers(one, other);
    let all = [
        (Field::Name, name),
        (Field::Sex, of_sexes(one, other)),
        (Field::BirthDate, of_births(one, other)),
        (Field::ResidentId, number),
        (Field::Phone, beside_name(of_phones(one, other))),
        (Field::Address, beside_name(addresses)),
        (Field::RecordNumber, of_record_numbers(one, other)),
    ];
    let evidence: Vec<Evidence> =
        all.into_iter().map(|(field, (seen, weight))| Evidence { field, seen, weight }).collect();
    let score = evidence.iter().map(|one| one.weight).sum();
    Comparison { score, same_number: number.0 == Seen::Same, evidence }
}

/// Is something missing on a side?
fn missing(one: bool, other: bool) -> Option<(Seen, i32)> {
    match (one, other) {
        (true, true) => Some((Seen::BothMissing, 0)),
        (true, false) | (false, true) => Some((Seen::OneMissing, 0)),
        (false, false) => None,
    }
}

fn of_names(one: &Subject<'_>, other: &Subject<'_>) -> (Seen, i32) {
    if let Some(found) = missing(one.names.is_empty(), other.names.is_empty()) {
        return if one.nameless || other.nameless { (Seen::NotComparable, 0) } else { found };
    }
    let pairs = one.names.iter().flat_map(|a| other.names.iter().map(move |b| of_two_names(a, b)));
    pairs.max_by_key(|(_, weight)| *weight).unwrap_or((Seen::BothMissing, 0))
}

fn of_two_names(one: &Spelt, other: &Spelt) -> (Seen, i32) {
    let (a, b) = (&one.letters, &other.letters);
    if a == b || (one.ascii && other.ascii && one.sorted == other.sorted) {
        let long = a.len() > 2;
        return (Seen::Same, bits(0.86, if long { 1.0 / 2000.0 } else { 1.0 / 300.0 }));
    }
    let turned = |latin: &Spelt, other: &Spelt| latin.turned.iter().any(|way| other.ways.contains(way));
    if !one.ways.is_disjoint(&other.ways) || turned(one, other) || turned(other, one) {
        return (Seen::SoundsSame, bits(0.05, 1.0 / 900.0));
    }
    let han = !one.ascii && !other.ascii;
    // The last two characters, whatever the surname's length.
    if han && a.len().min(b.len()) > 2 && a[a.len() - 2..] == b[b.len() - 2..] {
        return (Seen::GivenSame, bits(0.02, 1.0 / 400.0));
    }
    let allowed = if han { usize::from(a.len().max(b.len()) > 2) } else { 2 };
    let long = a.len().min(b.len()) >= if han { 2 } else { 6 };
    if long && a.len().abs_diff(b.len()) <= allowed && distance(a, b) <= allowed {
        return (Seen::Near, bits(0.03, 1.0 / 600.0));
    }
    (Seen::Differs, bits(0.004, 0.985))
}

/// A Latin name, whichever of its words comes first.
fn in_any_order(name: &str) -> String {
    let mut words: Vec<String> = name.split_whitespace().map(search_form).collect();
    words.sort();
    words.concat()
}

/// `Yu Lan Chen` as `yulanchen`, `lanchenyu`, `chenyulan`.
fn orders(name: &str) -> Vec<String> {
    let words: Vec<String> = name.split_whitespace().map(search_form).collect();
    (0..words.len()).map(|first| words[first..].iter().chain(&words[..first]).cloned().collect()).collect()
}

/// Letters to be changed, left out, added or swapped with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let width = other.len() + 1;
    let mut rows = vec![vec![0; width]; one.len() + 1];
    for (at, cell) in rows[0].iter_mut().enumerate() {
        *cell = at;
    }
    for i in 1..=one.len() {
        rows[i][0] = i;
        for j in 1..width {
            let changed = usize::from(one[i - 1] != other[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            let swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if swapped {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()]
}

fn of_sexes(one: &Particulars, other: &Particulars) -> (Seen, i32) {
    let told = |of: &Particulars| of.sex.clone().filter(|sex| sex != "unknown");
    match (told(one), told(other)) {
        (Some(a), Some(b)) if a == b => (Seen::Same, bits(0.99, 0.5)),
        (Some(_), Some(_)) => (Seen::Differs, bits(0.01, 0.5)),
        (a, b) => missing(a.is_none(), b.is_none()).unwrap_or((Seen::NotComparable, 0)),
    }
}

fn of_births(one: &Particulars, other: &Particulars) -> (Seen, i32) {
    let (a, b) = match (one.birth_date.as_deref(), other.birth_date.as_deref()) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return missing(a.is_none(), b.is_none()).unwrap_or((Seen::NotComparable, 0)),
    };
    let shorter = a.len().min(b.len());
    let agree = a.get(..shorter) == b.get(..shorter);
    match (agree, shorter) {
        (true, 10..) => (Seen::Same, bits(0.93, 1.0 / 25_000.0)),
        (true, 7..=9) => (Seen::Compatible, bits(0.9, 1.0 / 800.0)),
        (true, _) => (Seen::Compatible, bits(0.9, 1.0 / 70.0)),
        (false, 10..) if a.len() == b.len() && one_slip(a, b) => (Seen::Near, bits(0.05, 1.0 / 900.0)),
        (false, _) => (Seen::Differs, bits(0.02, 0.998)),
    }
}

/// One digit, two neighbouring digits swapped, or day and month exchanged.
fn one_slip(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<Vec<_>>();
    let exchanged = a.get(..4) == b.get(..4) && a.get(5..7) == b.get(8..10) && a.get(8..10) == b.get(5..7);
    exchanged || distance(&digits(a), &digits(b)) == 1
}

fn of_numbers(one: &Particulars, other: &Particulars) -> (Seen, i32) {
    match (&one.number, &other.number) {
        (Some(a), Some(b)) if !a.fits || !b.fits => (Seen::NotComparable, 0),
        (Some(a), Some(b)) if a.hash == b.hash => (Seen::Same, bits(0.9, 1.0e-6)),
        (Some(_), Some(_)) => (Seen::Differs, bits(0.0002, 1.0)),
        (a, b) => missing(a.is_none(), b.is_none()).unwrap_or((Seen::NotComparable, 0)),
    }
}

fn of_phones(one: &Particulars, other: &Particulars) -> (Seen, i32) {
    if let Some(found) = missing(one.phones.is_empty(), other.phones.is_empty()) {
        return found;
    }
    match one.phones.iter().any(|phone| other.phones.contains(phone)) {
        true => (Seen::Same, bits(0.6, 1.0 / 27.0)),
        false => (Seen::Differs, bits(0.4, 0.96)),
    }
}

fn of_addresses(one: &Subject<'_>, other: &Subject<'_>) -> (Seen, i32) {
    let (ours, theirs) = (&one.addresses, &other.addresses);
    if let Some(found) = missing(ours.is_empty(), theirs.is_empty()) {
        return found;
    }
    let pairs = ours.iter().flat_map(|a| theirs.iter().map(move |b| (a, b)));
    let (mut same, mut alike) = (false, false);
    for (a, b) in pairs {
        same |= a == b;
        // A third of the letters at most: a house number, a street's older name.
        let longer = a.len().max(b.len());
        alike |= a.len().abs_diff(b.len()) * 3 <= longer && distance(a, b) * 3 <= longer;
    }
    match (same, alike) {
        (true, _) => (Seen::Same, bits(0.5, 1.0 / 12.0)),
        (false, true) => (Seen::Near, bits(0.2, 0.1)),
        (false, false) => (Seen::Differs, bits(0.3, 0.82)),
    }
}

fn of_record_numbers(one: &Particulars, other: &Particulars) -> (Seen, i32) {
    if let Some(found) = missing(one.record_numbers.is_empty(), other.record_numbers.is_empty()) {
        return found;
    }
    let same = one.source == other.source && one.record_numbers.iter().any(|own| other.record_numbers.contains(own));
    if same { (Seen::Same, bits(0.5, 1.0 / 500.0)) } else { (Seen::NotComparable, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::particulars::Number;

    /// `name|sex|birth date|phone|address|number`, `-` for what is not said; a number with `?` does not fit.
    fn of(told: &str) -> Particulars {
        let mut parts = told.split('|').map(|part| (part != "-").then(|| part.to_owned()));
        let mut next = || parts.next().flatten();
        let (name, sex, birth_date, phone, address, number) = (next(), next(), next(), next(), next(), next());
        Particulars {
            source: "a".to_owned(),
            names: name.into_iter().collect(),
            sex,
            birth_date,
            phones: phone.into_iter().collect(),
            addresses: address.into_iter().collect(),
            number: number.map(|hash| Number { fits: !hash.ends_with('?'), hash: hash.replace('?', "") }),
            record_numbers: Vec::new(),
        }
    }

    fn compared(one: &Particulars, other: &Particulars) -> Comparison {
        compare(&Subject::new(one), &Subject::new(other))
    }

    fn check(one: &str, other: &str, expect: std::ops::Range<i32>) {
        let (one, other) = (of(one), of(other));
        let (found, turned) = (compared(&one, &other), compared(&other, &one));
        assert_eq!(found, turned, "the order matters");
        assert!(expect.contains(&found.score), "{} is not in {expect:?}: {:#?}", found.score, found.evidence);
    }

    const NOT_LISTED: std::ops::Range<i32> = -1000..LISTED;
    const QUEUED: std::ops::Range<i32> = LISTED..FIRST;
    const AT_ONCE: std::ops::Range<i32> = FIRST..1000;

    #[test]
    fn the_figures_of_the_table() {
        for (m, u, expect) in [
            (0.86, 1.0 / 2000.0, 107),
            (0.86, 1.0 / 300.0, 80),
            (0.05, 1.0 / 900.0, 55),
            (0.03, 1.0 / 600.0, 42),
            (0.02, 1.0 / 400.0, 30),
            (0.004, 0.985, -79),
            (0.93, 1.0 / 25_000.0, 145),
            (0.9, 1.0 / 800.0, 95),
            (0.9, 1.0 / 70.0, 60),
            (0.02, 0.998, -56),
            (0.99, 0.5, 10),
            (0.01, 0.5, -56),
            (0.9, 1.0e-6, 198),
            (0.0002, 1.0, -123),
            (0.6, 1.0 / 27.0, 40),
            (0.4, 0.96, -13),
            (0.5, 1.0 / 12.0, 26),
            (0.2, 0.1, 10),
            (0.3, 0.82, -15),
            (0.5, 1.0 / 500.0, 80),
        ] {
            assert_eq!(bits(m, u), expect, "{m} / {u}");
        }
    }

    #[test]
    fn one_person_written_differently() {
        check("陈玉兰|female|1964-03-18|-|-|-", "陈玉兰|female|1964-03-18|-|-|x", AT_ONCE);
        check("陳玉蘭|female|1964-03-18|-|-|-", "陈玉兰|female|1964-03-18|-|-|-", AT_ONCE);
        check("陈玉兰|female|1964-03-18|-|-|-", "Chen Yulan|female|1964-03-18|-|-|-", QUEUED);
        check("陈玉兰|female|1964-03-18|-|-|-", "Yulan Chen|female|1964-03-18|-|-|-", QUEUED);
        check("陈玉兰|female|1964-03-18|-|-|-", "陈玉兰|female|1946-03-18|-|-|-", QUEUED);
        check("陈玉兰|female|1964-03-08|-|-|-", "陈玉兰|female|1964-08-03|-|-|-", QUEUED);
        check("陈玉兰|female|1964-03-18|-|-|-", "陈玉兰|female|1964|-|-|-", QUEUED);
        check("林玉兰|female|1964-03-18|-|-|-", "陈玉兰|female|1964-03-18|-|-|-", QUEUED);
        check("欧阳玉兰|female|1964-03-18|-|-|-", "陈玉兰|female|1964-03-18|-|-|-", QUEUED);
        check("Mary Smith|female|1964-03-18|-|-|-", "Smith Mary|female|1964-03-18|-|-|-", AT_ONCE);
    }

    #[test]
    fn a_latin_name_sounds_like_its_own_characters_alone() {
        let name = |one: &str, other: &str| compared(&of(one), &of(other)).evidence[0].seen;
        assert_eq!(name("Chen Yulan|-|-|-|-|-", "陈玉兰|-|-|-|-|-"), Seen::SoundsSame);
        assert_eq!(name("Yu Lan Chen|-|-|-|-|-", "陈玉兰|-|-|-|-|-"), Seen::SoundsSame);
        assert_eq!(name("Chen Yulan|-|-|-|-|-", "王伟|-|-|-|-|-"), Seen::Differs);
        assert_eq!(name("Mary Smith|-|-|-|-|-", "John Brown|-|-|-|-|-"), Seen::Differs);
    }

    #[test]
    fn relatives_and_namesakes_never_come_first() {
        // Twins under one roof: sounding alike, or one character apart, or quite different.
        check(
            "马思源|male|2010-02-28|13800000526|柳岸路18号|-",
            "马思远|male|2010-02-28|13800000526|柳岸路18号|-",
            QUEUED,
        );
        check("王大宝|male|2010-02-28|13800000526|-|-", "王小宝|male|2010-02-28|13800000526|-|-", QUEUED);
        check("马跃|male|2010-02-28|13800000526|-|-", "马腾|female|2010-02-28|13800000526|-|-", NOT_LISTED);
        // Father and son; namesakes born on other days, and on one day with other numbers.
        check("罗志强|male|1960-01-02|13800000526|-|-", "罗志强|male|1987-05-06|13800000526|-|-", QUEUED);
        check("王伟|male|1985-07-12|-|-|-", "王伟|male|1979-02-03|-|-|-", NOT_LISTED);
        check("王伟|male|1985-07-12|-|-|x", "王伟|male|1985-07-12|-|-|y", QUEUED);
        // A mother and her newborn under her number and phone.
        check("王丽|female|1990-01-02|13800000526|-|x", "王丽之女|female|2026-11-01|13800000526|-|x?", NOT_LISTED);
        // One number, two names: for a steward, whatever the score.
        assert!(compared(&of("陈玉兰|female|1964-03-18|-|-|x"), &of("王秀英|female|1964-03-18|-|-|x")).same_number);
        assert!(!compared(&of("陈玉兰|female|1964-03-18|-|-|x"), &of("陈玉兰|female|1964-03-18|-|-|x?")).same_number);
    }

    #[test]
    fn nothing_said_is_no_evidence() {
        let found = compared(&of("-|-|-|-|-|-"), &of("-|-|-|-|-|-"));
        assert_eq!(found.score, 0);
        assert!(found.evidence.iter().all(|one| one.seen == Seen::BothMissing));
        check("陈玉兰|unknown|-|-|-|-", "陈玉兰|female|-|-|-|-", 107..108);
    }
}
