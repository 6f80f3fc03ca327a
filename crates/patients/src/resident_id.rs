//! Resident ID numbers (GB 11643-1999): the strongest identifier of the region, checked before it is believed.

use std::fmt;

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroize;

/// Weights of the check digit (ISO 7064 MOD 11-2).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: [u8; 11] = *b"10X98765432";

/// A valid 18-place number: resident ID, residence permit of Hong Kong, Macao or Taiwan residents, or foreigner's
/// permanent residence card. Legacy numbers of 15 digits are brought to 18 places.
///
/// Neither `Debug` nor `Display` shows it; [`ResidentId::expose`] is for asking a hospital.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentId([u8; 18]);

/// What kind of document a number stands on: its first digits say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// 居民身份证
    ResidentCard,
    /// 港澳台居民居住证 (81, 82, 83; since 2018)
    ResidencePermit,
    /// 外国人永久居留身份证 (9; since 2023)
    ForeignPermanentResident,
}

/// Why a text is no resident ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResidentIdProblem {
    /// Neither 15 nor 18 places, or something else than digits in them.
    #[error("a resident ID has 18 places (15 on old documents)")]
    Form,
    /// No province begins so.
    #[error("no area has these first digits")]
    Area,
    /// No such day, e.g. 30 February.
    #[error("the birth date in the number does not exist")]
    BirthDate,
    /// A digit is wrong or two are swapped.
    #[error("the check digit does not fit")]
    CheckDigit,
}

impl ResidentId {
    /// Reads a number as people write it: spaces, full-width digits and a small `x` are accepted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ResidentIdProblem> {
        let mut places: Vec<u8> = compact(text).into_bytes();
        let parsed = Self::from_places(&places);
        places.zeroize();
        parsed
    }

    fn from_places(places: &[u8]) -> Result<Self, ResidentIdProblem> {
        let mut number = [0u8; 18];
        match places.len() {
            18 => number.copy_from_slice(places),
            15 => upgrade(places, &mut number)?,
            _ => return Err(ResidentIdProblem::Form),
        }
        if !number[..17].iter().all(u8::is_ascii_digit) || !(number[17].is_ascii_digit() || number[17] == b'X') {
            return Err(ResidentIdProblem::Form);
        }
        let id = Self(number);
        if !matches!(id.number(0, 2), 11..=65 | 71 | 81..=83 | 90..=99) {
            return Err(ResidentIdProblem::Area);
        }
        if id.date().is_none() {
            return Err(ResidentIdProblem::BirthDate);
        }
        if check_digit(&number) != number[17] {
            return Err(ResidentIdProblem::CheckDigit);
        }
        Ok(id)
    }

    fn number(&self, from: usize, to: usize) -> u32 {
        self.0[from..to].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')))
    }

    fn date(&self) -> Option<Date> {
        let (year, month, day) = (self.number(6, 10), self.number(10, 12), self.number(12, 14));
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }

    /// The birth date in the number.
    pub fn birth_date(&self) -> Date {
        self.date().unwrap_or(Date::MIN)
    }

    /// FHIR administrative gender in the number: an odd sequence is `male`.
    pub fn sex(&self) -> &'static str {
        if self.number(14, 17) % 2 == 1 { "male" } else { "female" }
    }

    /// Which document.
    pub fn kind(&self) -> DocumentKind {
        match self.number(0, 2) {
            81..=83 => DocumentKind::ResidencePermit,
            90..=99 => DocumentKind::ForeignPermanentResident,
            _ => DocumentKind::ResidentCard,
        }
    }

    /// All 18 places of it covered but seven: `440***********1234`.
    pub fn masked(&self) -> String {
        let number = self.expose();
        format!("{}***********{}", &number[..3], &number[14..])
    }

    /// The whole number, to ask a hospital for it. Never for a log, a URL, a page or the database.
    pub fn expose(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number as documents before 1999 had it (15 digits), for old records.
    pub fn legacy(&self) -> Option<String> {
        let number = self.expose();
        number[6..].starts_with("19").then(|| format!("{}{}", &number[..6], &number[8..17]))
    }
}

/// Could `text` be meant as a resident ID? Then it is treated as one: never kept, never logged.
pub fn looks_like_resident_id(text: &str) -> bool {
    let places = compact(text).into_bytes();
    let digits = places.iter().filter(|place| place.is_ascii_digit()).count();
    (15..=19).contains(&places.len()) && digits + 1 >= places.len()
}

fn compact(text: &str) -> String {
    text.nfkc().filter(|place| !place.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// 15 → 18 places: the century goes in after the area, the check digit at the end. Sequences 996–999 were kept for people
/// born before 1900.
fn upgrade(places: &[u8], number: &mut [u8; 18]) -> Result<(), ResidentIdProblem> {
    if !places.iter().all(u8::is_ascii_digit) {
        return Err(ResidentIdProblem::Form);
    }
    number[..6].copy_from_slice(&places[..6]);
    number[6..8].copy_from_slice(if places[12..15] >= b"996"[..] { b"18" } else { b"19" });
    number[8..17].copy_from_slice(&places[6..15]);
    number[17] = check_digit(number);
    Ok(())
}

fn check_digit(number: &[u8; 18]) -> u8 {
    let sum: u32 = number.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    CHECK[(sum % 11) as usize]
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResidentId(***)")
    }
}

impl Drop for ResidentId {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<(&str, &str, DocumentKind), ResidentIdProblem>) {
        let read = ResidentId::parse(text).map(|id| (id.birth_date().to_string(), id.sex(), id.kind()));
        assert_eq!(read, expect.map(|(date, sex, kind)| (date.to_owned(), sex, kind)), "{text}");
    }

    // Numbers of an area that is not assigned: nobody can hold them.
    #[test]
    fn numbers() {
        use DocumentKind::{ForeignPermanentResident as Foreign, ResidencePermit as Permit, ResidentCard as Card};
        check("999009196403180328", Ok(("1964-03-18", "female", Foreign)));
        check("999009198507120177", Ok(("1985-07-12", "male", Foreign)));
        check("99900920100228121X", Ok(("2010-02-28", "male", Foreign)));
        check("99900920100228121x", Ok(("2010-02-28", "male", Foreign)));
        check(" 999009 19640318 0328 ", Ok(("1964-03-18", "female", Foreign)));
        check("９９９００９１９６４０３１８０３２８", Ok(("1964-03-18", "female", Foreign)));
        check("999009201906150087", Ok(("2019-06-15", "female", Foreign)));
        check("999009195209015551", Ok(("1952-09-01", "male", Foreign)));
        check("810000189001019997", Ok(("1890-01-01", "male", Permit)));
        check("820000189001019980", Ok(("1890-01-01", "female", Permit)));
        check("830000189001019990", Ok(("1890-01-01", "male", Permit)));
        check("999000189001019993", Ok(("1890-01-01", "male", Foreign)));
        check("110000189001019987", Err(ResidentIdProblem::CheckDigit));
        check("110000189001019983", Ok(("1890-01-01", "female", Card)));
        check("999009196403180321", Err(ResidentIdProblem::CheckDigit));
        check("999009199902300113", Err(ResidentIdProblem::BirthDate));
        check("009009196403180328", Err(ResidentIdProblem::Area));
        check("USA009196403180328", Err(ResidentIdProblem::Form));
        check("99900919640318032", Err(ResidentIdProblem::Form));
        check("", Err(ResidentIdProblem::Form));
        check("李伟李伟李伟", Err(ResidentIdProblem::Form));
    }

    #[test]
    fn old_numbers_compare_with_new_ones() {
        assert_eq!(ResidentId::parse("999009640318032"), ResidentId::parse("999009196403180328"));
        assert_eq!(ResidentId::parse("999009850712017"), ResidentId::parse("999009198507120177"));
        let before_1900 = ResidentId::parse("999009900101998").map(|id| id.birth_date().to_string());
        assert_eq!(before_1900, Ok("1890-01-01".to_owned()));
        let id = ResidentId::parse("999009196403180328");
        assert_eq!(id.map(|id| id.legacy()), Ok(Some("999009640318032".to_owned())));
        let id = ResidentId::parse("99900920100228121X");
        assert_eq!(id.map(|id| id.legacy()), Ok(None));
    }

    #[test]
    fn never_shown_whole() {
        let id = ResidentId::parse("999009196403180328").expect("valid");
        assert_eq!(id.masked(), "999***********0328");
        assert_eq!(id.masked().len(), 18);
        assert!(!format!("{id:?}").contains("1964"));
    }

    #[test]
    fn what_may_be_one() {
        assert!(looks_like_resident_id("999009 19640318 0321"));
        assert!(looks_like_resident_id("999009640318032"));
        assert!(looks_like_resident_id("9990091964031803281"));
        assert!(!looks_like_resident_id("李伟"));
        assert!(!looks_like_resident_id("0773092"));
        assert!(!looks_like_resident_id("Montgomery Burnside"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,24}") {
            let _ = ResidentId::parse(&text);
        }

        #[test]
        fn one_wrong_digit_is_noticed(place in 0usize..17, add in 1u8..10) {
            let mut number = *b"999009196403180328";
            number[place] = b'0' + (number[place] - b'0' + add) % 10;
            let text = String::from_utf8_lossy(&number).into_owned();
            proptest::prop_assert!(ResidentId::parse(&text).is_err());
        }
    }
}
